"""Whether Airflow can keep what a task returns: it keeps that of every task, and fails one that it cannot keep.

Prefect keeps nothing here. What fails was seen with Airflow 2.10 and 3.3.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from offramp.finding.names import Binding, FunctionNode
from offramp.finding.nodes import walk
from offramp.finding.operators import Module
from offramp.finding.values import Constant, Local, Reference
from offramp.fixing.returned import returned

_PLAIN = (str, int, float, bool, type(None))
_PLAIN_TYPES = frozenset("str int float bool None list dict tuple List Dict Tuple Any Optional Union".split())
_PLAIN_CALLS = frozenset(
    "builtins.str builtins.int builtins.float builtins.bool builtins.len builtins.repr builtins.round builtins.abs "
    "builtins.print builtins.isinstance builtins.any builtins.all json.load json.loads json.dumps os.getenv "
    "os.environ.get os.getcwd os.listdir os.system time.time time.sleep datetime.date datetime.date.today "
    "datetime.datetime datetime.datetime.now datetime.datetime.today datetime.datetime.utcnow "
    "datetime.datetime.strptime random.random random.randint random.uniform subprocess.call subprocess.check_call "
    "os.path.join os.path.exists os.path.basename os.path.dirname os.path.abspath os.path.getsize".split()
)
# They give a list or a part of what they are given.
_COPIES = frozenset(f"builtins.{name}" for name in "list tuple set sorted sum min max".split())
# They give what they are given one by one.
_ITERATORS = frozenset(f"builtins.{name}" for name in "enumerate zip reversed iter filter".split())
_PLAIN_METHODS = frozenset(
    "json isoformat strftime format strip lstrip rstrip lower upper title replace join split splitlines decode "
    "hexdigest timestamp total_seconds tolist read_text startswith endswith isdigit zfill count "
    "get_job_run_status is_terminal".split()
)
_PLAIN_ATTRIBUTES = frozenset({"ok", "returncode", "rowcount", "status_code", "text"})
_LOST_CALLS = frozenset(
    "builtins.range builtins.map builtins.filter builtins.zip builtins.enumerate builtins.reversed builtins.iter "
    "builtins.object builtins.bytes builtins.bytearray builtins.complex builtins.memoryview builtins.open "
    "subprocess.run subprocess.Popen re.compile re.match re.search re.fullmatch collections.deque pathlib.Path "
    "requests.get requests.post requests.put requests.delete requests.request".split()
)
_MAPPINGS = frozenset(
    "builtins.dict typing.Dict typing.Mapping typing.MutableMapping typing.OrderedDict typing.DefaultDict "
    "typing.Counter typing.TypedDict typing_extensions.TypedDict collections.abc.Mapping "
    "collections.abc.MutableMapping collections.OrderedDict collections.defaultdict collections.Counter".split()
)


def lost(module: Module, function: FunctionNode) -> Iterator[tuple[ast.expr, bool]]:
    """What a function returns that Airflow may not be able to keep; true with what it certainly cannot."""
    if function.returns is not None and all(
        node.id in _PLAIN_TYPES for node in walk(function.returns) if isinstance(node, ast.Name)
    ):
        return
    judge = _Judge(module)
    for node in returned(function):
        if node is not None and (kept := judge.keeps(node)) is not True:
            yield node, kept is False


def no_dict(module: Module, function: FunctionNode) -> Iterator[tuple[ast.expr, bool]]:
    """What a function returns that may be no dict with text for keys, which its annotation has Airflow demand.

    True with what certainly is none.
    """
    if not _is_mapping(module, function.returns):
        return
    for node in returned(function):
        keys = node.keys if isinstance(node, ast.Dict) else [None]
        texts = [_is_text(module, key) if key is not None else None for key in keys]
        if node is not None and not all(texts) and not (isinstance(node, ast.Constant) and node.value is None):
            yield (
                node,
                False in texts or isinstance(node, ast.Constant | ast.JoinedStr | ast.List | ast.Tuple | ast.Set),
            )


def _has_tuples(keys: Iterable[ast.expr | None]) -> bool:
    return any(isinstance(key, ast.Tuple) for key in keys)


def _is_text(module: Module, node: ast.expr) -> bool | None:
    value = module.values.single(node)
    if isinstance(node, ast.JoinedStr):
        return True
    return isinstance(value.value, str) if isinstance(value, Constant) else None


def _is_mapping(module: Module, annotation: ast.expr | None) -> bool:
    """Whether an annotation is a dict's, also as text, and not one of several."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        name = annotation.value.partition("[")[0].strip().rpartition(".")[2]
        return name in {path.rpartition(".")[2] for path in _MAPPINGS}
    if isinstance(annotation, ast.Subscript):
        annotation = annotation.value
    for value in module.values.evaluate(annotation) if annotation is not None else ():
        if isinstance(value, Reference) and value.path in _MAPPINGS:
            return True
        if isinstance(value, Local) and isinstance(value.node, ast.ClassDef):
            return any(_is_mapping(module, base) for base in value.node.bases)
    return False


class _Judge:
    def __init__(self, module: Module) -> None:
        self._values = module.values
        self._names = module.names
        self._active: set[Binding] = set()

    def keeps(self, node: ast.expr) -> bool | None:
        """Whether Airflow can keep a value; None where that is not known."""
        if isinstance(node, ast.Constant):
            return isinstance(node.value, _PLAIN)
        if isinstance(node, ast.GeneratorExp | ast.Lambda):
            return False
        if isinstance(node, ast.JoinedStr | ast.Compare):
            return True
        if isinstance(node, ast.UnaryOp):
            return isinstance(node.op, ast.Not) or self.keeps(node.operand)
        if isinstance(node, ast.BinOp):
            formats = isinstance(node.op, ast.Mod) and self._values.text(node.left) is not None
            return formats or self._all((node.left, node.right))
        if isinstance(node, ast.BoolOp):
            return self._all(node.values)
        if isinstance(node, ast.IfExp):
            return self._all((node.body, node.orelse))
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            return self._all(node.elts)
        if isinstance(node, ast.Dict):
            # Airflow 2 cannot keep tuples as keys.
            return self._all([*filter(None, node.keys), *node.values]) if not _has_tuples(node.keys) else None
        if isinstance(node, ast.ListComp | ast.SetComp):
            return self.keeps(node.elt)
        if isinstance(node, ast.DictComp):
            return self._all((node.key, node.value))
        if isinstance(node, ast.Starred | ast.Subscript):
            return self._part(node.value)
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.Attribute):
            return node.attr in _PLAIN_ATTRIBUTES or None
        return self._name(node) if isinstance(node, ast.Name) else None

    def _all(self, nodes: Iterable[ast.expr]) -> bool | None:
        return _both([self.keeps(node) for node in nodes])

    def _call(self, node: ast.Call) -> bool | None:
        path = self._path(node.func)
        if path in _LOST_CALLS:
            return False
        if path == "builtins.dict":
            return _both([*map(self._part, node.args), *(self.keeps(keyword.value) for keyword in node.keywords)])
        if path in _COPIES:
            return _both([self._part(argument) for argument in node.args])
        method = isinstance(node.func, ast.Attribute) and node.func.attr in _PLAIN_METHODS
        return path in _PLAIN_CALLS or method or None

    def _part(self, node: ast.expr) -> bool | None:
        """Whether Airflow can keep what is taken out of a value; never certain that it cannot."""
        if isinstance(node, ast.GeneratorExp):
            return self.keeps(node.elt) or None
        path = self._path(node.func) if isinstance(node, ast.Call) else ""
        given = node.args if isinstance(node, ast.Call) else []
        if path == "builtins.range":
            return True
        if path in _ITERATORS:
            return _both([self._part(argument) for argument in (given[1:] if path == "builtins.filter" else given)])
        if path == "builtins.map" and given:
            return self._path(given[0]) in _PLAIN_CALLS or None
        return self.keeps(node) or None

    def _path(self, node: ast.expr) -> str:
        value = self._values.single(node)
        return value.path if isinstance(value, Reference) else ""

    def _name(self, node: ast.Name) -> bool | None:
        kept: list[bool | None] = []
        for binding in self._names.lookup(node.id, node):
            if binding in self._active:
                continue
            self._active.add(binding)
            kept.append(self._bound(binding))
            self._active.discard(binding)
        return _both(kept) if kept else None

    def _bound(self, binding: Binding) -> bool | None:
        changes = self._names.mutations.get((binding.scope, binding.name), ())
        if not all(isinstance(change.node, ast.AugAssign) for change in changes):
            return None
        # What a parameter is given comes from the file, or from another task, which Airflow has kept.
        if binding.kind == "parameter":
            return True
        held = binding.node.value if isinstance(binding.node, ast.AugAssign) else binding.node
        if not isinstance(held, ast.expr):
            return None
        if binding.kind in ("element", "item", "element-item"):
            return self._part(held)
        return self.keeps(held) if binding.kind in ("value", "augmented") else None


def _both(kept: list[bool | None]) -> bool | None:
    return False if False in kept else None if None in kept else True

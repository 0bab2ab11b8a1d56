"""Judges arguments that Airflow renders and that are written as they stand: text that Jinja changes, or may change.

Airflow renders every text in an argument: in lists, tuples and sets, and the values of dicts.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from offramp.converting.judges.judge import Doubt, Read, Verdict
from offramp.dags.graph import Argument
from offramp.finding.operators import Module
from offramp.model import Blocker
from offramp.python.effects import callables, callables_of_any
from offramp.python.nodes import walk
from offramp.python.operations import NotKnown
from offramp.python.values import Constant, Items, Local, Reference, Table
from offramp.record import NamedTuple

TEMPLATE_MARKS = ("{{", "{%", "{#")
_LIBRARIES = ("os", "datetime", "pendulum", "json", "pathlib", "math", "sys")
_LONGEST_SHOWN = 40
_DEEPEST = 40
# Airflow leaves frozen sets as they are.
_COLLECTIONS = callables("copies", without="once") - callables("element") - callables("lasting")
_NO_TEXT = callables_of_any("number", "textless")
_NO_TEXT_IN = ("builtins.", "datetime.", "math.", "pendulum.")
_UNSET = (
    "Prefect reads all fields of `{}` as it submits the task: where one is not set that fails, and nothing more is "
    "submitted"
)
_SUBCLASSES = dict.fromkeys(
    ("collections.OrderedDict", "collections.defaultdict", "collections.Counter"), "a plain dict"
)
_BASES = {
    "builtins.str": "plain text",
    "enum.StrEnum": "plain text",
    "builtins.list": "a plain list",
    "builtins.set": "a plain set",
    "builtins.dict": "a plain dict",
    **_SUBCLASSES,
}
_ENVIRONMENT = ("os.getenv", "os.environ.get")


def rendered_lines(text: str) -> str:
    r"""Text as Jinja leaves its lines: every line end is "\n", and there is none at the end."""
    return re.sub(r"\r\n|\r", "\n", text).removesuffix("\n")


def holds_template(text: str) -> bool:
    """Return whether text is more to Jinja than text."""
    return any(mark in text for mark in TEMPLATE_MARKS)


def from_library(target: str) -> bool:
    """Return whether a dotted path leads to a library whose values are not templates."""
    return target.partition(".")[0] in _LIBRARIES


def judge(read: Read, argument: Argument) -> Iterator[Verdict]:
    """Text in an argument that Airflow's rendering changes, and parts of it of which that is not known."""
    for part in _Search(read.module, dict(argument.loop)).of(argument.node, 0):
        if part.changes:
            reason = "Airflow renders this text, and Jinja changes it: its line ends, or a template in it"
            yield Blocker(reason, part.node)
            return
        shown = " ".join(ast.unparse(part.node).split())
        shown = shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}…"
        if part.reason:
            yield Doubt(part.reason.format(shown), part.node)
        elif not _from_another_file(read.module, part.node):
            known = "is not known here and is taken to be no template, without line ends that Jinja drops"
            yield Doubt(f"`{shown}` {known}", part.node)


def _from_another_file(module: Module, node: ast.AST) -> bool:
    """Return whether a name in an expression has a doubt of its own."""
    return any(
        binding.kind == "import" and not from_library(binding.target)
        for inner in walk(node)
        if isinstance(inner, ast.Name)
        for binding in module.names.lookup(inner.id, inner)
    )


class _Part(NamedTuple):
    """A part of a value that rendering changes, or that is not known.

    ``reason`` says what else becomes of it; ``{}`` stands in that for the part's text.
    """

    node: ast.AST
    changes: bool
    reason: str = ""


class _Search:
    def __init__(self, module: Module, loop: dict[str, object]) -> None:
        self.module = module
        self.loop = loop
        self.seen: set[ast.AST] = set()

    def of(self, node: ast.AST, depth: int) -> Iterator[_Part]:
        if node in self.seen:
            return
        self.seen.add(node)
        try:
            value = self.module.values.computed(node, self.loop)
        except NotKnown:
            yield from self._parts(node, depth)
            return
        if any(isinstance(leaf, str) and _changes(leaf) for leaf in _leaves(value)):
            yield _Part(node, changes=True)

    def _parts(self, node: ast.AST, depth: int) -> Iterator[_Part]:
        inner: list[ast.AST] | None = None
        if depth < _DEEPEST:
            inner = self._parts_of(node)
        if inner is not None:
            for part in inner:
                for found in self.of(part, depth + 1):
                    # A name says more than what it is bound to.
                    named = isinstance(node, ast.Name) and found.node is part
                    yield found._replace(node=node) if named else found
        elif plain := self._plain(node):
            yield _Part(node, changes=False, reason=f"Airflow renders `{{}}`, and hands on {plain}")
        elif self._has_unset_fields(node):
            yield _Part(node, changes=False, reason=_UNSET)
        elif not self._is_no_text(node):
            yield _Part(node, changes=self._changes_surely(node))

    def _parts_of(self, node: ast.AST) -> list[ast.AST] | None:
        """The parts that a value is made of, each as a value of its own; None where they are not known."""
        if isinstance(node, ast.Call) and _path(self.module, node.func) in _COLLECTIONS:
            return [*node.args, *(keyword.value for keyword in node.keywords)]
        if isinstance(node, ast.Name) and node.id not in self.loop:
            return self._parts_of_named(node)
        return _parts_of_display(node)

    def _parts_of_named(self, name: ast.Name) -> list[ast.AST] | None:
        behind = self.module.values.bound_once(name)
        if behind is not None:
            return [behind]
        value = self.module.values.single(name)
        if isinstance(value, Items) and value.complete:
            return list(value.nodes)
        if isinstance(value, Table) and value.complete and None not in value.entries.values():
            return [entry for entry in value.entries.values() if entry is not None]
        return None

    def _plain(self, node: ast.AST) -> str:
        """The plain value that Airflow makes of an instance of a subclass of text, list, set or dict; else empty."""
        if isinstance(node, ast.Call):
            callee = self.module.values.single(node.func)
            if isinstance(callee, Reference):
                return _SUBCLASSES.get(callee.path, "")
            return self._base(callee)
        if not isinstance(node, ast.Attribute | ast.Subscript):
            return ""
        # A member of an enumeration of text.
        owner = self.module.values.single(node.value)
        member = isinstance(node, ast.Subscript) or self._is_attribute(owner, node.attr)
        return self._base(owner) if member else ""

    def _has_unset_fields(self, node: ast.AST) -> bool:
        """Return whether a dataclass is made with fields that its ``__init__`` does not set."""
        values = self.module.values
        made = values.single(node.func) if isinstance(node, ast.Call) else None
        if not isinstance(made, Local) or not isinstance(made.node, ast.ClassDef):
            return False
        fields = [
            part.value
            for owner in values.lineage(made.node)[0]
            for part in owner.body
            if isinstance(part, ast.AnnAssign) and isinstance(part.value, ast.Call)
        ]
        given = [{keyword.arg: keyword.value for keyword in field.keywords} for field in fields]
        return any(
            "init" in one
            and values.single(one["init"]) == Constant(False)
            and not {"default", "default_factory"} & {*one}
            for one in given
        )

    def _is_attribute(self, owner: object, name: str) -> bool:
        node = owner.node if isinstance(owner, Local) else None
        if not isinstance(node, ast.ClassDef):
            return False
        return any(binding.kind == "value" for binding in self.module.names.class_attribute(node, name))

    def _base(self, value: object) -> str:
        if not isinstance(value, Local) or not isinstance(value.node, ast.ClassDef):
            return ""
        values = self.module.values
        lineage, _ = values.lineage(value.node)
        bases = [values.single(base) for node in lineage for base, _ in values.bases(node)]
        paths = [base.path for base in bases if isinstance(base, Reference)]
        return next((_BASES[path] for path in paths if path in _BASES), "")

    def _is_no_text(self, node: ast.AST) -> bool:
        """Return whether a value that is not known is surely none that Airflow renders."""
        if isinstance(node, ast.Compare | ast.Lambda):
            return True
        if isinstance(node, ast.UnaryOp):
            return True
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div | ast.FloorDiv | ast.Pow):
            return True
        if isinstance(node, ast.Call):
            return _path(self.module, node.func) in _NO_TEXT
        values = self.module.values.evaluate(node)
        return all(
            (isinstance(value, Constant) and not (isinstance(value.value, str) and _changes(value.value)))
            or isinstance(value, Local)
            or (isinstance(value, Reference) and value.path.startswith(_NO_TEXT_IN) and ".__" not in value.path)
            for value in values
        )

    def _changes_surely(self, node: ast.AST) -> bool:
        """Return whether a text is changed by what is known of it: its last part, or what it is by default."""
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return self._changes_surely(node.right)
        if isinstance(node, ast.JoinedStr):
            return bool(node.values) and self._changes_surely(node.values[-1])
        if isinstance(node, ast.Call) and _path(self.module, node.func) in _ENVIRONMENT:
            given = [*node.args[1:2], *(keyword.value for keyword in node.keywords)]
            return any(self._changes_surely(one) for one in given)
        known = [value.value if isinstance(value, Constant) else None for value in self.module.values.evaluate(node)]
        return any(isinstance(value, str) and _changes(value) for value in known)


def _parts_of_display(node: ast.AST) -> list[ast.AST] | None:
    """The parts of a display, a comprehension or a choice; None for other expressions."""
    match node:
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            return list(parts)
        case ast.Dict(values=parts) | ast.BoolOp(values=parts):
            return list(parts)
        case ast.IfExp(body=first, orelse=second):
            return [first, second]
        case ast.ListComp(elt=part) | ast.SetComp(elt=part) | ast.GeneratorExp(elt=part):
            return [part]
        case ast.Starred(value=part) | ast.DictComp(value=part):
            return [part]
        case _:
            return None


def _path(module: Module, node: ast.AST) -> str:
    value = module.values.single(node)
    return value.path if isinstance(value, Reference) else ""


def _changes(text: str) -> bool:
    return holds_template(text) or rendered_lines(text) != text


def _leaves(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, list | tuple | set):
        for inner in value:
            yield from _leaves(inner)
    else:
        yield value

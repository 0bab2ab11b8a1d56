"""What the tasks of a flow share, being threads of one process; may import ``finding``.

Airflow runs every task, and every try of one, in a process of its own that loads the
DAG's file anew, and hands it a copy of its arguments. What another task could see of
a task is a blocker where the code shows it, and else a doubt. That each of these
differs was seen with Airflow 2.10 and Prefect 3.8.8.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator

from offramp.finding.graph import Argument, Blocker, Graph, Result, Task
from offramp.finding.names import Binding, FunctionNode, Scope
from offramp.finding.operators import Module
from offramp.finding.values import Constant, Reference

# They see the frame or the module around them, or end the process.
_UNFOLLOWED = frozenset({"locals", "vars", "globals", "eval", "exec", "exit", "quit", "SystemExit"})
_OF_THE_PROCESS = frozenset(
    "sys.exit os._exit os.abort os.chdir os.putenv os.unsetenv os.umask signal.signal signal.alarm locale.setlocale "
    "random.seed numpy.random.seed sys.setrecursionlimit socket.setdefaulttimeout warnings.simplefilter "
    "warnings.filterwarnings warnings.resetwarnings decimal.getcontext decimal.setcontext logging.disable "
    "contextlib.redirect_stdout contextlib.redirect_stderr".split()
)
_PATCHES = ("unittest.mock.", "mock.")
_IDENTITIES = frozenset({"os.getpid", "os.getppid", "multiprocessing.current_process"})
# A task runs in a thread that has no event loop.
_OF_THE_THREAD = frozenset({"asyncio.get_event_loop"})
# Their parsers end the process where the arguments are wrong.
_PARSERS = ("argparse.", "optparse.", "click.", "typer.", "fire.")
# No `Exception`: Prefect takes them for the end of the flow.
_ENDING = frozenset({"KeyboardInterrupt", "GeneratorExit", "BaseException", "asyncio.CancelledError"})
_CACHES = frozenset({"functools.lru_cache", "functools.cache", "functools.cached_property"})
_IMMUTABLE = frozenset({"int", "str", "float", "bool", "bytes", "None"})
# What they give cannot be changed, or is the same for whoever asks.
_LASTING_CALLS = frozenset(
    "builtins.str builtins.int builtins.float builtins.bool builtins.len builtins.repr builtins.round builtins.abs "
    "builtins.frozenset os.getenv os.environ.get logging.getLogger re.compile datetime.date datetime.datetime "
    "datetime.timedelta uuid.UUID decimal.Decimal zoneinfo.ZoneInfo".split()
)
_LASTING_MODULES = ("os.path.", "pathlib.")
_LASTING_METHODS = frozenset({"format", "join", "lower", "upper", "strip", "replace", "title", "removeprefix"})
_READERS = frozenset({"builtins.print", "builtins.len", "builtins.str", "builtins.repr", "json.dumps"})
_READERS_OF_ITEMS = _READERS | {
    f"builtins.{name}" for name in "sum min max any all sorted list dict tuple set enumerate zip isinstance".split()
}
_READING_ITEMS = frozenset({"get", "keys", "values", "items", "index", "count", "copy"})


class Sharing:
    """Looks through the callables of a file's tasks."""

    def __init__(self, module: Module, graph: Graph) -> None:
        self.module = module
        self.names = module.names
        self.tasks = [task for dag in graph.dags for task in dag.tasks.values()]
        self.blockers: list[Blocker] = []
        self.doubts: dict[str, ast.AST] = {}

    def search(self) -> None:
        """Fill ``blockers``, and ``doubts`` with their places."""
        users: dict[ast.AST, list[Task]] = {}
        for task in self.tasks:
            if task.function is not None:
                for code in self._reached(task.function, {}):
                    users.setdefault(code, []).append(task)
        for code, tasks in users.items():
            self._check_changes(code)
            self._check_calls(code)
            several = len(tasks) > 1 or any(map(_runs_again, tasks))
            if several:
                self._check_kept(code)
        self._check_objects(users)
        for task in self.tasks:
            self._check_results(task)

    def _block(self, reason: str, node: ast.AST) -> None:
        self.blockers.append(Blocker(reason, node))

    def _reached(self, function: ast.AST, seen: dict[ast.AST, None]) -> dict[ast.AST, None]:
        if function not in seen:
            seen[function] = None
            for node in ast.walk(function):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                    for binding in self.names.lookup(node.id, node):
                        if binding.kind in ("function", "class") and binding.node is not None:
                            self._reached(binding.node, seen)
        return seen

    # -- what is changed ---------------------------------------------------------

    def _check_changes(self, code: ast.AST) -> None:
        nodes = _body(code)
        for node in nodes:
            if isinstance(node, ast.Global | ast.Nonlocal):
                self._block(f"`{node.names[0]}` is changed by a task, and the tasks of a flow share it", node)
            elif isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
                owner = _owner(node.value)
                if isinstance(owner, ast.Name) and any(
                    binding.scope is self.names.module or _is_class(binding.scope, owner.id)
                    for binding in self.names.lookup(owner.id, owner)
                ):
                    self._block(f"`{owner.id}` is changed by a task, and the tasks of a flow share it", node)
        for (scope, name), changes in self.names.mutations.items():
            for change in changes:
                if change.node in nodes and (scope is self.names.module or self._is_default(scope, name)):
                    self._block(f"`{name}` is changed by a task, and the tasks of a flow share it", change.node)

    def _is_default(self, scope: Scope, name: str) -> bool:
        """Whether a name is a parameter with a default, which every call shares."""
        if not isinstance(scope.node, FunctionNode):
            return False
        own = scope.node.args
        plain = [*own.posonlyargs, *own.args]
        defaulted = plain[len(plain) - len(own.defaults) :]
        defaulted += [p for p, default in zip(own.kwonlyargs, own.kw_defaults, strict=True) if default is not None]
        return any(parameter.arg == name for parameter in defaulted)

    def _check_calls(self, code: ast.AST) -> None:
        for node in _body(code):
            if isinstance(node, ast.Name) and node.id in _UNFOLLOWED and hasattr(builtins, node.id):
                if not self.names.lookup(node.id, node):
                    self._block(f"`{node.id}` in a callable of a task is not followed", node)
            elif isinstance(node, ast.Raise) and node.exc is not None:
                raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
                if self._path(raised).removeprefix("builtins.") in _ENDING:
                    self._block(f"`{ast.unparse(raised)}` fails a task of Airflow, and ends a flow", node)
            elif isinstance(node, ast.Call):
                self._check_call(node)

    def _check_call(self, call: ast.Call) -> None:
        path = self._path(call.func)
        if path in _OF_THE_PROCESS or path.startswith(_PATCHES):
            self._block(f"`{path}` acts on the whole process, which the tasks of a flow share", call)
        elif path in _IDENTITIES:
            self.doubts[f"`{path}` is the same for all tasks of a flow"] = call
        elif path in _OF_THE_THREAD:
            self._block(f"`{path}` fails in the thread of a task; `asyncio.run` does not", call)
        elif path.startswith(_PARSERS):
            self._block(f"`{path}` may end the process, which is the whole flow's", call)
        elif path in ("builtins.setattr", "builtins.delattr") and call.args:
            owner = _owner(call.args[0])
            bindings = self.names.lookup(owner.id, owner) if isinstance(owner, ast.Name) else []
            if not bindings or any(binding.scope is self.names.module for binding in bindings):
                self._block(f"`{ast.unparse(owner)}` is changed by a task, and the tasks of a flow share it", call)

    def _path(self, node: ast.expr) -> str:
        value = self.module.values.single(node)
        return value.path if isinstance(value, Reference) else ""

    # -- what is kept ------------------------------------------------------------

    def _check_kept(self, code: ast.AST) -> None:
        for node in ast.walk(code):
            for decorator in getattr(node, "decorator_list", ()):
                path = self._path(decorator.func if isinstance(decorator, ast.Call) else decorator)
                if path in _CACHES or path.startswith("cachetools."):
                    self.doubts[f"`{path}` keeps results from task to task of a flow, and in Airflow within one"] = node

    def _check_objects(self, users: dict[ast.AST, list[Task]]) -> None:
        """Objects that the file makes when it is loaded, and several tasks use."""
        tasks: dict[Binding, set[Task]] = {}
        places: dict[Binding, list[ast.Name]] = {}
        for code, using in users.items():
            for node in _body(code):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                    for binding in self.names.lookup(node.id, node):
                        if binding.scope is self.names.module and binding.kind == "value" and binding.node is not None:
                            tasks.setdefault(binding, set()).update(using)
                            places.setdefault(binding, []).append(node)
        for binding, users_of_it in tasks.items():
            assert isinstance(binding.node, ast.expr)
            first = places[binding][0]
            if isinstance(binding.node, ast.Call) and self._path(binding.node.func) == "sqlite3.connect":
                self._block(f"`{first.id}` is made in another thread than the task's, which SQLite refuses", first)
            elif len(users_of_it) == 1 and not any(map(_runs_again, users_of_it)):
                continue
            elif not self._lasts(binding.node) and not (
                isinstance(binding.node, ast.List | ast.Set | ast.Dict | ast.Tuple)
                and all(self._only_read(place, self._items_last(binding.node)) for place in places[binding])
            ):
                reason = f"`{first.id}` is made once for all tasks of a flow, in Airflow for each task and try"
                self.doubts[reason] = first

    def _lasts(self, node: ast.expr) -> bool:
        """Whether a value cannot be changed, nor hold what can."""
        if isinstance(node, ast.Constant | ast.JoinedStr | ast.Compare | ast.Lambda):
            return True
        if isinstance(node, ast.Tuple):
            return all(map(self._lasts, node.elts))
        if isinstance(node, ast.BinOp | ast.BoolOp | ast.UnaryOp | ast.IfExp):
            return all(self._lasts(part) for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr))
        if isinstance(node, ast.Subscript):
            return self._path(node.value) == "os.environ"
        if isinstance(node, ast.Call):
            path = self._path(node.func)
            method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            return path in _LASTING_CALLS or path.startswith(_LASTING_MODULES) or method in _LASTING_METHODS
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Call):
            return self._lasts(node.value)
        return isinstance(self.module.values.single(node), Constant | Reference)

    def _items_last(self, node: ast.expr | None) -> bool:
        """Whether a value is a list, set or dict of what lasts, if not such a thing itself."""
        if isinstance(node, ast.List | ast.Set):
            return all(map(self._lasts, node.elts))
        if isinstance(node, ast.Dict):
            return all(part is not None and self._lasts(part) for part in (*node.keys, *node.values))
        return node is None or self._lasts(node)

    def _only_read(self, name: ast.Name, items_last: bool) -> bool:
        """Whether nothing at this place can change what a name stands for, or the things in it."""
        node: ast.AST = name
        parent = self.names.parents.get(node)
        while isinstance(parent, ast.Subscript) and parent.value is node and isinstance(parent.ctx, ast.Load):
            node, parent = parent, self.names.parents.get(parent)
        if isinstance(parent, ast.FormattedValue | ast.Compare | ast.If | ast.UnaryOp):
            return True
        if isinstance(parent, ast.Call) and self._path(parent.func) in _READERS:
            return True
        if not items_last:
            return False
        if node is not name or isinstance(parent, ast.BinOp):
            return True
        if isinstance(parent, ast.For | ast.comprehension):
            return parent.iter is name
        if isinstance(parent, ast.Attribute):
            return parent.attr in _READING_ITEMS
        return isinstance(parent, ast.Call) and self._path(parent.func) in _READERS_OF_ITEMS

    # -- what is handed on -------------------------------------------------------

    def _check_results(self, task: Task) -> None:
        """What a task changes of its arguments, the tasks that share them see, and its own next try."""
        if task.function is None:
            return
        parameters = [*task.function.args.posonlyargs, *task.function.args.args]
        given = [*zip((p.arg for p in parameters), task.positional), *task.keywords.items()]  # noqa: B905
        scope = self.names.scopes[task.function]
        for name, value in given:
            changed = bool(self.names.mutations.get((scope, name)))
            if isinstance(value, Argument):
                lasts = any(isinstance(node, ast.Name) for node in ast.walk(value.node))
                if changed and (lasts or _runs_again(task)):
                    self._block(f"`{name}` is changed here: Airflow hands every try a copy of its arguments", task.node)
            elif self._taken_twice(value.task) or _runs_again(task):
                returned = _returned(value.task)
                if returned is None or all(one is None or self._lasts(one) for one in returned):
                    continue
                if changed:
                    self._block(
                        f"`{name}` is changed here: Airflow hands every task a copy of a result, "
                        "Prefect the result itself",
                        task.node,
                    )
                elif not all(self._only_read(use, all(map(self._items_last, returned))) for use in _uses(task, name)):
                    copied = (
                        f"Airflow hands every task a copy of what `{value.task.id}` returns, Prefect the result itself"
                    )
                    self.doubts[f"{copied}: what one changes of it, others see"] = task.node

    def _taken_twice(self, source: Task) -> bool:
        takers = [task for task in self.tasks if any(result.task is source for result in _results(task))]
        return len(takers) > 1 or any(task.mapped is not None for task in takers)


def _returned(task: Task) -> list[ast.expr | None] | None:
    """What a task's callable returns; None where nothing can change it."""
    function = task.function
    if function is None or (function.returns is not None and ast.unparse(function.returns) in _IMMUTABLE):
        return None
    return [node.value for node in ast.walk(function) if isinstance(node, ast.Return)]


def _uses(task: Task, name: str) -> list[ast.Name]:
    return [
        node
        for node in ast.walk(task.function or task.node)
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
    ]


def _body(code: ast.AST) -> dict[ast.AST, None]:
    return {inner: None for statement in getattr(code, "body", []) for inner in ast.walk(statement)}


def _owner(node: ast.expr) -> ast.expr:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node


def _is_class(scope: Scope, name: str) -> bool:
    """Whether a name is the class that a class method is called on."""
    function = scope.node
    if not isinstance(function, FunctionNode) or not function.args.args:
        return False
    decorators = [ast.unparse(one) for one in function.decorator_list]
    return "classmethod" in decorators and function.args.args[0].arg == name


def _runs_again(task: Task) -> bool:
    retries = task.arguments.get("retries")
    tried = retries is not None and not (isinstance(retries.node, ast.Constant) and not retries.node.value)
    return tried or task.mapped is not None


def _results(task: Task) -> Iterator[Result]:
    for value in (*task.positional, *task.keywords.values(), *task.results.values()):
        if isinstance(value, Result):
            yield value

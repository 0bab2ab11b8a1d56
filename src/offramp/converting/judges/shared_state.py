"""Judges the state that the tasks of a flow share, being threads of one process.

Airflow runs every task, and every try of one, in a process of its own that loads the
DAG's file anew, and hands it a copy of its arguments. What another task could see of
a task is a blocker where the code shows it, and else a doubt. That each of these
differs was seen with Airflow 2.10 and Prefect 3.8.8.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from typing import TYPE_CHECKING

from offramp.converting.cases.lasting_values import LastingValues
from offramp.converting.cases.reached_code import reached_code
from offramp.converting.judges.judge import Doubt, Verdict
from offramp.dags.graph import Argument, Dag, Graph, Task
from offramp.finding.operators import Module
from offramp.model import Blocker
from offramp.python.effects import (
    PARSERS,
    PROCESS_MODULES,
    READING_METHODS,
    WITH_STATE,
    callables,
)
from offramp.python.names import Binding, FunctionNode, Scope
from offramp.python.nodes import walk
from offramp.python.values import Reference

if TYPE_CHECKING:
    from offramp.converting.cases.case import Case

# They see the frame or the module around them, or end the process.
_UNFOLLOWED = frozenset({"locals", "vars", "globals", "eval", "exec", "exit", "quit", "SystemExit"})
_OF_THE_PROCESS = callables("process")
_OF_A_LOGGER = frozenset({"setLevel", "addHandler", "removeHandler", "addFilter", "removeFilter"})
_IDENTITIES = callables("identity")
# The process of Airflow's task ends with `os._exit` (2.10 and 3.3), and its threads with it.
_STARTING = callables("starts")
# A task runs in a thread that has no event loop.
_OF_THE_THREAD = callables("loop")
# No `Exception`: Prefect takes them for the end of the flow.
_ENDING = frozenset({"KeyboardInterrupt", "GeneratorExit", "BaseException", "SystemExit", "asyncio.CancelledError"})
_CACHES = callables("caches")
_READERS = callables("reads")
_READERS_OF_ITEMS = _READERS | callables("copies")


def judge(case: Case, graph: Graph) -> Iterator[Verdict]:
    """The state that tasks of a file share, as far as their callables show it."""
    tasks = [task for dag in graph.dags for task in dag.tasks.values()]
    yield from _Search(case.module, case.lasting, tasks).verdicts()


def judge_elsewhere(module: Module, function: FunctionNode) -> Iterator[Verdict]:
    """The same of a function of another module, which tasks may call more than once."""
    dag = Dag(ast.Name(function.name, ast.Load()), function)
    tasks = [Task(function.name, "", dag.maker, function, dag) for _ in range(2)]
    for task in tasks:
        task.function = function
    yield from _Search(module, LastingValues(module), tasks).verdicts()


class _Search:
    """Collects blockers and doubts of one file's callables."""

    def __init__(self, module: Module, lasting: LastingValues, tasks: list[Task]) -> None:
        self.module = module
        self.names = module.names
        self.lasting = lasting
        self.tasks = tasks
        self.blockers: list[Blocker] = []
        self.doubts: dict[str, ast.AST] = {}

    def verdicts(self) -> Iterator[Verdict]:
        """All that is found."""
        self.search()
        yield from self.blockers
        yield from (Doubt(reason, node) for reason, node in self.doubts.items())

    def search(self) -> None:
        """Look at all code that runs with a task, then at the objects that it uses and the results that it hands on."""
        users: dict[ast.AST, list[Task]] = {}
        for task in self.tasks:
            for code in reached_code(self.names, task):
                users.setdefault(code, []).append(task)
        self._check_libraries(users)
        for code, tasks in users.items():
            self._check_changes(code)
            self._check_calls(code)
            self._check_kept(code, several=_several(tasks))
        self._check_objects(users)
        for task in self.tasks:
            self._check_results(task)

    def _block(self, reason: str, node: ast.AST) -> None:
        self.blockers.append(Blocker(reason, node))

    # -- what is changed ---------------------------------------------------------

    def _check_changes(self, code: ast.AST) -> None:
        nodes = _body(code)
        for node in nodes:
            if isinstance(node, ast.Global | ast.Nonlocal):
                self._block(f"`{node.names[0]}` is changed by a task, and the tasks of a flow share it", node)
            elif isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
                owner = _owner(node.value)
                if isinstance(owner, ast.Name) and self._is_shared(owner):
                    self._block(f"`{owner.id}` is changed by a task, and the tasks of a flow share it", node)
        for (scope, name), changes in self.names.mutations.items():
            for change in changes:
                if change.node in nodes and any(map(self._binds_shared, scope.bindings.get(name, ()))):
                    self._block(f"`{name}` is changed by a task, and the tasks of a flow share it", change.node)

    def _is_shared(self, name: ast.Name) -> bool:
        return any(map(self._binds_shared, self.names.lookup(name.id, name)))

    def _binds_shared(self, binding: Binding, depth: int = 5) -> bool:
        """Return whether a name stands for what outlives the task: of the module, a class, a parameter's default."""
        if binding.scope is self.names.module or binding.kind in ("import", "class", "function"):
            return True
        if binding.kind == "parameter":
            return _is_default(binding.scope, binding.name) or _is_class(binding.scope, binding.name)
        inner = _owner(binding.node) if isinstance(binding.node, ast.expr) else None
        if not isinstance(inner, ast.Name) or not depth:
            return False
        return any(self._binds_shared(one, depth - 1) for one in self.names.lookup(inner.id, inner))

    def _check_calls(self, code: ast.AST) -> None:
        if isinstance(code, ast.ClassDef):
            for base in code.bases:
                if self._path(base).removeprefix("builtins.") in _ENDING:
                    self._block(f"`{code.name}` fails a task of Airflow, and ends a flow", code)
        for node in _body(code):
            if isinstance(node, ast.Name) and node.id in _UNFOLLOWED and hasattr(builtins, node.id):
                if not self.names.lookup(node.id, node):
                    self._block(f"`{node.id}` in a callable of a task is not followed", node)
            elif isinstance(node, ast.Raise) and node.exc is not None:
                raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
                if self._path(raised).removeprefix("builtins.") in _ENDING - {"SystemExit"}:
                    self._block(f"`{ast.unparse(raised)}` fails a task of Airflow, and ends a flow", node)
            elif isinstance(node, ast.Call):
                self._check_call(node)
        self._check_started(code)

    def _check_started(self, code: ast.AST) -> None:
        calls = [node for node in _body(code) if isinstance(node, ast.Call)]
        if any(map(_waits, calls)):
            return
        for call in calls:
            path = self._path(call.func)
            if path in _STARTING and not isinstance(self.names.parents.get(call), ast.withitem):
                self.doubts[f"what `{path}` starts may go on after its task, whose process Airflow ends"] = call

    def _check_call(self, call: ast.Call) -> None:
        path = self._path(call.func)
        if path in _OF_THE_PROCESS or path.startswith(PROCESS_MODULES):
            self._block(f"`{path}` acts on the whole process, which the tasks of a flow share", call)
        elif path in _IDENTITIES:
            self.doubts[f"`{path}` is the same for all tasks of a flow"] = call
        elif path in _OF_THE_THREAD:
            self._block(f"`{path}` fails in the thread of a task; `asyncio.run` does not", call)
        elif path.startswith(PARSERS):
            self._block(f"`{path}` may end the process, which is the whole flow's", call)
        elif path in ("builtins.setattr", "builtins.delattr") and call.args:
            owner = _owner(call.args[0])
            if not isinstance(owner, ast.Name) or self._is_shared(owner):
                self._block(f"`{ast.unparse(owner)}` is changed by a task, and the tasks of a flow share it", call)
        elif isinstance(call.func, ast.Attribute) and call.func.attr in _OF_A_LOGGER:
            self.doubts[f"`{call.func.attr}` acts on a logger that the tasks of a flow share"] = call

    def _check_libraries(self, users: dict[ast.AST, list[Task]]) -> None:
        found: dict[str, list[tuple[ast.Call, list[Task]]]] = {}
        for code, tasks in users.items():
            for node in _body(code):
                path = self._path(node.func) if isinstance(node, ast.Call) else ""
                if isinstance(node, ast.Call) and path.startswith(WITH_STATE):
                    found.setdefault(path.partition(".")[0], []).append((node, tasks))
        for library, calls in found.items():
            if _several([task for _, tasks in calls for task in tasks]):
                self.doubts[f"`{library}` keeps a state in the process, which the tasks of a flow share"] = calls[0][0]

    def _path(self, node: ast.expr) -> str:
        value = self.module.values.single(node)
        return value.path if isinstance(value, Reference) else ""

    # -- what is kept ------------------------------------------------------------

    def _check_kept(self, code: ast.AST, *, several: bool) -> None:
        """Caches, attributes of classes and defaults of parameters, which last from task to task."""
        for node in walk(code):
            for decorator in getattr(node, "decorator_list", ()) if several else ():
                path = self._path(decorator.func if isinstance(decorator, ast.Call) else decorator)
                if path in _CACHES or path.startswith("cachetools."):
                    self.doubts[f"`{path}` keeps results from task to task of a flow, and in Airflow within one"] = node
            if isinstance(node, ast.ClassDef):
                for statement in node.body:
                    if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
                        self._check_made_once(f"an attribute of `{node.name}`", statement.value, several=several)
            elif isinstance(node, FunctionNode):
                for default in (*node.args.defaults, *(one for one in node.args.kw_defaults if one is not None)):
                    self._check_made_once(f"a default of `{node.name}`", default, several=several)

    def _check_made_once(self, name: str, value: ast.expr, *, several: bool) -> None:
        field = isinstance(value, ast.Call) and self._path(value.func) == "dataclasses.field"
        if not field and not self.lasting.lasts(value) and (several or not self.lasting.is_known(value)):
            self.doubts[_made_once(name)] = value

    def _check_objects(self, users: dict[ast.AST, list[Task]]) -> None:
        """Objects that the file makes when it is loaded, and tasks use."""
        uses: dict[Binding, list[tuple[ast.Name, list[Task]]]] = {}
        for code, using in users.items():
            for node in _body(code):
                self._note_use(node, using, uses)
        for task in self.tasks:
            for given in (*task.positional, *task.keywords.values()):
                for node in walk(given.node) if isinstance(given, Argument) else ():
                    self._note_use(node, [task], uses)
        for binding, places in uses.items():
            self._check_object(binding, places)

    def _check_object(self, binding: Binding, places: list[tuple[ast.Name, list[Task]]]) -> None:
        first, value = places[0][0], binding.node
        if isinstance(value, ast.Call) and self._path(value.func) == "sqlite3.connect":
            self._block(f"`{first.id}` is made in another thread than the task's, which SQLite refuses", first)
            return
        filled = bool(self.names.mutations.get((self.names.module, binding.name)))
        if filled or binding.kind != "value" or not isinstance(value, ast.expr) or not self.lasting.is_known(value):
            self.doubts[_made_once(f"`{first.id}`")] = first
        elif _several([task for _, using in places for task in using]) and not self.lasting.lasts(value):
            items_last = self.lasting.items_last(value)
            if not all(self._only_read(place, items_last) for place, _ in places):
                self.doubts[_made_once(f"`{first.id}`")] = first

    def _note_use(
        self, node: ast.AST, using: list[Task], uses: dict[Binding, list[tuple[ast.Name, list[Task]]]]
    ) -> None:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            for binding in self.names.lookup(node.id, node):
                if binding.scope is self.names.module and binding.kind not in ("import", "function", "class"):
                    uses.setdefault(binding, []).append((node, using))

    def _only_read(self, name: ast.Name, items_last: bool) -> bool:
        """Return whether nothing at this place can change what a name stands for, or the things in it."""
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
            return parent.attr in READING_METHODS
        return isinstance(parent, ast.Call) and self._path(parent.func) in _READERS_OF_ITEMS

    # -- what is handed on -------------------------------------------------------

    def _check_results(self, task: Task) -> None:
        """Note what a task changes of its arguments: the tasks that share them see it, and its own next try."""
        if task.function is None:
            return
        parameters = [*task.function.args.posonlyargs, *task.function.args.args]
        given = [*zip((p.arg for p in parameters), task.positional), *task.keywords.items()]  # noqa: B905
        scope = self.names.scopes[task.function]
        for name, value in given:
            changed = bool(self.names.mutations.get((scope, name)))
            if isinstance(value, Argument):
                outside = any(isinstance(node, ast.Name) for node in walk(value.node))
                if changed and (outside or runs_again(task)):
                    self._block(f"`{name}` is changed here: Airflow hands every try a copy of its arguments", task.node)
                elif self.lasting.lasts(value.node) or not (outside or runs_again(task)):
                    continue
                elif not all(self._only_read(use, self.lasting.items_last(value.node)) for use in _uses(task, name)):
                    self.doubts[
                        f"Airflow hands every try a copy of its arguments: what `{task.function.name}` changes of "
                        f"`{name}`, a further try and other tasks may see in Prefect"
                    ] = task.node
            elif (self._taken_twice(value.task) or runs_again(task)) and not self.lasting.gives_what_lasts(value.task):
                from offramp.converting.judges.xcom_results import returned

                items_last = value.task.function is not None and all(
                    map(self.lasting.items_last, returned(value.task.function))
                )
                if changed:
                    self._block(
                        f"`{name}` is changed here: Airflow hands every task a copy of a result, "
                        "Prefect the result itself",
                        task.node,
                    )
                elif not all(self._only_read(use, items_last) for use in _uses(task, name)):
                    self.doubts[copied(value.task)] = task.node

    def _taken_twice(self, source: Task) -> bool:
        takers = [task for task in self.tasks if any(result.task is source for result in task.taken)]
        return len(takers) > 1 or any(task.mapped is not None for task in takers)


def copied(source: Task) -> str:
    """The doubt about a result that several tasks, or tries of one, are handed."""
    return (
        f"Airflow hands every task a copy of what `{source.id}` returns, Prefect the result itself: what one changes "
        "of it, others see"
    )


def runs_again(task: Task) -> bool:
    """Return whether a task may run more than once in a run of its DAG."""
    retries = task.arguments.get("retries")
    tried = retries is not None and not (isinstance(retries.node, ast.Constant) and not retries.node.value)
    return tried or task.mapped is not None


def _made_once(name: str) -> str:
    return f"{name} is made once for all tasks of a flow, in Airflow for each task and try"


def _waits(call: ast.Call) -> bool:
    """Return whether a call waits for a thread or a process; ``str.join`` takes an argument."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    return name in ("wait", "communicate") or (name == "join" and not call.args)


def _several(tasks: list[Task]) -> bool:
    return len(set(tasks)) > 1 or any(map(runs_again, tasks))


def _uses(task: Task, name: str) -> list[ast.Name]:
    return [
        node
        for node in walk(task.function or task.node)
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
    ]


def _body(code: ast.AST) -> dict[ast.AST, None]:
    statements = getattr(code, "body", [])
    parts = statements if isinstance(statements, list) else [statements]
    return {inner: None for part in parts for inner in walk(part)}


def _owner(node: ast.expr) -> ast.expr:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node


def _is_default(scope: Scope, name: str) -> bool:
    """Return whether a name is a parameter with a default, which every call shares."""
    if not isinstance(scope.node, FunctionNode):
        return False
    own = scope.node.args
    plain = [*own.posonlyargs, *own.args]
    defaulted = plain[len(plain) - len(own.defaults) :]
    defaulted += [p for p, default in zip(own.kwonlyargs, own.kw_defaults, strict=True) if default is not None]
    return any(parameter.arg == name for parameter in defaulted)


def _is_class(scope: Scope, name: str) -> bool:
    """Return whether a name is the class that a method of it is called on."""
    function = scope.node
    if not isinstance(function, FunctionNode) or not function.args.args or function.args.args[0].arg != name:
        return False
    decorators = [ast.unparse(one) for one in function.decorator_list]
    return name == "cls" or "classmethod" in decorators or function.name in ("__new__", "__init_subclass__")

"""The DAGs of a file as graphs: tasks, edges and data, found by following the code that builds them.

Only code that is understood completely gives a graph; everything else is a
``Blocker`` with its place. The builder walks the statements as Airflow would run
them, so groups, suffixes and edges come out as Airflow makes them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from offramp.finding.names import Binding, FunctionNode
from offramp.finding.operators import Module, Use
from offramp.finding.values import UNKNOWN, Constant, Given, Items, Local, Reference, Table, Value

_EDGE_FUNCTIONS = frozenset({"chain", "cross_downstream"})
_LABELS = frozenset({"airflow.utils.edgemodifier.Label", "airflow.sdk.Label"})
# The key of the result that stands for one value of a mapped task's own argument.
MAPPED = "mapped"
_DOCUMENTATION = frozenset({"doc", "doc_md", "doc_json", "doc_yaml", "doc_rst"})
_FLOW_DECORATORS = ("task", "task_group")


class Blocker(NamedTuple):
    """Something that is not understood, and its place."""

    reason: str
    node: ast.AST


class Argument(NamedTuple):
    """One argument of a task: its expression and the values of the loop variables it was written under.

    ``origin`` is as in ``Given``.
    """

    node: ast.expr
    loop: tuple[tuple[str, object], ...]
    origin: str


class Task:
    """One Airflow task.

    ``kind`` is the note section of its operator. ``names`` are the names it was bound to.
    ``function`` is the callable of Python tasks; ``positional`` and ``keywords`` what
    it is called with: arguments, or the tasks whose result is passed. ``upstream``
    holds the tasks of its edges, in the order they were made. ``mapped`` is the
    argument of a mapped task that differs from one run of it to the next.
    """

    __slots__ = (
        "arguments",
        "dag",
        "function",
        "id",
        "keywords",
        "kind",
        "mapped",
        "names",
        "node",
        "order",
        "path",
        "positional",
        "results",
        "statement",
        "upstream",
        "use",
    )

    def __init__(self, task_id: str, kind: str, node: ast.expr, statement: ast.stmt, dag: Dag) -> None:
        self.id = task_id
        self.kind = kind
        self.node = node
        self.statement = statement
        self.dag = dag
        self.path: tuple[str, ...] = ()
        self.names: list[str] = []
        self.arguments: dict[str, Argument] = {}
        self.function: FunctionNode | None = None
        self.positional: list[Argument | Result] = []
        self.keywords: dict[str, Argument | Result] = {}
        self.results: dict[str, Result] = {}
        self.upstream: dict[Task, None] = {}
        self.use: Use | None = None
        self.mapped: tuple[str, Argument] | None = None
        self.order = len(dag.tasks)


class Result(NamedTuple):
    """The XCom of a task, under a key (``return_value``); ``node`` is where it is taken."""

    task: Task
    key: str
    node: ast.AST


class Dag:
    """One DAG: ``maker`` is its call or decorator, ``site`` the statement that holds it."""

    __slots__ = ("arguments", "function", "id", "maker", "name", "site", "statements", "tasks")

    def __init__(self, maker: ast.expr, site: ast.stmt) -> None:
        self.maker = maker
        self.site = site
        self.id = ""
        self.name = ""
        self.function: FunctionNode | None = None
        self.arguments: dict[str, Argument] = {}
        self.tasks: dict[str, Task] = {}
        self.statements: list[ast.stmt] = []

    def leaves(self) -> list[Task]:
        """The tasks that nothing comes after, in order of creation."""
        before = {upstream for task in self.tasks.values() for upstream in task.upstream}
        return [task for task in self.tasks.values() if task not in before]


class Graph(NamedTuple):
    """What a file builds: its DAGs, operators outside any DAG, statements that only build or run DAGs, blockers.

    ``plain`` are the module's other statements, ``kept`` those in the blocks of DAGs
    that only make plain values.
    """

    dags: tuple[Dag, ...]
    loose: tuple[Use, ...]
    building: frozenset[ast.stmt]
    plain: tuple[ast.stmt, ...]
    kept: frozenset[ast.stmt]
    blockers: tuple[Blocker, ...]


def build(module: Module) -> Graph:
    """Follow a file's statements and return what they build."""
    return _Builder(module).build()


class _Group:
    def __init__(self, prefix: str, tasks: list[Task], defaults: dict[str, Argument]) -> None:
        self.prefix = prefix
        self.tasks = tasks
        self.defaults = defaults

    def roots(self) -> list[Task]:
        return [task for task in self.tasks if not any(up in self.tasks for up in task.upstream)]

    def leaves(self) -> list[Task]:
        inside = {up for task in self.tasks for up in task.upstream}
        return [task for task in self.tasks if task not in inside]


class _Label(NamedTuple):
    before: tuple[Task, ...]
    after: tuple[Task, ...]


class _TaskFunction(NamedTuple):
    node: FunctionNode
    section: str
    decorator: ast.expr
    override: dict[str, Argument]


class _GroupFunction(NamedTuple):
    node: FunctionNode
    decorator: ast.expr


class _Plain(NamedTuple):
    node: ast.expr


class _Blocked:
    """What an expression that is not followed gives; its blocker is noted already."""


_BLOCKED = _Blocked()
_Thing = object


class _Builder:
    def __init__(self, module: Module) -> None:
        self.module = module
        self.names = module.names
        self.values = module.values
        self.sections = module.dags
        self.uses = {use.call: use for use in module.uses if use.call is not None}
        self.blockers: list[Blocker] = []
        self.dags: list[Dag] = []
        self.by_maker: dict[ast.AST, Dag] = {}
        self.building: set[ast.stmt] = set()
        self.plain: list[ast.stmt] = []
        self.kept: set[ast.stmt] = set()
        self.empty: dict[str, ast.stmt] = {}
        self.turning = 0
        self.dag: Dag | None = None
        self.groups: list[_Group] = []
        self.used_groups: set[tuple[Dag, str]] = set()
        self.env: dict[str, _Thing] = {}
        self.loop: dict[str, object] = {}
        self.statement: ast.stmt | None = None
        self.seen: set[ast.AST] = set()
        self.touched = False

    # -- the file ----------------------------------------------------------------

    def build(self) -> Graph:
        for statement in self.module.tree.body:
            self._module_statement(statement)
        loose = [
            use for use in self.module.uses if use.call is not None and use.call not in self.seen and use.role != "hook"
        ]
        bare = [use for use in loose if self._is_bare(use)]
        for use in loose:
            if use not in bare:
                self._block("is not made in a DAG that is understood here", use.callee)
        for statement in self.plain:
            for node in ast.walk(statement):
                if (
                    isinstance(node, ast.Call)
                    and self._section(node.func) in ("DAG", "dag")
                    and node not in self.by_maker
                ):
                    self._block("this DAG is made in a function, a loop or a condition", node)
        return Graph(
            tuple(self.dags),
            tuple(bare),
            frozenset(self.building),
            tuple(self.plain),
            frozenset(self.kept),
            tuple(dict.fromkeys(self.blockers)),
        )

    def _is_bare(self, use: Use) -> bool:
        statement = self.names.statement(use.callee)
        return (
            statement in self.module.tree.body
            and isinstance(statement, ast.Assign | ast.Expr)
            and statement.value is use.call
            and use.around.dag is None
            and not use.around.groups
        )

    def _block(self, reason: str, node: ast.AST) -> None:
        self.blockers.append(Blocker(reason, node))

    def _section(self, callee: ast.expr) -> str:
        for value in self.values.evaluate(callee):
            section = self.sections.section(value)
            if section:
                return section
        return ""

    def _module_statement(self, statement: ast.stmt) -> None:
        self.statement = statement
        if isinstance(statement, ast.With):
            if self._with_dag(statement):
                return
        elif isinstance(statement, FunctionNode):
            decorator = self.sections.decorated(statement, ("dag",))
            if decorator is not None:
                self._dag_function(statement, decorator)
                return
            if self._define(statement):
                return
        elif isinstance(statement, ast.If) and _is_main(statement):
            if self._main(statement):
                return
        elif isinstance(statement, ast.Assign | ast.Expr | ast.AnnAssign | ast.For):
            self.touched = False
            before = len(self.blockers)
            self._statement(statement)
            if self.touched or len(self.blockers) > before:
                self.building.add(statement)
                return
        if self._mentions_dag(statement):
            self._block("uses a DAG or a task in a way that is not followed", statement)
        self.plain.append(statement)

    def _mentions_dag(self, statement: ast.stmt) -> bool:
        return any(
            isinstance(node, ast.Name)
            and isinstance(node.ctx, ast.Load)
            and isinstance(self.env.get(node.id), Task | Dag | list | _Group)
            and self.names.place(node)[0] is self.names.module
            for node in ast.walk(statement)
        )

    def _main(self, statement: ast.If) -> bool:
        """``if __name__ == "__main__":`` that only runs DAGs."""
        for inner in statement.body:
            call = inner.value if isinstance(inner, ast.Expr) else None
            function = call.func if isinstance(call, ast.Call) else None
            if not (isinstance(function, ast.Attribute) and function.attr in ("test", "cli", "run", "clear")):
                if self._mentions_dag(statement):
                    self._block("runs the DAG by hand together with other code", inner)
                return False
            owner = function.value
            known = isinstance(owner, ast.Name) and isinstance(self.env.get(owner.id), Dag)
            if not known and self._called_dag(owner) is None:
                return False
        if statement.orelse:
            return False
        self.building.add(statement)
        return True

    def _called_dag(self, node: ast.expr) -> Dag | None:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            for value in self.values.evaluate(node.func):
                if isinstance(value, Local) and value.node in self.by_maker:
                    return self.by_maker[value.node]
        return None

    # -- DAGs --------------------------------------------------------------------

    def _with_dag(self, statement: ast.With) -> bool:
        first = statement.items[0].context_expr
        dag = self._dag_of(first, statement)
        if dag is None:
            return False
        self.building.add(statement)
        if isinstance(statement.items[0].optional_vars, ast.Name):
            self.env[statement.items[0].optional_vars.id] = dag
            dag.name = statement.items[0].optional_vars.id
        if dag.site is not statement:
            dag.statements.append(statement)
        self.dag = dag
        for item in statement.items[1:]:
            self._enter_group(item, statement)
        self._body(statement.body)
        self.groups.clear()
        self.dag = None
        return True

    def _dag_of(self, node: ast.expr, site: ast.stmt) -> Dag | None:
        if isinstance(node, ast.Name):
            thing = self.env.get(node.id)
            return thing if isinstance(thing, Dag) else None
        if isinstance(node, ast.Call) and self._section(node.func) == "DAG":
            return self._new_dag(node, site)
        return None

    def _new_dag(self, maker: ast.expr, site: ast.stmt) -> Dag:
        dag = Dag(maker, site)
        self.dags.append(dag)
        self.by_maker[maker] = dag
        self.touched = True
        callee = maker.func if isinstance(maker, ast.Call) else maker
        if any(isinstance(value, Local) for value in self.values.evaluate(callee)):
            self._block("this DAG is made by a class of its own", maker)
        if isinstance(maker, ast.Call):
            positional = ("dag_id", "description", "schedule_interval")
            given = self.values.arguments(maker, positional)
            if not given.complete or len(maker.args) > len(positional):
                self._block("not all arguments of this DAG are known here", maker)
            for name, value in given.given.items():
                if value.node is None:
                    self._block(f"`{name}` of this DAG is not known here", maker)
                else:
                    dag.arguments[name] = Argument(value.node, (), value.origin)
        return dag

    def _dag_function(self, statement: FunctionNode, decorator: ast.expr) -> None:
        self.building.add(statement)
        dag = self._new_dag(decorator, statement)
        dag.function = statement
        self.by_maker[statement] = dag
        if len(statement.decorator_list) > 1:
            self._block("has another decorator besides `@dag`", statement)
        arguments = statement.args
        if arguments.args or arguments.kwonlyargs or arguments.posonlyargs or arguments.vararg or arguments.kwarg:
            self._block("takes parameters, which Airflow fills from the DAG's params", statement)
        if isinstance(statement, ast.AsyncFunctionDef):
            self._block("is an async function, which Airflow never runs", statement)
        outer = dict(self.env)
        self.dag = dag
        self._body(statement.body)
        self.dag = None
        self.groups.clear()
        self.env = outer

    def _body(self, body: list[ast.stmt]) -> None:
        for statement in body:
            self.statement = statement
            self._statement(statement)

    # -- statements --------------------------------------------------------------

    def _statement(self, statement: ast.stmt) -> None:
        if isinstance(statement, ast.Assign):
            thing = self._evaluate(statement.value)
            for target in statement.targets:
                self._assign(target, thing, statement)
        elif isinstance(statement, ast.AnnAssign):
            if statement.value is not None:
                self._assign(statement.target, self._evaluate(statement.value), statement)
        elif isinstance(statement, ast.Expr):
            thing = self._evaluate(statement.value)
            nothing = isinstance(statement.value, ast.Name) or self._is_docstring(statement)
            if isinstance(thing, _Plain) and self.dag is not None and not nothing:
                self._block("is code in the DAG that is not followed", statement)
        elif isinstance(statement, ast.With):
            self._group_block(statement)
        elif isinstance(statement, FunctionNode):
            if not self._define(statement) and self.dag is not None and _reads_any(statement, self.env, Task):
                self._block(f"the function `{statement.name}` uses tasks of the DAG", statement)
        elif isinstance(statement, ast.For):
            self._for(statement)
        elif isinstance(statement, ast.Return):
            if statement.value is not None:
                self._evaluate(statement.value)
        elif isinstance(statement, ast.Import | ast.ImportFrom | ast.Pass):
            return
        elif self.dag is not None or self._holds_operator(statement):
            self._block("is code in the DAG that is not followed", statement)

    def _is_docstring(self, statement: ast.Expr) -> bool:
        around = self.names.parents.get(statement)
        first = isinstance(around, FunctionNode) and around.body[0] is statement
        return isinstance(statement.value, ast.Constant) and (first or statement.value.value is ...)

    def _holds_operator(self, statement: ast.stmt) -> bool:
        return any(isinstance(node, ast.Call) and self._operator_section(node) for node in ast.walk(statement))

    def _operator_section(self, call: ast.Call) -> str:
        use = self.uses.get(call)
        if use is not None and use.role != "hook":
            return use.note.section
        section = self._section(call.func)
        return section if section and section not in ("DAG", "dag", "TaskGroup", "task_group", "task") else ""

    def _assign(self, target: ast.expr, thing: _Thing, statement: ast.stmt) -> None:
        if isinstance(target, ast.Name):
            if isinstance(thing, Dag):
                thing.name = thing.name or target.id
            if isinstance(thing, Task) and target.id not in thing.names:
                thing.names.append(target.id)
            if isinstance(thing, Result) and target.id not in thing.task.names:
                thing.task.names.append(target.id)
            if isinstance(thing, _Plain):
                self.env.pop(target.id, None)
                if self.turning:
                    self._loop_constant(target.id, thing.node)
                elif self.dag is not None:
                    self.kept.add(statement)
                    self.empty[target.id] = statement
            else:
                self.env[target.id] = thing
        elif isinstance(target, ast.Tuple | ast.List) and isinstance(thing, list) and len(thing) == len(target.elts):
            for element, value in zip(target.elts, thing, strict=True):
                self._assign(element, value, statement)
        elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
            owner = self.env.get(target.value.id)
            if isinstance(owner, Task | Dag) and target.attr in _DOCUMENTATION:
                self.touched = True
            elif isinstance(owner, Task | Dag | _Group | list):
                self._block(f"sets `{target.attr}` of a task or DAG after it is made", statement)
        elif not isinstance(thing, _Plain) or self._mentions_dag(statement):
            self._block("keeps tasks in a way that is not followed", statement)
        elif self.dag is not None:
            self._block("is code in the DAG that is not followed", statement)

    def _loop_constant(self, name: str, node: ast.expr) -> None:
        known = self._constant(node)
        if known is None:
            self._block(f"`{name}` differs from one turn of the loop to the next and is not known here", node)
        else:
            self.loop[name] = known.value

    def _for(self, statement: ast.For) -> None:
        if self.dag is None and not self._holds_operator(statement) and not self._mentions_dag(statement):
            return
        things = self._iterable(statement.iter)
        if things is None or statement.orelse:
            self._block("is a loop over something that is not known here", statement)
            return
        if any(isinstance(node, ast.Break | ast.Continue) for node in ast.walk(statement)):
            self._block("is a loop that may end early", statement)
            return
        made = [
            node
            for node in ast.walk(statement)
            if isinstance(node, FunctionNode | ast.ClassDef | ast.Import | ast.ImportFrom)
        ]
        if made:
            self._block("is made anew in every turn of a loop", made[0])
            return
        outer = dict(self.loop)
        self.turning += 1
        for thing in things:
            if not self._bind_loop(statement.target, thing):
                self._block("is a loop over something that is not known here", statement)
                break
            self._body(statement.body)
        self.turning -= 1
        self.loop = outer
        self.statement = statement

    def _iterable(self, node: ast.expr) -> list[_Thing] | None:
        if isinstance(node, ast.Name) and isinstance(self.env.get(node.id), list):
            return list(self.env[node.id])  # type: ignore[call-overload, no-any-return]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "items":
            table = self.values.single(node.func.value)
            if isinstance(table, Table) and table.complete and not node.args:
                return [_Pair(key, value) for key, value in table.entries.items() if value is not None]
        if isinstance(node, ast.Call) and self.values.single(node.func) == Reference("builtins.range"):
            bounds = [self.values.single(argument) for argument in node.args]
            numbers = [bound.value for bound in bounds if isinstance(bound, Constant) and isinstance(bound.value, int)]
            if len(numbers) == len(bounds) <= 3 and not node.keywords and numbers:
                return [Constant(number) for number in range(*numbers)]
        value = self.values.single(node)
        if any(isinstance(binding.node, ast.Set) for binding in self._bound(node)) or isinstance(node, ast.Set):
            return None
        if isinstance(value, Items) and value.complete:
            return [_Plain(element) for element in value.nodes]
        if isinstance(value, Table) and value.complete:
            return [Constant(key) for key in value.entries]
        return None

    def _bound(self, node: ast.expr) -> list[Binding]:
        return self.names.lookup(node.id, node) if isinstance(node, ast.Name) else []

    def _bind_loop(self, target: ast.expr, thing: _Thing) -> bool:
        if isinstance(target, ast.Name):
            if isinstance(thing, _Plain):
                known = self._constant(thing.node)
                if known is None:
                    made = self._evaluate(thing.node)
                    if isinstance(made, _Plain):
                        return False
                    self.env[target.id] = made
                    return True
                self.loop[target.id] = known.value
                self.env.pop(target.id, None)
                return True
            if isinstance(thing, Constant):
                self.loop[target.id] = thing.value
                return True
            if isinstance(thing, Task | Result):
                self.env[target.id] = thing
                self.loop.pop(target.id, None)
                return True
            return False
        if isinstance(target, ast.Tuple | ast.List):
            parts: list[_Thing] = []
            if isinstance(thing, _Pair):
                parts = [Constant(thing.key), _Plain(thing.value)]
            elif isinstance(thing, _Plain) and isinstance(thing.node, ast.Tuple | ast.List):
                parts = [_Plain(element) for element in thing.node.elts]
            return len(parts) == len(target.elts) and all(
                self._bind_loop(element, part) for element, part in zip(target.elts, parts, strict=True)
            )
        return False

    # -- groups ------------------------------------------------------------------

    def _group_block(self, statement: ast.With) -> None:
        depth = len(self.groups)
        for item in statement.items:
            if not self._enter_group(item, statement):
                del self.groups[depth:]
                return
        self._body(statement.body)
        del self.groups[depth:]
        self.statement = statement

    def _enter_group(self, item: ast.withitem, statement: ast.stmt) -> bool:
        call = item.context_expr
        if self.dag is None or not isinstance(call, ast.Call) or self._section(call.func) != "TaskGroup":
            self._block("is a `with` in the DAG that is not followed", statement)
            return False
        given = self._group_arguments(call, ("group_id", "prefix_group_id"))
        group = self._group("", call, given)
        if group is None:
            return False
        if isinstance(item.optional_vars, ast.Name):
            self.env[item.optional_vars.id] = group
        return True

    def _group_arguments(self, call: ast.Call, positional: tuple[str, ...]) -> dict[str, Given]:
        arguments = self.values.arguments(call, positional)
        if not arguments.complete or len(call.args) > len(positional):
            self._block("not all arguments of this task group are known here", call)
        return arguments.given

    def _group(self, default_id: str, node: ast.expr, given: dict[str, Given]) -> _Group | None:
        assert self.dag is not None
        rows = self.module.rulebook.arguments(self.module.rulebook.notes["TaskGroup"])
        for name in given:
            if name not in rows or name in ("parent_group", "add_suffix_on_collision", "dag"):
                self._block(f"`{name}` of this task group is not followed", node)
                return None
        own = default_id
        prefixed = True
        for name in ("group_id", "prefix_group_id"):
            if name not in given:
                continue
            value = given[name].node
            constant = self._constant(value) if value is not None else None
            if constant is None:
                self._block(f"`{name}` of this task group is not known here", node)
                return None
            if name == "group_id":
                own = str(constant.value)
            else:
                prefixed = bool(constant.value)
        outer = self.groups[-1].prefix if self.groups else ""
        full = f"{outer}{own}"
        if (self.dag, full) in self.used_groups:
            if not default_id:
                self._block(f"a second task group has the id `{full}`", node)
                return None
            self._block(f"the task group `{full}` is made twice", node)
            return None
        self.used_groups.add((self.dag, full))
        defaults = dict(self.groups[-1].defaults) if self.groups else {}
        if "default_args" in given and not self._defaults(given["default_args"], defaults):
            self._block("`default_args` of this task group are not known here", node)
        group = _Group(f"{full}." if prefixed else "", [], defaults)
        self.groups.append(group)
        return group

    def _defaults(self, given: Given, into: dict[str, Argument]) -> bool:
        table = given.values[0] if len(given.values) == 1 else UNKNOWN
        if not isinstance(table, Table):
            return given.constant is not None and not given.constant.value
        for name, node in table.entries.items():
            if node is None:
                return False
            into[name] = Argument(node, tuple(self.loop.items()), "default_args")
        return table.complete

    # -- functions ---------------------------------------------------------------

    def _define(self, statement: FunctionNode) -> bool:
        """Remember a TaskFlow function; False for a plain one."""
        for decorator in statement.decorator_list:
            callee = decorator.func if isinstance(decorator, ast.Call) else decorator
            section = self._section(callee)
            if section == "task_group":
                self.env[statement.name] = _GroupFunction(statement, decorator)
                self.building.add(statement)
                return True
            if section in ("task", "task_branch", "task_short_circuit", "task_bash"):
                if len(statement.decorator_list) > 1:
                    self._block(f"the task `{statement.name}` has other decorators", statement)
                self.env[statement.name] = _TaskFunction(statement, section, decorator, {})
                self.building.add(statement)
                return True
            if _is_airflow(self.values.evaluate(callee)):
                self._block(f"`@{ast.unparse(callee)}` is not covered by a note", decorator)
                return True
        self.env.pop(statement.name, None)
        return False

    def _call_group(self, function: _GroupFunction, call: ast.Call) -> _Thing:
        if call.args or call.keywords or _has_parameters(function.node):
            self._block("a task group that takes arguments is not followed", call)
            return None
        decorator = function.decorator
        given = self._group_arguments(decorator, ("group_id",)) if isinstance(decorator, ast.Call) else {}
        if self.dag is None:
            self._block("a task group outside a DAG is not followed", call)
            return None
        group = self._group(function.node.name, call, given)
        if group is None:
            return None
        outer = dict(self.env)
        statement = self.statement
        if any(isinstance(node, ast.Return) and node.value is not None for node in ast.walk(function.node)):
            self._block("a task group that returns a value is not followed", function.node)
        own = [
            inner
            for inner in function.node.body
            if inner in self.kept or isinstance(inner, FunctionNode | ast.ClassDef | ast.Import | ast.ImportFrom)
        ]
        self._body(function.node.body)
        own += [inner for inner in function.node.body if inner in self.kept]
        if own:
            self._block("a task group's function with code of its own is not followed", own[0])
        if function.node in self.module.tree.body:
            self._block("a task group's function outside the DAG is not followed", function.node)
        self.statement = statement
        self.env = outer
        self.groups.pop()
        return group

    # -- expressions -------------------------------------------------------------

    def _evaluate(self, node: ast.expr) -> _Thing:
        if isinstance(node, ast.Name):
            thing = self.env.get(node.id)
            if thing is not None:
                self.touched = self.touched or isinstance(thing, Task | Dag | list | _Group | Result)
                return thing
            return _Plain(node)
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.RShift | ast.LShift):
            return self._edge(node)
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            things = [self._evaluate(element) for element in node.elts]
            nested = any(isinstance(thing, list) for thing in things)
            if nested or (isinstance(node, ast.Set) and self._touches_tasks(node)):
                self._block(
                    "keeps tasks in a list of lists or a set, which Airflow connects otherwise or not at all", node
                )
                return _BLOCKED
            if things and all(not isinstance(thing, _Plain) for thing in things):
                return things
            if any(isinstance(thing, _Blocked) for thing in things):
                return _BLOCKED
            if any(isinstance(thing, Task | Dag | list | _Group | Result) for thing in things):
                self._block("mixes tasks with other values", node)
                return _BLOCKED
            return _Plain(node)
        if isinstance(node, ast.Attribute):
            return self._attribute(node)
        if isinstance(node, ast.Subscript):
            owner = self._evaluate(node.value)
            if isinstance(owner, Result):
                key = self._constant(node.slice)
                if key is not None and isinstance(key.value, str) and owner.key == "return_value":
                    return Result(owner.task, key.value, node)
                self._block("takes a part of a task's result in a way that is not followed", node)
                return _BLOCKED
            if isinstance(owner, list):
                key = self._constant(node.slice)
                if key is not None and isinstance(key.value, int) and -len(owner) <= key.value < len(owner):
                    return owner[key.value]
                self._block("takes a task from a list in a way that is not followed", node)
                return _BLOCKED
            return _Plain(node)
        if isinstance(node, ast.ListComp):
            return self._comprehension(node)
        if any(
            (isinstance(inner, ast.Call) and self._operator_section(inner))
            or (isinstance(inner, ast.Name) and isinstance(self.env.get(inner.id), Task | _Group | list))
            for inner in ast.walk(node)
        ):
            self._block("makes or uses tasks in an expression that is not followed", node)
            return _BLOCKED
        return _Plain(node)

    def _comprehension(self, node: ast.ListComp) -> _Thing:
        if not any(
            isinstance(inner, ast.Call) and (self._operator_section(inner) or self._is_task_call(inner))
            for inner in ast.walk(node.elt)
        ):
            return _Plain(node)
        generator = node.generators[0]
        things = self._iterable(generator.iter)
        if len(node.generators) > 1 or generator.ifs or things is None:
            self._block("is a loop over something that is not known here", node)
            return _BLOCKED
        made: list[_Thing] = []
        outer = dict(self.loop)
        for thing in things:
            if not self._bind_loop(generator.target, thing):
                self._block("is a loop over something that is not known here", node)
                return _BLOCKED
            made.append(self._evaluate(node.elt))
        self.loop = outer
        return made

    def _is_task_call(self, call: ast.Call) -> bool:
        return isinstance(call.func, ast.Name) and isinstance(self.env.get(call.func.id), _TaskFunction)

    def _attribute(self, node: ast.Attribute) -> _Thing:
        owner = self._evaluate(node.value)
        if isinstance(owner, Task):
            if node.attr == "output":
                return Result(owner, "return_value", node)
            self._block(f"takes `{node.attr}` of a task", node)
            return _BLOCKED
        if isinstance(owner, _TaskFunction | _Group | Dag | list | Result) and node.attr not in ("append", "extend"):
            self._block(f"takes `{node.attr}` in a way that is not followed", node)
            return _BLOCKED
        return _Plain(node)

    def _call(self, node: ast.Call) -> _Thing:
        function = node.func
        if isinstance(function, ast.Attribute):
            handled, thing = self._method(node, function)
            if handled:
                return thing
        section = self._operator_section(node)
        if section:
            return self._operator(node, section)
        callee = self._section(function)
        if callee == "DAG":
            assert self.statement is not None
            return self._new_dag(node, self.statement)
        if isinstance(function, ast.Call):
            thing = self._evaluate(function)
            if isinstance(thing, _TaskFunction):
                return self._task_call(thing, node)
        if isinstance(function, ast.Call):
            thing = self._evaluate(function)
            if isinstance(thing, _TaskFunction):
                return self._task_call(thing, node)
        if isinstance(function, ast.Name):
            thing = self.env.get(function.id)
            if isinstance(thing, _TaskFunction):
                return self._task_call(thing, node)
            if isinstance(thing, _GroupFunction):
                self.touched = True
                return self._call_group(thing, node)
            dag = self._called_dag(node)
            if dag is not None:
                self.touched = True
                dag.statements.append(self.statement)  # type: ignore[arg-type]
                if node.args or node.keywords:
                    self._block("calls the DAG's function with arguments", node)
                return dag
        return self._other_call(node)

    def _other_call(self, node: ast.Call) -> _Thing:
        for value in self.values.evaluate(node.func):
            if isinstance(value, Reference):
                name = value.path.rpartition(".")[2]
                if name in _EDGE_FUNCTIONS and value.path.startswith("airflow."):
                    things = [self._evaluate(argument) for argument in node.args]
                    self.touched = True
                    (self._chain if name == "chain" else self._cross)(things, node)
                    return None
                if value.path in _LABELS:
                    return _Label((), ())
                if name == "XComArg" and len(node.args) == 1 and not node.keywords:
                    thing = self._evaluate(node.args[0])
                    if isinstance(thing, Task):
                        return Result(thing, "return_value", node)
                if value.path in ("builtins.list", "builtins.tuple") and len(node.args) == 1:
                    thing = self._evaluate(node.args[0])
                    if isinstance(thing, list):
                        return list(thing)
                if value.path.startswith("airflow.") and self.dag is not None:
                    operator = ast.unparse(node.func)
                    self._block(f"`{operator}` is covered by no note", node.func)
                    return _BLOCKED
        things = [self._evaluate(argument) for argument in node.args if not isinstance(argument, ast.Starred)]
        things += [self._evaluate(keyword.value) for keyword in node.keywords]
        if any(isinstance(thing, Task | Dag | _Group | Result | list) and thing != [] for thing in things):
            self._block(f"passes a task or DAG to `{ast.unparse(node.func)}`, which is not followed", node)
            return _BLOCKED
        if self.dag is not None and _looks_like_operator(node):
            self._block(f"`{ast.unparse(node.func)}` is covered by no note", node.func)
            return _BLOCKED
        return _Plain(node)

    def _method(self, node: ast.Call, function: ast.Attribute) -> tuple[bool, _Thing]:
        name = function.attr
        if name == "expand" and (mapped := self._expanded(node, function)) is not None:
            return True, mapped
        if name in ("expand", "expand_kwargs", "partial") and (
            node in self.uses or self._section(function.value) or self._holds_mapping(function.value)
        ):
            self._see(node)
            self.touched = True
            self._block("is a mapped task in a form that is not followed", node)
            return True, _BLOCKED
        if isinstance(function.value, ast.Name):
            thing = self.env.get(function.value.id)
            if isinstance(thing, list) and name in ("append", "extend"):
                added = [self._evaluate(argument) for argument in node.args]
                for item in added:
                    if name == "append" and isinstance(item, Task | Result):
                        thing.append(item)
                    elif name == "extend" and isinstance(item, list):
                        thing.extend(item)
                    else:
                        self._block("keeps something else than tasks in a list of tasks", node)
                return True, _BLOCKED
            if isinstance(thing, _Plain | None) and name == "append" and node.args:
                item = self._evaluate(node.args[0])
                value = self.values.evaluate(function.value)
                if isinstance(item, Task | Result):
                    if any(isinstance(one, Items) and not one.nodes for one in value):
                        self.env[function.value.id] = [item]
                        self.kept.discard(self.empty.get(function.value.id))
                    else:
                        self._block("keeps tasks in a list that is not known here", node)
                elif self.dag is not None:
                    self._block("is code in the DAG that is not followed", node)
                return True, _BLOCKED
            if isinstance(thing, _TaskFunction) and name == "override":
                return True, self._override(thing, node)
            if isinstance(thing, _TaskFunction):
                self._block(f"`{function.value.id}.{name}` is not followed", node)
                return True, _BLOCKED
        if name in ("set_upstream", "set_downstream"):
            owner = self._evaluate(function.value)
            others = [self._evaluate(argument) for argument in node.args]
            others += [self._evaluate(keyword.value) for keyword in node.keywords if keyword.arg == "task_or_task_list"]
            if len(others) == 1:
                pair = (owner, others[0]) if name == "set_downstream" else (others[0], owner)
                self._connect(*pair, node)
                return True, _BLOCKED
        if isinstance(function.value, ast.Call) and not self._section(function):
            thing = self._evaluate(function.value)
            if isinstance(thing, _TaskFunction):
                self._block("is not followed", node)
                return True, _BLOCKED
            if isinstance(thing, Task | Dag | _Group | Result):
                if isinstance(thing, Dag) and name in ("test", "cli"):
                    return True, _BLOCKED
                self._block(f"calls `{name}` of a task or DAG", node)
                return True, _BLOCKED
        if isinstance(function.value, ast.Name) and isinstance(
            self.env.get(function.value.id), Task | Dag | _Group | Result
        ):
            if isinstance(self.env[function.value.id], Dag) and name in ("test", "cli"):
                self.touched = True
                return True, _BLOCKED
            self._block(f"calls `{name}` of a task or DAG", node)
            return True, _BLOCKED
        return False, None

    def _expanded(self, node: ast.Call, function: ast.Attribute) -> _Thing:
        """The mapped task of ``X.expand(name=[…])`` or ``X.partial(…).expand(name=[…])``; None for other forms."""
        inner = function.value
        partial = inner if isinstance(inner, ast.Call) and getattr(inner.func, "attr", "") == "partial" else None
        base = partial.func.value if partial is not None else inner  # type: ignore[attr-defined]
        made = self.env.get(base.id) if isinstance(base, ast.Name) else None
        values = [keyword for keyword in node.keywords if keyword.arg is not None]
        if node.args or len(values) != 1 or len(node.keywords) != 1:
            return None
        if partial is not None and any(keyword.arg in ("default_args", None) for keyword in partial.keywords):
            # They reach the arguments of every operator, but not this one's own.
            return None
        name, listed = values[0].arg, values[0].value
        items = self.values.single(listed)
        if self._touches_tasks(listed) or not isinstance(items, Items) or not items.complete or not items.nodes:
            return None
        assert name is not None
        if isinstance(made, _TaskFunction):
            call = partial if partial is not None else ast.copy_location(ast.Call(inner, [], []), node)
            task = self._task_call(made, call)
            task = task.task if isinstance(task, Result) else task
        elif partial is not None and partial in self.uses:
            self._see(node)
            task = self._operator(partial, self.uses[partial].note.section)
        else:
            return None
        if isinstance(task, Task):
            task.mapped = (name, Argument(listed, tuple(self.loop.items()), "expand"))
            if isinstance(made, _TaskFunction):
                task.keywords[name] = Result(task, MAPPED, listed)
                return Result(task, "return_value", node)
        return task

    def _holds_mapping(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and isinstance(self.env.get(node.id), _TaskFunction)

    def _see(self, node: ast.AST) -> None:
        for inner in ast.walk(node):
            self.seen.add(inner)

    # -- tasks -------------------------------------------------------------------

    def _operator(self, node: ast.Call, section: str) -> _Thing:
        self._see(node)
        self.touched = True
        use = self.uses.get(node)
        if use is not None and use.derived is not None:
            self._block(f"`{use.derived.name}` is a class of its own: no note covers it", node.func)
            return _BLOCKED
        if len(self.values.evaluate(node.func)) > 1:
            self._block("may be one of several operators", node.func)
        own = self.values.arguments(node)
        if not own.complete:
            self._block("not all arguments of this task are known here", node)
        dag = self.dag
        if "dag" in own.given:
            thing = self._evaluate(own.given["dag"].node) if own.given["dag"].node is not None else None
            if not isinstance(thing, Dag):
                self._block("the DAG of this task is not known here", node)
                return _BLOCKED
            if dag is not None and thing is not dag:
                self._block("is in one DAG's block and names another DAG", node)
            dag = thing
        if dag is None:
            self.seen.difference_update(ast.walk(node))
            return _BLOCKED
        if "task_group" in own.given:
            self._block("`task_group` as an argument is not followed", node)
        arguments = self._inherited(dag, own.given)
        for name, given in own.given.items():
            if given.node is None:
                self._block(f"`{name}` of this task is not known here", node)
            else:
                arguments[name] = Argument(given.node, tuple(self.loop.items()), given.origin)
        return self._new_task(node, section, dag, arguments, use)

    def _inherited(self, dag: Dag, own: dict[str, Given]) -> dict[str, Argument]:
        found: dict[str, Argument] = {}
        if "default_args" in dag.arguments:
            node = dag.arguments["default_args"].node
            if not self._defaults(Given(node, self.values.evaluate(node), "keyword"), found):
                self._block("`default_args` of the DAG are not known here", node)
        if self.groups:
            found.update(self.groups[-1].defaults)
        if "default_args" in own and not self._defaults(own["default_args"], found):
            self._block("`default_args` of this task are not known here", own["default_args"].node or dag.maker)
        return found

    def _new_task(
        self, node: ast.expr, section: str, dag: Dag, arguments: dict[str, Argument], use: Use | None
    ) -> Task | _Blocked:
        task_id = arguments.pop("task_id", None)
        known = self._constant_of(task_id) if task_id is not None else None
        if known is None or not isinstance(known.value, str):
            self._block("the task id is not known here", node)
            return _BLOCKED
        return self._add(known.value, node, section, dag, arguments, use)

    def _add(
        self, own_id: str, node: ast.expr, section: str, dag: Dag, arguments: dict[str, Argument], use: Use | None
    ) -> Task | _Blocked:
        full = (self.groups[-1].prefix if self.groups else "") + own_id
        if full in dag.tasks:
            self._block(f"a second task has the id `{full}`", node)
            return _BLOCKED
        assert self.statement is not None
        task = Task(full, section, node, self.statement, dag)
        task.use = use
        rows = self._rows(task)
        task.arguments = {
            name: argument for name, argument in arguments.items() if argument.origin != "default_args" or name in rows
        }
        dag.tasks[full] = task
        for group in self.groups:
            group.tasks.append(task)
        self._data(task)
        return task

    def _rows(self, task: Task) -> Iterable[str]:
        return self.module.rulebook.arguments(self.module.rulebook.notes[task.kind])

    def _data(self, task: Task) -> None:
        """Edges that passing a result makes, and the callable of a Python task."""
        for name, argument in list(task.arguments.items()):
            if name == "default_args":
                continue
            if name in ("op_args", "op_kwargs"):
                self._call_arguments(task, name, argument)
                continue
            thing = self._evaluate(argument.node) if self._touches_tasks(argument.node) else None
            if isinstance(thing, Result):
                task.results[name] = thing
                task.upstream.setdefault(thing.task)
            elif thing is not None and not isinstance(thing, _Plain | Dag | _Blocked):
                self._block(f"passes tasks as `{name}`", argument.node)
        for name in ("op_args", "op_kwargs"):
            task.arguments.pop(name, None)
        if "python_callable" in task.arguments:
            self._callable(task, task.arguments.pop("python_callable"))

    def _touches_tasks(self, node: ast.expr) -> bool:
        return any(
            isinstance(inner, ast.Name)
            and isinstance(self.env.get(inner.id), Task | Result | list | _Group | _TaskFunction)
            for inner in ast.walk(node)
        )

    def _call_arguments(self, task: Task, name: str, argument: Argument) -> None:
        node = argument.node
        value = self.values.single(node)
        if isinstance(value, Items) and value.complete and name == "op_args":
            task.positional = [self._passed(element) for element in value.nodes]
        elif isinstance(value, Table) and value.complete and name == "op_kwargs":
            for key, entry in value.entries.items():
                if entry is None:
                    self._block(f"`{key}` in `op_kwargs` is not known here", node)
                else:
                    task.keywords[key] = self._passed(entry)
        elif not (isinstance(value, Constant) and value.value is None):
            self._block(f"`{name}` is not known here", node)
        for passed in (*task.positional, *task.keywords.values()):
            if isinstance(passed, Result):
                task.upstream.setdefault(passed.task)

    def _passed(self, node: ast.expr) -> Argument | Result:
        thing = self._evaluate(node) if self._touches_tasks(node) or isinstance(node, ast.Call) else _Plain(node)
        if isinstance(thing, Task):
            thing = Result(thing, "return_value", node) if thing.kind.startswith("task") else thing
        if isinstance(thing, Result):
            return thing
        if not isinstance(thing, _Plain | _Blocked):
            self._block("passes tasks inside another value", node)
        return Argument(node, tuple(self.loop.items()), "keyword")

    def _callable(self, task: Task, argument: Argument) -> None:
        node = argument.node
        value = self.values.single(node)
        if isinstance(value, Local) and isinstance(value.node, FunctionNode):
            task.function = value.node
            if value.node.decorator_list:
                self._block(f"the callable `{value.node.name}` has decorators", node)
        elif isinstance(value, Local):
            self._block("the callable is a lambda", node)
        else:
            known = f"the callable `{ast.unparse(node)}` is defined elsewhere"
            self._block(f"{known}: whether it takes Airflow's context is not known", node)

    def _override(self, function: _TaskFunction, call: ast.Call) -> _Thing:
        given = self.values.arguments(call)
        if not given.complete or call.args:
            self._block("`override` with unknown arguments", call)
        override = dict(function.override)
        for name, value in given.given.items():
            if value.node is None:
                self._block(f"`{name}` in `override` is not known here", call)
            else:
                override[name] = Argument(value.node, tuple(self.loop.items()), "keyword")
        return function._replace(override=override)

    def _task_call(self, function: _TaskFunction, call: ast.Call) -> _Thing:
        self.touched = True
        if self.dag is None:
            self._block("calls a task outside a DAG that is understood here", call)
            return _BLOCKED
        arguments = self._inherited(self.dag, {})
        if isinstance(function.decorator, ast.Call):
            given = self.values.arguments(function.decorator)
            if not given.complete or function.decorator.args:
                self._block("not all arguments of this decorator are known here", function.decorator)
            for name, value in given.given.items():
                if value.node is None:
                    self._block(f"`{name}` of this decorator is not known here", function.decorator)
                else:
                    arguments[name] = Argument(value.node, (), "keyword")
        arguments.update(function.override)
        task_id = arguments.pop("task_id", None)
        known = self._constant_of(task_id) if task_id is not None else Constant(function.node.name)
        if known is None:
            self._block("the task id is not known here", call)
            return _BLOCKED
        # What is passed is made first, and takes its id first.
        positional: list[Argument | Result] = []
        keywords: dict[str, Argument | Result] = {}
        for argument in call.args:
            if isinstance(argument, ast.Starred):
                self._block("passes arguments by `*`", argument)
            else:
                positional.append(self._passed(argument))
        for keyword in call.keywords:
            if keyword.arg is None:
                self._block("passes arguments by `**`", keyword.value)
            else:
                keywords[keyword.arg] = self._passed(keyword.value)
        own = str(known.value)
        prefix = self.groups[-1].prefix if self.groups else ""
        if f"{prefix}{own}" in self.dag.tasks:
            own = re.split(r"__\d+$", own)[0]
            pattern = re.compile(re.escape(f"{prefix}{own}") + r"__(\d+)")
            taken = [int(match[1]) for other in self.dag.tasks if (match := pattern.fullmatch(other))]
            own = f"{own}__{max(taken, default=0) + 1}"
        task = self._add(own, call, function.section, self.dag, arguments, None)
        if not isinstance(task, Task):
            return task
        task.function = function.node
        task.positional = positional
        task.keywords = keywords
        for passed in (*positional, *keywords.values()):
            if isinstance(passed, Result):
                task.upstream.setdefault(passed.task)
        return Result(task, "return_value", call)

    # -- edges -------------------------------------------------------------------

    def _edge(self, node: ast.BinOp) -> _Thing:
        left, right = self._evaluate(node.left), self._evaluate(node.right)
        self.touched = True
        forward = isinstance(node.op, ast.RShift)
        if isinstance(right, _Label):
            before = tuple(self._ends(left, node, leaves=forward))
            return _Label(before, ()) if forward else _Label((), before)
        if isinstance(left, _Label):
            others = self._ends(right, node, leaves=not forward)
            for one in left.before or left.after:
                for other in others:
                    self._link(one, other) if left.before else self._link(other, one)
            return right
        self._connect(*((left, right) if forward else (right, left)), node)
        return right

    def _connect(self, before: _Thing, after: _Thing, node: ast.AST) -> None:
        for downstream in self._ends(after, node, leaves=False):
            for upstream in self._ends(before, node, leaves=True):
                self._link(upstream, downstream)

    def _link(self, upstream: Task, downstream: Task) -> None:
        if upstream.dag is not downstream.dag:
            self._block("connects tasks of two DAGs", downstream.node)
        downstream.upstream.setdefault(upstream)

    def _ends(self, thing: _Thing, node: ast.AST, *, leaves: bool) -> list[Task]:
        if isinstance(thing, Task):
            return [thing]
        if isinstance(thing, Result):
            return [thing.task]
        if isinstance(thing, _Group):
            ends = thing.leaves() if leaves else thing.roots()
            if not ends:
                self._block("connects a task group that has no tasks yet", node)
            return ends
        if isinstance(thing, list):
            return [task for inner in thing for task in self._ends(inner, node, leaves=leaves)]
        if isinstance(thing, _Blocked):
            return []
        self._block("connects something that is not known to be a task", node)
        return []

    def _chain(self, things: list[_Thing], node: ast.Call) -> None:
        if any(isinstance(argument, ast.Starred) for argument in node.args):
            expanded: list[_Thing] = []
            for argument, thing in zip(node.args, things, strict=True):
                if isinstance(argument, ast.Starred):
                    inner = self._evaluate(argument.value)
                    if not isinstance(inner, list):
                        self._block("passes tasks by `*` that are not known here", argument)
                        return
                    expanded.extend(inner)
                else:
                    expanded.append(thing)
            things = expanded
        things = [thing for thing in things if not isinstance(thing, _Label)]
        for before, after in pairwise(things):
            if isinstance(before, list) and isinstance(after, list):
                if len(before) != len(after):
                    self._block("chains two lists of different lengths", node)
                    return
                for one, other in zip(before, after, strict=True):
                    self._connect(one, other, node)
            else:
                self._connect(before, after, node)

    def _cross(self, things: list[_Thing], node: ast.Call) -> None:
        if len(things) != 2 or node.keywords:
            self._block("is not followed", node)
            return
        self._connect(things[0], things[1], node)

    # -- constants ---------------------------------------------------------------

    def _constant(self, node: ast.expr) -> Constant | None:
        return fold(self.module, node, self.loop)

    def _constant_of(self, argument: Argument) -> Constant | None:
        return fold(self.module, argument.node, dict(argument.loop))


class _Pair(NamedTuple):
    key: str
    value: ast.expr


def fold(module: Module, node: ast.AST, loop: dict[str, object]) -> Constant | None:
    """The constant that an expression is, given the loop variables' values; None when not known."""
    if not loop or not any(isinstance(inner, ast.Name) and inner.id in loop for inner in ast.walk(node)):
        value = module.values.single(node)
        return value if isinstance(value, Constant) else None
    if isinstance(node, ast.Name):
        return Constant(loop[node.id])
    if isinstance(node, ast.JoinedStr):
        parts = []
        for piece in node.values:
            if isinstance(piece, ast.FormattedValue):
                if piece.conversion != -1 or piece.format_spec is not None:
                    return None
                inner = fold(module, piece.value, loop)
            else:
                inner = fold(module, piece, loop)
            if inner is None:
                return None
            parts.append(str(inner.value))
        return Constant("".join(parts))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = fold(module, node.left, loop), fold(module, node.right, loop)
        if left is not None and right is not None:
            one, other = left.value, right.value
            if isinstance(one, str) and isinstance(other, str):
                return Constant(one + other)
            if isinstance(one, int) and isinstance(other, int):
                return Constant(one + other)
        return None
    if isinstance(node, ast.Subscript):
        key = fold(module, node.slice, loop)
        table = module.values.single(node.value)
        if isinstance(node.value, ast.Name) and node.value.id in loop:
            return None
        if key is not None and isinstance(table, Table) and isinstance(key.value, str) and table.complete:
            entry = table.entries.get(key.value)
            return fold(module, entry, {}) if entry is not None else None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not node.args and not node.keywords:
        owner = fold(module, node.func.value, loop)
        if owner is not None and isinstance(owner.value, str) and node.func.attr in ("lower", "upper", "strip"):
            return Constant(getattr(owner.value, node.func.attr)())
    return None


def _is_main(statement: ast.If) -> bool:
    test = statement.test
    return (
        isinstance(test, ast.Compare)
        and isinstance(test.left, ast.Name)
        and test.left.id == "__name__"
        and len(test.comparators) == 1
        and isinstance(test.comparators[0], ast.Constant)
        and test.comparators[0].value == "__main__"
    )


def _is_airflow(values: tuple[Value, ...]) -> bool:
    return any(isinstance(value, Reference) and value.path.startswith("airflow.") for value in values)


def _looks_like_operator(call: ast.Call) -> bool:
    return any(keyword.arg == "task_id" for keyword in call.keywords)


def _has_parameters(function: FunctionNode) -> bool:
    arguments = function.args
    return bool(arguments.args or arguments.posonlyargs or arguments.kwonlyargs or arguments.vararg or arguments.kwarg)


def _reads_any(function: FunctionNode, env: dict[str, _Thing], kind: type) -> bool:
    return any(isinstance(node, ast.Name) and isinstance(env.get(node.id), kind) for node in ast.walk(function))

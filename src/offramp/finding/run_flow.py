"""Tells where a dbt run's id goes: to something that waits for the run, to nothing, or out of sight.

A run is never called forgotten on doubt: its id counts as waited for when it
reaches a sensor, a hook, or anything that is not understood here. Understood and
no wait are: edges between tasks, logging and printing, comparisons, noted
operators that only read a run, and local functions as far as they can be followed.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Mapping

from offramp.finding.helper_calls import helper_uses
from offramp.finding.operators import Module, Use
from offramp.finding.passes import known_calls
from offramp.finding.task_places import id_pattern, running_dags
from offramp.python.effects import LOGGING_METHODS, MUTATORS, READING_METHODS, TAKERS, callables
from offramp.python.names import Binding, FunctionNode
from offramp.python.values import UNKNOWN, Constant, Given, Items, Local, Made, Member, Reference, Value

# Patterns are compiled when first used: few files pull.
_PULL = r"xcom_pull\b(?:\s*\()?"
_ARGUMENT = r"""\s*(?:(\w+)\s*=\s*)?('[^']*'|"[^"]*"|\[[^][]*\]|[\w.]+)\s*(,|\))"""
_QUOTED = r"""'([^']*)'|"([^"]*)\""""
_LISTED = r"""\[\s*(?:(?:'[^']*'|"[^"]*")\s*,?\s*)+\]"""
_HARMLESS = callables("reads", without="form")
_SAME_VALUE = callables("form") | callables("copies", without="calls") | callables("same")
_OPERATOR_ATTRIBUTES = frozenset(
    "set_upstream set_downstream update_relative dag task_group upstream_list downstream_list upstream_task_ids "
    "downstream_task_ids doc doc_md doc_json doc_yaml doc_rst trigger_rule is_setup is_teardown "
    "on_failure_callback on_success_callback on_retry_callback priority_weight pool queue retries retry_delay log "
    "depends_on_past ui_color ui_fgcolor add_outlets wait_for_termination deferrable timeout check_interval".split()
)
_WIRING = frozenset({"chain", "cross_downstream", "chain_linear"})
_ENDS = (ast.Expr, ast.Compare, ast.If, ast.While, ast.Assert, ast.UnaryOp)
# What holds the value, or is made of it.
_CONTAINERS = (
    *(ast.List, ast.Tuple, ast.Set, ast.Dict, ast.Starred, ast.IfExp, ast.BoolOp, ast.Await),
    *(ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp, ast.FormattedValue, ast.JoinedStr),
)
_BY_JOB = frozenset({"list_job_runs", "get_job_runs"})
_XCOM_READERS = frozenset({"xcom_pull", "get_one", "get_many", "get_value", "get_all"})
_ALL_TASKS = frozenset(
    "tasks task_dict get_task children leaves roots get_leaves get_roots iter_tasks topological_sort".split()
)
_NAMING = frozenset({"task_id", "dag_id", "group_id", "name", "trigger_rule"})
RUN_ID_ARGUMENTS = ("run_id", "job_run_id")
_HOLE = "\0"
# Stands between the id of a DAG and that of its task.
_OF_DAG = "\1"
# What a template calls its own DAG's id.
_OWN_DAG = frozenset({"None", "dag.dag_id", "ti.dag_id", "dag_run.dag_id", "task.dag_id", "task_instance.dag_id"})
_DEEPEST = 25


def pulled_ids(module: Module, node: ast.AST) -> list[str | None]:
    """Task ids whose XCom a string template pulls; None for one that is not known.

    The task of a named DAG has the DAG's id before its own; a part of an id that is not
    known statically is a null character.
    """
    parts = module.values.text(node)
    if parts is None:
        return []
    text = "".join(part if isinstance(part, str) else _HOLE for part in parts)
    return [task for pull in re.finditer(_PULL, text) for task in _pull_arguments(text, pull)]


def _pull_arguments(text: str, pull: re.Match[str]) -> list[str | None]:
    """The task ids of one ``xcom_pull(…)`` in a template; ``[None]`` for all but plain quoted ones."""
    if not pull[0].endswith("("):
        return [None]
    found: list[str | None] = []
    dag = ""
    position = pull.end()
    argument_at = re.compile(_ARGUMENT).match
    unnamed = iter(("task_ids", "dag_id", "key"))
    while argument := argument_at(text, position):
        name, value, end = argument.groups()
        name = name or next(unnamed, "")
        if name == "dag_id" and value not in _OWN_DAG:
            dag = value[1:-1] if value[0] in "'\"" else ""
        if name == "task_ids":
            quoted = value[0] in "'\"" or re.fullmatch(_LISTED, value)
            found = [one or other for one, other in re.findall(_QUOTED, value)] if quoted else [None]
        position = argument.end()
        if end == ")":
            return _of_dag(dag, found or [None])
    return [None]


def _of_dag(dag: str, tasks: list[str | None]) -> list[str | None]:
    """Task ids with the DAG that is named for them, if one is."""
    return [f"{dag}{_OF_DAG}{task or _HOLE}" for task in tasks] if dag else tasks


def _dag_id(module: Module, use: Use) -> str | None:
    """The id of the DAG that an operator is in; None when it is not known."""
    maker = use.around.dag
    if isinstance(maker, ast.Call):
        given = module.values.arguments(maker, ("dag_id",)).given.get("dag_id")
        if given is not None:
            return str(given.constant.value) if given.constant is not None else None
    function = module.names.parents.get(maker) if maker is not None else None
    return function.name if isinstance(function, FunctionNode) else None


def run_sources(module: Module, sensor: Use) -> list[Use | str]:
    """Return what a sensor's run id comes from: operators of this file, or task ids; empty when not known.

    A task id may hold parts that are not known, as in ``pulled_ids``.
    """
    for name in RUN_ID_ARGUMENTS:
        given = sensor.arguments.given.get(name)
        if given is None or given.node is None:
            continue
        ids = pulled_ids(module, given.node)
        if ids:
            own = f"{_dag_id(module, sensor)}{_OF_DAG}"
            return [task.removeprefix(own) for task in ids if task] if all(ids) else []
        value = module.values.single(given.node)
        if isinstance(value, Made) and isinstance(value.callee, Reference) and value.callee.path.endswith(".XComArg"):
            whose = module.values.arguments(value.call, ("operator",)).given.get("operator")
            value = Member(whose.values[0], "output") if whose is not None and len(whose.values) == 1 else value
        if isinstance(value, Member) and value.name == "output" and isinstance(value.owner, Made):
            source = module.use_of(value.owner.call)
            return [source] if source is not None else []
    return []


class RunFlow:
    """Follows the runs of one module; what several runs need is worked out once."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.names = module.names
        self.values = module.values
        self.use: Use
        self.given: Mapping[str, Given]
        self.last = True
        self.seen: set[tuple[ast.AST, bool, bool]] = set()
        self._reaching: set[tuple[ast.AST, bool, bool]] = set()
        self._whole: dict[ast.AST, ast.AST] = {}
        self._mine: re.Pattern[str] | None = None
        self._own_dag: str | None = None
        self._sensors = [(use, run_sources(module, use)) for use in module.uses if use.role == "sensor"]
        self._waited_for = {id(source) for _, sources in self._sensors for source in sources}
        self._reads = [call for call in self.names.calls if getattr(call.func, "attr", "") in _XCOM_READERS]
        self._pulls: list[tuple[ast.AST, list[str | None]]] = [
            *((node, pulled_ids(module, node)) for node in dict.fromkeys(map(self._whole_text, self.names.strings))),
            *((call, self._read_ids(call)) for call in self._reads),
        ]
        # Under the last part of each id, or None for those that are not known.
        self._pulls_by_id: dict[str | None, list[tuple[ast.AST, list[str | None]]]] = {}
        for pull in self._pulls:
            for key in {None if task is None or _HOLE in task else _last(task) for task in pull[1]}:
                self._pulls_by_id.setdefault(key, []).append(pull)
        self._read_by = {call.func for call in self._reads}
        self._handed: dict[object, list[ast.Call]] | None = None
        self._runs_unseen = [
            call
            for call in self.names.calls
            for keyword in call.keywords
            if keyword.arg == "python_callable" and any(map(_imported, self.values.evaluate(keyword.value)))
        ]
        self._out_of_sight = self._any_run_watched()

    def waited(self, use: Use, made: Use | None = None, *, last: bool = True) -> bool:
        """Return whether something seen or unseen can wait for the run that a trigger operator starts.

        ``made`` is the use as one pass of its loops makes it, and ``last`` whether its names are still those of the
        pass behind the loop.
        """
        if self._out_of_sight:
            return True
        self.use = use
        self.given = (made or use).arguments.given
        self.last = last
        forgotten = not (
            (last and id(use) in self._waited_for)
            or self._value(use.made, run_id=False, depth=0)
            or self._pulled()
            or self._result_handled()
            or self._handed_by_name()
            or self._unseen_callable()
        )
        if not forgotten:
            # What was seen on the way may have been left half followed.
            self.seen.clear()
        return not forgotten

    # -- other ways to a run -----------------------------------------------------

    def _any_run_watched(self) -> bool:
        """Return whether something may wait for any run of the file: by job, by task, or by an id that is not known."""
        attributes = self.names.attributes
        if any(name in attributes for name in _BY_JOB):
            return True
        if any(not sources and not _fixed(sensor) for sensor, sources in self._sensors):
            return True
        if any(one.use.role != "trigger" for one in helper_uses(self.module)):
            return True
        if any(pull not in self._read_by for pull in attributes.get("xcom_pull", ())):
            return True
        return any(self._holds_tasks(node.value) for name in _ALL_TASKS for node in attributes.get(name, ()))

    def _holds_tasks(self, node: ast.expr) -> bool:
        return any(
            value == UNKNOWN
            or (isinstance(value, Made) and self.module.dags.section(value.callee) in ("DAG", "TaskGroup"))
            for value in self.values.evaluate(node)
        )

    def _result_handled(self) -> bool:
        """Return whether ``post_execute``, which is given the run id, waits or cannot be followed."""
        given = self.given.get("post_execute")
        for value in given.values if given is not None else ():
            if isinstance(value, Constant) and value.value is None:
                continue
            if not isinstance(value, Local) or not isinstance(value.node, FunctionNode):
                return True
            plain = [parameter.arg for parameter in (*value.node.args.posonlyargs, *value.node.args.args)]
            if len(plain) != 2 or self._parameter(value.node, plain[1], True, 0):
                return True
        return False

    def _handed_by_name(self) -> bool:
        """Return whether the task or job id, by which the run can be found, is given to something not understood."""
        if self._handed is None:
            self._handed = {}
            for call in self.names.calls:
                reads = getattr(call.func, "attr", "") in _XCOM_READERS
                if not reads and self.module.use_of(call) is None and self._opaque(call):
                    named = [("task", argument) for argument in call.args]
                    named += [
                        ("job" if "job" in (keyword.arg or "") else "task", keyword.value)
                        for keyword in call.keywords
                        if keyword.arg not in _NAMING
                    ]
                    for kind, node in named:
                        for text in self._constants(node):
                            self._handed.setdefault((kind, text), []).append(call)
        return any(
            call is not self.use.call
            for kind, name in (("task", "task_id"), ("job", "job_id"))
            if (given := self.given.get(name)) is not None
            for value in given.values
            for text in [value.value if isinstance(value, Constant) else None]
            if isinstance(text, str | int)
            for call in self._handed.get((kind, text), ())
        )

    def _opaque(self, call: ast.Call) -> bool:
        for value in self.values.evaluate(call.func):
            if isinstance(value, Reference):
                top = value.path.split(".")[0]
                if top == "airflow" or top in sys.stdlib_module_names:
                    return False
            if isinstance(value, Local | Member):
                return False
        return True

    def _parts(self, value: Value) -> list[Value]:
        """The elements of a list or tuple, else the value itself."""
        if not isinstance(value, Items):
            return [value]
        return [part for node in value.nodes for part in self.values.evaluate(node)]

    def _constants(self, node: ast.expr) -> list[object]:
        found: list[object] = []
        for value in self.values.evaluate(node):
            known = (part.value for part in self._parts(value) if isinstance(part, Constant))
            found.extend(part for part in known if isinstance(part, str | int))
        return found

    def _unseen_callable(self) -> bool:
        """Return whether a task of the same DAG runs a function of another file, which may pull the run id itself."""
        return any(self.module.dags.surroundings(call).dag is self.use.around.dag for call in self._runs_unseen)

    # -- XCom by task id ---------------------------------------------------------

    def _pulled(self) -> bool:
        own = self.given.get("task_id")
        constant = own.constant if own is not None else None
        pulls = self._pulls
        if constant is not None:
            pulls = [*self._pulls_by_id.get(_last(str(constant.value)), ()), *self._pulls_by_id.get(None, ())]
        self._mine = self._pattern() if pulls else None
        self._own_dag = _dag_id(self.module, self.use) if pulls and self.use.around.known else None
        return any(self._pulls_mine(node, ids) and self._value(node, True, 0) for node, ids in pulls)

    def _pulls_mine(self, node: ast.AST, ids: list[str | None]) -> bool:
        mine = [task for task in ids if self._is_mine(task)]
        named = any(task is not None and _OF_DAG in task for task in mine)
        return named or (bool(mine) and not self._is_elsewhere(node))

    def _is_elsewhere(self, node: ast.AST) -> bool:
        """Return whether a pull that names no DAG stands in the tasks of other DAGs than the run's."""
        own = self.use.around.dag
        if own is None or not self.use.around.known or self._names_dag(node):
            return False
        dags = running_dags(self.module, node)
        return dags is not None and own not in dags

    def _names_dag(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Call) and node in self._reads:
            others = getattr(node.func, "attr", "") != "xcom_pull" or len(node.args) > 1
            return others or any(keyword.arg in ("dag_id", None) for keyword in node.keywords)
        text = self.values.text(node) or ()
        return any("dag_id" in part for part in text if isinstance(part, str))

    def _whole_text(self, node: ast.AST) -> ast.AST:
        """The outermost expression that a piece of text is put together in."""
        path = [node]
        while path[-1] not in self._whole:
            parent = self.names.parents.get(path[-1])
            if isinstance(parent, ast.Attribute) and parent.attr == "format":
                parent = self.names.parents.get(parent)
            if parent is None or self.values.text(parent) is None:
                break
            path.append(parent)
        whole = self._whole.get(path[-1], path[-1])
        self._whole.update(dict.fromkeys(path, whole))
        return whole

    def _read_ids(self, call: ast.Call) -> list[str | None]:
        """The task ids that a call reads the XCom of; None for one that is not known."""
        node = next((keyword.value for keyword in call.keywords if keyword.arg in ("task_ids", "task_id")), None)
        if getattr(call.func, "attr", "") == "xcom_pull":
            node = node or (call.args[0] if call.args else None)
        elif node is None:
            readers = self.values.evaluate(call.func)
            xcom = any(isinstance(value, Reference) and ".XCom." in value.path for value in readers)
            return [None] if xcom else []
        if node is None:
            return _of_dag(self._named_dag(call), [None])
        return _of_dag(self._named_dag(call), self._task_ids(node))

    def _named_dag(self, call: ast.Call) -> str:
        """The id of the DAG that a call reads the XCom of; empty for its own, and where it is not known."""
        named = [keyword.value for keyword in call.keywords if keyword.arg == "dag_id"]
        named += call.args[1:2] if getattr(call.func, "attr", "") == "xcom_pull" else []
        value = self.values.single(named[0]) if named else None
        return value.value if isinstance(value, Constant) and isinstance(value.value, str) else ""

    def _task_ids(self, node: ast.expr) -> list[str | None]:
        found: list[str | None] = []
        for value in self.values.evaluate(node):
            known = not isinstance(value, Items) or value.complete
            parts = [part.value if isinstance(part, Constant) else None for part in self._parts(value)]
            found.extend(part if isinstance(part, str) else None for part in (parts if known else [None]))
        return found

    def _pattern(self) -> re.Pattern[str] | None:
        """Return what the ids under which a task's XCom can be pulled look like; None when its own is not known."""
        own = self.given.get("task_id")
        if own is not None and own.constant is not None:
            return re.compile(id_pattern(self.module, self.use, str(own.constant.value)))
        parts = self.values.text(own.node) if own is not None and own.node is not None else None
        if parts is None:
            return None
        pattern = "".join(re.escape(part) if isinstance(part, str) else ".*" for part in parts)
        return re.compile(rf"(.*\.)?{pattern}(__\d+)?")

    def _is_mine(self, task: str | None) -> bool:
        if task is None:
            return True
        dag, _, task = task.rpartition(_OF_DAG)
        if dag and _HOLE not in dag and self._own_dag not in (None, dag):
            return False
        if self._mine is None:
            return True
        if _HOLE not in task:
            return self._mine.fullmatch(task) is not None
        own = self.given["task_id"].constant
        # What stands before are groups, which a task's own id does not have.
        pattern = ".*".join(map(re.escape, task.rpartition(".")[2].split(_HOLE)))
        return own is None or re.fullmatch(rf"(.*\.)?{pattern}", str(own.value)) is not None

    # -- values ------------------------------------------------------------------

    def _value(self, node: ast.AST, run_id: bool, depth: int) -> bool:
        """Return whether an expression's value (the operator, or its run id) gets to a wait or out of sight."""
        state = (node, run_id, self.last)
        if state in self.seen:
            return state in self._reaching
        if depth > _DEEPEST or state in self._reaching:
            return True
        self.seen.add(state)
        reaches = self._goes(node, run_id, depth + 1)
        if reaches:
            self._reaching.add(state)
        return reaches

    def _goes(self, node: ast.AST, run_id: bool, depth: int) -> bool:
        parent = self.names.parents.get(node)
        if parent is None or isinstance(parent, _ENDS):
            return False
        if isinstance(parent, ast.Assign | ast.AnnAssign | ast.NamedExpr):
            reached = self._assigned(parent, node, run_id, depth)
            return reached or (isinstance(parent, ast.NamedExpr) and self._value(parent, run_id, depth))
        if isinstance(parent, _CONTAINERS):
            return self._value(parent, run_id, depth)
        if isinstance(parent, ast.BinOp):
            wiring = isinstance(parent.op, ast.RShift | ast.LShift)
            return self._value(parent, run_id and not wiring, depth)
        if isinstance(parent, ast.Subscript):
            return parent.value is node and self._value(parent, run_id, depth)
        if isinstance(parent, ast.For | ast.AsyncFor | ast.comprehension):
            return self._bound(parent.iter, run_id, depth)
        if isinstance(parent, ast.Attribute):
            return self._attribute(parent, run_id, depth)
        if isinstance(parent, ast.Return):
            return self._returned(parent, run_id, depth)
        if isinstance(parent, ast.Call | ast.keyword):
            return self._given_to(parent, node, run_id, depth)
        return not isinstance(parent, ast.AugAssign) or self._augmented(parent, run_id, depth)

    def _given_to(self, parent: ast.Call | ast.keyword, node: ast.AST, run_id: bool, depth: int) -> bool:
        call = self.names.parents[parent] if isinstance(parent, ast.keyword) else parent
        keyword = (parent.arg or "**") if isinstance(parent, ast.keyword) else ""
        return not isinstance(call, ast.Call) or self._argument(call, node, keyword, run_id, depth)

    def _bound(self, node: ast.AST, run_id: bool, depth: int) -> bool:
        for binding in self.names.bindings_of(node):
            # What a class body binds is read as an attribute, by anyone.
            if isinstance(binding.scope.node, ast.ClassDef):
                return True
            loads = [load for load in self.names.uses(binding) if self.last or not self._is_behind(load, binding)]
            if any(self._value(load, run_id, depth) for load in loads):
                return True
        return False

    def _is_behind(self, load: ast.Name, binding: Binding) -> bool:
        """Return whether a name is read outside all loops that bind it, where it has the value of the last turn."""
        scope, _, path = self.names.place(load)
        loops = [branch for branch in binding.path if branch[1] == "for"]
        return bool(loops) and scope is binding.scope and not any(branch in path for branch in loops)

    def _assigned(self, statement: ast.AST, node: ast.AST, run_id: bool, depth: int) -> bool:
        targets = list(statement.targets if isinstance(statement, ast.Assign) else [statement.target])  # type: ignore[attr-defined]
        while targets:
            target = targets.pop()
            if isinstance(target, ast.Tuple | ast.List):
                targets.extend(target.elts)
            elif isinstance(target, ast.Starred):
                targets.append(target.value)
            elif isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
                if self._container(target.value, run_id, depth):
                    return True
            elif not isinstance(target, ast.Name):
                return True
        return self._bound(node, run_id, depth)

    def _augmented(self, statement: ast.AugAssign, run_id: bool, depth: int) -> bool:
        if not isinstance(statement.target, ast.Name):
            return True
        loads = self.names.loads.get(statement.target.id, ())
        return any(self._value(load, run_id, depth) for load in loads)

    def _container(self, name: ast.Name, run_id: bool, depth: int) -> bool:
        """Return whether what was put into a named container gets out of it to a wait."""
        if depth > _DEEPEST:
            return True
        bindings = self.names.lookup(name.id, name)
        for binding in bindings:
            if binding.kind == "value" and isinstance(binding.node, ast.Name):
                if self._container(binding.node, run_id, depth + 1):
                    return True
            elif binding.kind != "value" or not self._fresh(binding.node):
                return True
            if any(self._value(load, run_id, depth) for load in self.names.uses(binding) if load is not name):
                return True
        return not bindings

    def _fresh(self, node: ast.AST | None) -> bool:
        """Return whether an expression makes a new container, which nobody else has."""
        if isinstance(node, ast.Call):
            callee = self.values.single(node.func)
            return isinstance(callee, Reference) and callee.path.split(".")[0] in ("builtins", "collections")
        return isinstance(node, ast.List | ast.Dict | ast.Set | ast.Tuple | ast.ListComp | ast.SetComp | ast.DictComp)

    def _attribute(self, attribute: ast.Attribute, run_id: bool, depth: int) -> bool:
        if isinstance(attribute.ctx, ast.Store):
            return False
        parent = self.names.parents.get(attribute)
        called = isinstance(parent, ast.Call) and parent.func is attribute
        if attribute.attr in ("as_setup", "as_teardown") and called:
            assert parent is not None
            return self._value(parent, run_id, depth)
        if attribute.attr in MUTATORS and called:
            assert parent is not None
            return attribute.attr in TAKERS and self._value(parent, run_id, depth)
        if attribute.attr in READING_METHODS and called:
            assert parent is not None
            return self._value(parent, run_id, depth)
        if run_id:
            return True
        if attribute.attr.startswith("expand") and called:
            assert parent is not None
            return self._value(parent, False, depth)
        if attribute.attr in ("output", "task_id"):
            return self._value(attribute, True, depth)
        return attribute.attr not in _OPERATOR_ATTRIBUTES

    def _returned(self, statement: ast.Return, run_id: bool, depth: int) -> bool:
        function = self.names.enclosing_function(statement)
        if not isinstance(function, FunctionNode):
            return True
        if self.module.dags.decorated(function, ("dag",)) is not None:
            return False
        calls = known_calls(self.module, function)
        return not calls or any(self._value(call, run_id, depth) for call in calls)

    # -- arguments ---------------------------------------------------------------

    def _argument(self, call: ast.Call, node: ast.AST, keyword: str, run_id: bool, depth: int) -> bool:
        if call.func is node:
            return True
        function = call.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        if isinstance(function, ast.Attribute):
            if name in ("set_upstream", "set_downstream") or name in LOGGING_METHODS:
                return False
            if name in MUTATORS and isinstance(function.value, ast.Name):
                taken = name in TAKERS and self._value(call, run_id, depth)
                return taken or self._container(function.value, run_id, depth)
            if name == "add_task" and self._holds_tasks(function.value):
                return False
            if name == "format":
                return self._value(call, run_id, depth)
        use = self.module.use_of(call)
        if use is not None:
            return use.role in ("sensor", "hook", "") or use.derived is not None
        values = self.values.evaluate(function)
        return any(self._passed(value, call, node, keyword, name, run_id, depth) for value in values)

    def _passed(
        self, value: Value, call: ast.Call, node: ast.AST, keyword: str, name: str, run_id: bool, depth: int
    ) -> bool:
        if isinstance(value, Reference):
            if value.path in _HARMLESS:
                return False
            if value.path in _SAME_VALUE:
                return self._value(call, run_id, depth)
            if name in _WIRING and value.path.startswith("airflow."):
                return False
            if value.path.endswith(".XComArg"):
                return self._value(call, True, depth)
            section = self.module.dags.section(value)
            if section and self.module.rulebook.notes[section].kind == "empty":
                return False
            handed = keyword in ("op_args", "op_kwargs", "templates_dict")
            if handed and isinstance(node, ast.Dict | ast.List | ast.Tuple):
                return self._into_callable(call, node, keyword, run_id, depth)
        if isinstance(value, Local) and isinstance(value.node, FunctionNode):
            return self._into_function(value.node, call, node, keyword, run_id, depth)
        return not (isinstance(value, Made) and name in LOGGING_METHODS)

    def _into_function(
        self, function: FunctionNode, call: ast.Call, node: ast.AST, keyword: str, run_id: bool, depth: int
    ) -> bool:
        arguments = function.args
        if not all(map(self._airflow_decorator, function.decorator_list)):
            return True
        if isinstance(node, ast.Starred):
            names = [p.arg for p in (*arguments.posonlyargs, *arguments.args)]
            if arguments.vararg is not None:
                return True
            return not names or any(self._parameter(function, name, run_id, depth) for name in names)
        if keyword:
            names = [p.arg for p in (*arguments.args, *arguments.kwonlyargs) if p.arg == keyword]
        else:
            index = call.args.index(node) if node in call.args else -1
            plain = [*arguments.posonlyargs, *arguments.args]
            names = [plain[index].arg] if 0 <= index < len(plain) else []
        return not names or self._parameter(function, names[0], run_id, depth)

    def _airflow_decorator(self, decorator: ast.expr) -> bool:
        """Return whether a decorator hands a function's arguments on to it as they are."""
        callee = self.values.single(decorator.func if isinstance(decorator, ast.Call) else decorator)
        return isinstance(callee, Reference) and callee.path.split(".")[0] in ("airflow", "functools", "builtins")

    def _into_callable(self, call: ast.Call, node: ast.AST, keyword: str, run_id: bool, depth: int) -> bool:
        """Follow ``op_kwargs={"name": run_id}`` and ``op_args=[run_id]`` into a local ``python_callable``."""
        callables = [given.value for given in call.keywords if given.arg == "python_callable"]
        values = self.values.evaluate(callables[0]) if callables else ()
        for value in values:
            if not isinstance(value, Local) or not isinstance(value.node, FunctionNode) or keyword == "templates_dict":
                return True
            function = value.node
            names: list[str] = []
            if isinstance(node, ast.Dict):
                for key in node.keys:
                    known = self.values.single(key) if key is not None else None
                    names.append(str(known.value) if isinstance(known, Constant) else "")
            else:
                names = [p.arg for p in function.args.args]
            own = {p.arg for p in (*function.args.args, *function.args.kwonlyargs)}
            if any(name not in own or self._parameter(function, name, run_id, depth) for name in names):
                return True
        return not values

    def _parameter(self, function: FunctionNode, name: str, run_id: bool, depth: int) -> bool:
        return any(
            self._value(load, run_id, depth)
            for binding in self.names.bindings_of(function)
            if binding.kind == "parameter" and binding.name == name
            for load in self.names.uses(binding)
        )


def _last(task: str) -> str:
    """A task id without its groups and the number of a copy."""
    return re.sub(r"__\d+$", "", task.rpartition(_OF_DAG)[2].rpartition(".")[2])


def _fixed(sensor: Use) -> bool:
    """Return whether a sensor waits for a run that is written out, which is none of this file's."""
    given = next((sensor.arguments.given[name] for name in RUN_ID_ARGUMENTS if name in sensor.arguments.given), None)
    constant = given.constant if given is not None else None
    return constant is not None and not (isinstance(constant.value, str) and "{" in constant.value)


def _imported(value: Value) -> bool:
    if isinstance(value, Reference):
        return value.path.split(".")[0] not in sys.stdlib_module_names
    return value == UNKNOWN

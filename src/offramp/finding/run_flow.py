"""Tells where a dbt run's id goes: to something that waits for the run, to nothing, or out of sight.

A run is never called forgotten on doubt: its id counts as waited for when it reaches a sensor, a hook, or anything
that is not understood. The ways that begin at the operator are those of ``run_ways``; here are the others: XCom, by the
task's id, what is given that id, and what may wait for any run of the file.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Mapping

from offramp.finding.helper_calls import helper_uses
from offramp.finding.operators import Module, Use
from offramp.finding.run_ways import RunWays, holds_tasks
from offramp.finding.task_places import id_pattern, running_dags
from offramp.python.names import FunctionNode
from offramp.python.paths import Uses
from offramp.python.values import UNKNOWN, Constant, Given, Items, Local, Made, Member, Reference, Value

# Patterns are compiled when first used: few files pull.
_PULL = r"xcom_pull\b(?:\s*\()?"
_ARGUMENT = r"""\s*(?:(\w+)\s*=\s*)?('[^']*'|"[^"]*"|\[[^][]*\]|[\w.]+)\s*(,|\))"""
_QUOTED = r"""'([^']*)'|"([^"]*)\""""
_LISTED = r"""\[\s*(?:(?:'[^']*'|"[^"]*")\s*,?\s*)+\]"""
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
        self._uses = Uses(module.names, module.values)
        # The ways followed so far that reach nothing, by whether names have the last turn's values on them.
        self._ways: dict[bool, RunWays] = {}
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
        ways = self._ways.pop(last, None) or RunWays(self.module, self._uses, last=last)
        waited = (
            (last and id(use) in self._waited_for)
            or ways.operator(use.made)
            or self._pulled(ways)
            or self._result_handled(ways)
            or self._handed_by_name()
            or self._unseen_callable()
        )
        if not ways.reached:
            self._ways[last] = ways
        return waited

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
        return any(holds_tasks(self.module, node.value) for name in _ALL_TASKS for node in attributes.get(name, ()))

    def _result_handled(self, ways: RunWays) -> bool:
        """Return whether ``post_execute``, which is given the run id, waits or cannot be followed."""
        given = self.given.get("post_execute")
        for value in given.values if given is not None else ():
            if isinstance(value, Constant) and value.value is None:
                continue
            if not isinstance(value, Local) or not isinstance(value.node, FunctionNode):
                return True
            plain = [parameter.arg for parameter in (*value.node.args.posonlyargs, *value.node.args.args)]
            if len(plain) != 2 or ways.parameter(value.node, plain[1]):
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

    def _pulled(self, ways: RunWays) -> bool:
        own = self.given.get("task_id")
        constant = own.constant if own is not None else None
        pulls = self._pulls
        if constant is not None:
            pulls = [*self._pulls_by_id.get(_last(str(constant.value)), ()), *self._pulls_by_id.get(None, ())]
        self._mine = self._pattern() if pulls else None
        self._own_dag = _dag_id(self.module, self.use) if pulls and self.use.around.known else None
        return any(self._pulls_mine(node, ids) and ways.run_id(node) for node, ids in pulls)

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

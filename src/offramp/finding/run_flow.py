"""Where a dbt run's id goes: to something that waits for the run, to nothing, or out of sight.

A run is never called forgotten on doubt: its id counts as waited for when it
reaches a sensor, a hook, or anything that is not understood here. Understood and
no wait are: edges between tasks, logging and printing, comparisons, noted
operators that only read a run, and local functions as far as they can be followed.
"""

from __future__ import annotations

import ast
import re

from offramp.finding.names import MUTATORS, FunctionNode
from offramp.finding.operators import Module, Use
from offramp.finding.values import Constant, Items, Local, Made, Member, Reference, Value

_PULL = re.compile(r"xcom_pull\s*\(([^()]*)\)")
_QUOTED = re.compile(r"""(?:(\w+)\s*=\s*)?(?:'([^']*)'|"([^"]*)")""")
_LOGGING = frozenset("debug info warning warn error exception critical log".split())
_HARMLESS = frozenset(
    f"builtins.{name}" for name in ("print", "len", "isinstance", "type", "id", "bool", "callable", "hasattr")
)
_SAME_VALUE = frozenset(
    [f"builtins.{name}" for name in ("str", "int", "repr", "list", "tuple", "set", "sorted", "reversed", "dict", "zip")]
    + ["builtins.enumerate", "builtins.max", "builtins.min", "builtins.format", "copy.copy"]
)
_OPERATOR_ATTRIBUTES = frozenset(
    "set_upstream set_downstream update_relative dag task_group upstream_list downstream_list upstream_task_ids "
    "downstream_task_ids doc doc_md doc_json doc_yaml doc_rst trigger_rule as_setup as_teardown is_setup is_teardown "
    "on_failure_callback on_success_callback on_retry_callback priority_weight pool queue retries retry_delay log "
    "depends_on_past ui_color ui_fgcolor add_outlets wait_for_termination deferrable timeout check_interval".split()
)
_WIRING = frozenset({"chain", "cross_downstream", "chain_linear"})
_CONTAINERS = (ast.List, ast.Tuple, ast.Set, ast.Starred, ast.IfExp, ast.BoolOp, ast.Await)
_BY_JOB = frozenset({"list_job_runs", "get_job_runs"})
RUN_ID_ARGUMENTS = ("run_id", "job_run_id")
_HOLE = "\0"
_DEEPEST = 25


def forgotten(module: Module, use: Use) -> bool:
    """Whether nothing seen or unseen can wait for the run that a trigger operator starts."""
    return not _Flow(module, use).waited()


def pulled_ids(module: Module, node: ast.AST) -> list[str | None]:
    """Task ids whose XCom a string template pulls; None for one that is not known.

    None also stands for a task of a named other DAG; a part of an id that is not
    known statically stands between two ``\\0`` as its source.
    """
    parts = module.values.text(node)
    if parts is None:
        return []
    text = "".join(part if isinstance(part, str) else _HOLE + ast.unparse(part) + _HOLE for part in parts)
    found: list[str | None] = []
    for match in _PULL.finditer(text):
        arguments = _QUOTED.findall(match[1])
        ids = [plain or quoted for name, plain, quoted in arguments if name in ("", "task_ids")]
        other_dag = any(name == "dag_id" for name, _, _ in arguments)
        found.extend([None] if other_dag or not ids else ids)
    if not found and "xcom_pull" in text:
        found.append(None)
    return found


def run_sources(module: Module, sensor: Use) -> list[Use | str]:
    """What a sensor's run id comes from: operators of this file, or task ids; empty when not known.

    A task id may hold parts that are not known, as in ``pulled_ids``.
    """
    for name in RUN_ID_ARGUMENTS:
        given = sensor.arguments.given.get(name)
        if given is None or given.node is None:
            continue
        ids = pulled_ids(module, given.node)
        if ids:
            return [task for task in ids if task] if all(ids) else []
        value = module.values.single(given.node)
        if isinstance(value, Made) and isinstance(value.callee, Reference) and value.callee.path.endswith(".XComArg"):
            value = Member(module.values.single(value.call.args[0]), "output") if value.call.args else value
        if isinstance(value, Member) and value.name == "output" and isinstance(value.owner, Made):
            return [use for use in module.uses if value.owner.call in (use.call, use.made)]
    return []


class _Flow:
    def __init__(self, module: Module, use: Use) -> None:
        self.module = module
        self.names = module.names
        self.values = module.values
        self.use = use
        self.seen: set[tuple[ast.AST, bool]] = set()

    def waited(self) -> bool:
        return self._value(self.use.made, run_id=False, depth=0) or self._pulled() or self._watched_otherwise()

    def _watched_otherwise(self) -> bool:
        """Whether something asks for runs by job, or a sensor waits for a run that is not known here."""
        if any(getattr(call.func, "attr", "") in _BY_JOB for call in self.names.calls):
            return True
        return any(
            not run_sources(self.module, sensor)
            for sensor in self.module.uses
            if sensor.role == "sensor" and sensor is not self.use
        )

    # -- XCom by task id ---------------------------------------------------------

    def _pulled(self) -> bool:
        for node in dict.fromkeys(map(self._whole_text, self.names.strings)):
            if any(self._is_mine(task) for task in pulled_ids(self.module, node)) and self._value(node, True, 0):
                return True
        for call in self.names.calls:
            if getattr(call.func, "attr", "") in ("xcom_pull", "get_one", "get_value") and self._pulls_mine(call):
                if self._value(call, True, 0):
                    return True
        return False

    def _whole_text(self, node: ast.AST) -> ast.AST:
        """The outermost expression that a piece of text is put together in."""
        parent = self.names.parents.get(node)
        while parent is not None and self.values.text(parent) is not None:
            node, parent = parent, self.names.parents.get(parent)
        if isinstance(parent, ast.Attribute) and parent.attr == "format":
            call = self.names.parents.get(parent)
            if call is not None and self.values.text(call) is not None:
                return self._whole_text(call)
        return node

    def _pulls_mine(self, call: ast.Call) -> bool:
        if getattr(call.func, "attr", "") != "xcom_pull":
            return "task_id" in {keyword.arg for keyword in call.keywords}
        node = next((keyword.value for keyword in call.keywords if keyword.arg == "task_ids"), None)
        node = node or (call.args[0] if call.args else None)
        if node is None:
            return True
        for value in self.values.evaluate(node):
            ids = [inner for item in value.nodes for inner in self.values.evaluate(item)] if isinstance(value, Items) else [value]
            if isinstance(value, Items) and not value.complete:
                return True
            for task in ids:
                if not isinstance(task, Constant) or not isinstance(task.value, str) or self._is_mine(task.value):
                    return True
        return False

    def _is_mine(self, task: str | None) -> bool:
        if task is None:
            return True
        own = self.use.arguments.given.get("task_id")
        parts = self.values.text(own.node) if own is not None and own.node is not None else None
        if parts is None:
            return True
        pulled = re.split(f"{_HOLE}[^{_HOLE}]*{_HOLE}", task)
        if len(pulled) > 1:
            known = "".join(part for part in parts if isinstance(part, str))
            pattern = ".*".join(map(re.escape, pulled))
            return len(parts) > 1 or re.fullmatch(rf"(.*\.)?{pattern}", known) is not None
        pattern = "".join(re.escape(part) if isinstance(part, str) else ".*" for part in parts)
        return re.fullmatch(rf"(.*\.)?{pattern}(__\d+)?", task) is not None

    # -- values ------------------------------------------------------------------

    def _value(self, node: ast.AST, run_id: bool, depth: int) -> bool:
        """Whether an expression's value (the operator, or its run id) gets to a wait or out of sight."""
        if (node, run_id) in self.seen:
            return False
        if depth > _DEEPEST:
            return True
        self.seen.add((node, run_id))
        depth += 1
        parent = self.names.parents.get(node)
        if parent is None or isinstance(parent, ast.Expr | ast.Compare | ast.If | ast.While | ast.Assert | ast.UnaryOp):
            return False
        if isinstance(parent, ast.Assign | ast.AnnAssign | ast.NamedExpr):
            reached = self._assigned(parent, node, run_id, depth)
            return reached or (isinstance(parent, ast.NamedExpr) and self._value(parent, run_id, depth))
        if isinstance(parent, _CONTAINERS):
            return self._value(parent, run_id, depth)
        if isinstance(parent, ast.Dict):
            return self._value(parent, run_id, depth)
        if isinstance(parent, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
            return self._value(parent, run_id, depth)
        if isinstance(parent, ast.FormattedValue | ast.JoinedStr):
            return self._value(parent, run_id, depth)
        if isinstance(parent, ast.BinOp):
            wiring = isinstance(parent.op, ast.RShift | ast.LShift)
            return self._value(parent, run_id and not wiring, depth)
        if isinstance(parent, ast.Subscript):
            return parent.value is node and self._value(parent, run_id, depth)
        if isinstance(parent, ast.For | ast.AsyncFor | ast.comprehension):
            return any(self._bound(binding_node, run_id, depth) for binding_node in (parent.iter,))
        if isinstance(parent, ast.Attribute):
            return self._attribute(parent, run_id, depth)
        if isinstance(parent, ast.Return):
            return self._returned(parent, run_id, depth)
        if isinstance(parent, ast.Call):
            return self._argument(parent, node, "", run_id, depth)
        if isinstance(parent, ast.keyword):
            call = self.names.parents[parent]
            return not isinstance(call, ast.Call) or self._argument(call, node, parent.arg or "**", run_id, depth)
        return not isinstance(parent, ast.AugAssign) or self._augmented(parent, run_id, depth)

    def _bound(self, node: ast.AST, run_id: bool, depth: int) -> bool:
        return any(
            self._value(load, run_id, depth)
            for binding in self.names.bindings_of(node)
            for load in self.names.uses(binding)
        )

    def _assigned(self, statement: ast.AST, node: ast.AST, run_id: bool, depth: int) -> bool:
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]  # type: ignore[attr-defined]
        for target in targets:
            if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
                if self._container(target.value, run_id, depth):
                    return True
            elif isinstance(target, ast.Attribute):
                return True
        return self._bound(node, run_id, depth)

    def _augmented(self, statement: ast.AugAssign, run_id: bool, depth: int) -> bool:
        return not isinstance(statement.target, ast.Name) or self._named(statement.target.id, statement, run_id, depth)

    def _container(self, name: ast.Name, run_id: bool, depth: int) -> bool:
        """Whether what was put into a named container gets out of it to a wait."""
        return any(
            self._value(load, run_id, depth)
            for binding in self.names.lookup(name.id, name)
            for load in self.names.uses(binding)
            if load is not name
        )

    def _named(self, name: str, node: ast.AST, run_id: bool, depth: int) -> bool:
        return any(
            self._value(load, run_id, depth)
            for load in self.names.loads.get(name, ())
            if self.names.place(load)[0] is self.names.place(node)[0]
        )

    def _attribute(self, attribute: ast.Attribute, run_id: bool, depth: int) -> bool:
        if isinstance(attribute.ctx, ast.Store):
            return False
        parent = self.names.parents.get(attribute)
        called = isinstance(parent, ast.Call) and parent.func is attribute
        if attribute.attr in MUTATORS and called:
            return False
        if attribute.attr in ("copy", "values", "items", "get", "format", "strip") and called:
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
        if function.decorator_list and self.module.dags.decorated(function, ("task_group",)) is None:
            return True
        calls = [call for call in self.names.calls if _calls_local(self.values.evaluate(call.func), function)]
        return not calls or any(self._value(call, run_id, depth) for call in calls)

    # -- arguments ---------------------------------------------------------------

    def _argument(self, call: ast.Call, node: ast.AST, keyword: str, run_id: bool, depth: int) -> bool:
        if call.func is node:
            return True
        function = call.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        if isinstance(function, ast.Attribute):
            if name in ("set_upstream", "set_downstream") or name in _LOGGING:
                return False
            if name in MUTATORS and isinstance(function.value, ast.Name):
                return self._container(function.value, run_id, depth)
            if name == "format":
                return self._value(call, run_id, depth)
        use = next((use for use in self.module.uses if call in (use.call, use.made)), None)
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
            if self.module.dags.section(value) in ("EmptyOperator", "DummyOperator", "Label"):
                return False
            if keyword in ("op_args", "op_kwargs", "templates_dict") and isinstance(node, ast.Dict | ast.List | ast.Tuple):
                return self._into_callable(call, node, keyword, run_id, depth)
        if isinstance(value, Local) and isinstance(value.node, FunctionNode):
            return self._into_function(value.node, call, node, keyword, run_id, depth)
        return not (isinstance(value, Made) and name in _LOGGING)

    def _into_function(
        self, function: FunctionNode, call: ast.Call, node: ast.AST, keyword: str, run_id: bool, depth: int
    ) -> bool:
        arguments = function.args
        if keyword:
            names = [p.arg for p in (*arguments.args, *arguments.kwonlyargs) if p.arg == keyword]
        else:
            index = call.args.index(node) if node in call.args else -1  # type: ignore[arg-type]
            plain = [*arguments.posonlyargs, *arguments.args]
            names = [plain[index].arg] if 0 <= index < len(plain) else []
        return not names or self._parameter(function, names[0], run_id, depth)

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


def _calls_local(values: tuple[Value, ...], function: FunctionNode) -> bool:
    return any(isinstance(value, Local) and value.node is function for value in values)

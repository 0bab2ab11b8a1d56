"""Ways of an operator and of its run's id through a file, to what waits for the run, to nothing, or out of sight.

Understood and no wait are: edges between tasks, logging and printing, comparisons, noted operators that only read a
run, and functions of the file as far as they can be followed.
"""

from __future__ import annotations

import ast

from offramp.finding.operators import Module
from offramp.finding.passes import known_calls
from offramp.python.effects import MUTATORS, READING_METHODS, TAKERS, callables
from offramp.python.names import Binding, FunctionNode
from offramp.python.paths import READ, UNSEEN, Paths, Uses
from offramp.python.values import UNKNOWN, Constant, Local, Made, Reference, Value

_HARMLESS = callables("reads", without="form")
_SAME_VALUE = callables("form") | callables("copies", without="calls") | callables("same")
# Attributes of an operator from which its run cannot be got to.
_OPERATOR_ATTRIBUTES = frozenset(
    "set_upstream set_downstream update_relative dag task_group upstream_list downstream_list upstream_task_ids "
    "downstream_task_ids doc doc_md doc_json doc_yaml doc_rst trigger_rule is_setup is_teardown "
    "on_failure_callback on_success_callback on_retry_callback priority_weight pool queue retries retry_delay log "
    "depends_on_past ui_color ui_fgcolor add_outlets wait_for_termination deferrable timeout check_interval".split()
)
# Methods that give what holds their object, or is made of it.
_SAME_OBJECT = READING_METHODS | TAKERS | {"as_setup", "as_teardown"}
_WIRING = frozenset({"chain", "cross_downstream", "chain_linear"})
# Following a step takes some 5 µs.
_MOST_STEPS = 200_000


class RunWays:
    """Follows what leads to a run: its operator, and its id."""

    def __init__(self, module: Module, uses: Uses, *, last: bool) -> None:
        self._id = _IdPaths(module, uses, last=last)
        self._operator = _OperatorPaths(self._id, module, uses, last=last)

    @property
    def reached(self) -> bool:
        """Return whether anything followed so far gets to a wait or out of sight."""
        return self._id.reached or self._operator.reached

    def operator(self, node: ast.AST) -> bool:
        """Return whether an operator that an expression gives gets to a wait or out of sight."""
        self._operator.follow(node)
        return self.reached

    def run_id(self, node: ast.AST) -> bool:
        """Return whether the id of a run that an expression gives gets to a wait or out of sight."""
        self._id.follow(node)
        return self.reached

    def parameter(self, function: FunctionNode, name: str) -> bool:
        """Return whether the id of a run gets there from a parameter of a function."""
        self._id.from_parameter(function, name, function)
        return self.reached


class _RunPaths(Paths):
    """Follows an operator or its run's id; ``reached`` is whether one got to a wait or out of sight."""

    counts_containers = False

    def __init__(self, module: Module, uses: Uses, *, last: bool) -> None:
        super().__init__(uses)
        self.module = module
        self.reached = False
        self._last = last

    def own_attribute(self, node: ast.Attribute, called: ast.Call | None) -> None:
        """Go on with an attribute that only an operator has, or only its run's id."""
        raise NotImplementedError

    def id_made(self, call: ast.Call) -> None:
        """Go on with a call that gives the run's id."""
        raise NotImplementedError

    def end(self, kind: str, node: ast.AST, level: int) -> None:
        """Record an end, and whether it is out of sight."""
        super().end(kind, node, level)
        self.reached = self.reached or kind == UNSEEN

    def settled(self) -> bool:
        """Return whether the value has got there."""
        return self.reached

    def exhausted(self) -> bool:
        """Return whether all runs of the file have been followed for too long."""
        return self._uses.steps > _MOST_STEPS

    def callers(self, function: ast.AST | None) -> list[ast.Call] | None:
        """The calls of a function, if all are seen."""
        return known_calls(self.module, function) if isinstance(function, FunctionNode) else None

    def given_back(self, call: ast.Call, function: ast.AST | None, level: int) -> None:
        """Go on with a call, unless what a task returns is pushed to XCom too."""
        if self.callers(function):
            self.follow(call)
        else:
            self.end(UNSEEN, call, level)

    def loads(self, bindings: list[Binding]) -> list[ast.Name]:
        """The uses of names; without the last turn, those in the loops that bind them."""
        loads = super().loads(bindings)
        if self._last:
            return loads
        return [load for load in loads if not any(self._is_behind(load, binding) for binding in bindings)]

    def _is_behind(self, load: ast.Name, binding: Binding) -> bool:
        """Return whether a name is read outside all loops that bind it, where it has the value of the last turn."""
        scope, _, path = self.names.place(load)
        loops = [branch for branch in binding.path if branch[1] == "for"]
        return bool(loops) and scope is binding.scope and not any(branch in path for branch in loops)

    def awaited(self, node: ast.Await, level: int) -> None:
        self.follow(node, level)

    def formatted(self, node: ast.expr, level: int) -> None:
        self.follow(node, level)

    def iterated(self, node: ast.AST) -> None:
        self.end(UNSEEN, node, 0)

    def called(self, call: ast.Call, level: int) -> None:
        self.end(UNSEEN, call, level)

    def operand(self, node: ast.BinOp, operand: ast.AST) -> None:
        """Go on with text; an edge between tasks gives what stands on its right."""
        if not isinstance(node.op, ast.RShift | ast.LShift) or operand is node.right:
            self.follow(node)

    def returned(self, function: ast.AST | None, node: ast.AST, level: int) -> None:
        """Go on where a function is called; what the function of a DAG gives is used by nobody."""
        if not isinstance(function, FunctionNode) or self.module.dags.decorated(function, ("dag",)) is None:
            self.to_callers(function, node, level)

    def attribute(self, node: ast.Attribute, _level: int) -> None:
        """Go on with what a method gives that holds the value, or is made of it."""
        parent = self.names.parents.get(node)
        called = parent if isinstance(parent, ast.Call) and parent.func is node else None
        if called is not None and node.attr in _SAME_OBJECT:
            self.follow(called)
        elif not isinstance(node.ctx, ast.Store) and (called is None or node.attr not in MUTATORS):
            self.own_attribute(node, called)

    def passed(self, call: ast.Call, node: ast.AST, level: int, keyword: str) -> None:
        """Go on with an argument of an operator, or of a function."""
        function = call.func
        name = function.attr if isinstance(function, ast.Attribute) else ""
        use = self.module.use_of(call)
        if name == "format":
            self.follow(call)
        elif isinstance(function, ast.Attribute) and self._wires(function):
            self.end(READ, call, level)
        elif use is not None:
            waits = use.role in ("sensor", "hook", "") or use.derived is not None
            self.end(UNSEEN if waits else READ, call, level)
        else:
            for value in self.values.evaluate(function):
                self._to(value, call, node, keyword)

    def _wires(self, method: ast.Attribute) -> bool:
        return method.attr in ("set_upstream", "set_downstream") or (
            method.attr == "add_task" and holds_tasks(self.module, method.value)
        )

    def _to(self, value: Value, call: ast.Call, node: ast.AST, keyword: str) -> None:
        if isinstance(value, Reference):
            self._to_library(value, call, node, keyword)
        elif (
            isinstance(value, Local)
            and isinstance(value.node, FunctionNode)
            and all(map(self._hands_on, value.node.decorator_list))
        ):
            self.to_parameter(call, value.node, node, 0, keyword)
        else:
            self.end(UNSEEN, call, 0)

    def _to_library(self, value: Reference, call: ast.Call, node: ast.AST, keyword: str) -> None:
        section = self.module.dags.section(value)
        displayed = isinstance(node, ast.Dict | ast.List | ast.Tuple)
        if value.path in _SAME_VALUE:
            self.follow(call)
        elif value.path.endswith(".XComArg"):
            self.id_made(call)
        elif keyword in ("op_args", "op_kwargs", "templates_dict") and displayed:
            self._to_callable(call, node, keyword)
        elif not (
            value.path in _HARMLESS
            or (value.path.startswith("airflow.") and value.path.rpartition(".")[2] in _WIRING)
            or (section and self.module.rulebook.notes[section].kind == "empty")
        ):
            self.end(UNSEEN, call, 0)

    def _hands_on(self, decorator: ast.expr) -> bool:
        """Return whether a decorator hands a function's arguments on to it as they are."""
        callee = self.values.single(decorator.func if isinstance(decorator, ast.Call) else decorator)
        return isinstance(callee, Reference) and callee.path.split(".")[0] in ("airflow", "functools", "builtins")

    def _to_callable(self, call: ast.Call, node: ast.AST, keyword: str) -> None:
        """Follow ``op_kwargs={"name": run_id}`` and ``op_args=[run_id]`` into a ``python_callable`` of the file."""
        given = [argument.value for argument in call.keywords if argument.arg == "python_callable"]
        values = self.values.evaluate(given[0]) if given else ()
        if not values:
            self.end(UNSEEN, call, 0)
        for value in values:
            function = value.node if isinstance(value, Local) and isinstance(value.node, FunctionNode) else None
            if function is None or keyword == "templates_dict":
                self.end(UNSEEN, call, 0)
                continue
            own = [parameter.arg for parameter in function.args.args]
            names = self._keys(node) if isinstance(node, ast.Dict) else own
            if not {*own, *(parameter.arg for parameter in function.args.kwonlyargs)}.issuperset(names):
                self.end(UNSEEN, call, 0)
            for name in names:
                self.from_parameter(function, name, node)

    def _keys(self, node: ast.Dict) -> list[str]:
        """The keys of a dict; empty for one that is not known."""
        known = [self.values.single(key) if key is not None else None for key in node.keys]
        return [str(key.value) if isinstance(key, Constant) else "" for key in known]


class _IdPaths(_RunPaths):
    """Follows the id of a run."""

    def own_attribute(self, node: ast.Attribute, _called: ast.Call | None) -> None:
        self.end(UNSEEN, node, 0)

    def id_made(self, call: ast.Call) -> None:
        self.follow(call)


class _OperatorPaths(_RunPaths):
    """Follows an operator that starts a run, and from it the run's id."""

    def __init__(self, of_id: _IdPaths, module: Module, uses: Uses, *, last: bool) -> None:
        super().__init__(module, uses, last=last)
        self._id = of_id

    def own_attribute(self, node: ast.Attribute, called: ast.Call | None) -> None:
        """Go on with the id that is pushed to XCom, and with the operator that ``expand`` makes."""
        if called is not None and node.attr.startswith("expand"):
            self.follow(called)
        elif node.attr in ("output", "task_id"):
            self._id.follow_along(self.route, node)
        elif node.attr not in _OPERATOR_ATTRIBUTES:
            self.end(UNSEEN, node, 0)

    def id_made(self, call: ast.Call) -> None:
        self._id.follow_along(self.route, call)


def holds_tasks(module: Module, node: ast.expr) -> bool:
    """Return whether an expression may be a DAG or a group."""
    return any(
        value == UNKNOWN or (isinstance(value, Made) and module.dags.section(value.callee) in ("DAG", "TaskGroup"))
        for value in module.values.evaluate(node)
    )

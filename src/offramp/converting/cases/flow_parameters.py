"""The ``params`` of a DAG as parameters of its flow."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Set
from types import NoneType

from offramp.converting.argument_text import Expressions
from offramp.dags.graph import Argument, Dag
from offramp.knowledge.airflow_names import current_name
from offramp.model import Blocker
from offramp.python.values import Constant, Made, Reference, Table, Value
from offramp.record import NamedTuple

_SHOWN_ONLY = ("description", "title", "section", "default")
_PARAMS_DICTS = ("airflow.models.param.ParamsDict", "airflow.sdk.definitions.param.ParamsDict")
# What a flow cannot call a parameter, besides what begins with `_`: its import fails, or it gets another value
# (Prefect 3.8.8). Other attributes of pydantic's models, such as `schema`, only warn.
UNFIT = frozenset(
    "model_config model_dump model_dump_json model_extra model_fields_set model_validate model_validate_json "
    "model_validate_strings return_state wait_for".split()
)


class FlowParameters(NamedTuple):
    """Parameters of a flow by name, each with its default, and reasons why it cannot take what else ``params`` hold.

    ``problems`` are by name too; the empty one stands for all names that are not known. ``is_open`` says that others
    may be set later.
    """

    defaults: Mapping[str, Constant] = {}
    problems: Mapping[str, Blocker] = {}
    is_open: bool = False

    def problem(self, name: str, node: ast.AST) -> Blocker:
        """The reason why a name that a template takes is not among the defaults."""
        if self.is_open:
            return Blocker(f"is a template, and whether `params` of the DAG holds `{name}` is not known here", node)
        absent = Blocker(f"is a template, and `params` of the DAG holds no `{name}`", node)
        return self.problems.get(name) or self.problems.get("") or absent


NO_PARAMETERS = FlowParameters()


def flow_parameters(dag: Dag, expressions: Expressions, taken: Set[str]) -> FlowParameters:
    """The parameters of a DAG's flow, by names that it can have: none is ``taken``.

    Airflow lays the ``params`` of the DAG's ``default_args`` over its own (2.10 and 3.3).
    """
    names = expressions.module.names
    defaults: dict[str, Constant] = {}
    problems: dict[str, Blocker] = {}
    # What the function takes, and what is set later, is said elsewhere.
    is_open = dag.function is not None and _takes_any(dag.function.args)
    is_open = is_open or "params" in names.changed_attributes or "params" in names.stores
    for argument in _given_params(dag, expressions):
        table = _table(argument.node, expressions)
        if isinstance(table, Constant) and not table.value:
            continue
        if not isinstance(table, Table) or not table.complete:
            problems[""] = Blocker("the names in `params` are not known here", argument.node)
            continue
        for name, node in table.entries.items():
            reason, known = _parameter(name, node, expressions, taken)
            defaults.pop(name, None)
            problems.pop(name, None)
            if known is not None:
                defaults[name] = known
            else:
                problems[name] = Blocker(reason, argument.node)
    return FlowParameters(defaults, problems, is_open)


def _given_params(dag: Dag, expressions: Expressions) -> Iterator[Argument]:
    if "params" in dag.arguments:
        yield dag.arguments["params"]
    if "default_args" in dag.arguments:
        table = expressions.module.values.single(dag.arguments["default_args"].node)
        node = table.entries.get("params") if isinstance(table, Table) else None
        if node is not None:
            yield Argument(node, (), "default_args")


def _takes_any(arguments: ast.arguments) -> bool:
    return bool(arguments.posonlyargs or arguments.args or arguments.kwonlyargs or arguments.kwarg)


def _table(node: ast.expr, expressions: Expressions) -> Value:
    value = expressions.module.values.single(node)
    if isinstance(value, Made) and isinstance(value.callee, Reference) and value.callee.path in _PARAMS_DICTS:
        call = value.call
        if len(call.args) == 1 and not call.keywords:
            return expressions.module.values.single(call.args[0])
    return value


def _parameter(
    name: str, node: ast.expr | None, expressions: Expressions, taken: Set[str]
) -> tuple[str, Constant | None]:
    """The default of a parameter, or why the flow cannot have it."""
    if not name.isidentifier() or name.startswith("_") or name in taken | UNFIT:
        return f"`{name}` in `params` is not a name that a parameter of the flow could have", None
    made = expressions.bound(node) if node is not None else None
    known: Value | None
    if isinstance(made, ast.Call):
        known = _default(made, expressions)
    else:
        known = expressions.module.values.single(node) if node is not None else None
    if isinstance(known, Constant) and isinstance(known.value, str | int | float | NoneType):
        return "", known
    return f"the default of `{name}` in `params` is not a plain value that is known here", None


def _default(call: ast.Call, expressions: Expressions) -> Constant | None:
    """The default that a ``Param`` is made with."""
    callee = expressions.module.values.single(call.func)
    if not isinstance(callee, Reference) or current_name(callee.path) != "airflow.sdk.Param":
        return None
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if any(name not in _SHOWN_ONLY for name in given):
        doubt = "`params`: Airflow checks the values that a run is given against their schemas, Prefect takes any"
        expressions.doubts[doubt] = call
    if len(call.args) > 1 or None in given or bool(call.args) == ("default" in given):
        return None
    known = expressions.module.values.single(call.args[0] if call.args else given["default"])
    return known if isinstance(known, Constant) else None

"""DAGs as they are made and called."""

from __future__ import annotations

import ast

from offramp.dags.arguments import check_lasting, known_node
from offramp.dags.graph import Argument, Dag
from offramp.dags.state import State
from offramp.python.names import FunctionNode
from offramp.python.values import Local

_POSITIONS = ("dag_id", "description", "schedule_interval")


def new_dag(state: State, maker: ast.expr, site: ast.stmt, function: FunctionNode | None = None) -> Dag:
    """Make the DAG of a call, or of the decorator of a function."""
    dag = Dag(maker, site, function)
    state.record.dags.append(dag)
    state.record.by_maker[maker] = dag
    if function is not None:
        state.record.by_maker[function] = dag
    state.touch()
    callee = maker.func if isinstance(maker, ast.Call) else maker
    state.check_certain(callee, state.callees.section(callee))
    if any(isinstance(value, Local) for value in state.module.values.evaluate(callee)):
        state.block("this DAG is made by a class of its own", maker)
    if isinstance(maker, ast.Call):
        dag.arguments = _arguments(state, maker)
    return dag


def called_dag(state: State, node: ast.expr) -> Dag | None:
    """The DAG whose function a call calls."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        for value in state.module.values.evaluate(node.func):
            if isinstance(value, Local) and value.node in state.record.by_maker:
                return state.record.by_maker[value.node]
    return None


def _arguments(state: State, maker: ast.Call) -> dict[str, Argument]:
    found: dict[str, Argument] = {}
    given = state.module.values.arguments(maker, _POSITIONS)
    if not given.complete or len(maker.args) > len(_POSITIONS):
        state.block("not all arguments of this DAG are known here", maker)
    for name, value in given.given.items():
        known = known_node(state, name, value, "of this DAG", maker)
        if known is None:
            continue
        if name not in ("default_args", "params"):
            check_lasting(state, f"`{name}`", known)
        found[name] = Argument(known, (), value.origin)
    return found

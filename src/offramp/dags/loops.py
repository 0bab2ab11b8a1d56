"""Loops over what is known, turn by turn, and the arms of conditions that are known."""

from __future__ import annotations

import ast

from offramp.dags.conditions import holds
from offramp.dags.dag_values import UNFOLLOWED, DagValue, Plain, TaskFunction, Unfollowed
from offramp.dags.iterables import MOST_TURNS, iterable
from offramp.dags.state import State
from offramp.dags.turns import bind_target
from offramp.python.names import FunctionNode
from offramp.python.nodes import walk

_UNKNOWN_LOOP = "is a loop over something that is not known here"
_DEFINITIONS = (FunctionNode, ast.ClassDef, ast.Import, ast.ImportFrom)


def run_loop(state: State, statement: ast.For) -> None:
    """Run a loop, turn by turn."""
    if not state.builds and not state.callees.makes_operator(statement) and not state.mentions_dag(statement):
        return
    values = iterable(state, statement.iter)
    if values is None or statement.orelse:
        state.block(_UNKNOWN_LOOP, statement)
    elif any(isinstance(node, ast.Break | ast.Continue) for node in walk(statement)):
        state.block("is a loop that may end early", statement)
    elif (made := _definition_in(statement)) is not None:
        state.block("is made anew in every turn of a loop", made)
    elif values:
        with state.branch():
            _run_turns(state, statement, values)
    else:
        state.record.followed.update(walk(statement))


def run_condition(state: State, statement: ast.If) -> None:
    """Run the arm that a condition chooses."""
    if (made := _definition_in(statement)) is not None:
        state.block("is made only if a condition holds", made)
        return
    chosen = holds(state, statement.test)
    if chosen is None:
        state.block("is a condition that is not known here", statement)
        return
    taken, left = (statement.body, statement.orelse) if chosen else (statement.orelse, statement.body)
    state.record.followed.update(inner for one in left for inner in walk(one))
    with state.branch():
        state.run(taken)


def comprehension(state: State, node: ast.ListComp) -> DagValue:
    """The tasks of a list comprehension, or a plain value."""
    if not _makes_tasks(state, node.elt):
        return Plain(node)
    values = iterable(state, node.generators[0].iter)
    if len(node.generators) > 1 or values is None:
        state.block(_UNKNOWN_LOOP, node)
        return UNFOLLOWED
    with state.environment.comprehension():
        return _elements(state, node, values)


def _elements(state: State, node: ast.ListComp, values: list[DagValue]) -> list[DagValue] | Unfollowed:
    """The elements that the turns of a comprehension make."""
    generator = node.generators[0]
    made: list[DagValue] = []
    for value in values:
        if not bind_target(state, generator.target, value):
            state.block(_UNKNOWN_LOOP, node)
            return UNFOLLOWED
        chosen = [holds(state, condition) for condition in generator.ifs]
        if None in chosen:
            state.block("is a condition that is not known here", generator.ifs[0])
            return UNFOLLOWED
        if all(chosen):
            made.append(state.evaluate(node.elt))
    return made


def _run_turns(state: State, statement: ast.For, values: list[DagValue]) -> None:
    for value in values:
        if state.count_turn() > MOST_TURNS:
            state.block("goes on for more turns than are followed", statement)
            return
        # The present statement is the last one of the turn before: values in the text that the loop goes over are older
        # than what its body binds.
        if not bind_target(state, statement.target, value):
            state.block(_UNKNOWN_LOOP, statement)
            return
        state.run(statement.body)


def _makes_tasks(state: State, node: ast.expr) -> bool:
    return any(
        isinstance(inner, ast.Call)
        and (state.callees.operator_section(inner) or isinstance(state.environment.of(inner.func), TaskFunction))
        for inner in walk(node)
    )


def _definition_in(statement: ast.stmt) -> ast.AST | None:
    """A function, class or import in a loop or condition, which would have to move."""
    return next((node for node in walk(statement) if isinstance(node, _DEFINITIONS)), None)

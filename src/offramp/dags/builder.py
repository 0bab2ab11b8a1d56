"""Follows the code that builds DAGs and gives their graphs.

Only code that is understood completely gives a graph; everything else is a
``Blocker`` with its place. The statements are walked as Airflow would run
them, so groups, suffixes and edges come out as Airflow makes them.
"""

from __future__ import annotations

from offramp.dags.completeness import bare_operators, check_calls, check_edges, check_followed, check_makers
from offramp.dags.expressions import evaluate
from offramp.dags.graph import Graph
from offramp.dags.module_statements import follow_statement
from offramp.dags.state import Interpreter, State
from offramp.dags.statements import run
from offramp.finding.operators import Module


def build(module: Module) -> Graph:
    """Follow a file's statements and return what they build."""
    state = State(module, Interpreter(evaluate, run))
    for statement in module.tree.body:
        follow_statement(state, statement)
    bare = bare_operators(state)
    check_makers(state)
    check_edges(state)
    check_followed(state)
    check_calls(state)
    record = state.record
    return Graph(
        tuple(record.dags),
        tuple(bare),
        frozenset(record.building),
        tuple(record.plain),
        frozenset(record.kept),
        frozenset(record.holders),
        tuple(dict.fromkeys(record.blockers)),
    )

"""Edges between tasks: ``>>``, ``<<``, lists, groups, labels, ``chain`` and ``cross_downstream``."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from itertools import pairwise

from offramp.dags.dag_values import DagValue, Group, Label, Unfollowed
from offramp.dags.graph import Result, Task
from offramp.dags.state import State


def shift(state: State, left: DagValue, right: DagValue, node: ast.BinOp) -> DagValue:
    """Connect both sides of ``>>`` or ``<<``, and return its value."""
    forward = isinstance(node.op, ast.RShift)
    if isinstance(right, Label):
        before = tuple(_ends(state, left, node, leaves=forward))
        return Label(before, ()) if forward else Label((), before)
    if isinstance(left, Label):
        others = _ends(state, right, node, leaves=not forward)
        for one in left.before or left.after:
            for other in others:
                _link(state, *((one, other) if left.before else (other, one)))
        return right
    connect(state, *((left, right) if forward else (right, left)), node)
    return right


def connect(state: State, before: DagValue, after: DagValue, node: ast.AST) -> None:
    """Let the first tasks of one value come after the last ones of another."""
    for downstream in _ends(state, after, node, leaves=False):
        for upstream in _ends(state, before, node, leaves=True):
            _link(state, upstream, downstream)


def chain(state: State, values: Sequence[DagValue], node: ast.Call) -> None:
    """Connect each value with the next; two lists one by one."""
    for before, after in pairwise([value for value in values if not isinstance(value, Label)]):
        if not (isinstance(before, list) and isinstance(after, list)):
            connect(state, before, after, node)
        elif len(before) == len(after):
            for one, other in zip(before, after, strict=True):
                connect(state, one, other, node)
        else:
            state.block("chains two lists of different lengths", node)
            return


def cross_downstream(state: State, values: Sequence[DagValue], node: ast.Call) -> None:
    """Connect all of one list with all of another."""
    if len(values) != 2 or node.keywords:
        state.block("is not followed", node)
        return
    connect(state, values[0], values[1], node)


def _link(state: State, upstream: Task, downstream: Task) -> None:
    if upstream.dag is not downstream.dag:
        state.block("connects tasks of two DAGs", downstream.node)
        return
    downstream.upstream.setdefault(upstream)


def _ends(state: State, value: DagValue, node: ast.AST, *, leaves: bool) -> list[Task]:
    """The tasks of a value that an edge begins with, its ``leaves``, or ends with."""
    if isinstance(value, Task):
        return [value]
    if isinstance(value, Result):
        return [value.task]
    if isinstance(value, Group):
        ends = value.leaves() if leaves else value.roots()
        if not ends:
            state.block("connects a task group that has no tasks yet", node)
        return ends
    if isinstance(value, list):
        return [task for inner in value for task in _ends(state, inner, node, leaves=leaves)]
    if not isinstance(value, Unfollowed):
        state.block("connects something that is not known to be a task", node)
    return []

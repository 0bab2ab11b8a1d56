"""Branches of a DAG: what runs in one arm only, what comes after them, and which branches have an equal in a flow."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

from offramp.converting.cases.choices import AFTER_SUCCESS
from offramp.converting.flows.flow_order import FlowOrder
from offramp.dags.graph import Task
from offramp.model import Blocker
from offramp.python.names import FunctionNode
from offramp.python.nodes import walk
from offramp.record import NamedTuple

_JOIN = "none_failed_min_one_success"


class Branch(NamedTuple):
    """A branch: its ``arms`` begin with one task each, ``exclusive`` has what runs in that arm only.

    ``shared`` are the tasks after several arms, ``joins`` the first of them.
    """

    choice: Task
    arms: Sequence[Task]
    exclusive: Mapping[Task, Sequence[Task]]
    shared: frozenset[Task]
    joins: Sequence[Task]


def branch_of(flow: FlowOrder, choice: Task) -> Branch:
    """The arms of a branch, and where they join."""
    arms = [task for task in flow.order if choice in task.upstream]
    regions = {arm: flow.below([arm]) for arm in arms}
    shared = {task for arm in arms for other in arms if arm is not other for task in regions[arm] & regions[other]}
    joins = [task for task in flow.order if task in shared and not all(up in shared for up in task.upstream)]
    exclusive = {arm: [task for task in flow.order if task in regions[arm] - shared] for arm in arms}
    return Branch(choice, arms, exclusive, frozenset(shared), joins)


def branch_blockers(flow: FlowOrder, branch: Branch) -> Iterator[Blocker]:
    """Reasons why a branch has no equal in a flow."""
    returned = _returned_constants(branch.choice)
    if returned is None or not returned <= {arm.id for arm in branch.arms}:
        reason = "which task the branch chooses is not known here: it returns no plain task ids"
        yield Blocker(reason, branch.choice.node)
    if len(branch.joins) > 1:
        yield Blocker("the branch joins in several tasks", branch.joins[1].node)
    if any(arm in branch.shared for arm in branch.arms):
        yield Blocker("one arm of the branch goes on to another", branch.choice.node)
    below = flow.below([branch.choice])
    for arm in branch.arms:
        yield from _of_arm(flow, branch, arm, below)
    for join in branch.joins:
        yield from _of_join(flow, branch, join)
    for task in branch.shared:
        if task not in branch.joins and flow.steps[task].rule not in AFTER_SUCCESS:
            yield Blocker("stands after a branch with a trigger rule that is not followed", task.node)


def _of_arm(flow: FlowOrder, branch: Branch, arm: Task, below: set[Task]) -> Iterator[Blocker]:
    own = set(branch.exclusive[arm])
    for task in branch.exclusive[arm]:
        if flow.steps[task].rule != "all_success":
            yield Blocker("stands between a branch and its join with another trigger rule", task.node)
        if any(up in below and up not in own and up is not branch.choice for up in task.upstream):
            yield Blocker("stands in two arms of a branch", task.node)
    if branch.joins and not any(task in branch.joins[0].upstream for task in own):
        yield Blocker("an arm of the branch does not reach the join", arm.node)


def _of_join(flow: FlowOrder, branch: Branch, join: Task) -> Iterator[Blocker]:
    step = flow.steps[join]
    if step.rule != _JOIN:
        yield Blocker(f"joins a branch under `{step.rule}`, which skips it or not by what was skipped", join.node)
    if branch.choice in join.upstream:
        yield Blocker("the branch may choose the join itself", join.node)
    if step.taken:
        yield Blocker("takes a result that a skipped task does not have", join.node)


def _returned_constants(task: Task) -> set[str] | None:
    """The strings that a callable returns, if it returns nothing else; None when that is not known."""
    function = task.function
    if not isinstance(function, FunctionNode) or not _ends(function.body):
        return None
    found: set[str] = set()
    for node in walk(function):
        if isinstance(node, FunctionNode | ast.Lambda) and node is not function:
            return None
        if isinstance(node, ast.Return):
            values = [node.value]
            while values:
                value = values.pop()
                if isinstance(value, ast.IfExp):
                    values += [value.body, value.orelse]
                elif isinstance(value, ast.Constant) and isinstance(value.value, str):
                    found.add(value.value)
                else:
                    return None
    return found


def _ends(body: Sequence[ast.stmt]) -> bool:
    """Return whether a body never runs past its end."""
    last = body[-1]
    if isinstance(last, ast.Return | ast.Raise):
        return True
    return isinstance(last, ast.If) and bool(last.orelse) and _ends(last.body) and _ends(last.orelse)

"""Flows: the text of planned tasks, in an order in which a flow can submit them."""

from __future__ import annotations

import pytest

from converting.dag_files import case, plan, task
from offramp.converting.cases.free_names import FreeNames
from offramp.converting.flows.branches import branch_blockers, branch_of
from offramp.converting.flows.flow_body import flow_body
from offramp.converting.flows.flow_order import FlowOrder, Step
from offramp.converting.flows.flow_text import flow_texts
from offramp.converting.tasks.takers import below, reaches
from offramp.dags.graph import Task

PLAIN = 'a = EmptyOperator(task_id="a")\nb = EmptyOperator(task_id="b")\nc = EmptyOperator(task_id="c")\n'
BRANCH = (
    'choice = BranchPythonOperator(task_id="choice", python_callable=choose)\n'
    + PLAIN
    + 'join = EmptyOperator(task_id="join", trigger_rule="none_failed_min_one_success")\n'
)


def steps(tasks: list[Task]) -> list[Step]:
    """Steps that pass nothing, under the rules that the tasks are given."""
    rules = {one: getattr(one.arguments.get("trigger_rule"), "node", None) for one in tasks}
    return [Step(one, one.id, getattr(rule, "value", "all_success"), (), {}) for one, rule in rules.items()]


def ids(tasks: list[Task]) -> list[str]:
    return [one.id for one in tasks]


def test_free_names_are_handed_out_once() -> None:
    names = FreeNames({"load"})
    assert [names.take(wanted) for wanted in ("load", "load", "other", "1st", "a-b", "-")] == [
        "load_2",
        "load_3",
        "other",
        "step_1st",
        "a_b",
        "step",
    ]


def test_end_of_a_chain_vouches_for_all_of_it() -> None:
    found = case(PLAIN + "a >> b >> c")
    flow = FlowOrder(steps(found.tasks))
    assert ids(flow.leaves) == ["c"]
    assert not flow.unvouched(flow.order, flow.leaves)


def test_end_of_a_task_with_two_upstreams_vouches_for_neither() -> None:
    found = case(PLAIN + "[a, b] >> c")
    flow = FlowOrder(steps(found.tasks))
    assert ids(flow.unvouched(flow.order, flow.leaves)) == ["a", "b"]


def test_tasks_below_come_in_order_of_creation() -> None:
    found = case(PLAIN + "c >> a >> b")
    assert ids(below(task(found, "c"))) == ["a", "b"]
    assert reaches(task(found, "c"), task(found, "b"))
    assert not reaches(task(found, "b"), task(found, "c"))


@pytest.mark.parametrize(
    ("returned", "edges", "reasons"),
    [
        ("'a' if json else 'b'", "choice >> [a, b] >> join", []),
        (
            "json",
            "choice >> [a, b] >> join",
            ["which task the branch chooses is not known here: it returns no plain task ids"],
        ),
        ("'a'", "choice >> [a, b] >> join\nchoice >> join", ["the branch may choose the join itself"]),
        ("'a'", "choice >> [a, b] >> join\na >> b", ["one arm of the branch goes on to another"]),
        ("'a'", "choice >> [a, b, c]", []),
        ("'a'", "choice >> [a, b, c]\n[a, b] >> join", ["an arm of the branch does not reach the join"]),
    ],
)
def test_branches_with_an_equal(returned: str, edges: str, reasons: list[str]) -> None:
    found = case(BRANCH + edges, f"def choose():\n    return {returned}\n")
    flow = FlowOrder(steps(found.tasks))
    said = [one.reason for one in branch_blockers(flow, branch_of(flow, task(found, "choice")))]
    assert [reason for reason in reasons if reason not in said] == []
    assert bool(said) == bool(reasons)


def test_body_of_a_flow_waits_where_leaves_do_not_vouch() -> None:
    found = case(PLAIN + "[a, b] >> c")
    body = flow_body(steps(found.tasks), {one: f"{one.id}_future" for one in found.tasks})
    assert body.lines == (
        "a_future = a.submit()",
        "b_future = b.submit()",
        "c_future = c.submit(wait_for=[a_future, b_future])",
        "# These go on when another task fails.",
        "a_future.wait()",
        "b_future.wait()",
        "return [c_future]",
    )


def test_text_of_a_flow_and_its_tasks() -> None:
    found = case('a = EmptyOperator(task_id="a")\nload = DbtCloudRunJobOperator(task_id="b", job_id=7)\na >> load')
    texts = flow_texts(found, plan(found))
    dag = found.graph.dags[0]
    assert texts.names == {dag: "orders"}
    assert list(texts.flows[dag]) == [
        '@flow(name="orders", log_prints=True)',
        "def orders():",
        "\0",
        "    a_future = a.submit()",
        "    load_future = load.submit(wait_for=[a_future])",
        "    return [load_future]",
    ]
    assert list(texts.pieces[task(found, "a").statement])[:3] == [
        '@task(name="a", cache_policy=NO_CACHE)',
        "def a():",
        "    pass",
    ]


def test_names_of_the_file_stay_free_of_tasks() -> None:
    found = case('EmptyOperator(task_id="json")\nEmptyOperator(task_id="orders")')
    texts = flow_texts(found, plan(found))
    defined = [line for lines in texts.pieces.values() for line in lines if line.startswith("def ")]
    assert defined == ["def json_2():", "def orders_2():"]

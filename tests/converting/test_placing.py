"""Placing: edits that put the text of flows into a file."""

from __future__ import annotations

import pytest

from converting.dag_files import case, case_of_text, plan
from offramp.converting.flows.flow_text import flow_texts
from offramp.converting.placing.deployments import deployments
from offramp.converting.placing.helper_functions import helper_functions
from offramp.converting.placing.placement import place
from offramp.converting.placing.statement_edits import StatementEdits, spaced
from offramp.editing.edits import apply
from offramp.model import Blocked

EMPTY = 'EmptyOperator(task_id="a")'


def edited(text: str, replaced: dict[int, list[str]]) -> str:
    """The text with lines in place of its statements of these numbers."""
    found = case_of_text(text)
    edits = StatementEdits(found.module, found.source)
    for number, lines in replaced.items():
        edits.replace(found.module.tree.body[number], lines)
    return apply(found.source.utf8, edits.edits).decode()


@pytest.mark.parametrize(
    ("text", "replaced", "after"),
    [
        ("a = 1\nb = 2\nc = 3\n", {1: ["d = 4"]}, "a = 1\nd = 4\nc = 3\n"),
        ("a = 1\nb = 2\nc = 3\n", {1: []}, "a = 1\nc = 3\n"),
        ("a = 1\n\n\nb = 2\n\nc = 3\n", {1: []}, "a = 1\n\n\nc = 3\n"),
        ("a = 1\nb = 2\n", {1: ["def f():", "    pass"]}, "a = 1\n\n\ndef f():\n    pass\n"),
        ("a = 1\n\n\n\n\nb = 2\n", {1: ["c = 3"]}, "a = 1\n\nc = 3\n"),
        ("@f\ndef g():\n    pass\n", {0: ["a = 1"]}, "a = 1\n"),
        ("a = 1\nb = 2", {1: ["c = 3"]}, "a = 1\nc = 3"),
    ],
)
def test_statements_are_replaced_with_the_blank_lines_around_them(
    text: str, replaced: dict[int, list[str]], after: str
) -> None:
    assert edited(text, replaced) == after


def test_statements_that_share_a_line_stay() -> None:
    with pytest.raises(Blocked, match="shares its line"):
        edited("a = 1; b = 2\n", {0: []})


def test_no_more_than_two_blank_lines() -> None:
    assert spaced(["a = 1", "def f():", "    pass", "", "", "", "b = 2"]) == [
        "a = 1",
        "",
        "",
        "def f():",
        "    pass",
        "",
        "",
        "b = 2",
    ]


def test_helpers_come_with_that_of_bash_first() -> None:
    text = helper_functions({"call_dbt_cloud", "run_bash"})
    assert text.index("def run_bash(") < text.index("def call_dbt_cloud(")
    assert helper_functions(set()) == ""


def test_deployments_have_schedules_tags_and_limits() -> None:
    dag = (
        'with DAG("orders", schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, '
        'tags=["x"], max_active_runs=3) as dag:\n'
    )
    found = case(EMPTY, dag=dag)
    planned = plan(found)
    made = deployments(found, planned, {found.graph.dags[0]: "orders"}, found.expressions())
    assert made.flows[0].schedule == (("cron", "0 0 * * *"), ("timezone", "UTC"))
    assert (made.flows[0].tags, made.flows[0].limit) == (("x",), 3)
    assert made.lines == (
        "orders.serve(",
        '    name="orders",',
        '    schedule=Cron("0 0 * * *", timezone="UTC"),',
        '    tags=["x"],',
        "    limit=3,",
        ")",
    )


def test_what_only_python_knows_has_no_place_in_a_prefect_yaml() -> None:
    dag = 'with DAG("orders", schedule=None, tags=[os.environ["X"]]) as dag:\n'
    found = case(EMPTY, dag=dag, serves=False)
    with pytest.raises(Blocked, match="holds no Python"):
        deployments(found, plan(found), {found.graph.dags[0]: "orders"}, found.expressions())


def test_a_file_of_flows() -> None:
    found = case(f"# says why\na = {EMPTY}\n# says more")
    planned = plan(found)
    placed = place(found, planned, flow_texts(found, planned))
    after = apply(found.source.utf8, placed.edits).decode()
    assert not placed.blockers
    assert after.index("# says why") < after.index('@task(name="a"') < after.index("@flow(")
    assert "    # says more\n" in after
    assert "airflow" not in after
    assert after.endswith('if __name__ == "__main__":\n    orders.serve(name="orders")\n')

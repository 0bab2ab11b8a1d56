"""What the editor shows of the notes for the code under the pointer."""

from __future__ import annotations

from pathlib import Path

import pytest
from lsprotocol import types

from lsp.without_server import opened
from offramp.frontends.lsp.hover import Shown, hover, plain

OPERATOR = """\
**DbtCloudRunJobOperator** · OFR101 dbt-cloud-run-job-operator

`trigger_dbt_cloud_job_run_and_wait_for_completion` from `prefect_dbt.cloud.jobs`, with a `DbtCloudCredentials` block \
that holds the API key and the account. It is an `async def` flow: **it must be awaited**. In a sync flow on Prefect 3 \
the plain call sends no request at all and the flow run ends as Completed.

<https://offramp.readthedocs.io/rules/OFR101/>"""
CHECK_INTERVAL = """\
`check_interval` of **DbtCloudRunJobOperator** · on Prefect: `poll_frequency_seconds`

Where it is not given: `60`.

Prefect's default is 10 s; a whole number, and not 0.

<https://offramp.readthedocs.io/rules/OFR101/>"""
DEFERRABLE = """\
`deferrable` of **DbtCloudRunJobOperator** · on Prefect: dropped: has no effect there

Where Airflow waits, not whether.

<https://offramp.readthedocs.io/rules/OFR101/>"""
RETRY_FROM_FAILURE = """\
`retry_from_failure` of **DbtCloudRunJobOperator** · on Prefect: **refused** where the task has retries, else dropped

A fix that uses it is **unsafe**: a second try, also one asked for by hand, reruns from the failed step, which \
prefect-dbt cannot; `retry_filtered_models_attempts` starts new runs instead.

<https://offramp.readthedocs.io/rules/OFR101/>"""
RETRIES = """\
`retries` of **DbtCloudRunJobOperator** · on Prefect: `task.retries`

Airflow's default is `[core] default_task_retries`, 0 unless configured.

<https://offramp.readthedocs.io/rules/OFR101/>"""
EMPTY = """\
**EmptyOperator**

A `@task` with an empty body, so that the edges and the trigger rule stay what they are.

<https://offramp.readthedocs.io/operators/airflow-core/#emptyoperator>"""
FORGOTTEN = """\
**OFR201 fire-and-forget-run**: Finds an operator with `wait_for_termination=False` whose run id reaches nothing that \
waits. <https://offramp.readthedocs.io/rules/OFR201/>"""
NOT_AWAITED = """\
**OFR211 dbt-call-not-awaited**: Finds a coroutine with dbt work in it that nothing awaits. \
<https://offramp.readthedocs.io/rules/OFR211/>"""

IMPORT = "from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator"
TRIGGER = "from prefect_dbt.cloud.jobs import trigger_dbt_cloud_job_run"
# The pointer stands on ^; what is shown is about the text in 《》.
CASES = {
    "an operator": (f'{IMPORT} as Op\n《O^p》(task_id="a", job_id=1)\n', OPERATOR),
    "the end of its name": (f'{IMPORT} as Op\n《Op^》(task_id="a", job_id=1)\n', OPERATOR),
    "its import": (f"{IMPORT[:-22]}《DbtCloud^RunJobOperator as Op》\n", OPERATOR),
    "a module's attribute": (
        'import airflow.providers.dbt.cloud.operators.dbt as m\n《m.DbtCloud^RunJobOperator》(task_id="a", job_id=1)\n',
        OPERATOR,
    ),
    "a mapped one": (f'{IMPORT} as Op\n《^Op》.partial(task_id="a").expand(job_id=[1])\n', OPERATOR),
    "a base": (f"{IMPORT} as Op\nclass Own(《^Op》): pass\n", OPERATOR),
    "a subclass": (f'{IMPORT} as Op\nclass Own(Op): pass\n《O^wn》(task_id="a", job_id=1)\n', OPERATOR),
    "an argument": (f'{IMPORT} as Op\nOp(task_id="a", job_id=1, 《check^_interval》=5)\n', CHECK_INTERVAL),
    "one of a mapped operator": (
        f'{IMPORT} as Op\nOp.partial(task_id="a", 《check_interval^》=5).expand(job_id=[1])\n',
        CHECK_INTERVAL,
    ),
    "one that is dropped": (f'{IMPORT} as Op\nOp(task_id="a", job_id=1, 《^deferrable》=True)\n', DEFERRABLE),
    "one that makes a fix unsafe": (
        f'{IMPORT} as Op\nOp(task_id="a", job_id=1, 《re^try_from_failure》=True)\n',
        RETRY_FROM_FAILURE,
    ),
    "one that is inherited": (f'{IMPORT} as Op\nOp(task_id="🙂", job_id=1, 《retri^es》=2)\n', RETRIES),
    "one of a subclass": (
        f'{IMPORT} as Op\nclass Own(Op): pass\nOwn(task_id="a", job_id=1, 《retri^es》=2)\n',
        RETRIES,
    ),
    "an operator without a rule": (
        'from airflow.operators.dummy import DummyOperator\n《Dummy^Operator》(task_id="a")\n',
        EMPTY,
    ),
    "an operator with a trap": (
        f'{IMPORT} as Op\n《O^p》(task_id="a", job_id=1, wait_for_termination=False)\n',
        OPERATOR.replace("\n\n<https://offramp", f"\n\n{FORGOTTEN}\n\n<https://offramp"),
    ),
    "a trap of Prefect": (
        f"from prefect import flow\n{TRIGGER} as start\n@flow\ndef f(c):\n    《sta^rt》(c, 1)\n",
        NOT_AWAITED,
    ),
}


@pytest.mark.parametrize(("marked", "expected"), CASES.values(), ids=CASES)
def test_what_notes_say_is_shown(marked: str, expected: str, tmp_path: Path) -> None:
    before, _, rest = marked.partition("《")
    inside = rest.partition("》")[0]
    shown = shown_at(marked, tmp_path)
    assert shown is not None
    assert shown.text == expected
    start = len(before.encode())
    assert shown.span == (start, start + len(inside.replace("^", "").encode()))


@pytest.mark.parametrize(
    "marked",
    [
        f'{IMPORT} as Op\nOp(task_id="a", job_id=^1)\n',
        f'{IMPORT} as Op\nOp(task_id="a", job_id=1, unk^nown=1)\n',
        f'{IMPORT} as Op\n^\nOp(task_id="a", job_id=1)\n',
        f"{IMPORT} as Op\nO^p = 1\n",
        "class DbtCloudRunJobOperator: ...\nDbtCloud^RunJobOperator()\n",
        "pri^nt()\n",
    ],
)
def test_nothing_is_shown_of_what_no_note_is_about(marked: str, tmp_path: Path) -> None:
    assert shown_at(marked, tmp_path) is None


def test_a_users_note_is_shown_without_a_page(tmp_path: Path) -> None:
    (tmp_path / "offramp.toml").write_text('notes = ["notes.md"]\n')
    (tmp_path / "notes.md").write_text(
        "{% section Nightly %}\n## operator\nNightly\n\n## module\nours\n\n## code\nOFR801 nightly\n\n"
        "## message\n`{operator}` runs dbt\n\n## prefect_pattern\n`run_nightly`, which does these:\n\n- one\n- two\n\n"
        "Not this.\n\n"
        "## arguments\n| airflow | prefect | when absent | note |\n|---|---|---|---|\n| `job` | refused | | |\n"
        "{% endsection %}\n"
    )
    text = "from ours import Nightly\nNight^ly(job=1)\n"
    shown = shown_at(text, tmp_path)
    assert shown is not None
    assert shown.text == "**Nightly** · OFR801 nightly\n\n`run_nightly`, which does these:\n\n- one\n- two"
    shown = shown_at(text.replace("^", "").replace("job", "j^ob"), tmp_path)
    assert shown is not None
    assert shown.text == "`job` of **Nightly** · on Prefect: **refused**"


def test_clients_without_markdown_get_plain_text() -> None:
    assert plain(RETRY_FROM_FAILURE) == (
        "retry_from_failure of DbtCloudRunJobOperator · on Prefect: refused where the task has retries, else dropped"
        "\n\n"
        "A fix that uses it is unsafe: a second try, also one asked for by hand, reruns from the failed step, which "
        "prefect-dbt cannot; retry_filtered_models_attempts starts new runs instead.\n\n"
        "https://offramp.readthedocs.io/rules/OFR101/"
    )


def shown_at(marked: str, folder: Path) -> Shown | None:
    """What is shown where ``^`` stands."""
    marked = marked.replace("《", "").replace("》", "")
    before, _, after = marked.partition("^")
    checked = opened(folder / "dag.py", before + after)
    assert checked.source is not None
    column = len(before.rpartition("\n")[2].encode("utf-16-le")) // 2
    offset = checked.positions.offset(types.Position(before.count("\n"), column))
    return hover(checked.source, checked.result.findings, checked.context.rulebook, offset)

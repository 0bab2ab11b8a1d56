"""Several outputs of one run of the installed command, and what can go wrong with them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from .conftest import COMMAND, Run
from .test_rdjson import accepted
from .test_sarif import applied

IMPORT = "from airflow import DAG\n"
MACHINE = ("json", "jsonl", "gitlab", "junit", "sarif", "rdjson")
GATE = ("gate", "--isolated")


@pytest.fixture(autouse=True)
def dag(tmp_path: Path) -> None:
    (tmp_path / "dag é.py").write_text(IMPORT)


def test_one_run_writes_every_format(offramp: Run, tmp_path: Path) -> None:
    files = [f"--output={layout}=out.{layout}" for layout in MACHINE]
    done = offramp(*GATE, *files, "--output", "github")
    assert done.returncode == 1
    annotation, summary = done.stdout.decode().splitlines()
    assert annotation.startswith("::error title=offramp (OFR301),file=dag é.py,line=1,endLine=1,col=21,endColumn=24::")
    assert annotation.endswith("::dag é.py:1:21: OFR301 `airflow.DAG` is imported from Airflow")
    assert summary == "Found 1 new finding (0 known, 1 file checked)."
    written = {layout: (tmp_path / f"out.{layout}").read_text(encoding="utf-8") for layout in MACHINE}
    assert json.loads(written["json"]) == [json.loads(written["jsonl"])]
    assert json.loads(written["gitlab"])[0]["location"]["path"] == "dag é.py"
    assert json.loads(written["rdjson"])["diagnostics"][0]["location"]["path"] == "dag é.py"
    assert json.loads(written["sarif"])["runs"][0]["results"][0]["ruleId"] == "OFR301"
    assert ET.fromstring(written["junit"]).get("failures") == "1"


def test_the_layout_of_stdout_stays_where_only_files_are_named(offramp: Run) -> None:
    done = offramp(*GATE, "--output", "sarif=out.sarif", "--output-format", "concise")
    assert done.stdout.decode().startswith("dag é.py:1:21: OFR301 ")


def test_several_layouts_for_people_in_one_run(offramp: Run, tmp_path: Path) -> None:
    outputs = ("--output=concise", "--output=grouped", "--output=full=out.txt", "--output=json=out.json")
    done = offramp("check", "--isolated", "--select=OFR301", "-q", *outputs)
    assert done.stdout.decode().splitlines() == [
        "dag é.py:1:21: OFR301 `airflow.DAG` is imported from Airflow",
        "dag é.py:",
        "  1:21 OFR301 `airflow.DAG` is imported from Airflow",
        "",
    ]
    assert (tmp_path / "out.txt").read_text(encoding="utf-8").splitlines() == [
        "OFR301 `airflow.DAG` is imported from Airflow",
        " --> dag é.py:1:21",
        "  |",
        "1 | from airflow import DAG",
        "  |                     ^^^",
        "",
    ]
    assert json.loads((tmp_path / "out.json").read_bytes())[0]["end_location"] == {"row": 1, "column": 24}


@pytest.mark.parametrize("layout", ["full", "concise", "grouped"])
def test_processes_print_what_one_prints(layout: str, offramp: Run, tmp_path: Path) -> None:
    for number in range(60):
        lines = "".join(f"import airflow.models as m{line}\n" for line in range(number % 7 * 150))
        (tmp_path / f"a{number}.py").write_text(lines)
    command = ("check", "--isolated", "--select=OFR301", "--output-format", layout, "--jobs")
    one, several = (offramp(*command, jobs) for jobs in ("1", "3"))
    assert one.stdout.count(b"OFR301") == (8 * 21 + 6) * 150 + 1
    assert several.stdout == one.stdout


def test_check_writes_them_too_with_a_diff_on_stdout(offramp: Run, tmp_path: Path) -> None:
    done = offramp("check", "--isolated", "--select=OFR301", "--diff", "--output", "sarif=out.sarif")
    assert (done.returncode, done.stdout) == (0, b"")
    (run,) = json.loads((tmp_path / "out.sarif").read_bytes())["runs"]
    assert [result["ruleId"] for result in run["results"]] == ["OFR301"]
    (rule,) = run["tool"]["driver"]["rules"]
    assert rule["fullDescription"]["text"].startswith("Finds every import of Airflow: ")


def test_statistics_are_counted_on_stdout_and_findings_go_to_the_file(offramp: Run, tmp_path: Path) -> None:
    done = offramp("check", "--isolated", "--select=OFR301", "--statistics", "-q", "--output", "gitlab=out.json")
    assert done.stdout == b"1\tOFR301\tairflow-import\n"
    assert len(json.loads((tmp_path / "out.json").read_bytes())) == 1


def test_the_gate_compares_in_sarif(offramp: Run, tmp_path: Path) -> None:
    (tmp_path / "gone.py").write_text(IMPORT)
    assert offramp(*GATE, "--accept-new").returncode == 0
    (tmp_path / "gone.py").write_text("")
    (tmp_path / "new.py").write_text(IMPORT)
    done = offramp(*GATE, "--output", "sarif")
    assert done.returncode == 1
    states = {
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]: result["baselineState"]
        for result in json.loads(done.stdout)["runs"][0]["results"]
    }
    assert states == {"dag%20%C3%A9.py": "unchanged", "new.py": "new", "gone.py": "absent"}


def test_stdin_in_every_format(offramp: Run) -> None:
    for layout in (*MACHINE, "github", "azure"):
        done = offramp("check", "--isolated", "--select=OFR301", f"--output={layout}", "-", input=IMPORT.encode())
        assert done.returncode == 1
        assert b"OFR301" in done.stdout


def test_programs_get_utf8_whatever_the_terminal_has(offramp: Run) -> None:
    for layout in ("github", "junit", "json"):
        done = offramp(*GATE, "--output", layout, env={"PYTHONIOENCODING": "latin-1"})
        assert "dag é.py" in done.stdout.decode("utf-8")


def test_a_file_name_that_is_not_utf8(offramp: Run, tmp_path: Path) -> None:
    Path(f"{tmp_path}/caf\udce9.py").write_text(IMPORT)
    for layout in (*MACHINE, "github", "azure"):
        done = offramp(*GATE, "--output", layout)
        assert done.returncode == 1
        shown = done.stdout.decode("utf-8")
        assert ("caf%E9.py" if layout == "sarif" else "xe9.py") in shown


def test_a_message_with_half_a_character_is_utf8_all_the_same(offramp: Run, tmp_path: Path) -> None:
    lines = [
        "from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator",
        'DbtCloudRunJobOperator(task_id="run", job_id="\\ud800")',
    ]
    (tmp_path / "half.py").write_text("\n".join(lines))
    for layout in (*MACHINE, "github", "azure"):
        done = offramp("check", "--isolated", "--select=OFR101", "half.py", f"--output={layout}")
        shown = done.stdout.decode("utf-8")
        assert "job `" in shown
        if layout != "junit" and layout in MACHINE:
            values = [json.loads(line) for line in (shown.splitlines() if layout == "jsonl" else [shown])]
            json.dumps(values, ensure_ascii=False).encode("utf-8")


def test_a_file_that_cannot_be_written_is_one_sentence(offramp: Run, tmp_path: Path) -> None:
    for command in (GATE, ("check", "--isolated", "--select=OFR301")):
        done = offramp(*command, "-q", "--output", "sarif=missing/out.sarif")
        assert done.returncode == 2
        assert done.stderr == b"offramp: missing/out.sarif: cannot write the findings: No such file or directory\n"
    (tmp_path / "directory").mkdir()
    done = offramp(*GATE, "-q", "--output", "junit=directory")
    assert done.returncode == 2
    assert done.stderr == b"offramp: directory: cannot write the findings: Is a directory\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--output", "xml=a"], b"there is no format `xml`"),
        (["--output", "sarif="], b"`sarif=` names no file"),
        (["--output", "sarif=a", "--output", "junit=a"], b"two outputs would go to a"),
        (["--output-file", "a", "--output", "junit=a"], b"two outputs would go to a"),
        (["--output-file", "a", "--output", "junit"], b"--output-file and an --output without =FILE exclude"),
    ],
)
def test_outputs_that_make_no_sense(arguments: list[str], sentence: bytes, offramp: Run, tmp_path: Path) -> None:
    done = offramp(*GATE, *arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert not (tmp_path / "a").exists()


def test_problems_are_in_the_outputs(offramp: Run) -> None:
    done = offramp(*GATE, "missing.py", "--output", "github")
    assert done.returncode == 2
    assert b"::error title=offramp::missing.py: there is no such file or directory\n" in done.stdout
    done = offramp(*GATE, "missing.py", "--output", "junit")
    assert ET.fromstring(done.stdout).get("errors") == "1"
    done = offramp(*GATE, "missing.py", "--output", "sarif")
    assert json.loads(done.stdout)["runs"][0]["invocations"][0]["executionSuccessful"] is False


FLOW = """\
from prefect import flow
from prefect_dbt.cloud import DbtCloudCredentials
from prefect_dbt.cloud.jobs import trigger_dbt_cloud_job_run_and_wait_for_completion
from prefect_dbt.cloud.models import TriggerJobRunOptions


@flow
async def nightly():
    return await trigger_dbt_cloud_job_run_and_wait_for_completion(
        dbt_cloud_credentials=await DbtCloudCredentials.aload("dbt"), job_id=1,
        trigger_job_run_options=TriggerJobRunOptions(cause="é", steps_override=["dbt build"]),
    )
"""


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_readers_that_apply_a_fix_get_what_the_command_writes(newline: str, offramp: Run, tmp_path: Path) -> None:
    text = FLOW.replace("\n", newline)
    (tmp_path / "flow.py").write_bytes(text.encode())
    check = ("check", "--isolated", "--select=OFR217", "-q", "flow.py")
    found = json.loads(offramp(*check, "--output=rdjson").stdout)["diagnostics"]
    result = json.loads(offramp(*check, "--output=sarif").stdout)["runs"][0]["results"][0]
    offramp(*check, "--fix")
    fixed = (tmp_path / "flow.py").read_bytes().decode()
    assert fixed != text
    assert accepted(text, found[0]["suggestions"][0]) == fixed
    assert applied(text, result["fixes"][0]) == fixed


def test_a_dag_that_is_converted_is_a_fix_in_sarif_and_no_suggestion(offramp: Run, tmp_path: Path) -> None:
    text = (Path(__file__).resolve().parents[2] / "examples" / "dags" / "legacy_finance.py").read_text()
    (tmp_path / "finance.py").write_text(text)
    check = ("check", "--isolated", "-q", "finance.py")
    (found,) = json.loads(offramp(*check, "--output=rdjson").stdout)["diagnostics"]
    assert "suggestions" not in found
    (result,) = json.loads(offramp(*check, "--output=sarif").stdout)["runs"][0]["results"]
    offramp(*check, "--fix", "--convert-dags=never")
    assert (tmp_path / "finance.py").read_text() == text
    offramp(*check, "--fix")
    assert applied(text, result["fixes"][0]) == (tmp_path / "finance.py").read_text()


def many(directory: Path) -> None:
    """20,000 findings."""
    lines = "".join(f"import airflow.m{number}\n" for number in range(2000))
    for number in range(10):
        (directory / f"{number}.py").write_text(lines)


def test_very_many_findings_take_little_memory(tmp_path: Path) -> None:
    many(tmp_path)
    files = ["--output=sarif=out.sarif", "--output=junit=out.xml"]
    limited = 'ulimit -v 400000; exec "$@"'
    command = ["sh", "-c", limited, "sh", COMMAND, *GATE, "-q", "--jobs=1", *files, "--output=gitlab"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (1, b"")
    assert len({item["fingerprint"] for item in json.loads(done.stdout)}) == 20_001
    assert len(json.loads((tmp_path / "out.sarif").read_bytes())["runs"][0]["results"]) == 20_001


@pytest.mark.parametrize("layout", [*MACHINE, "github", "azure"])
def test_a_reader_may_leave(layout: str, tmp_path: Path) -> None:
    many(tmp_path)
    command = [COMMAND, *GATE, "-q", "0.py", f"--output={layout}"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(1)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 1

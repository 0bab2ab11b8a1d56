"""No output shows an API key: a canary goes through every layout, the baseline and the diff of every command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from offramp.finding.api_keys import masked_text
from offramp.settings import OUTPUT_FORMATS

from .conftest import Run

FIRST, SECOND = "dbtc_4fKq81LzPw0v", "Rt7mXe2uYb9s"
ESCAPED = "\\x73ecr3tQmZkR7vB2xW"
DECODED = "secr3tQmZkR7vB2xW"
CODE = f'''\
from pydantic import SecretStr
from prefect import flow
from prefect_dbt.cloud import DbtCloudCredentials
from prefect_dbt.cloud.jobs import trigger_dbt_cloud_job_run_and_wait_for_completion

KEY = "{FIRST}" + "{SECOND}"  # {FIRST}{SECOND}
credentials = DbtCloudCredentials(api_key=KEY, account_id=1, host="x")
DbtCloudCredentials(api_key=SecretStr("{ESCAPED}"), account_id=1, domain="https://x")


@flow
def nightly():
    trigger_dbt_cloud_job_run_and_wait_for_completion(
        DbtCloudCredentials(api_key="{FIRST}" "{SECOND}", account_id=1), 5, trigger_reason="x"
    )
    trigger_dbt_cloud_job_run_and_wait_for_completion(DbtCloudCredentials(**{{"api_key": "{FIRST}{SECOND}"}}), 5)
'''


def shown(text: str) -> list[str]:
    return [piece for piece in (FIRST[5:], SECOND, ESCAPED[4:], DECODED) if piece in text]


# Files that do not parse, for each way in which a key is written there.
UNPARSED = [
    f'credentials = DbtCloudCredentials(api_key="{FIRST}{SECOND}", account_id=1',
    f'credentials = DbtCloudCredentials(api_key="{DECODED}, account_id=1)',
    f"credentials = DbtCloudCredentials(api_key=SecretStr('{DECODED}'), 1 2)",
    f'credentials = DbtCloudCredentials(api_key=(\n    "{FIRST}"\n    "{SECOND}"\n), 1 2)',
    f'API_KEY: str = "{DECODED}" "',
    f'settings = {{"api_key": "{DECODED}", 1}} 2',
    f'os.environ["DBT_CLOUD_TOKEN"] = "{DECODED}" "',
    f'credentials = DbtCloudCredentials("{FIRST}{SECOND}", 1 2)',
]


@pytest.mark.parametrize("layout", OUTPUT_FORMATS)
@pytest.mark.parametrize("rules", ["OFR", "OFR2", "OFR401"])
def test_no_layout_shows_a_key(layout: str, rules: str, offramp: Run, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(CODE)
    done = offramp("check", "a.py", "--select", rules, "--output-format", layout)
    assert done.returncode == 1
    assert shown(done.stdout + done.stderr) == []


# Where imports are found and keys stand elsewhere, beside them, or in a comment on their rows.
IMPORTING = [
    f'from airflow import DAG\n\n\n\nAPI_KEY = "{SECOND}"\n',
    f'API_KEY = "{SECOND}"\nfrom airflow import DAG\n',
    f'from airflow import DAG  # {SECOND}\n\n\n\nAPI_KEY = "{SECOND}"\n',
    f'from airflow import (\n    # {SECOND}\n\n\n\n    DAG,\n)\n\n\n\nAPI_KEY = "{SECOND}"\n',
    f'from airflow import DAG; API_KEY = "{SECOND}"\n',
    f'from airflow import DAG\n"""\nuse {SECOND}\n"""\n\n\nAPI_KEY = "{SECOND}"\n',
    f'API_KEY = "{SECOND}"\n\n\n\nfrom airflow import DAG\n\n\n\n"""\n\n\n{SECOND}"""\n',
    f'import importlib\nimportlib.import_module("airflow.models", "{SECOND}")\n\n\n\nAPI_KEY = "{SECOND}"\n',
]


@pytest.mark.parametrize("layout", OUTPUT_FORMATS)
def test_no_layout_shows_a_key_of_a_file_with_imports(layout: str, offramp: Run, tmp_path: Path) -> None:
    for number, text in enumerate(IMPORTING):
        (tmp_path / f"a{number}.py").write_text(text)
    done = offramp("check", "--select", "OFR3", "--output-format", layout)
    assert done.returncode == 1
    assert all(f"a{number}.py" in done.stdout for number in range(len(IMPORTING)))
    assert shown(done.stdout + done.stderr) == []


def test_an_imported_name_that_stands_in_a_key_is_shown(offramp: Run, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('import airflow.execution_api\n\n\n\nTOKEN = "execution"\n')
    done = offramp("check", "a.py", "--select", "OFR301", "--output-format", "full")
    assert "`airflow.execution_api` is imported from Airflow" in done.stdout
    assert "1 | import airflow.execution_api" in done.stdout


def test_the_connection_of_a_task_about_tokens_is_shown(offramp: Run, tmp_path: Path) -> None:
    (tmp_path / "dag.py").write_text(
        "from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator\n"
        'token_transfers = DbtCloudRunJobOperator(task_id="tokens", job_id=7, dbt_cloud_conn_id="dbt_prod")\n'
    )
    assert "through connection `dbt_prod`" in offramp("check", "dag.py").stdout


@pytest.mark.parametrize("layout", OUTPUT_FORMATS)
def test_no_layout_shows_a_key_of_a_file_that_cannot_be_parsed(layout: str, offramp: Run, tmp_path: Path) -> None:
    for number, line in enumerate(UNPARSED):
        (tmp_path / f"a{number}.py").write_text(f"from prefect_dbt.cloud import DbtCloudCredentials\n{line}\n")
    done = offramp("check", "--output-format", layout)
    assert done.returncode == 2
    assert all(f"a{number}.py" in done.stdout for number in range(len(UNPARSED)))
    assert shown(done.stdout + done.stderr) == []


def test_what_is_no_key_is_shown_of_a_file_that_cannot_be_parsed(offramp: Run, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('import prefect_dbt\nprint("nightly", api_key=os.environ["KEY"] 5)\n')
    assert '2 | print("nightly", api_key=os.environ["KEY"] 5)' in offramp("check", "a.py").stdout.splitlines()


def test_a_diff_shows_no_key(offramp: Run, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(
        CODE.replace("def nightly():\n    t", "async def nightly():\n    await t")
        + f"    # {FIRST}{SECOND}\n    trigger_dbt_cloud_job_run_and_wait_for_completion(credentials, 5)\n"
    )
    done = offramp("check", "a.py", "--diff", "--unsafe-fixes")
    assert "+    await trigger_dbt_cloud_job_run_and_wait_for_completion(credentials, 5)\n" in done.stdout
    assert f"     # {'*' * len(FIRST + SECOND)}\n" in done.stdout
    assert shown(done.stdout + done.stderr) == []


def test_no_fix_writes_a_key_again(offramp: Run, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(f"{CODE}\n\nflows = [nightly]\n")
    done = offramp("check", "a.py", "--select", "OFR211", "--output-format", "json")
    assert '"edits": []' in done.stdout
    assert shown(done.stdout) == []


def test_the_layout_of_the_excerpt_stays(offramp: Run, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(CODE)
    lines = offramp("check", "a.py", "--select", "OFR401").stdout.splitlines()
    stars = "*" * len(f'"{FIRST}"'), "*" * len(f'"{SECOND}"'), "*" * len(f"{FIRST}{SECOND}")
    assert f"6 | KEY = {stars[0]} + {stars[1]}  # {stars[2]}" in lines


def test_every_key_is_found(offramp: Run, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(CODE)
    done = offramp("check", "a.py", "--select", "OFR402", "--output-format", "concise", "-q")
    assert [line.split(":")[1] for line in done.stdout.splitlines()] == ["7", "8", "14", "16"]


@pytest.mark.parametrize(
    "name",
    [
        f"DbtCloudCredentials(api_key=os.environ.get('K', '{DECODED}'))",
        f"run(DbtCloudCredentials(api_key='{DECODED}', account_id=1), 5",
        f"run(DbtCloudCredentials(api_key=f'{DECODED}'), trigger_reason=''… 1f0a",
        f"run('{FIRST}{SECOND}')",
    ],
)
def test_what_an_earlier_baseline_has_is_not_shown(name: str, offramp: Run, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("")
    entry = json.dumps({"path": "a.py", "code": "OFR211", "name": name})
    (tmp_path / "offramp-baseline.json").write_text(f'[{{"offramp-baseline": 1}}\n,{entry}\n]\n')
    for layout in OUTPUT_FORMATS:
        done = offramp("gate", "--select", "OFR2", "--output-format", layout)
        assert "gone from a.py: OFR211 " in done.stderr
        assert shown(done.stdout + done.stderr) == []


def test_the_gate_keeps_no_key(offramp: Run, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(CODE)
    done = offramp("gate", "--extend-select", "OFR2,OFR4", "--accept-new")
    written = "".join(path.read_text() for path in tmp_path.rglob("*") if path.is_file() and path.name != "a.py")
    assert "OFR211" in written
    assert shown(written + done.stdout + done.stderr) == []


_PLAIN_KEY = "dbtc_a9B8c7D6e5F4g3H2i1J0k"


@pytest.mark.parametrize(
    "written",
    [
        "".join(f"\\x{ord(one):02x}" if place % 3 == 0 else one for place, one in enumerate(_PLAIN_KEY)),
        "".join(f"\\{ord(one):03o}" for one in _PLAIN_KEY),
        "".join(f"\\u{ord(one):04x}" for one in _PLAIN_KEY),
        "".join(f"\\U{ord(one):08x}" for one in _PLAIN_KEY),
        _PLAIN_KEY.replace("a", "\\N{LATIN SMALL LETTER A}"),
        f"{_PLAIN_KEY[:8]}\\\n{_PLAIN_KEY[8:]}",
    ],
)
@pytest.mark.parametrize(
    "text", ['api_key = "{}"\n# once {}\ndef (\n', 'x = "{}"\n# {}\ndef (\n', 'f("""{}""", token)\nprint("{} now"\n(\n']
)
def test_a_key_in_escapes_is_known_where_it_stands_again(text: str, written: str) -> None:
    for again in (_PLAIN_KEY, _PLAIN_KEY[5:]):
        shown = masked_text(text.format(written, again).encode()).decode()
        assert again not in shown
        assert written not in shown

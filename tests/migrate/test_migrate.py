"""``offramp migrate``, run as its users do: what is written where, what is refused, and that the DAGs stay."""

from __future__ import annotations

import ast
import os
import shutil
import signal
import stat
import subprocess
import time
from pathlib import Path

import pytest
import yaml

from .conftest import COMMAND, REFUSED, ROOT, Place, dag


def test_the_examples(place: Place) -> None:
    shutil.copytree(ROOT / "examples" / "dags", place.root / "dags")
    before = place.state("dags")
    done = place.migrate("dags", "--out", "flows")
    assert done.code == 1
    assert done.err == ""
    assert place.state("dags") == before
    assert place.files("flows") == [
        "MIGRATION.md",
        "blocks.py",
        "legacy_finance.py",
        "regional_marts.py",
        "trigger_and_watch.py",
    ]
    module = place.read("flows/legacy_finance.py")
    assert "airflow" not in module.lower()
    assert 'Cron("30 5 * * 1-5", timezone="UTC")' in module
    assert 'legacy_finance.serve(\n        name="legacy_finance",' in module
    ruff = str(Path(COMMAND).with_name("ruff"))
    subprocess.run([ruff, "check", "--isolated", "--quiet", "flows/blocks.py"], cwd=place.root, check=True)
    assert "dags/legacy_finance.py -> flows/legacy_finance.py\n" in done.out
    assert "dags/trigger_and_watch.py -> flows/trigger_and_watch.py\n" in done.out
    assert done.out.splitlines()[-1].startswith("3 DAGs converted, ")


def test_folders_are_kept_and_everything_converted_is_success(place: Place) -> None:
    place.write(
        {"dags/a.py": dag("a"), "dags/team/x/b.py": dag("b"), "other/c.py": dag("c"), "dags/tools.py": "X = 1\n"}
    )
    done = place.migrate("dags", "other/c.py", "--out", "deep/flows")
    assert (done.code, done.err) == (0, "")
    assert place.files("deep/flows") == ["MIGRATION.md", "a.py", "blocks.py", "c.py", "team/x/b.py"]
    assert done.out.splitlines()[-1] == "3 DAGs converted, 0 files refused: see deep/flows/MIGRATION.md"
    assert place.files("deep") == [f"flows/{name}" for name in place.files("deep/flows")]
    mode = stat.S_IMODE((place.root / "deep/flows").stat().st_mode)
    (place.root / "plain").mkdir()
    assert mode == stat.S_IMODE((place.root / "plain").stat().st_mode)


def test_unsafe_conversions_are_listed_until_they_are_asked_for(place: Place) -> None:
    place.write({"dags/shell.py": dag("shell", bash="make all")})
    reason = "exit code 99 skips a Bash task in Airflow; with `retries` Prefect runs it again"
    done = place.migrate("dags", "--out", "flows")
    assert done.code == 1
    assert place.files("flows") == ["MIGRATION.md"]
    why = "Not written, since these flows would not run just as their DAGs do:"
    assert f"## Needs --unsafe-fixes\n\n{why}\n\n- `dags/shell.py`: {reason}\n" in place.read("flows/MIGRATION.md")
    done = place.migrate("dags", "--out", "unsafe", "--unsafe-fixes")
    assert done.code == 0
    assert place.files("unsafe") == ["MIGRATION.md", "blocks.py", "shell.py"]
    report = place.read("unsafe/MIGRATION.md")
    assert (
        f"These flows do not run just as their DAGs did (`--unsafe-fixes`):\n\n- `dags/shell.py`: {reason}\n" in report
    )
    assert "Needs --unsafe-fixes" not in report


def test_a_run_that_nobody_waits_for_is_an_unsafe_conversion(place: Place) -> None:
    place.write({"dags/a.py": dag("a").replace("job_id=7", "job_id=7, wait_for_termination=False")})
    assert place.migrate("dags", "--out", "flows").code == 1
    assert "- `dags/a.py`: the DAG run then lasts as long as the dbt run" in place.read("flows/MIGRATION.md")
    assert place.migrate("dags", "--out", "flows", "--unsafe-fixes", "--force").code == 0
    assert "trigger_dbt_cloud_job_run_and_wait_for_completion" in place.read("flows/a.py")


def test_what_other_files_need_prevents_unsafe_conversions_too(place: Place) -> None:
    place.write({"dags/shell.py": dag("shell", bash="make all"), "dags/starter.py": 'start(trigger_dag_id="shell")\n'})
    done = place.migrate("dags", "--out", "flows", "--unsafe-fixes")
    assert done.code == 1
    assert "dags/starter.py names the DAG `shell`" in place.read("flows/MIGRATION.md")


def test_a_refused_file_shows_every_blocker_with_its_line(place: Place) -> None:
    place.write({"dags/refused.py": REFUSED, "dags/good.py": dag("good")})
    done = place.migrate("dags", "--out", "flows")
    assert done.code == 1
    assert place.files("flows") == ["MIGRATION.md", "blocks.py", "good.py"]
    refused = place.read("flows/MIGRATION.md").partition("### `dags/refused.py`\n")[2].partition("\n## ")[0]
    assert len(refused.strip().splitlines()) == 2
    assert all(line.startswith("- line 8: ") for line in refused.strip().splitlines())
    assert "`one_success`" in refused
    assert "`retry_from_failure`" in refused


def test_existing_files_are_overwritten_by_force_only(place: Place) -> None:
    place.write({"dags/a.py": dag("a"), "flows/a.py": "mine\n", "flows/other.py": "mine\n"})
    done = place.migrate("dags", "--out", "flows")
    assert (done.code, done.out) == (2, "")
    assert done.err == "offramp: flows/a.py exists: --force overwrites\n"
    assert place.files("flows") == ["a.py", "other.py"]
    assert place.read("flows/a.py") == "mine\n"
    assert place.migrate("dags", "--out", "flows", "--force").code == 0
    assert place.files("flows") == ["MIGRATION.md", "a.py", "blocks.py", "other.py"]
    assert "a.serve(" in place.read("flows/a.py")
    assert place.read("flows/other.py") == "mine\n"
    first = place.state("flows")
    assert place.migrate("dags", "--out", "flows", "--force").code == 0
    assert [entry[0] for entry in place.state("flows").values()] == [entry[0] for entry in first.values()]


def test_the_output_may_lie_among_the_dags_and_is_no_input(place: Place) -> None:
    place.write({"dags/a.py": dag("a")})
    assert place.migrate("dags", "--out", "dags/flows").code == 0
    assert place.migrate("dags", "--out", "dags/flows", "--force").code == 0
    assert place.files("dags") == ["a.py", "flows/MIGRATION.md", "flows/a.py", "flows/blocks.py"]
    assert place.read("dags/a.py") == dag("a")


@pytest.mark.parametrize("out", ["dags", ".", "dags/../dags"])
def test_the_output_must_not_hold_the_dags(place: Place, out: str) -> None:
    place.write({"dags/a.py": dag("a")})
    done = place.migrate("dags", "--out", out, "--force")
    assert done.code == 2
    assert done.err == f"offramp: --out {out} holds the DAGs of dags: name a directory of its own\n"
    assert place.files(".") == ["dags/a.py"]


def test_a_dag_is_not_overwritten_through_a_link(place: Place) -> None:
    place.write({"dags/team/a.py": dag("a"), "flows/keep": ""})
    (place.root / "flows/team").symlink_to(place.root / "dags/team")
    done = place.migrate("dags", "--out", "flows", "--force")
    assert done.code == 2
    assert done.err == "offramp: flows/team/a.py is one of the DAG files, which are never overwritten\n"
    assert place.read("dags/team/a.py") == dag("a")
    (place.root / "flows/team").unlink()
    (place.root / "flows/team").mkdir()
    (place.root / "flows/team/a.py").symlink_to(place.root / "dags/team/a.py")
    assert place.migrate("dags", "--out", "flows", "--force").code == 0
    assert place.read("dags/team/a.py") == dag("a")
    assert "a.serve(" in place.read("flows/team/a.py")


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        (
            {"one/a.py": dag("a"), "two/a.py": dag("b")},
            "one/a.py and two/a.py would both become a.py: migrate them into two directories",
        ),
        (
            {name: dag("same").replace('"same"', '"sa" "me"') for name in ("one/a.py", "two/b.py")},
            "one/a.py and two/b.py both hold a DAG `same`: flows need names of their own",
        ),
        (
            {"one/a.py": dag("a", connection="dbt_cloud"), "two/b.py": dag("b", connection="DBT-cloud")},
            (
                "the connections `dbt_cloud` and `DBT-cloud` would share the block `dbt-cloud`: "
                "name one in [tool.offramp.blocks]"
            ),
        ),
        (
            {"one/blocks.py": dag("a"), "two/b.py": dag("b")},
            "one/blocks.py would become blocks.py, which is to create the credential blocks: rename it",
        ),
    ],
)
def test_names_that_clash_are_refused(place: Place, files: dict[str, str], sentence: str) -> None:
    place.write(files)
    done = place.migrate("one", "two", "--out", "flows")
    assert (done.code, done.out) == (2, "")
    assert done.err == f"offramp: {sentence}\n"
    assert not (place.root / "flows").exists()


def test_two_connections_of_one_file_never_share_a_block(place: Place) -> None:
    second = '    DbtCloudRunJobOperator(task_id="again", job_id=8, dbt_cloud_conn_id="DBT_CLOUD") >> run\n'
    place.write({"dags/a.py": dag("a") + second})
    assert place.migrate("dags", "--out", "flows").code == 1
    reason = "would share the block `dbt-cloud`: name one in [tool.offramp.blocks]"
    assert f"the connections `DBT_CLOUD` and `dbt_cloud` {reason}" in place.read("flows/MIGRATION.md")
    place.write({"pyproject.toml": '[tool.offramp.blocks]\nDBT_CLOUD = "loud"\n'})
    assert place.migrate("dags", "--out", "flows", "--force").code == 0
    assert 'aload("loud")' in place.read("flows/a.py")
    assert 'aload("dbt-cloud")' in place.read("flows/a.py")
    assert '"loud": DbtCloudCredentials(' in place.read("flows/blocks.py")


def test_fixing_in_place_refuses_shared_blocks_across_files(place: Place) -> None:
    files = {"dags/a.py": dag("a"), "dags/b.py": dag("b", connection="dbt-cloud")}
    place.write(files)
    done = subprocess.run(
        [COMMAND, "check", "--fix", "dags"], cwd=place.root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "the connections `dbt_cloud` and `dbt-cloud` would share the block `dbt-cloud`" in done.stderr
    assert {name: place.read(name) for name in files} == files


def test_block_names_are_checked_where_they_are_configured(place: Place) -> None:
    place.write({"dags/a.py": dag("a"), "offramp.toml": '[blocks]\ndbt_cloud = "dbt_cloud"\n'})
    done = place.migrate("dags", "--out", "flows")
    assert done.code == 2
    assert done.err == (
        f"{place.root}/offramp.toml:2: `blocks.dbt_cloud` must be lower case letters, digits and dashes, "
        'not "dbt_cloud"\n'
    )


def test_a_connection_that_gives_no_block_name_is_refused(place: Place) -> None:
    place.write({"dags/a.py": dag("a", connection="dbt.cloud")})
    assert place.migrate("dags", "--out", "flows").code == 1
    reason = "the connection `dbt.cloud` gives no name for a block: name one in [tool.offramp.blocks]"
    assert reason in place.read("flows/MIGRATION.md")


def test_prefect_yaml_deploys_what_serve_would(place: Place) -> None:
    more = ', tags=["dbt", "nightly"], max_active_runs=1, is_paused_upon_creation=True'
    tail = '\nif __name__ == "__main__":\n    dag.test()\n'
    berlin = dag("berlin", more=more).replace("datetime(2024, 1, 1)", 'datetime(2024, 1, 1, tz="Europe/Berlin")')
    berlin = berlin.replace("from datetime import datetime", "from pendulum import datetime").replace(
        "):\n", ") as dag:\n", 1
    )
    place.write(
        {
            "offramp.toml": 'deployment = "prefect-yaml"\n',
            "dags/team/berlin.py": berlin + tail,
            "dags/never.py": dag("never").replace('schedule="0 3 * * *"', "schedule=None"),
        }
    )
    done = place.migrate("dags", "--out", "flows")
    assert (done.code, done.err) == (0, "")
    assert yaml.safe_load(place.read("flows/prefect.yaml")) == {
        "deployments": [
            {"name": "never", "entrypoint": "never.py:never", "work_pool": {"name": "flows"}},
            {
                "name": "berlin",
                "entrypoint": "team/berlin.py:berlin",
                "tags": ["dbt", "nightly"],
                "schedules": [{"cron": "0 3 * * *", "timezone": "Europe/Berlin"}],
                "concurrency_limit": 1,
                "work_pool": {"name": "flows"},
            },
        ]
    }
    for name in ("never.py", "team/berlin.py"):
        module = place.read(f"flows/{name}")
        ast.parse(module)
        assert "__main__" not in module
        assert "serve" not in module
        assert "Cron" not in module
        assert module.endswith("]\n")
    report = place.read("flows/MIGRATION.md")
    assert "cron `0 3 * * *` in Europe/Berlin" in report
    assert "prefect --no-prompt deploy --all" in report
    assert "Airflow creates `berlin` paused (`is_paused_upon_creation`)." in report


def test_a_prefect_yaml_holds_no_python(place: Place) -> None:
    start = "import os\n\nTAGS = [os.environ['TEAM']]\n"
    place.write(
        {"offramp.toml": 'deployment = "prefect-yaml"\n', "dags/a.py": dag("a", more=", tags=TAGS", start=start)}
    )
    assert place.migrate("dags", "--out", "flows").code == 1
    assert "`tags` is not known here, and a prefect.yaml holds no Python" in place.read("flows/MIGRATION.md")
    place.write({"offramp.toml": ""})
    assert place.migrate("dags", "--out", "flows", "--force").code == 0
    assert "tags=TAGS" in place.read("flows/a.py")


def test_the_report_says_what_to_do_and_what_differs(place: Place) -> None:
    start = "import pathlib\n\nfrom helpers import names\n\nSQL = pathlib.Path(__file__).parent\nprint(names)\n"
    place.write({"dags/a.py": dag("a", start=start), "dags/helpers.py": "names = []\n"})
    done = place.migrate("dags", "--out", "flows")
    assert (done.code, done.err) == (0, "")
    report = place.read("flows/MIGRATION.md")
    assert [line for line in report.splitlines() if line.startswith("#")] == [
        "# Migration to Prefect",
        "## Converted",
        "## By hand",
        "## What differs",
        "## Left out",
    ]
    steps = ("export DBT_CLOUD_API_KEY_DBT_CLOUD=", "python blocks.py", "airflow dags pause a", "python a.py")
    places = [report.index(step) for step in steps]
    assert places == sorted(places)
    assert "imports `helpers` (`dags/helpers.py`), which stayed with the DAGs" in report
    assert "as by `PYTHONPATH=dags`" in report
    assert "uses `__file__`" in report
    assert "share one process" in report
    assert "within 5 seconds" in report
    assert "can start the job twice" in report
    assert "- `dags/helpers.py`\n" in report
    place.write({"offramp.toml": 'dbt-cloud-pattern = "job-block"\n'})
    assert place.migrate("dags", "--out", "flows", "--force").code == 0
    assert "can start the job twice" not in place.read("flows/MIGRATION.md")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("missing", "--out", "flows"), "offramp: missing: there is no such file or directory\n"),
        (("dags", "missing", "--out", "flows"), "offramp: missing: there is no such file or directory\n"),
        (("empty", "--out", "flows"), "offramp: empty: there is no Python file to check in this directory\n"),
        (
            ("plain", "--out", "flows"),
            "offramp: no dbt operator is reported in plain: there is nothing to migrate\n",
        ),
        (("dags", "--out", "file"), "offramp: file is not a directory\n"),
        (("dags", "--out", "file/flows"), "offramp: file/flows: cannot write: Not a directory\n"),
    ],
)
def test_input_that_fails_writes_nothing(place: Place, arguments: tuple[str, ...], sentence: str) -> None:
    place.write({"dags/a.py": dag("a"), "plain/p.py": "X = 1\n", "file": ""})
    (place.root / "empty").mkdir()
    done = place.migrate(*arguments)
    assert (done.code, done.out, done.err) == (2, "", sentence)
    assert place.files(".") == ["dags/a.py", "file", "plain/p.py"]


def test_a_file_that_cannot_be_parsed_fails_and_the_others_are_written(place: Place) -> None:
    place.write({"dags/a.py": dag("a"), "dags/broken.py": dag("broken") + "(\n"})
    done = place.migrate("dags", "--out", "flows")
    assert done.code == 2
    assert place.files("flows") == ["MIGRATION.md", "a.py", "blocks.py"]
    assert "### `dags/broken.py`\n\n- line 9: " in place.read("flows/MIGRATION.md")


def test_a_directory_in_the_way_leaves_everything_as_it_was(place: Place) -> None:
    place.write({"dags/a.py": dag("a"), "dags/team/b.py": dag("b"), "flows/a.py": "mine\n", "flows/team": "a file\n"})
    (place.root / "flows/MIGRATION.md").mkdir()
    done = place.migrate("dags", "--out", "flows", "--force")
    assert (done.code, done.err) == (2, "offramp: flows/MIGRATION.md is a directory\n")
    (place.root / "flows/MIGRATION.md").rmdir()
    assert place.migrate("dags", "--out", "flows", "--force").code == 2
    assert place.files("flows") == ["a.py", "team"]
    assert place.read("flows/a.py") == "mine\n"


def test_bytes_are_kept(place: Place) -> None:
    start = "# Größe\nNAME = 'é'\n"
    raw = dag("a", start=start).replace("\n", "\r\n").encode("utf-8-sig")
    (place.root / "dags").mkdir()
    (place.root / "dags/a.py").write_bytes(raw)
    assert place.migrate("dags", "--out", "flows").code == 0
    module = (place.root / "flows/a.py").read_bytes()
    assert module.startswith(b"\xef\xbb\xbf")
    assert module.count(b"\n") == module.count(b"\r\n")
    assert "# Größe\r\nNAME = 'é'\r\n".encode() in module


def test_interrupted_at_any_moment_it_leaves_no_half_of_anything(place: Place) -> None:
    padding = "\n" + "# padding\n" * 1000
    place.write({f"dags/d{number}.py": dag(f"d{number}") + padding for number in range(60)})
    place.write({"flows/d0.py": "mine\n"})
    whole = {f"d{number}.py" for number in range(60)} | {"MIGRATION.md", "blocks.py"}
    interrupted = 0
    for delay in (0.2, 0.5, 0.8):
        for out in ("fresh", "flows"):
            command = [COMMAND, "migrate", "dags", "--out", out, "--force", "--jobs", "2"]
            started = subprocess.Popen(
                command,
                cwd=place.root,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,
                text=True,
            )
            time.sleep(delay)
            # To all of its processes, as a terminal does.
            os.killpg(started.pid, signal.SIGINT)
            said = started.communicate()[1]
            interrupted += said == "offramp: interrupted\n" and started.returncode == 130
            for name in place.files(out) if (place.root / out).exists() else ():
                content = place.read(f"{out}/{name}")
                assert content == "mine\n" or content.endswith("\n")
                if name.endswith(".py") and content != "mine\n":
                    ast.parse(content)
            if (place.root / "fresh").exists():
                assert set(place.files("fresh")) == whole
                shutil.rmtree(place.root / "fresh")
            assert {path.name for path in place.root.iterdir()} <= {"dags", "flows", "fresh"}
    assert interrupted


def test_quiet_says_nothing(place: Place) -> None:
    place.write({"dags/a.py": dag("a")})
    done = place.migrate("dags", "--out", "flows", "--quiet")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_processes_change_nothing(place: Place) -> None:
    place.write({f"dags/d{number}.py": dag(f"d{number}") + "\n" + "# padding\n" * 2500 for number in range(20)})
    one = place.migrate("dags", "--out", "one", "--jobs", "1")
    two = place.migrate("dags", "--out", "two", "--jobs", "2")
    assert one.out.replace("one/", "two/") == two.out
    assert [entry[0] for entry in place.state("one").values()] == [entry[0] for entry in place.state("two").values()]


def test_blocks_and_packages_of_notes(place: Place) -> None:
    note = """{% section Load %}
## operator
Load
## module
acme.operators
## inherits
- BaseOperator
## arguments
| airflow | prefect | when absent | note |
|---|---|---|---|
| `conn` | block: acme_prefect.DataStore | data_store | |
## prefect_package
- acme-prefect>=2
## compared
acme 1.0
## rewrite
call

```python
{conn}.load()
```
{% endsection %}
"""
    more = (
        '    SQLExecuteQueryOperator(task_id="sql", conn_id="ware_house", sql="SELECT 1") >> run\n'
        '    Load(task_id="load") >> run\n'
    )
    imports = (
        "from acme.operators import Load\n"
        "from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator\n"
    )
    place.write({"load.md": note, "offramp.toml": 'notes = ["load.md"]\n', "dags/d.py": dag("d", start=imports) + more})
    done = place.migrate("dags", "--out", "flows", "--unsafe-fixes")
    assert (done.code, done.err) == (0, "")
    assert place.read("flows/requirements.txt") == "prefect\nprefect-dbt\nprefect-sqlalchemy\nacme-prefect>=2\n"
    blocks = place.read("flows/blocks.py")
    assert "from acme_prefect import DataStore\nfrom prefect_dbt.cloud import DbtCloudCredentials\n" in blocks
    assert '"data-store": DataStore.model_validate_json(os.environ["DATA_STORE_JSON_DATA_STORE"]),' in blocks
    assert 'connection_info=os.environ["SQL_ALCHEMY_CONNECTOR_CONNECTION_INFO_WARE_HOUSE"],' in blocks
    ast.parse(blocks)
    report = place.read("flows/MIGRATION.md")
    assert "Install `prefect`, `prefect-dbt`, `prefect-sqlalchemy` and `acme-prefect>=2`, and what else" in report
    assert "export DATA_STORE_JSON_DATA_STORE=…  # the fields of the block, in JSON\n" in report
    assert "export SQL_ALCHEMY_CONNECTOR_CONNECTION_INFO_WARE_HOUSE=…\n" in report
    assert "compared with SQLite only" in report


def test_the_report_says_what_the_runner_of_dbt_core_needs(place: Place) -> None:
    text = (
        "from datetime import datetime\n\nfrom airflow.sdk import DAG\n"
        "from cosmos import DbtTaskGroup, ProfileConfig, ProjectConfig\n\n"
        'SHOP = "/opt/dbt/shop"\n'
        'PROFILE = ProfileConfig("shop", "prod", profiles_yml_filepath=f"{SHOP}/profiles.yml")\n\n'
        'with DAG("d", start_date=datetime(2024, 1, 1), schedule=None, catchup=False):\n'
        '    DbtTaskGroup(group_id="models", project_config=ProjectConfig(SHOP), profile_config=PROFILE)\n'
    )
    profiles = "shop: {outputs: {prod: {type: duckdb}}}"
    place.write({"offramp.toml": "", "dags/d.py": text, "dbt/shop/profiles.yml": profiles})
    assert place.migrate("dags", "--out", "flows", "--unsafe-fixes").code == 0
    assert place.read("flows/requirements.txt") == "prefect\nprefect-dbt\ndbt-core\ndbt-duckdb\n"
    report = place.read("flows/MIGRATION.md")
    assert "and its projects (`/opt/dbt/shop`)" in report
    assert "PrefectDbtRunner runs dbt in the flow's process" in report
    assert "steps_override" not in report


def test_the_report_says_what_dbt_core_needs(place: Place) -> None:
    """The adapter is told by the profiles beside the project, where it lies in the repository."""
    text = (
        "from datetime import datetime\n\nfrom airflow import DAG\nfrom airflow.operators.bash import BashOperator\n\n"
        'SHOP = "/opt/dbt/shop"\n\n'
        'with DAG("d", start_date=datetime(2024, 1, 1), schedule=None, catchup=False):\n'
        '    BashOperator(task_id="build", bash_command=f"cd {SHOP} && dbt build")\n'
    )
    profiles = "shop:\n  outputs:\n    dev:\n      type: duckdb\n    prod:\n      type: postgres\n"
    place.write({"offramp.toml": "", "dags/d.py": text, "dbt/shop/profiles.yml": profiles})
    done = place.migrate("dags", "--out", "flows")
    assert (done.code, done.err) == (0, "")
    assert place.read("flows/requirements.txt") == "prefect\ndbt-core\ndbt-duckdb\ndbt-postgres\n"
    report = place.read("flows/MIGRATION.md")
    assert "Install `prefect`, `dbt-core`, `dbt-duckdb` and `dbt-postgres`, and what else the modules import" in report
    assert "and its projects (`/opt/dbt/shop`)" in report
    place.write({"dbt/shop/profiles.yml": "shop: [}"})
    assert place.migrate("dags", "--out", "flows", "--force").code == 0
    assert place.read("flows/requirements.txt") == "prefect\ndbt-core\n"
    assert "Have dbt and the adapter of its profile where the flows run" in place.read("flows/MIGRATION.md")

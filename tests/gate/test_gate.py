"""``offramp gate`` with a baseline, in real repositories."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from gate.conftest import COMMAND, Repo

DAG = "from airflow import DAG\n"
OLD = {"dags/a.py": DAG, "dags/b.py": "import airflow\nimport os\n", "lib/c.py": "import os\n"}


@pytest.fixture
def accepted(repo: Repo) -> Repo:
    """A repository whose two findings are in its baseline."""
    repo.write(OLD)
    assert repo.gate("--accept-new").code == 0
    repo.commit()
    return repo


def test_without_a_baseline_everything_is_new(repo: Repo) -> None:
    repo.write(OLD)
    done = repo.gate()
    assert done.code == 1
    assert done.findings == ["dags/a.py:1:21: OFR301", "dags/b.py:1:8: OFR301"]
    assert done.summary == "Found 2 new findings (0 known, 3 files checked)."
    assert done.err == (
        "offramp: there is no offramp-baseline.json, so every finding is new; `offramp gate --accept-new` makes one\n"
    )
    assert not (repo.root / "offramp-baseline.json").exists()


def test_accepting_says_how_many_and_then_passes(repo: Repo) -> None:
    repo.write(OLD)
    done = repo.gate("--accept-new")
    assert (done.code, done.err) == (0, "offramp: offramp-baseline.json: 2 new findings accepted\n")
    assert repo.baseline == [
        ',{"path": "dags/a.py", "code": "OFR301", "name": "airflow.DAG"}',
        ',{"path": "dags/b.py", "code": "OFR301", "name": "airflow"}',
    ]
    done = repo.gate()
    assert (done.code, done.out, done.err) == (0, "No new findings (2 known, 3 files checked).\n", "")


def test_moved_lines_and_other_formatting_are_not_new(accepted: Repo) -> None:
    accepted.write({"dags/a.py": "import os\n\n\nif True:\n    from airflow import (\n        DAG,\n    )\n"})
    assert accepted.gate().code == 0


def test_a_swap_of_one_import_for_another_is_new(accepted: Repo) -> None:
    accepted.write({"dags/a.py": "from airflow import Dataset\n"})
    done = accepted.gate()
    assert (done.code, done.findings) == (1, ["dags/a.py:1:21: OFR301"])
    assert "gone from dags/a.py: OFR301 airflow.DAG" in done.err


def test_a_second_import_of_the_same_name_is_new(accepted: Repo) -> None:
    accepted.write({"dags/a.py": DAG * 2})
    done = accepted.gate()
    assert (done.code, done.findings) == (1, ["dags/a.py:2:21: OFR301"])


def test_gone_entries_warn_and_fail_only_when_strict(accepted: Repo) -> None:
    (accepted.root / "dags/a.py").unlink()
    accepted.write({"dags/b.py": "import os\n"})
    done = accepted.gate()
    assert done.code == 0
    assert done.err == (
        "offramp: gone from dags/a.py: OFR301 airflow.DAG\n"
        "offramp: gone from dags/b.py: OFR301 airflow\n"
        "offramp: offramp-baseline.json: 2 entries have no finding any more;"
        " `offramp gate --update` removes such entries\n"
    )
    assert accepted.gate("--strict").code == 1
    assert len(accepted.baseline) == 2


def test_update_shrinks_and_never_grows(accepted: Repo) -> None:
    accepted.write({"dags/a.py": "import os\n", "lib/c.py": DAG})
    done = accepted.gate("--update", "--strict")
    assert done.code == 1
    assert done.findings == ["lib/c.py:1:21: OFR301"]
    assert done.err == "offramp: offramp-baseline.json: 1 entry removed\n"
    assert accepted.baseline == [',{"path": "dags/b.py", "code": "OFR301", "name": "airflow"}']


def test_accepting_does_not_shrink_unless_asked(accepted: Repo) -> None:
    accepted.write({"dags/a.py": "import os\n", "lib/c.py": DAG})
    assert accepted.gate("--accept-new").code == 0
    assert len(accepted.baseline) == 3
    done = accepted.gate("--accept-new", "--update")
    assert done.err == (
        "offramp: offramp-baseline.json: 0 new findings accepted\nofframp: offramp-baseline.json: 1 entry removed\n"
    )
    assert len(accepted.baseline) == 2


@pytest.mark.parametrize("option", ["--update", "--accept-new"])
def test_in_ci_nothing_is_written(accepted: Repo, option: str) -> None:
    accepted.write({"dags/a.py": "from airflow import Dataset\n"})
    before = accepted.baseline
    done = accepted.gate(option, env={"CI": "true"})
    assert (done.code, done.err) == (
        2,
        f"offramp: {option} would write the baseline, but CI is set; --no-locked allows it\n",
    )
    assert accepted.gate(option, "--locked").code == 2
    assert accepted.baseline == before
    assert accepted.gate(option, "--no-locked", env={"CI": "true"}).code in (0, 1)
    assert accepted.baseline != before
    assert accepted.gate(option, env={"CI": "false"}).code in (0, 1)


def test_partial_lists_leave_the_entries_of_other_files_alone(accepted: Repo) -> None:
    (accepted.root / "dags/a.py").unlink()
    accepted.write({"dags/b.py": "import os\n"})
    before = accepted.baseline
    done = accepted.gate("--update", "lib/c.py")
    assert (done.code, done.err) == (0, "offramp: offramp-baseline.json: 0 entries removed\n")
    assert accepted.baseline == before
    accepted.gate("--update", "dags/b.py")
    assert accepted.baseline == before[:1]
    accepted.gate("--update", "lib")
    assert accepted.baseline == before[:1]
    accepted.gate("--update", "dags")
    assert accepted.baseline == []


def test_excluded_and_disabled_findings_are_unchecked_not_gone(accepted: Repo) -> None:
    accepted.write({"requirements.txt": "apache-airflow\n"})
    assert accepted.gate("--accept-new").code == 0
    before = accepted.baseline
    assert len(before) == 3
    for arguments in (("--extend-exclude", "dags"), ("--ignore", "OFR301"), ("--select", "OFR301")):
        done = accepted.gate("--update", *arguments)
        assert (done.code, done.err) == (0, "offramp: offramp-baseline.json: 0 entries removed\n")
        assert accepted.baseline == before


def test_from_a_subdirectory_the_same_baseline_holds(accepted: Repo) -> None:
    done = accepted.gate(cwd="dags")
    assert (done.code, done.summary) == (0, "No new findings (2 known, 2 files checked).")
    accepted.write({"dags/b.py": "import os\n"})
    assert accepted.gate("--update", cwd="dags").code == 0
    assert accepted.baseline == [',{"path": "dags/a.py", "code": "OFR301", "name": "airflow.DAG"}']


def test_the_baseline_may_be_elsewhere(repo: Repo) -> None:
    repo.write({**OLD, "ci/x": "", "offramp.toml": '[gate]\nbaseline = "ci/gate.json"\n'})
    assert repo.gate("--accept-new").code == 0
    assert '"../dags/a.py"' in (repo.root / "ci/gate.json").read_text()
    assert repo.gate().code == 0
    assert repo.gate("--baseline", "other.json").code == 2
    assert repo.gate("--baseline", "other.json", "--accept-new").code == 0
    assert repo.gate("--baseline", "other.json", cwd=".").code == 0


def test_configurations_add_up(repo: Repo) -> None:
    repo.write(
        {
            "offramp.toml": '[gate]\nextend-banned = ["luigi"]\nallow = {"legacy/**" = ["airflow"]}\n',
            "legacy/a.py": "import airflow, luigi\n",
            "src/pyproject.toml": '[tool.offramp.gate]\nextend-banned = ["dagster"]\nallow = {"old.py" = ["luigi"]}\n',
            "src/a.py": "import airflow, luigi, dagster, prefect\n",
            "src/old.py": "import airflow, luigi, dagster\n",
            "b.py": "import dagster, luigi.target\n",
        }
    )
    assert repo.gate().findings == [
        "b.py:1:17: OFR301",
        "legacy/a.py:1:17: OFR301",
        "src/a.py:1:8: OFR301",
        "src/a.py:1:17: OFR301",
        "src/a.py:1:24: OFR301",
        "src/old.py:1:8: OFR301",
        "src/old.py:1:24: OFR301",
    ]
    repo.write({"offramp.toml": '[gate]\nbanned = ["luigi"]\n'})
    assert repo.gate("b.py", "legacy").findings == ["b.py:1:17: OFR301", "legacy/a.py:1:17: OFR301"]


@pytest.mark.parametrize(
    ("gate", "said"),
    [
        ("gate = 1", "1: `gate` must be a table"),
        ("[gate]\nbaned = []", "2: there is no option `gate.baned`; did you mean `banned`?"),
        ('[gate]\nbanned = "airflow"', "2: `gate.banned` must be a list of strings"),
        (
            '[gate]\nbanned = ["apache-airflow"]',
            '2: "apache-airflow" in `gate.banned` is not a module, such as "airflow.providers"',
        ),
        ("[gate]\nallow = []", "2: `gate.allow` must be a table"),
        ('[gate.allow]\n"x/**" = "airflow"', "2: `gate.allow.x/**` must be a list of strings"),
        ("[gate]\nbaseline = 1", "2: `gate.baseline` must be a string"),
    ],
)
def test_bad_configuration_is_one_sentence(repo: Repo, gate: str, said: str) -> None:
    repo.write({"offramp.toml": gate + "\n", "a.py": ""})
    done = repo.gate()
    assert (done.code, done.out) == (2, "")
    assert done.err == f"{repo.root}/offramp.toml:{said}\n"


def test_packages_of_the_project_are_its_own_only_for_what_they_hold(repo: Repo) -> None:
    repo.write(
        {
            "airflow/__init__.py": "VERSION = 1\n",
            "airflow/helpers.py": "",
            "a.py": "import airflow\nimport airflow.helpers\nfrom airflow import VERSION, helpers\n",
            "b.py": "from airflow import DAG\nimport airflow.models\n",
        }
    )
    assert repo.gate().findings == ["b.py:1:21: OFR301", "b.py:2:8: OFR301"]


def test_manifests_and_what_they_include_are_checked(repo: Repo) -> None:
    repo.write(
        {
            "requirements.txt": "-r deps/base.pip\nrequests\n",
            "deps/base.pip": "-c pins.txt\n",
            "deps/pins.txt": "apache-airflow==2.10\n",
            "notes.txt": "apache-airflow\n",
            "pyproject.toml": '[project]\nname = "x"\ndependencies = ["astronomer-cosmos"]\n',
        }
    )
    done = repo.gate()
    assert done.findings == ["deps/pins.txt:1:1: OFR303", "pyproject.toml:3:18: OFR303"]
    (repo.root / "deps/pins.txt").unlink()
    done = repo.gate()
    assert done.code == 2
    assert "deps/base.pip:1: there is no file deps/pins.txt, which this line includes\n" in done.err


def test_check_looks_into_manifests_only_when_asked(repo: Repo) -> None:
    repo.write({"requirements.txt": "apache-airflow\n", "a.py": "import airflow\n"})

    def check(*arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [COMMAND, "check", "--output-format=concise", "-q", *arguments],
            cwd=repo.root,
            env=repo.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    assert check() == (0, "")
    assert check("--select=OFR301")[1].startswith("a.py:1:8: OFR301")
    assert check("--select=OFR303") == (1, "requirements.txt:1:1: OFR303 `apache-airflow` is among the dependencies\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere.py",), "offramp: nowhere.py: there is no such file or directory\n"),
        (("dags/a.py", "nowhere.py"), "offramp: nowhere.py: there is no such file or directory\n"),
        (("empty",), "offramp: empty: there is no Python file or dependency manifest to check in this directory\n"),
        (("--baseline", "dags"), "offramp: {root}/dags: cannot read the baseline: Is a directory\n"),
        (
            ("--baseline", "no.json"),
            "offramp: --baseline: there is no baseline {root}/no.json; --accept-new makes one\n",
        ),
        (("--base", "no-such"), "offramp: git knows no revision `no-such`\n"),
        (("--base", ""), "offramp: git knows no revision ``\n"),
        (("--base", "--all"), "offramp: git knows no revision `--all`\n"),
    ],
)
def test_nothing_passes_by_accident(accepted: Repo, arguments: tuple[str, ...], said: str) -> None:
    (accepted.root / "empty").mkdir()
    joined = tuple(f"{arguments[0]}={arguments[1]}" if arguments[0] == "--base" else item for item in arguments)
    done = accepted.gate(*(joined[:1] if arguments[0] == "--base" else arguments))
    assert (done.code, done.err) == (2, said.format(root=accepted.root))
    assert "All checks passed" not in done.out


def test_a_file_that_cannot_be_parsed_fails_and_writes_nothing(accepted: Repo) -> None:
    before = accepted.baseline
    accepted.write({"dags/a.py": "from airflow import (\n", "dags/b.py": "import os\n"})
    done = accepted.gate("--update")
    assert done.code == 2
    assert done.findings == ["dags/a.py:1:21: OFR901 cannot parse: '(' was never closed"]
    assert done.summary == "No new findings (0 known, 3 files checked). 1 problem made the check incomplete."
    assert "offramp: offramp-baseline.json is not written: the check is incomplete\n" in done.err
    assert "gone from dags/b.py" in done.err
    assert "gone from dags/a.py" not in done.err
    assert accepted.baseline == before


def test_a_first_baseline_that_cannot_be_written_is_not_advised_again(repo: Repo) -> None:
    repo.write({"dags/a.py": "from airflow import (\n", "dags/b.py": DAG})
    done = repo.gate("--accept-new")
    assert (done.code, done.err) == (2, "offramp: offramp-baseline.json is not written: the check is incomplete\n")
    assert not (repo.root / "offramp-baseline.json").exists()


def test_named_files_that_are_excluded_pass_with_a_line(accepted: Repo) -> None:
    accepted.write({"offramp.toml": 'extend-exclude = ["dags"]\nforce-exclude = true\n'})
    done = accepted.gate("dags/a.py")
    assert (done.code, done.err) == (0, "offramp: dags/a.py is excluded by the configuration\n")


def test_a_baseline_that_is_only_a_broken_link(repo: Repo) -> None:
    repo.write(OLD)
    (repo.root / "offramp-baseline.json").symlink_to("gone.json")
    assert repo.gate().code == 2


def test_gates_at_once_on_one_baseline_lose_nothing(repo: Repo) -> None:
    files = [f"dags/{number}.py" for number in range(12)]
    repo.write(dict.fromkeys(files, DAG))
    for option, left in (("--accept-new", 12), ("--update", 0)):
        running = [
            subprocess.Popen([COMMAND, "gate", "-q", option, file], cwd=repo.root, env=repo.environment)
            for file in files
        ]
        assert [process.wait() for process in running] == [0] * 12
        assert len(repo.baseline) == left
        repo.write(dict.fromkeys(files, "import os\n"))


def test_a_hundred_thousand_findings(repo: Repo) -> None:
    names = "".join(f"from airflow.m{number} import x\n" for number in range(1000))
    repo.write({f"dags/d{number}.py": names for number in range(100)})
    done = repo.gate()
    assert (done.code, len(done.findings)) == (1, 100_000)
    assert repo.gate("--accept-new").code == 0
    assert len(repo.baseline) == 100_000
    repo.write({"dags/d50.py": names + DAG})
    assert repo.gate().findings == ["dags/d50.py:1001:21: OFR301"]
    shell = f"{COMMAND} gate --baseline none.json --accept-new --locked; {COMMAND} check --select OFR301 | head -1"
    done_pipe = subprocess.run(
        ["sh", "-c", f"rm offramp-baseline.json; {COMMAND} gate | head -1; {shell}"],
        cwd=repo.root,
        env=repo.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done_pipe.stdout.splitlines()[0].startswith("OFR301 `airflow.m0.x`")
    assert "Traceback" not in done_pipe.stderr
    assert "Broken" not in done_pipe.stderr


def test_statistics_count_by_folder_and_owner(accepted: Repo) -> None:
    accepted.write(
        {
            "CODEOWNERS": "* @all\n/dags/ @data @ml\n/dags/b.py\n",
            "dags/a.py": "import os\n",
            "dags/b.py": "import airflow\nimport airflow.models\n",
            "top.py": DAG,
        }
    )
    done = accepted.gate("--statistics")
    assert done.code == 1
    assert done.out == (
        "               total      new     gone\n"
        "(top level)        1        1        0\n"
        "dags               2        1        1\n"
        "\n"
        "(no owner)         2        1        0\n"
        "@all               1        1        0\n"
        "@data              0        0        1\n"
        "@ml                0        0        1\n"
        "\n"
        "total              3        2        1\n"
    )
    counted = json.loads(accepted.gate("--statistics", "--output-format=json").out)
    assert (counted["total"], counted["new"], counted["gone"]) == (3, 2, 1)
    assert counted["folders"][1] == {"name": "dags", "total": 2, "new": 1, "gone": 1}
    assert [row["name"] for row in counted["owners"]] == ["(no owner)", "@all", "@data", "@ml"]


def test_nothing_to_count(repo: Repo) -> None:
    repo.write({"a.py": ""})
    assert repo.gate("--statistics").out.splitlines()[-1].split() == ["total", "0", "0", "0"]


def test_per_file_ignores_and_comments_hold_in_the_gate(repo: Repo) -> None:
    repo.write(
        {
            "offramp.toml": '[per-file-ignores]\n"requirements.txt" = ["OFR303"]\n',
            "requirements.txt": "apache-airflow\n",
            "a.py": "import airflow  # noqa: OFR301\nimport airflow.models  # offramp: ignore[OFR301] until June\n",
        }
    )
    done = repo.gate()
    assert (done.code, done.out) == (0, "No new findings (0 known, 2 files checked).\n")


def test_names_of_files_that_are_not_utf_8(repo: Repo) -> None:
    name = os.fsencode(str(repo.root)) + b"/caf\xe9.py"
    Path(os.fsdecode(name)).write_text(DAG)
    assert repo.gate("--accept-new").code == 0
    done = repo.gate()
    assert (done.code, done.summary) == (0, "No new findings (1 known, 1 file checked).")

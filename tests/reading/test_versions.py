"""Which versions a project uses: pins, ranges, lock files, and what stays unknown."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from offramp.reading.versions import UNKNOWN, Interval, find_versions
from offramp.settings import Settings

PROVIDER = "apache-airflow-providers-dbt-cloud"


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize(
    ("interval", "version", "answer"),
    [
        (Interval((4, 11, 1), (4, 11, 2)), (4, 7), True),
        (Interval((4, 7), (4, 7, 1)), (4, 7), True),
        (Interval((4, 7), (4, 7, 1)), (4, 7, 0), True),
        (Interval((4, 6, 4), (4, 6, 5)), (4, 7), False),
        (Interval((4, 7)), (4, 7), True),
        (Interval((4,)), (4, 7), None),
        (Interval((), (4, 7)), (4, 7), False),
        (Interval((), (4, 8)), (4, 7), None),
        (Interval((3,), (4,)), (3,), True),
        (Interval((3,), (4,)), (3, 1), None),
        (UNKNOWN, (3,), None),
    ],
)
def test_at_least(interval: Interval, version: tuple[int, ...], answer: bool | None) -> None:
    assert interval.at_least(version) is answer


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("4.11.1", Interval((4, 11, 1), (4, 11, 2))),
        ("4.11", Interval((4, 11), (4, 12))),
        ("4", Interval((4,), (5,))),
        ("4.0", Interval((4,), (4, 1))),
    ],
)
def test_setting_stands_for_every_version_that_begins_so(setting: str, expected: Interval, tmp_path: Path) -> None:
    write(tmp_path, {"requirements.txt": f"{PROVIDER}==3.2.0\n"})
    assert find_versions(Settings(str(tmp_path), dbt_cloud_provider_version=setting)).provider == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"{PROVIDER}==4.0.0", Interval((4,), (4, 0, 1))),
        (f"{PROVIDER}==4.7", Interval((4, 7), (4, 7, 1))),
        (f"{PROVIDER}===4.7.2  # pinned", Interval((4, 7, 2), (4, 7, 3))),
        (f"{PROVIDER}==4.7.2+composer", Interval((4, 7, 2), (4, 7, 3))),
        (f"{PROVIDER}==4.*", Interval((4,), (5,))),
        (f"{PROVIDER}>=4.7", Interval((4, 7))),
        (f"{PROVIDER}>4.7", Interval((4, 7))),
        (f"{PROVIDER}<4.7", Interval((), (4, 7))),
        (f"{PROVIDER}<=4.6.4", Interval((), (4, 6, 5))),
        (f"{PROVIDER}~=4.7.1", Interval((4, 7, 1), (4, 8))),
        (f"{PROVIDER}~=4.7", Interval((4, 7), (5,))),
        (f"{PROVIDER} >= 4.2, < 5 ; python_version > '3.9'", Interval((4, 2), (5,))),
        (f"{PROVIDER}!=4.3", UNKNOWN),
        (f"{PROVIDER}>5,<4", UNKNOWN),
        (PROVIDER, UNKNOWN),
        ("Apache_Airflow.Providers-dbt.cloud==4.7.2", Interval((4, 7, 2), (4, 7, 3))),
        (f"{PROVIDER}==4.7.2 \\\n    --hash=sha256:00 \\\n    --hash=sha256:11", Interval((4, 7, 2), (4, 7, 3))),
        (f"# {PROVIDER}==4.7.2", UNKNOWN),
        (f"{PROVIDER} @ https://example.org/p-4.7.2.whl", UNKNOWN),
        (f"{PROVIDER}-extra==4.7.2", UNKNOWN),
        (f"{PROVIDER}==\n-e .\n--index-url https://example.org\ngit+https://example.org/airflow", UNKNOWN),
    ],
)
def test_requirement(line: str, expected: Interval, tmp_path: Path) -> None:
    write(tmp_path, {"requirements.txt": line + "\n"})
    assert find_versions(Settings(str(tmp_path))).provider == expected


def test_included_and_constraining_files_count_together(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "requirements.txt": "-r reqs/base.txt\n--constraint=limits.txt\nprefect>=3\n",
            "reqs/base.txt": "apache-airflow[dbt-cloud]>=2.7\n-r ../requirements.txt\n",
            "limits.txt": "apache-airflow==2.10.4\nprefect<3.5\n",
        },
    )
    versions = find_versions(Settings(str(tmp_path)))
    assert versions.airflow == Interval((2, 10, 4), (2, 10, 5))
    assert versions.prefect == Interval((3,), (3, 5))
    assert versions.provider == UNKNOWN


def test_published_constraints_name_the_airflow_version(tmp_path: Path) -> None:
    address = "https://raw.githubusercontent.com/apache/airflow/constraints-2.10.4/constraints-3.11.txt"
    write(tmp_path, {"requirements.txt": f"-c {address}\napache-airflow\n"})
    assert find_versions(Settings(str(tmp_path))).airflow == Interval((2, 10, 4), (2, 10, 5))


def test_several_files_leave_what_lies_between_them(tmp_path: Path) -> None:
    write(tmp_path, {"requirements-old.txt": "apache-airflow==2.10.4\n", "requirements.txt": "apache-airflow==3.0.1\n"})
    assert find_versions(Settings(str(tmp_path))).airflow == Interval((2, 10, 4), (3, 0, 2))


def test_folder_of_requirements(tmp_path: Path) -> None:
    write(tmp_path, {"requirements/prod.txt": "prefect==3.1.2\n", "requirements/notes.md": "prefect==2.0.0\n"})
    assert find_versions(Settings(str(tmp_path))).prefect == Interval((3, 1, 2), (3, 1, 3))


@pytest.mark.parametrize(
    ("toml", "expected"),
    [
        ('[project]\ndependencies = ["prefect>=3.1,<4"]\n', Interval((3, 1), (4,))),
        ('[project.optional-dependencies]\nflows = ["prefect==3.1.2"]\n', Interval((3, 1, 2), (3, 1, 3))),
        ('[dependency-groups]\ndev = [{include-group = "x"}, "prefect==3.1.2"]\n', Interval((3, 1, 2), (3, 1, 3))),
        ('[tool.poetry.dependencies]\nprefect = "^3.1"\n', Interval((3, 1), (4,))),
        ('[tool.poetry.dependencies]\nprefect = "^0.7.2"\n', Interval((0, 7, 2), (0, 8))),
        ('[tool.poetry.dependencies]\nprefect = "~3.1"\n', Interval((3, 1), (3, 2))),
        ('[tool.poetry.dependencies]\nprefect = "~3"\n', Interval((3,), (4,))),
        ('[tool.poetry.dependencies]\nprefect = "3.1.2"\n', Interval((3, 1, 2), (3, 1, 3))),
        ('[tool.poetry.dependencies]\nprefect = "3.*"\n', Interval((3,), (4,))),
        ('[tool.poetry.dependencies]\nprefect = ">=2.20,<3.0 || ^3.1"\n', Interval((2, 20), (4,))),
        ('[tool.poetry.dependencies]\nprefect = "*"\n', UNKNOWN),
        (
            '[tool.poetry.group.flows.dependencies]\nPrefect = {version = "^3.1"}\n',
            Interval((3, 1), (4,)),
        ),
        (
            (
                "[[tool.poetry.dependencies.prefect]]\nversion = '^2.20'\n"
                "[[tool.poetry.dependencies.prefect]]\nversion = '^3'\n"
            ),
            Interval((2, 20), (4,)),
        ),
        ('[tool.poetry.dependencies]\nprefect = {git = "https://example.org/prefect"}\n', UNKNOWN),
        ("[project]\ndependencies = 'prefect'\n[tool]\npoetry = 1\n", UNKNOWN),
        ("prefect = = 1\n", UNKNOWN),
    ],
)
def test_pyproject(toml: str, expected: Interval, tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": toml})
    assert find_versions(Settings(str(tmp_path))).prefect == expected


def test_setup_cfg(tmp_path: Path) -> None:
    text = (
        "[options]\ninstall_requires =\n    requests\n    apache-airflow>=2.7\n\n"
        "[options.extras_require]\nflows =\n    prefect~=3.1\n"
    )
    write(tmp_path, {"setup.cfg": text})
    versions = find_versions(Settings(str(tmp_path)))
    assert (versions.airflow, versions.prefect) == (Interval((2, 7)), Interval((3, 1), (4,)))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("uv.lock", 'version = 1\n\n[[package]]\nname = "prefect"\nversion = "3.8.8"\nsource = {}\n'),
        ("poetry.lock", '[[package]]\nname = "prefect"\nversion = "3.8.8"\ndescription = ""\n'),
        (
            "Pipfile.lock",
            '{"_meta": {}, "default": {"prefect": {"version": "==3.8.8"}, "x": {"git": ""}}, "develop": {}}',
        ),
    ],
)
def test_lock_file_wins_over_requirements(name: str, text: str, tmp_path: Path) -> None:
    write(tmp_path, {name: text, "requirements.txt": "prefect==2.20.0\napache-airflow==2.10.4\n"})
    versions = find_versions(Settings(str(tmp_path)))
    assert versions.prefect == Interval((3, 8, 8), (3, 8, 9))
    assert versions.airflow == Interval((2, 10, 4), (2, 10, 5))


def test_broken_lock_says_nothing(tmp_path: Path) -> None:
    write(tmp_path, {"Pipfile.lock": '{"default": prefect'})
    assert find_versions(Settings(str(tmp_path))).prefect == UNKNOWN


def test_directories_above_count_up_to_the_repository(tmp_path: Path) -> None:
    write(tmp_path, {"requirements.txt": "prefect==2.0.0\n", "repo/requirements.txt": "prefect==3.1.2\n"})
    (tmp_path / "repo" / "dags" / "team").mkdir(parents=True)
    assert find_versions(Settings(str(tmp_path / "repo" / "dags"))).prefect == UNKNOWN
    (tmp_path / "repo" / ".git").mkdir()
    assert find_versions(Settings(str(tmp_path / "repo" / "dags" / "team"))).prefect == Interval((3, 1, 2), (3, 1, 3))
    (tmp_path / "repo" / "requirements.txt").unlink()
    assert find_versions(Settings(str(tmp_path / "repo" / "dags"))).prefect == UNKNOWN


def test_nothing_is_read_or_imported_before_it_is_asked(tmp_path: Path) -> None:
    write(tmp_path, {"requirements.txt": "prefect==3.1.2\n"})
    program = (
        "import sys\n"
        "from offramp.settings import Settings\n"
        "from offramp.reading.versions import find_versions\n"
        f"versions = find_versions(Settings({str(tmp_path)!r}))\n"
        "early = 'packaging' in sys.modules\n"
        "print(early, versions.prefect.low)\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert run.stdout == "False (3, 1, 2)\n", run.stderr

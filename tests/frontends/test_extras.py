"""OFR404: extras that prefect-dbt does not have, in every manifest that can ask for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Run

CASES = {
    "requirements.txt": ("prefect>=3\nPrefect_dbt[cloud, snowflake]>=0.7 ; os_name == 'x'\nother[cloud]\n", ["2:1"]),
    "requirements-dev.in": ("# prefect-dbt[cloud]\nprefect-dbt[all_extras,bigquery]\nprefect-dbt\n", []),
    "pyproject.toml": (
        """\
[project]
name = "x"
dependencies = ["prefect-dbt[cloud]"]
[tool.poetry.dependencies]
prefect-dbt = { version = "^0.7", extras = ["cli"] }
""",
        ["3:18", "5:1"],
    ),
    "setup.cfg": ("[options]\ninstall_requires =\n    prefect-dbt[cloud]\n", ["3:5"]),
    "setup.py": ('from setuptools import setup\n\nsetup(install_requires=["prefect-dbt[cloud]"])\n', ["3:25"]),
    "Pipfile": ('[packages]\nprefect-dbt = {extras = ["cloud"], version = "*"}\n', ["2:1"]),
    "environment.yml": ("dependencies:\n  - pip:\n      - prefect-dbt[cloud]\n", ["3:9"]),
    "Dockerfile": ('FROM x\nRUN pip install -q "prefect-dbt[cloud]" pandas\nRUN echo prefect-dbt[cloud]\n', ["2:21"]),
    "deploy.sh": ("uv pip install 'prefect-dbt[cloud]'\n", ["1:17"]),
    "tox.ini": ("[testenv]\ndeps = prefect-dbt[nix]\n", ["2:8"]),
    "noxfile.py": ('def tests(session):\n    session.install("prefect-dbt[cloud]>=0.7", "other[cloud]")\n', ["2:21"]),
    "flows.py": ('# /// script\n# dependencies = ["prefect-dbt[cloud]"]\n# ///\nprint(1)\n', ["2:20"]),
    "pixi.toml": ('[pypi-dependencies]\nprefect-dbt = { version = "*", extras = ["cloud"] }\n', ["2:1"]),
    "pixi.lock": ("packages:\n- pypi: https://example.com/x.whl\n  name: prefect-dbt\n", []),
    "uv.lock": ('version = 1\n\n[[package]]\nname = "prefect-dbt"\nversion = "0.7.25"\nextras = ["cloud"]\n', []),
}


@pytest.mark.parametrize(("name", "content", "places"), [(name, *case) for name, case in CASES.items()], ids=CASES)
def test_each_manifest(name: str, content: str, places: list[str], offramp: Run, tmp_path: Path) -> None:
    (tmp_path / "ok.py").write_text("")
    (tmp_path / name).write_text(content)
    done = offramp("check", "--output-format", "concise", "-q")
    assert done.stderr == ""
    found = [line.split(": ")[0] for line in done.stdout.splitlines()]
    assert found == [f"{name}:{place}" for place in places]
    assert done.returncode == (1 if places else 0)


def test_the_message_names_what_there_is(offramp: Run, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("prefect-dbt[cloud]==0.7.25\n")
    assert offramp("check", "--output-format", "concise", "-q").stdout == (
        "requirements.txt:1:1: OFR404 prefect-dbt has no extra `cloud`, only all-extras, bigquery, postgres and "
        "snowflake: pip and uv warn and go on without it\n"
    )


def test_airflow_in_a_manifest_is_nothing_to_this_rule(offramp: Run, tmp_path: Path) -> None:
    """Only the gate looks for Airflow there, and a broken manifest without prefect-dbt is not read."""
    (tmp_path / "requirements.txt").write_text("apache-airflow==2.10.4\n<<<<<<< ours\n")
    assert offramp("check").returncode == 0


def test_prefect_dbts_own_code_is_not_held_against_its_releases(offramp: Run, tmp_path: Path) -> None:
    (tmp_path / "flows.py").write_text("from prefect_dbt.later import nightly\n")
    assert offramp("check", "-q").returncode == 1
    package = tmp_path / "src" / "prefect_dbt"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (tmp_path / "pyproject.toml").write_text("[tool.offramp]\n")
    assert offramp("check", "-q").returncode == 0


@pytest.mark.parametrize(
    ("pin", "code"), [("prefect-dbt==0.7.25", 1), ("prefect-dbt==0.6.7", 0), ("prefect==3.8.8", 0)]
)
def test_a_deprecated_module_where_all_releases_warn(pin: str, code: int, offramp: Run, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(f"{pin}\n")
    (tmp_path / "flows.py").write_text("from prefect_dbt.cli.commands import DbtCoreOperation\n")
    done = offramp("check", "--output-format", "concise", "-q")
    assert done.returncode == code
    assert done.stdout == "" or done.stdout.endswith(
        "OFR403 `prefect_dbt.cli.commands` is deprecated since prefect-dbt 0.7.0 and warns when it is imported\n"
    )

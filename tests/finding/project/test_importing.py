"""Which other files import a module: by statements or calls, by every path that it may be searched by."""

from __future__ import annotations

from pathlib import Path

import pytest

from offramp.project.index import Project


@pytest.mark.parametrize(
    ("file", "other", "line", "imported"),
    [
        ("dags/daily.py", "other.py", "import daily", True),
        ("dags/daily.py", "other.py", "import os, dags.daily as d", True),
        ("dags/daily.py", "other.py", "from dags.daily import dag", True),
        ("dags/daily.py", "other.py", "from dags import weekly, daily", True),
        ("dags/daily.py", "other.py", "from dags import (\n    daily,  # )\n)", True),
        ("dags/daily.py", "other.py", "from dags import (\n    weekly, daily,\n)", True),
        ("dags/daily.py", "other.py", "from dags import \\\n    daily", True),
        ("dags/daily.py", "other.py", "if True: import daily", True),
        ("dags/daily.py", "other.py", "def f():\n    import daily", True),
        ("dags/daily.py", "dags/other.py", "from . import daily", True),
        ("dags/daily.py", "dags/other.py", "from .daily import dag", True),
        ("dags/daily.py", "dags/team/other.py", "from ..daily import dag", True),
        ("dags/__init__.py", "other.py", "from dags import anything", True),
        ("src/dags/daily.py", "tests/other.py", "from dags.daily import dag", True),
        ("dags/daily.py", "other.py", 'from importlib import import_module\nimport_module("dags.daily")', True),
        (
            "dags/daily.py",
            "other.py",
            'import importlib\nfor name in ("weekly", "daily"):\n    importlib.import_module(f"dags.{name}")',
            True,
        ),
        ("dags/daily.py", "other.py", 'm = __import__("daily")', True),
        ("dags/daily.py", "other.py", 'import runpy\nrunpy.run_path("dags/daily.py")', True),
        ("dags/daily.py", "other.py", 'import runpy\nrunpy.run_module("dags.daily")', True),
        ("dags/daily.py", "other.py", 'exec("from dags.daily import dag")', True),
        ("dags/daily.py", "other.py", "import dailyish", False),
        ("dags/daily.py", "other.py", "x = 'import daily'", False),
        ("dags/daily.py", "other.py", '"""First\nimport daily\nthen run it."""', False),
        ("dags/daily.py", "other.py", "from reports import daily", False),
        ("dags/daily.py", "other.py", "from . import daily", False),
        ("dags/daily.py", "other.py", "if TYPE_CHECKING:\n    from daily import dag", False),
        # These names are what packages give, not the files.
        ("dags/flow.py", "other.py", "from prefect import flow, task", False),
        ("dags/dag.py", "dags/other.py", "from airflow.decorators import dag", False),
        # Airflow's folder of DAGs comes after the standard library.
        ("dags/calendar.py", "other.py", "import calendar", False),
    ],
)
def test_importing(file: str, other: str, line: str, imported: bool, tmp_path: Path) -> None:
    module, importer = tmp_path / file, tmp_path / other
    for path, text in ((module, ""), (importer, f"{line}\n")):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    found = Project([str(module), str(importer)]).importing(str(module))
    assert found == (str(importer) if imported else None)


def test_the_module_below_a_directory_around_the_importing_file_is_meant(tmp_path: Path) -> None:
    texts = {"a/daily.py": "", "b/daily.py": "", "a/other.py": "import daily\n"}
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    project = Project([str(tmp_path / name) for name in texts])
    assert project.importing(str(tmp_path / "a/daily.py")) == str(tmp_path / "a/other.py")
    assert project.importing(str(tmp_path / "b/daily.py")) is None


def test_a_file_that_has_changed_is_looked_at_again(tmp_path: Path) -> None:
    module, other = tmp_path / "daily.py", tmp_path / "other.py"
    module.write_text("", encoding="utf-8")
    other.write_text("", encoding="utf-8")
    project = Project([str(module), str(other)])
    assert project.importing(str(module)) is None
    other.write_text("import daily\n", encoding="utf-8")
    assert project.importing(str(module)) is None
    project.forget(str(other))
    assert project.importing(str(module)) == str(other)
    other.unlink()
    project.forget(str(other))
    assert project.importing(str(module)) is None

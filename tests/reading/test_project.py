"""Which other files import a module is told by the names that their import statements use."""

from __future__ import annotations

from pathlib import Path

import pytest

from offramp.reading.project import Project


@pytest.mark.parametrize(
    ("file", "line", "imported"),
    [
        ("dags/daily.py", "import daily", True),
        ("dags/daily.py", "import os, dags.daily as d", True),
        ("dags/daily.py", "from dags.daily import dag", True),
        ("dags/daily.py", "from dags import weekly, daily", True),
        ("dags/daily.py", "from dags import (\n    daily,\n)", True),
        ("dags/daily.py", "from . import daily", True),
        ("dags/daily.py", "from .daily import dag", True),
        ("dags/__init__.py", "from dags import anything", True),
        ("dags/daily.py", "import dailyish", False),
        ("dags/daily.py", "x = 'import daily'", False),
        ("dags/daily.py", "from reports import daily", False),
        # `flow` is what Prefect's package gives, not the file of that name.
        ("dags/flow.py", "from prefect import flow, task", False),
    ],
)
def test_importing(file: str, line: str, imported: bool, tmp_path: Path) -> None:
    module, other = tmp_path / file, tmp_path / "other.py"
    module.parent.mkdir()
    module.write_text("", encoding="utf-8")
    other.write_text(f"{line}\n", encoding="utf-8")
    found = Project([str(module), str(other)]).importing(str(module))
    assert found == (str(other) if imported else None)

"""Modules are found without importing them, in namespace packages too."""

from __future__ import annotations

from pathlib import Path

import pytest

from offramp.reading.installed import module_file


@pytest.mark.parametrize("marked", [True, False])
def test_a_module_below_namespace_packages(marked: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Airflow has it: the packages in between have no ``__init__.py``, the one at the top may have one."""
    folder = tmp_path / "flights" / "providers" / "cloud"
    folder.mkdir(parents=True)
    (folder / "operators.py").write_text("")
    if marked:
        (tmp_path / "flights" / "__init__.py").write_text("")
    monkeypatch.chdir(tmp_path)
    assert module_file("flights.providers.cloud.operators") == str(folder / "operators.py")
    assert module_file("flights.providers.cloud.sensors") is None
    assert module_file("flights.providers") is None

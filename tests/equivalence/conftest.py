"""Equivalence runs take minutes and 2 GB of environments: they run where they are asked for, ``-m equivalence``."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--everything", action="store_true", help="every scene of every fixture, with both Airflows")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "equivalence: runs real Airflow and real Prefect (select with -m equivalence)")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "equivalence" in (config.option.markexpr or ""):
        return
    asked_for = [item for item in items if not item.get_closest_marker("equivalence")]
    config.hook.pytest_deselected(items=[item for item in items if item not in asked_for])
    items[:] = asked_for

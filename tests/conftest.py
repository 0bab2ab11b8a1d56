"""Options and markers of all tests: the long runs take part where they are asked for.

Real Airflow and real Prefect (``-m equivalence``) take minutes and 2 GB of environments.
"""

from __future__ import annotations

import pytest

from offramp.knowledge.rulebook import load_rulebook
from offramp.model import OfframpError


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--everything", action="store_true", help="every scene of every fixture, and all front ends on it")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "equivalence: runs real Airflow and real Prefect (select with -m equivalence)")
    config.addinivalue_line("markers", "everything: repeats what other tests show on fewer inputs (--everything)")
    if not hasattr(config, "workerinput"):
        _check_notes()


def _check_notes() -> None:
    """End the run with one sentence where the notes cannot be used: thousands of tests would fail by it, or wait."""
    try:
        load_rulebook([], pytest.fail)
    except OfframpError as error:
        raise pytest.UsageError(str(error)) from None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    # The first to ask for a run waits for all of them, which have limits of their own.
    for item in items:
        if item.get_closest_marker("equivalence"):
            item.add_marker(pytest.mark.timeout(0))
    left_out = set()
    if "equivalence" not in (config.option.markexpr or ""):
        left_out.add("equivalence")
    if not config.option.everything:
        left_out.add("everything")
    asked_for = [item for item in items if not any(map(item.get_closest_marker, left_out))]
    config.hook.pytest_deselected(items=[item for item in items if item not in asked_for])
    items[:] = asked_for

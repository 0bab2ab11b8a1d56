"""The names of dbt's commands."""

from __future__ import annotations

import pytest

from offramp.knowledge.dbt_commands import command_of


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("run", "run"),
        ("ls --select x", "list"),
        ("list", "list"),
        ("source snapshot-freshness", "source freshness"),
        ("source freshness --select source:raw", "source freshness"),
        ("--quiet source snapshot-freshness", "source freshness"),
        ("docs generate", "docs generate"),
        ("--log-level debug --no-use-colors build", "build"),
        ("--log-level=debug test", "test"),
        ("run-operation grant", "run-operation"),
        ("snapshot-freshness", "snapshot-freshness"),
        ("made-up build", "made-up"),
        ("--version", ""),
        ("", ""),
    ],
)
def test_a_command_is_known_by_all_its_names(line: str, command: str) -> None:
    assert command_of(line.split()) == command

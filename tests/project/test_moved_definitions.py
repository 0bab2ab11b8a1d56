"""Moving classes into another module, and importing them, changes no finding of their calls."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import NamedTuple

import pytest
from markdown_cases import Case, cases

from offramp.engine import Context, check_bytes
from offramp.knowledge.rulebook import load_rulebook
from offramp.reading.source import Positions
from offramp.reading.versions import find_versions
from offramp.settings import enabled_codes, load

CASES = Path(__file__).resolve().parents[1] / "finding" / "cases"


class Moved(NamedTuple):
    """A file without its classes, and the module that has them."""

    file: str
    module: str


def moved(code: str) -> Moved | None:
    """Take the classes out of a file where they need nothing of it but its imports and each other."""
    tree = ast.parse(code)
    names = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    imported = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    known = {(one.asname or one.name).partition(".")[0] for node in imported for one in node.names}
    others = {
        name.id
        for node in tree.body
        if not isinstance(node, ast.ClassDef | ast.Import | ast.ImportFrom)
        for name in ast.walk(node)
        if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
    } | {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    read = {
        name.id
        for node in tree.body
        if isinstance(node, ast.ClassDef)
        for name in ast.walk(node)
        if isinstance(name, ast.Name)
    }
    if (
        not names
        or "*" in known
        or (others & (names | read))
        or any(isinstance(one, ast.Global) for one in ast.walk(tree))
    ):
        return None
    rows = [row for node in tree.body if isinstance(node, ast.ClassDef) for row in _rows(node)]
    lines = code.splitlines()
    heads = [row for node in imported for row in _rows(node)]
    first = max([*heads, 0], key=lambda row: row if row < min(rows) else 0)
    file = [("" if row in rows else line) for row, line in enumerate(lines, 1)]
    file[rows[0] - 1] = f"from other_module import {', '.join(sorted(names))}"
    module = [line if row in rows or row in heads else "" for row, line in enumerate(lines, 1)]
    return Moved("\n".join(file) + "\n", "\n".join(module) + "\n") if first < rows[0] else None


def _rows(node: ast.stmt) -> range:
    decorators = [one.lineno for one in getattr(node, "decorator_list", ())]
    return range(min([node.lineno, *decorators]), (node.end_lineno or node.lineno) + 1)


# What another module's class holds besides constants, does with its arguments besides handing them on, or makes of
# Airflow's DAG, is not followed: less is found then, and nothing else.
NOT_FOLLOWED = {
    "dbt-in-bash: loops, functions, mapped tasks and classes",
    "operator-bindings: kept by objects",
    "operator-bindings: properties, static methods, slices and what is popped",
    "operator-spellings: classes under the names of methods that texts and lists have",
    "prefect-arguments: API keys in partials, subclasses and copies",
    "waiting-corners: dag subclass without constructor",
}
MOVABLE = [pytest.param(case, id=case.name) for case in cases(CASES) if moved(case.code) is not None]


@pytest.mark.parametrize("case", MOVABLE)
def test_calls_are_found_as_before(case: Case, tmp_path: Path) -> None:
    after = moved(case.code)
    assert after is not None
    (tmp_path / "before.py").write_text(case.code)
    (tmp_path / "after.py").write_text(after.file)
    (tmp_path / "other_module.py").write_text(after.module)
    before = _found(tmp_path / "before.py")
    outside = {row for row, line in enumerate(after.file.splitlines(), 1) if line}
    expected = [one for one in before if one[0] in outside and "OFR108" not in one[1]]
    found = [one for one in _found(tmp_path / "after.py") if "OFR108" not in one[1]]
    if case.name in NOT_FOLLOWED:
        assert {(row, said[:6]) for row, said in found} < {(row, said[:6]) for row, said in expected}
    else:
        assert found == expected


def test_enough_is_moved() -> None:
    assert len(MOVABLE) > 40


def _found(path: Path) -> list[tuple[int, str]]:
    rulebook = load_rulebook([], pytest.fail)
    settings = load(str(path), {})
    enabled = enabled_codes(settings, rulebook.rules.values())
    result = check_bytes(str(path), path.read_bytes(), Context(settings, rulebook, enabled, find_versions(settings)))
    assert not result.problem
    positions = Positions(result.text)
    return [(positions.row(one.span.start), f"{one.code} {one.message}") for one in result.findings]

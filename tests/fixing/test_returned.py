"""What a task returns is the same after Airflow's XCom, or not known to be.

Seen on Airflow 3.3.2 and 2.10.5: ``{1: (2, 3)}`` comes back with the key ``"1"``, on Airflow 2 with a list.
"""

from __future__ import annotations

import ast

import pytest

from offramp.converting.judges.xcom_results import survives
from offramp.finding.operators import Module
from offramp.knowledge.rulebook import load_rulebook

RULEBOOK = load_rulebook((), print)


@pytest.mark.parametrize(
    ("body", "same"),
    [
        ("print(1)", True),
        ("return", True),
        ("return None", True),
        ("return 'a' + NAME", True),
        ("return [1, 2.5, 'x', True, None]", True),
        ("return {'rows': 3, 'tables': ['a', 'b']}", True),
        ("return f'{object()}'", True),
        ("return len(open('x').read())", True),
        ("def inner():\n        return (1, 2)\n    return str(inner())", True),
        ("return {1: 'a'}", False),
        ("return (1, 2)", False),
        ("return [(1, 2)]", False),
        ("return {'a': {1}}", False),
        ("return {**MORE}", False),
        ("return b'x'", False),
        ("return load()", False),
        ("if NAME:\n        return 1\n    return (1,)", False),
    ],
)
def test_only_what_json_keeps_survives(body: str, same: bool) -> None:
    assert _survives(f"def f():\n    {body}") is same


@pytest.mark.parametrize(("annotation", "same"), [("int", True), ("dict[str, int]", True), ("dict", False)])
def test_an_annotation_is_believed_where_it_says_all(annotation: str, same: bool) -> None:
    assert _survives(f"def f() -> {annotation}:\n    return load()") is same


def _survives(function: str) -> bool:
    tree = ast.parse(f"NAME = 'n'\nMORE = {{}}\n{function}\n")
    node = tree.body[-1]
    assert isinstance(node, ast.FunctionDef)
    return survives(Module(tree, RULEBOOK), node)

"""The walk over a tree visits what ``ast.walk`` visits, in its order."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from offramp.python.nodes import children, walk

# Every kind of syntax that the running Python has and that fields are left out of.
ODD = """\
from . import a as b
async def f(a, /, b: int = 1, *c, d, e=2, **g) -> None:
    async with a as b, c: [x async for y in z if w]
    global q; nonlocal_ = {**a, 1: 2, **b}; print(*c, k=1, **d)
@d
class C(A, metaclass=B): x: int; del x, y[1:2, ...]
try: u"" rb"" if 0 else f"{a!r:>{w}}"
except (E, F) as e: raise G from e
match a:
    case {"k": [1, *rest], **more} | C(x=1) as whole if (n := 2) < 3 <= 4 != 5: pass
""".replace(' u"" rb""', ' u""')


@pytest.mark.parametrize("text", [ODD, Path(__file__).read_text(encoding="utf-8"), ""])
def test_as_ast_but_for_contexts(text: str) -> None:
    tree = ast.parse(text)
    expected = [node for node in ast.walk(tree) if not isinstance(node, ast.expr_context)]
    assert walk(tree) == expected
    for node in expected:
        assert children(node) == [
            child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.expr_context)
        ]

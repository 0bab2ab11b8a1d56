from __future__ import annotations

import ast

import pytest

from offramp.frontends.lsp.notebooks import python_only


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("%pip install x\ny = 1", "0             \ny = 1"),
        ("if a:\n    !ls é\n", "if a:\n    0    \n".replace("0", "0 ")),
        ("files = !ls\r\nz = %who", "files = 0  \r\nz = 0   "),
        ("é = !ls", "é = 0  "),
        ("frame.head?\nhelp??", "0          \n0     "),
        ("?help", "0    "),
        ("%%bash\nrm -r\n", "      \n     \n"),
        ("\n %%sql\nselect 1", "\n      \n        "),
    ],
)
def test_what_only_ipython_knows_is_replaced_by_as_many_bytes(cell: str, code: str) -> None:
    found = python_only(cell.encode())
    assert found == code.encode()
    assert len(found) == len(cell.encode())
    ast.parse(found)


@pytest.mark.parametrize("cell", ["x = (9\n%2)", "'''\n!ls\n%time\n'''", "x = 1  # what?\n", "await run()", ""])
def test_python_is_left_alone(cell: str) -> None:
    assert python_only(cell.encode()) == cell.encode()

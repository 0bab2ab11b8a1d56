"""Import statements found without a tree of the whole text are those that such a tree has, or are left to it."""

from __future__ import annotations

import ast
import sys
import sysconfig
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from offramp.reading.import_statements import import_statements
from offramp.reading.source import Source, SourceError

NEEDLES = (b"airflow", b"os")

# Row and byte columns of the name, of its statement, and the path.
Found = tuple[int, int, int, int, int, int, str]


def imports(tree: ast.Module, needles: tuple[bytes, ...] = NEEDLES) -> list[Found]:
    """Every import of a module whose name begins with a needle, in order."""
    beginnings = tuple(needle.decode() for needle in needles)
    return sorted(
        (*_place(name), *_place(node), path) for node, name, path in _imported(tree) if path.startswith(beginnings)
    )


def _place(node: ast.alias | ast.stmt) -> tuple[int, int, int]:
    return node.lineno, node.col_offset, node.end_col_offset or 0


def _imported(tree: ast.Module) -> Iterator[tuple[ast.stmt, ast.alias, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node, name, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from ((node, name, f"{node.module}.{name.name}") for name in node.names)


def whole(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


def places(text: str) -> list[tuple[int, int, str]] | None:
    found = import_statements(text.encode(), NEEDLES)
    return None if found is None else [(one[0], one[1], one[-1]) for one in imports(found)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import airflow\n", [(1, 7, "airflow")]),
        ("import airflow", [(1, 7, "airflow")]),
        ("x = 1\r\nimport airflow\r\n", [(2, 7, "airflow")]),
        ("import sys, airflow.x as a, os\n", [(1, 12, "airflow.x"), (1, 28, "os")]),
        ("from airflow import DAG  # a (comment\n", [(1, 20, "airflow.DAG")]),
        ("from airflow.models import (  # first)\n    A,  # (second\n\n    B as C,\n)  # last\n", [
            (2, 4, "airflow.models.A"), (4, 4, "airflow.models.B"),
        ]),
        ("from airflow.x import *\n", [(1, 22, "airflow.x.*")]),
        ("from .airflow import x\n", []),
        ("from airflows import x\n", [(1, 21, "airflows.x")]),
        ("if x:\n    import airflow\n  # half way\nelse:\n  from os import path\n", [
            (2, 11, "airflow"), (5, 17, "os.path"),
        ]),
        ("def f():\n\tif x:\n\t\timport airflow\n", [(3, 9, "airflow")]),
        ("import_airflow()\nfrom_airflow = 1\n# import airflow\nx = 'from airflow import y'\n", []),
        ('"""\nimport airflow\n"""\nimport os\n', [(4, 7, "os")]),
        ("'''\nimport airflow \\''' \"\"\"\nimport airflow\n'''\nimport os\n", [(5, 7, "os")]),
        ('"""a""" """\nimport airflow\n"""\n', []),
        ("x = ''  # '''\nimport os  # '''\n", [(2, 7, "os")]),
        ("x = '\"\"\"'\nimport os\ny = '\"\"\"'\n", [(2, 7, "os")]),
        ("x = r'\\'\"\"\"'\nimport os  # \"\"\"\n", [(2, 7, "os")]),
        ("x = f'{a!r:>{b}} {{\"\"\"}}' '\"\"\"'\nimport os  # \"\"\"\n", [(2, 7, "os")]),
        ("x = f\"\"\"{a['b']} ' \"\"\"\nimport os  # ' \"\"\"\n", [(2, 7, "os")]),
        ("é = 1\nimport os\n", [(2, 7, "os")]),
    ],
)  # fmt: skip
def test_found_without_a_tree_of_all(text: str, expected: list[tuple[int, int, str]]) -> None:
    assert places(text) == expected
    assert [(one[0], one[1], one[-1]) for one in imports(whole(text))] == expected


@pytest.mark.parametrize(
    "text",
    [
        "x = 1; import airflow\n",
        "import airflow; x = 1\n",
        "if x: import airflow\n",
        "import \\\n  airflow\n",
        "from airflow \\\n  import x\n",
        "from airflow.x import a, \\\n  b\n",
        "import sys, \\\n  airflow\n",
        "if x:\n import airflow\n",
        "'''\nimport airflow\n'''; import airflow\n",
        "x = 'a\\\nimport airflow\\\n'\n",
        "x = 1\rimport airflow\n",
        "import \N{FULLWIDTH LATIN SMALL LETTER A}irflow\nairflow\n",
        "x = f'''{\"'\"}'''\nimport airflow\n",
        "x = f'{\"}\"}'\nimport airflow\n",
        "x = rb'''\nimport os\n''', Rb'\\'\nimport os\n",
    ],
)
def test_left_to_a_tree_of_all(text: str) -> None:
    assert places(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "x = f'" + "{{a}} " * 60 + '{"}"}\'\nimport airflow\n',
        "from airflow import (\n" + "  a,  # first of the alphabet\n" * 60 + "); x = 1\n",
    ],
    ids=["braces", "comments"],
)
def test_it_takes_no_time_to_give_up(text: str) -> None:
    assert places(text) is None


# Only since Python 3.12, the quotes of an f-string may stand in it.
@pytest.mark.skipif(sys.version_info < (3, 12), reason="PEP 701")
@pytest.mark.parametrize(
    "text",
    [
        "x = f'{a['''\nimport airflow\n''']}'\n",
        "x = f'{'}' + a['b']}' '''\nimport airflow\n'''\n",
        "x = f'{\n'''\nimport airflow\n'''}'\n",
        'x = f"{a["""\nimport airflow\n"""]}"\n',
        "x = f'''{'''\nimport airflow\n'''}'''\n",
        "x = f'{a # '\n}' '''\nimport airflow\n'''\n",
    ],
)
def test_quotes_in_fields(text: str) -> None:
    assert imports(whole(text)) == []
    assert places(text) in (None, [])


FRAGMENTS = [
    *("import airflow\n", "from airflow.x import y\n", "from airflow import (a,\n  b)\n", "    import os, re\n"),
    *("from os import path as p # (\n", "; import os\n", "import", "os", "x = 1\n", "# import os\n", "#'\n"),
    *("if x:\n", "try:\n", "except E:\n", "def f():\n", "class A:\n", "    x\n", "    pass\n"),
    *('"""', "'''", '"', "'", "\\", "\\\n", "f", "rb", "{", "}", "{{", "}}", "#", "(", ")", ":", ";", "x", "é"),
    *("f'{", "}'", 'f"{x[', ']}"', "f'''", " ", "\t", "\f", "\n", "\r\n"),
]  # fmt: skip


@settings(max_examples=1500, deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=14).map("".join))
@example("'''''''import os\n'''\nimport os")
def test_whatever_parses(text: str) -> None:
    try:
        tree = whole(text)
    except (SyntaxError, ValueError):
        return
    found = import_statements(text.encode(), NEEDLES)
    if found is not None:
        assert imports(found) == imports(tree)


def test_python_itself() -> None:
    library = Path(sysconfig.get_path("stdlib"))
    hard = [*library.glob("test/test_*str*.py"), *library.glob("test/test_*im*.py"), *library.glob("test/test_t*.py")]
    found = left = 0
    for path in [*library.glob("*.py"), *hard]:
        raw = path.read_bytes()
        try:
            tree = whole(raw.decode())
        except (UnicodeDecodeError, SyntaxError, ValueError):
            continue
        statements = import_statements(raw, NEEDLES)
        if statements is None:
            left += 1
        else:
            assert imports(statements) == imports(tree), path
            found += 1
    assert found > 20 * left > 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\f",
        "'''doc'''\nfrom __future__ import annotations\n",
        "from __future__ import nonsense\n",
        "x = 1\nfrom __future__ import annotations\n",
        "return\n",
        "def f(a, a): nonlocal b\n",
        "x = '\\d'\n",
        "# coding: latin-1\n",
    ],
)
def test_what_parses_is_taken_lazily_too(text: str) -> None:
    source = Source("a.py", text.encode(), lazily=True)
    assert ast.dump(source.tree) == ast.dump(whole(text))


@pytest.mark.parametrize(
    "text",
    [
        "import airflow\nprint 1\n",
        "x = (\n",
        "  x\n",
        "\tif x:\n        y\n",
        "'",
        "x = '\\N{no}'\n",
        "(" * 300,
        "é\x00",
    ],
)
def test_what_does_not_parse_fails_alike(text: str) -> None:
    with pytest.raises(SourceError) as eager:
        Source("a.py", text.encode())
    with pytest.raises(SourceError) as lazy:
        Source("a.py", text.encode(), lazily=True)
    assert (str(lazy.value), lazy.value.offset) == (str(eager.value), eager.value.offset)

"""Items are taken out of brackets and put in whatever stands around them; the rest and every comment stay."""

from __future__ import annotations

import ast
import io
import tokenize
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offramp.editing.bracketed import Bracketed, call_arguments, list_elements
from offramp.editing.edits import apply
from offramp.model import Edit
from offramp.reading.source import Source

_VALUES = st.sampled_from(
    [
        "1",
        "True",
        '"a, # b)"',
        "( (2) )",
        "[1, (2), 3]",
        "f(a, b=(1))",
        "(t := 3)",
        "lambda x, *y: (x, y)",
        '"""a\n #"""',
    ]
)
_LINES = st.sampled_from(["\n", "\r\n"])
_GAPS = st.lists(
    st.sampled_from(["", " ", "\t", "\f", "\n", "\\\n", "# why\n", "#\n", "# a, b)\n    ", "# ends in \\\n", "    "]),
    max_size=4,
).map("".join)
_KEYWORDS = ("a=", "b = ", "c=", "**")


@st.composite
def _items(draw: st.DrawFn) -> str:
    """Arguments, or with no keywords elements, one after the other, laid out at random."""
    written = [draw(st.sampled_from(["", "*"])) for _ in range(draw(st.integers(0, 2)))]
    written += [keyword for keyword in _KEYWORDS if draw(st.booleans())]
    text = ""
    for number, start in enumerate(written):
        value = draw(_VALUES)
        if draw(st.booleans()):
            value = f"({draw(_GAPS)}{value}{draw(_GAPS)})"
        comma = "," if number < len(written) - 1 or draw(st.booleans()) else ""
        text += f"{draw(_GAPS)}{start}{value}{draw(_GAPS)}{comma}"
    return text + draw(_GAPS)


@st.composite
def _modules(draw: st.DrawFn) -> Source:
    """A module with one call of ``call``."""
    callee = draw(st.sampled_from(["call", "(call)", "one.call", "one(1, (2)).call", "(one\n.call)"]))
    before, after = draw(st.sampled_from([("", ""), ("r = (", ")"), ("r = [", ", 1]"), ("if x:\n\t", "; y = 1")]))
    text = f"{before}{callee}({draw(_items())}){after}  # behind\n".replace("\n", draw(_LINES))
    return Source("x.py", text.encode())


def _call(source: Source) -> ast.Call:
    calls = [node for node in ast.walk(source.tree) if isinstance(node, ast.Call)]
    (call,) = [call for call in calls if "call" in (getattr(call.func, "id", ""), getattr(call.func, "attr", ""))]
    return call


def _arguments(source: Source) -> tuple[ast.Call, Bracketed]:
    call = _call(source)
    arguments = call_arguments(source, call)
    assert arguments is not None
    return call, arguments


def _changed(source: Source, edits: Sequence[Edit]) -> Source:
    """The module after the edits, which keep its comments."""
    edits = [edit._replace(text=edit.text.replace("\n", source.newline)) for edit in edits]
    changed = Source("x.py", apply(source.utf8, edits))
    assert _comments(changed) == _comments(source)
    return changed


def _comments(source: Source) -> Counter[str]:
    tokens = tokenize.generate_tokens(io.StringIO(source.text, newline=None).readline)
    return Counter(token.string for token in tokens if token.type == tokenize.COMMENT)


@given(_modules(), st.data())
def test_an_argument_is_taken_out(source: Source, data: st.DataObject) -> None:
    call, arguments = _arguments(source)
    nodes = [*call.args, *call.keywords]
    if not nodes:
        return
    node = data.draw(st.sampled_from(nodes))
    changed = _changed(source, [arguments.removed(node)])
    call.args = [one for one in call.args if one is not node]
    call.keywords = [one for one in call.keywords if one is not node]
    assert ast.dump(changed.tree) == ast.dump(source.tree)


@given(_modules(), st.sampled_from([None, 0, 100]))
def test_arguments_are_put_in(source: Source, wider: int | None) -> None:
    call, arguments = _arguments(source)
    changed = _changed(source, arguments.added("new=1", "newer=2", wider=wider))
    call.keywords += [ast.keyword("new", ast.Constant(1)), ast.keyword("newer", ast.Constant(2))]
    assert ast.dump(changed.tree) == ast.dump(source.tree)


@given(_modules())
def test_what_was_put_in_is_taken_out_again(source: Source) -> None:
    _, arguments = _arguments(source)
    longer = _changed(source, arguments.added("new=1"))
    call, arguments = _arguments(longer)
    again = _changed(longer, [arguments.removed(call.keywords[-1])])
    assert ast.dump(again.tree) == ast.dump(source.tree)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("call(a=1, x=2)", "call(a=1)"),
        ("call(x=2, a=1)", "call(a=1)"),
        ("call(x=2)", "call()"),
        ("call(a=1, x=2,)", "call(a=1,)"),
        ("call(\n    a=1,\n    x=2,\n    b=3,\n)", "call(\n    a=1,\n    b=3,\n)"),
        ("call(\n    a=1,\n    x=2\n)", "call(\n    a=1\n)"),
        ("call(\n    a=1,\n    x=2,  # why\n    b=3,\n)", "call(\n    a=1,\n    # why\n    b=3,\n)"),
        ("call(\n    x=2  # why\n    , a=1\n)", "call(\n    # why\n    a=1\n)"),
        ("call(\n      a=1\n    , x=2  # why\n    , b=3\n)", "call(\n      a=1\n    ,  # why\n    b=3\n)"),
        ("call(\n    a=1, x=2,  # both\n    b=3,\n)", "call(\n    a=1,  # both\n    b=3,\n)"),
        ("call(x=2,\n     a=1,\n     b=3)", "call(a=1,\n     b=3)"),
        ("call(a=1, x=2,\n     b=3)", "call(a=1,\n     b=3)"),
        ("call(\n    # first\n    x=2,\n    # second\n    a=1,\n)", "call(\n    # first\n    # second\n    a=1,\n)"),
        ("call(a=1, \\\n     x=2)", "call(a=1)"),
    ],
)
def test_what_is_left_is_laid_out_as_before(before: str, after: str) -> None:
    source = Source("x.py", before.encode())
    call, arguments = _arguments(source)
    (node,) = [keyword for keyword in call.keywords if keyword.arg == "x"]
    assert _changed(source, [arguments.removed(node)]).text == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("call()", "call(x=2)"),
        ("call(  # why\n)", "call(  # why\n    x=2,\n)"),
        ("call(a=1)", "call(a=1, x=2)"),
        ("call(a=1,)", "call(a=1, x=2,)"),
        ("call((a))", "call((a), x=2)"),
        ("call(a=1  # why\n)", "call(a=1,  # why\n    x=2\n)"),
        ("call(\n    a=1,  # why\n)", "call(\n    a=1,  # why\n    x=2,\n)"),
        ("call(\n    a=1  # why\n)", "call(\n    a=1,  # why\n    x=2\n)"),
        ("call(\n\ta=1,\n\t# last\n)", "call(\n\ta=1,\n\tx=2,\n\t# last\n)"),
        ("call(\n    (a\n     # in\n    ),\n)", "call(\n    (a\n     # in\n    ),\n    x=2,\n)"),
    ],
)
def test_what_is_put_in_goes_where_the_others_are(before: str, after: str) -> None:
    source = Source("x.py", before.encode())
    assert _changed(source, _arguments(source)[1].added("x=2")).text == after


def test_elements_are_put_into_a_list() -> None:
    source = Source("x.py", b"x = [\n    (a),  # the first\n    b  # the last\n]")
    (statement,) = source.tree.body
    assert isinstance(statement, ast.Assign)
    assert isinstance(statement.value, ast.List)
    edits = list_elements(source, statement.value).added("c", "*d")
    assert _changed(source, edits).text == "x = [\n    (a),  # the first\n    b,  # the last\n    c,\n    *d\n]"


def test_a_generator_expression_has_the_parentheses_of_its_call() -> None:
    source = Source("x.py", b"call(x for x in y)")
    assert call_arguments(source, _call(source)) is None

"""The texts that expressions may be, as far as they are known; what is not stands there as unknown."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from itertools import islice, product

from offramp.finding.returned_texts import returned
from offramp.python.evaluation import Values
from offramp.python.names import Binding, FunctionNode
from offramp.python.values import Constant, Items, Local, Reference
from offramp.shell.parsing import UNKNOWN

_MOST = 8
_DEEPEST = 12
# Methods and functions of texts that leave the commands in them what they are.
_SAME = frozenset("strip lstrip rstrip expandtabs encode decode removeprefix removesuffix replace".split())
_HANDING_ON = frozenset(
    "builtins.str textwrap.dedent inspect.cleandoc shlex.quote os.path.expanduser os.path.expandvars "
    "os.path.abspath pathlib.Path pathlib.PurePosixPath".split()
)


def texts_of(values: Values, node: ast.expr, depth: int = 0) -> list[str]:
    """The texts that an expression may be, one by one; a single unknown one where nothing is known of it."""
    found = dict.fromkeys(islice(_texts(values, node, depth), _MOST))
    return list(found) or [UNKNOWN]


def words_of(values: Values, node: ast.expr, depth: int = 0) -> list[list[str]]:
    """The lists of words that an expression may be: of a text that is split, too; none for no list."""
    if depth > _DEEPEST:
        return []
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = words_of(values, node.left, depth + 1), words_of(values, node.right, depth + 1)
        if not left and not right:
            return []
        return [[*one, *other] for one in left or [[UNKNOWN]] for other in right or [[UNKNOWN]]][:_MOST]
    if isinstance(node, ast.Call):
        split = _split(values, node, depth)
        if split is not None:
            return split
    if isinstance(node, ast.List | ast.Tuple):
        return [_of_items(values, Items(tuple(node.elts), complete=True), depth)]
    known = [value for value in values.evaluate(node) if isinstance(value, Items)]
    if not known:
        return [words for one in _bound(values, node) for words in words_of(values, one, depth + 1)][:_MOST]
    return [_of_items(values, items, depth) for items in known][:_MOST]


def _of_items(values: Values, items: Items, depth: int) -> list[str]:
    words: list[str] = []
    for node in items.nodes:
        if isinstance(node, ast.Starred):
            words += next(iter(words_of(values, node.value, depth + 1)), [UNKNOWN])
        else:
            texts = texts_of(values, node, depth + 1)
            # What is not the program may be one thing or another, which is not known then.
            words.append(texts[0] if len(texts) == 1 or not words else UNKNOWN)
    return words if items.complete else [*words, UNKNOWN]


def _split(values: Values, call: ast.Call, depth: int) -> list[list[str]] | None:
    """The words of ``shlex.split(text)`` or ``text.split()``; None for other calls."""
    callee = values.single(call.func)
    text: ast.expr | None = None
    if callee == Reference("shlex.split") and call.args:
        text = call.args[0]
    elif isinstance(call.func, ast.Attribute) and call.func.attr == "split":
        text = call.func.value
    elif isinstance(callee, Reference) and callee.path in {"builtins.list", "builtins.tuple"} and len(call.args) == 1:
        return words_of(values, call.args[0], depth + 1)
    return None if text is None else [split_words(one) for one in texts_of(values, text, depth + 1)]


def split_words(text: str) -> list[str]:
    """A text as the words that a program is started with where no shell reads it."""
    import shlex

    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _texts(values: Values, node: ast.AST, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        yield UNKNOWN
    elif isinstance(node, ast.IfExp):
        yield from _texts(values, node.body, depth + 1)
        yield from _texts(values, node.orelse, depth + 1)
    elif parts := _put_together(node):
        yield from _together(values, parts, depth)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        for left, right in product(texts_of(values, node.left, depth + 1), texts_of(values, node.right, depth + 1)):
            yield f"{left}/{right}"
    elif isinstance(node, ast.Call) and (known := _of_call(values, node, depth)) is not None:
        yield from known
    elif bound := _bound(values, node):
        for one in bound:
            yield from _texts(values, one, depth + 1)
    else:
        yield from _plain(values, node, depth)


def _put_together(node: ast.AST) -> Sequence[ast.expr]:
    """The expressions whose texts, one after the other, are that of a node; none for other nodes."""
    match node:
        case ast.JoinedStr(values=parts):
            return parts
        case ast.FormattedValue(value=value):
            return (value,)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return (left, right)
    return ()


def _together(values: Values, nodes: Sequence[ast.expr], depth: int) -> Iterator[str]:
    for parts in product(*(texts_of(values, part, depth + 1) for part in nodes)):
        yield "".join(parts)


def _of_call(values: Values, call: ast.Call, depth: int) -> list[str] | None:
    """The texts that a call makes of others; None for calls that make none, or of which nothing is known."""
    callee = values.single(call.func)
    if isinstance(callee, Local):
        return [text for one in returned(values, callee, call) for text in texts_of(values, one, depth + 1)] or None
    if isinstance(callee, Reference) and callee.path in _HANDING_ON and len(call.args) == 1:
        return texts_of(values, call.args[0], depth + 1)
    if callee == Reference("os.path.join") and call.args:
        return ["/".join(parts) for parts in product(*(texts_of(values, one, depth + 1) for one in call.args))]
    if callee == Reference("shlex.join") and call.args:
        return [" ".join(words) for words in words_of(values, call.args[0], depth + 1)] or None
    if not isinstance(call.func, ast.Attribute):
        return None
    owner, method = call.func.value, call.func.attr
    if method in _SAME:
        return texts_of(values, owner, depth + 1)
    if method == "join" and len(call.args) == 1:
        lists = words_of(values, call.args[0], depth + 1)
        return [text.join(words) for text in texts_of(values, owner, depth + 1) for words in lists] or None
    return None


def _bound(values: Values, node: ast.AST) -> list[ast.expr]:
    """The expressions that a name stands for, where there is more to each than its value."""
    if not isinstance(node, ast.Name):
        return []
    found: list[ast.expr] = []
    for binding in values.names.lookup(node.id, node):
        if binding.kind == "value" and isinstance(binding.node, ast.expr):
            found.append(binding.node)
        elif binding.kind == "augmented" and isinstance(binding.node, ast.AugAssign):
            found += [ast.BinOp(one, ast.Add(), binding.node.value) for one in _before(values, binding)]
        elif binding.kind == "parameter" and (given := _handed_in(values, binding)):
            found += given
        else:
            return []
    return found


def _before(values: Values, binding: Binding) -> list[ast.expr]:
    """What a name stands for before a statement that adds to it; an unknown text where that is not seen."""
    assert binding.node is not None
    others = [one for one in values.names.lookup(binding.name, binding.node) if one is not binding]
    found = [one.node for one in others if one.kind == "value" and isinstance(one.node, ast.expr)]
    for one in others:
        if one.kind == "augmented" and isinstance(one.node, ast.AugAssign) and one.order < binding.order:
            found += [ast.BinOp(before, ast.Add(), one.node.value) for before in _before(values, one)]
    return found or [ast.Constant(UNKNOWN + " ")]


def _handed_in(values: Values, binding: Binding) -> list[ast.expr]:
    """What the calls of a function of the file give a parameter."""
    function = binding.node
    if not isinstance(function, FunctionNode):
        return []
    plain = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
    found: list[ast.expr] = []
    for call in values.calls_of(function):
        found += [one.value for one in call.keywords if one.arg == binding.name]
        if binding.name in plain:
            place = plain.index(binding.name)
            found += [one for one in call.args[place : place + 1] if not isinstance(one, ast.Starred)]
    return found


def _plain(values: Values, node: ast.AST, depth: int) -> Iterator[str]:
    parts = values.text(node)
    if parts is not None and parts != (node,):
        known = ([one] if isinstance(one, str) else texts_of(values, _expression(one), depth + 1) for one in parts)
        yield from ("".join(texts) for texts in product(*known))
        return
    for value in values.evaluate(node):
        if not isinstance(value, Constant):
            yield UNKNOWN
        elif value.value is not None:
            yield value.value.decode("utf-8", "replace") if isinstance(value.value, bytes) else str(value.value)


def _expression(part: ast.AST) -> ast.expr:
    assert isinstance(part, ast.expr)
    return part

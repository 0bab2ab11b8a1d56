"""The operations of Python on values that are known: operators, methods, builtin functions, text; knows no names.

Only what always gives the same is done, and nothing that takes long or makes something long.
"""

from __future__ import annotations

import ast
import operator
import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module

from offramp.python.effects import callables

# Longer texts and collections are not made.
LONGEST = 100_000
MOST_PARTS = 5000
# Numbers beyond this are nobody's job id, and writing them out may fail.
LARGEST = 1 << 64


class NotKnown(Exception):  # noqa: N818 - to know nothing is not an error
    """A value that is not worked out."""


_BINARY: dict[type[ast.operator], Callable[[object, object], object]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
}
_UNARY: dict[type[ast.unaryop], Callable[[object], object]] = {
    ast.Not: operator.not_,
    ast.USub: operator.neg,  # type: ignore[dict-item]
    ast.UAdd: operator.pos,  # type: ignore[dict-item]
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[object, object], object]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,  # type: ignore[dict-item]
    ast.LtE: operator.le,  # type: ignore[dict-item]
    ast.Gt: operator.gt,  # type: ignore[dict-item]
    ast.GtE: operator.ge,  # type: ignore[dict-item]
    ast.In: lambda left, right: left in right,  # type: ignore[operator]
    ast.NotIn: lambda left, right: left not in right,  # type: ignore[operator]
}
_FAILURES = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError)
_CONVERSIONS: dict[int, Callable[[object], str]] = {-1: format, ord("s"): str, ord("r"): repr, ord("a"): ascii}
# Methods that change nothing and depend on nothing but what they are given.
_METHODS: dict[type, frozenset[str]] = {
    str: frozenset(
        "capitalize casefold center count endswith find format index isalnum isalpha isdigit islower isnumeric isspace "
        "isupper join ljust lower lstrip partition removeprefix removesuffix replace rfind rjust rpartition rsplit "
        "rstrip split splitlines startswith strip swapcase title upper zfill".split()
    ),
    dict: frozenset({"copy", "get", "items", "keys", "values"}),
    list: frozenset({"copy", "count", "index"}),
    tuple: frozenset({"count", "index"}),
    set: frozenset("copy difference intersection isdisjoint issubset issuperset symmetric_difference union".split()),
}
# What a set gives in an order of its own: neither of two runs has to give the same.
_ORDERED_BY = frozenset(["builtins.list", "builtins.tuple", "builtins.enumerate", "builtins.zip", "builtins.reversed"])
# What they give can be gone over once.
ITERATORS = callables("once", without="calls")
# Methods of dicts whose results follow the dict.
VIEWS = frozenset({"items", "keys", "values"})
# Functions that go over what they are given, and keep nothing of it but its elements.
CONSUMERS = callables("copies", without="calls takes") | callables("folds") | {"builtins.len"}
_FUNCTIONS: dict[str, Callable[..., object]] = {
    "builtins.abs": abs,
    "builtins.all": all,
    "builtins.any": any,
    "builtins.bool": bool,
    "builtins.dict": dict,
    "builtins.enumerate": lambda *given, **named: list(enumerate(*given, **named)),
    "builtins.float": float,
    "builtins.int": int,
    "builtins.len": len,
    "builtins.list": list,
    "builtins.max": max,
    "builtins.min": min,
    "builtins.range": range,
    "builtins.reversed": lambda given: list(reversed(given)),
    "builtins.round": round,
    "builtins.set": set,
    "builtins.sorted": sorted,
    "builtins.str": str,
    "builtins.sum": sum,
    "builtins.tuple": tuple,
    "builtins.zip": lambda *given, **named: list(zip(*given, **named)),  # noqa: B905 - as the file says
    # Airflow runs nowhere but on POSIX.
    "os.path.join": posixpath.join,
}
# Functions of modules that are loaded only where they are called.
_OF_MODULES = frozenset({"json.dumps", "shlex.join", "shlex.quote", "textwrap.dedent"})
_WIDENING = frozenset({"cls", "default", "indent", "separators"})


def is_function(path: str) -> bool:
    """Return whether a dotted path leads to a function that is called here."""
    return path in _FUNCTIONS or path in _OF_MODULES


def is_binary(sign: ast.operator) -> bool:
    """Return whether an operator of two values is one of those that are worked out."""
    return type(sign) in _BINARY


def _done(do: Callable[..., object], *given: object, **named: object) -> object:
    try:
        return checked(do(*given, **named))
    except _FAILURES:
        raise NotKnown from None


def checked(value: object) -> object:
    """A value that is neither too long nor too large; views as lists. Raises NotKnown."""
    if isinstance(value, type({}.keys()) | type({}.values()) | type({}.items())):
        value = list(value)
    if isinstance(value, range) and value[MOST_PARTS:]:
        raise NotKnown
    if isinstance(value, str | bytes) and len(value) > LONGEST:
        raise NotKnown
    if isinstance(value, list | tuple | set | dict) and _parts_left(value, MOST_PARTS) < 0:
        raise NotKnown
    if isinstance(value, int | float) and not abs(value) <= LARGEST:
        raise NotKnown
    return value


def _parts_left(value: object, left: int) -> int:
    """The number of parts that a value may have besides its own, those of its parts included."""
    if not isinstance(value, list | tuple | set | dict):
        return left - 1
    left -= len(value)
    for part in value.values() if isinstance(value, dict) else value:
        if left < 0:
            break
        if isinstance(part, list | tuple | set | dict):
            left = _parts_left(part, left)
    return left


def binary(left: object, sign: ast.operator, right: object) -> object:
    """``left + right`` and the like. Raises NotKnown."""
    do = _BINARY.get(type(sign))
    if do is None or _is_long(left, sign, right):
        raise NotKnown
    return _done(do, left, right)


def _is_long(left: object, sign: ast.operator, right: object) -> bool:
    """Return whether the result of an operation may be too long to be made."""
    if isinstance(sign, ast.Mult):
        sizes = [len(one) if isinstance(one, str | bytes | list | tuple) else one for one in (left, right)]
        repeated = any(isinstance(one, str | bytes | list | tuple) for one in (left, right))
        known = [size for size in sizes if isinstance(size, int) and size <= LONGEST]
        return repeated and (len(known) < len(sizes) or known[0] * known[1] > LONGEST)
    if isinstance(sign, ast.Mod) and isinstance(left, str | bytes):
        return isinstance(left, bytes) or is_wide(left) or _holds_set(right)
    return False


def unary(sign: ast.unaryop, value: object) -> object:
    """``not value`` and the like. Raises NotKnown."""
    do = _UNARY.get(type(sign))
    if do is None:
        raise NotKnown
    return _done(do, value)


def compare(left: object, sign: ast.cmpop, right: object) -> bool:
    """``left < right`` and the like; ``is`` only with None and truth values. Raises NotKnown."""
    if isinstance(sign, ast.Is | ast.IsNot):
        if not any(one is known for one in (left, right) for known in (None, True, False)):
            raise NotKnown
        return (left is right) is isinstance(sign, ast.Is)
    return bool(_done(_COMPARISONS[type(sign)], left, right))


def inserted(value: object, conversion: int = -1, how: str = "") -> str:
    """The text of a value in an f-string. Raises NotKnown."""
    if is_wide(how) or _holds_set(value):
        raise NotKnown
    text = value if conversion == -1 else _CONVERSIONS[conversion](value)
    found = _done(format, text, how)
    assert isinstance(found, str)
    return found


def method(owner: object, name: str, given: Sequence[object], named: Mapping[str, object]) -> object:
    """The result of a method that changes nothing. Raises NotKnown."""
    if name not in _METHODS.get(type(owner), ()):
        raise NotKnown
    if name == "join" and any(isinstance(one, set) for one in given):
        raise NotKnown
    if isinstance(owner, str):
        width = [one for one in given if isinstance(one, int)]
        if (name == "format" and is_wide(owner)) or any(one > LONGEST for one in width):
            raise NotKnown
        if name == "format" and any(map(_holds_set, (*given, *named.values()))):
            raise NotKnown
        if (len(owner) + 1) * (sum(map(_size, (*given, *named.values()))) + 1) > LONGEST * 10:
            raise NotKnown
    return _done(getattr(owner, name), *given, **named)


def call(path: str, given: Sequence[object], named: Mapping[str, object]) -> object:
    """The result of a function. Raises NotKnown."""
    do = _FUNCTIONS.get(path)
    if path in _OF_MODULES and not _WIDENING & {*named}:
        module, _, name = path.rpartition(".")
        do = getattr(import_module(module), name)
    if do is None or "key" in named:
        raise NotKnown
    if path in _ORDERED_BY and any(isinstance(one, set) for one in given):
        raise NotKnown
    if path == "builtins.str" and any(map(_holds_set, given)):
        raise NotKnown
    return _done(do, *given, **named)


def item(owner: object, key: object) -> object:
    """``owner[key]``. Raises NotKnown."""
    if not isinstance(owner, str | list | tuple | dict | range):
        raise NotKnown
    return _done(operator.getitem, owner, key)


def is_wide(pattern: str) -> bool:
    """Return whether a format may ask for very long text."""
    return re.search(r"\d{4}|\{[^}]*\{|\*", pattern) is not None


def _size(value: object) -> int:
    return len(repr(value))


def _holds_set(value: object) -> bool:
    """Return whether the text of a value has the order of a set in it, which is another in every process."""
    if isinstance(value, dict):
        return any(map(_holds_set, value.values()))
    return isinstance(value, set) or (isinstance(value, list | tuple) and any(map(_holds_set, value)))

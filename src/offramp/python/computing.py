"""The object that an expression gives where all that it is made of is known; knows no rules.

``Values`` says what an expression may be, and keeps where its parts are written. This works one out: a text, a number,
a list of them, with what names have in one turn of a loop.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from offramp.python import operations
from offramp.python.nodes import walk
from offramp.python.operations import NotKnown

if TYPE_CHECKING:
    from offramp.python.evaluation import Values

_MOST_STEPS = 10_000
_DEEPEST = 40
# What the names of one turn of a loop, or of a function, stand for.
Turn = Mapping[str, object]
NO_NAMES: Turn = {}


class _TooMuch(NotKnown):
    """A value that takes too many steps."""


class Computing:
    """Computes the expressions of one module; ``values`` says what names and callees are."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._steps = 0
        self._depth = 0
        self._active: set[ast.AST] = set()
        self._known: dict[ast.AST, object] = {}
        self._unknown: set[ast.AST] = set()
        self._kinds: dict[type, Callable[..., object]] = {
            ast.List: self._list,
            ast.Tuple: self._tuple,
            ast.Set: self._set,
            ast.Dict: self._dict,
            ast.ListComp: self._listed,
            ast.SetComp: self._set_of,
            ast.DictComp: self._dict_of,
            ast.BinOp: self._binary,
            ast.UnaryOp: self._unary,
            ast.BoolOp: self._boolean,
            ast.Compare: self._compared,
            ast.IfExp: self._choice,
            ast.NamedExpr: self._named,
            ast.JoinedStr: self._joined,
            ast.FormattedValue: self._inserted,
            ast.Subscript: self._item,
            ast.Call: self._called,
        }

    def compute(self, node: ast.AST, names: Turn = NO_NAMES) -> object:
        """The object that an expression gives. Raises NotKnown."""
        return self._counted(self._of, node, names)

    def compute_parts(self, node: ast.AST) -> object:
        """The object that an expression gives whose value is not known as a whole. Raises NotKnown."""
        kind = self._kinds.get(type(node))
        if kind is None:
            raise NotKnown
        return self._counted(kind, node, NO_NAMES)

    def consumed(self, node: ast.AST, names: Turn = NO_NAMES) -> object:
        """The object that an expression gives to what goes over it there; iterators as lists. Raises NotKnown."""
        if isinstance(node, ast.GeneratorExp):
            return self._counted(self._listed, node, names, keep=False)
        if isinstance(node, ast.Call) and self._is_iterator(node):
            return self._counted(self._result, node, names, keep=False)
        return self.compute(node, names)

    def _is_iterator(self, node: ast.Call) -> bool:
        """Return whether a call gives what can be gone over once, or whose text is not that of a list."""
        if isinstance(node.func, ast.Attribute) and node.func.attr in operations.VIEWS:
            return True
        return self._values.path(node.func) in operations.ITERATORS

    def _counted(self, work: Callable[..., object], node: ast.AST, names: Turn, *, keep: bool = True) -> object:
        keep = keep and not names
        if keep and node in self._known:
            return self._known[node]
        if keep and node in self._unknown:
            raise NotKnown
        self._steps += 1
        self._depth += 1
        try:
            if self._steps > _MOST_STEPS or self._depth > _DEEPEST:
                raise _TooMuch
            value = operations.checked(work(node, names))
        except NotKnown as failure:
            # What was cut short may be known when it is asked for by itself.
            if keep and (self._depth == 1 or not isinstance(failure, _TooMuch)):
                self._unknown.add(node)
            raise
        finally:
            self._depth -= 1
            if not self._depth:
                self._steps = 0
        if keep:
            self._known[node] = value
        return value

    def _of(self, node: ast.AST, names: Turn) -> object:
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name) and node.id in names:
            return names[node.id]
        if not names or not reads(node, names):
            known, value = self._values.constant(node)
            if known:
                return value
        if isinstance(node, ast.Name):
            return self._behind(node)
        kind = self._kinds.get(type(node))
        if kind is None:
            raise NotKnown
        return kind(node, names)

    def _behind(self, node: ast.Name) -> object:
        """The object that a name is bound to."""
        behind = self._values.bound_once(node)
        if node in self._active:
            raise _TooMuch
        self._active.add(node)
        try:
            return self.compute(behind) if behind is not None else self._changed_dict(node)
        finally:
            self._active.discard(node)

    def _changed_dict(self, node: ast.Name) -> object:
        """The dict that a name is bound to, after what was done to it by that name."""
        entries = self._values.entries(node)
        if entries is None:
            raise NotKnown
        return {key: self.compute(entry) for key, entry in entries.items()}

    # -- collections -------------------------------------------------------------

    def _elements(self, nodes: Iterable[ast.expr], names: Turn) -> Iterator[object]:
        for node in nodes:
            if isinstance(node, ast.Starred):
                yield from in_order(self.consumed(node.value, names))
            else:
                yield self.compute(node, names)

    def _list(self, node: ast.List, names: Turn) -> object:
        return list(self._elements(node.elts, names))

    def _tuple(self, node: ast.Tuple, names: Turn) -> object:
        return tuple(self._elements(node.elts, names))

    def _set(self, node: ast.Set, names: Turn) -> object:
        return _made(set, self._elements(node.elts, names))

    def _dict(self, node: ast.Dict, names: Turn) -> object:
        found: dict[object, object] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            given = self.compute(value, names)
            if key is not None:
                _made(found.update, [(self.compute(key, names), given)])
            elif isinstance(given, dict):
                found.update(given)
            else:
                raise NotKnown
        return found

    def _turns(self, generators: list[ast.comprehension], names: Turn) -> Iterator[Turn]:
        """The names of each turn of a comprehension."""
        if not generators:
            yield names
            return
        first, *others = generators
        if first.is_async:
            raise NotKnown
        for element in in_order(self.consumed(first.iter, names)):
            turn = {**names, **unpacked(first.target, element)}
            if all(self.compute(condition, turn) for condition in first.ifs):
                yield from self._turns(others, turn)

    def _listed(self, node: ast.ListComp | ast.GeneratorExp, names: Turn) -> object:
        return [self.compute(node.elt, turn) for turn in self._turns(node.generators, names)]

    def _set_of(self, node: ast.SetComp, names: Turn) -> object:
        return _made(set, (self.compute(node.elt, turn) for turn in self._turns(node.generators, names)))

    def _dict_of(self, node: ast.DictComp, names: Turn) -> object:
        turns = self._turns(node.generators, names)
        return _made(dict, ((self.compute(node.key, turn), self.compute(node.value, turn)) for turn in turns))

    def _item(self, node: ast.Subscript, names: Turn) -> object:
        owner = self.compute(node.value, names)
        if not isinstance(node.slice, ast.Slice):
            return operations.item(owner, self.compute(node.slice, names))
        ends = (node.slice.lower, node.slice.upper, node.slice.step)
        bounds = [self.compute(end, names) if end is not None else None for end in ends]
        if isinstance(owner, dict):
            raise NotKnown
        return operations.item(owner, slice(*bounds))

    # -- operators ---------------------------------------------------------------

    def _binary(self, node: ast.BinOp, names: Turn) -> object:
        """``a + b + c`` is as deep as it is long, and no deeper here."""
        chain: list[ast.BinOp] = []
        left: ast.expr = node
        while isinstance(left, ast.BinOp):
            if not operations.is_binary(left.op):
                raise NotKnown
            chain.append(left)
            left = left.left
        value = self.compute(left, names)
        for one in reversed(chain):
            value = operations.binary(value, one.op, self.compute(one.right, names))
        return value

    def _unary(self, node: ast.UnaryOp, names: Turn) -> object:
        return operations.unary(node.op, self.compute(node.operand, names))

    def _boolean(self, node: ast.BoolOp, names: Turn) -> object:
        """``and`` stops at the first false value, ``or`` at the first true one."""
        value: object = None
        for part in node.values:
            value = self.compute(part, names)
            if bool(value) is isinstance(node.op, ast.Or):
                break
        return value

    def _compared(self, node: ast.Compare, names: Turn) -> object:
        left = self.compute(node.left, names)
        for sign, comparator in zip(node.ops, node.comparators, strict=True):
            # ``in`` goes over what it is given; all else compares it, and a view or a range equals no list.
            goes_over = isinstance(sign, ast.In | ast.NotIn) and comparator is node.comparators[-1]
            right = (self.consumed if goes_over else self.compute)(comparator, names)
            if not operations.compare(left, sign, right):
                return False
            left = right
        return True

    def _choice(self, node: ast.IfExp, names: Turn) -> object:
        return self.compute(node.body if self.compute(node.test, names) else node.orelse, names)

    def _named(self, node: ast.NamedExpr, names: Turn) -> object:
        return self.compute(node.value, names)

    # -- texts and calls ---------------------------------------------------------

    def _joined(self, node: ast.JoinedStr, names: Turn) -> object:
        return "".join(str(self.compute(piece, names)) for piece in node.values)

    def _inserted(self, node: ast.FormattedValue, names: Turn) -> object:
        how = self.compute(node.format_spec, names) if node.format_spec is not None else ""
        return operations.inserted(self.compute(node.value, names), node.conversion, str(how))

    def _called(self, node: ast.Call, names: Turn) -> object:
        if self._is_iterator(node):
            raise NotKnown
        return self._result(node, names)

    def _result(self, node: ast.Call, names: Turn) -> object:
        path = self._values.path(node.func)
        function = node.func
        if not operations.is_function(path) and not isinstance(function, ast.Attribute):
            raise NotKnown
        goes_over = path in operations.CONSUMERS or getattr(function, "attr", "") == "join"
        first = [self.consumed(one, names) for one in node.args if goes_over and not isinstance(one, ast.Starred)]
        given = first if len(first) == len(node.args) else list(self._elements(node.args, names))
        named: dict[str, object] = {}
        for keyword in node.keywords:
            value = self.compute(keyword.value, names)
            if keyword.arg is not None:
                named[keyword.arg] = value
            elif isinstance(value, dict) and all(isinstance(key, str) for key in value):
                named.update(value)
            else:
                raise NotKnown
        if operations.is_function(path) or not isinstance(function, ast.Attribute):
            return operations.call(path, given, named)
        return operations.method(self.compute(function.value, names), function.attr, given, named)


def reads(node: ast.AST, names: Turn) -> bool:
    """Return whether a name of a turn stands in an expression."""
    return any(isinstance(inner, ast.Name) and inner.id in names for inner in walk(node))


def in_order(value: object) -> list[object]:
    """The elements of a value in the order in which it always gives them. Raises NotKnown."""
    if not isinstance(value, str | list | tuple | dict | range):
        raise NotKnown
    return list(value)


def unpacked(target: ast.expr, value: object) -> dict[str, object]:
    """The names that a target binds, with what each of them gets of a value. Raises NotKnown."""
    if isinstance(target, ast.Name):
        return {target.id: value}
    if not isinstance(target, ast.Tuple | ast.List) or any(isinstance(one, ast.Starred) for one in target.elts):
        raise NotKnown
    parts = in_order(value)
    if len(parts) != len(target.elts):
        raise NotKnown
    found: dict[str, object] = {}
    for inner, part in zip(target.elts, parts, strict=True):
        found.update(unpacked(inner, part))
    return found


def _made(make: Callable[..., object], elements: Iterable[object]) -> object:
    """A set or dict of elements, which may not all have a hash. Raises NotKnown."""
    try:
        return make(elements)
    except TypeError:
        raise NotKnown from None

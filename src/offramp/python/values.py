"""Values of expressions: what each is known to be without running it; knows no rules.

An expression has one or more candidate values, since branches may bind a name
differently. What cannot be known is ``Unknown``, never a guess.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from offramp.python import operations
from offramp.python.computing import NO_NAMES, Computing, Turn, in_order
from offramp.python.libraries import NO_LIBRARIES, Libraries
from offramp.python.names import ANY_ATTRIBUTE, Binding, FunctionNode, Mutation, Names
from offramp.python.nodes import children
from offramp.python.operations import LARGEST, LONGEST, NotKnown
from offramp.record import NamedTuple

if TYPE_CHECKING:
    from offramp.python.objects import Objects

_DEEPEST = 60
_MOST_CANDIDATES = 12
_MOST_CHANGES = 50
_MOST_STEPS = 1000
# Longer texts, lists and dicts that others are put together to are not worked out.
_MOST_PARTS = 5000
_CONVERSION = r"%(?:\((?P<key>[^)]*)\))?(?P<how>[^a-zA-Z%]*)(?P<kind>[a-zA-Z%])"
# Expressions whose parts may say more than what is kept of them.
_COMPUTED = (ast.BinOp, ast.Call, ast.Compare, ast.FormattedValue, ast.JoinedStr, ast.Subscript, ast.UnaryOp)
# Importing function -> its parameters, by position.
_IMPORTERS = {
    "builtins.__import__": ("name", "globals", "locals", "fromlist"),
    "importlib.import_module": ("name", "package"),
}
_COLLECTIONS = tuple(f"builtins.{name}" for name in ("list", "tuple", "set", "sorted", "reversed"))
_CASTS = frozenset(["typing.cast", "typing_extensions.cast"])
# Decorators of functions that give what the function returns: where it is called, and where it is asked for.
_CALLED = frozenset(["functools.cache", "functools.lru_cache", "builtins.staticmethod", "builtins.classmethod"])
_PROPERTIES = frozenset(["builtins.property", "functools.cached_property"])

# The methods that evaluate calls of functions, by their paths, bindings and expressions, by their kinds.
_FUNCTIONS: dict[str, str] = {
    "builtins.dict": "_dict_call",
    **dict.fromkeys(_COLLECTIONS, "_collection"),
    **dict.fromkeys(("builtins.str", "builtins.int", "builtins.bool"), "_conversion"),
    **dict.fromkeys(("copy.copy", "copy.deepcopy"), "_copy"),
    **dict.fromkeys(_CASTS, "_cast"),
    **dict.fromkeys(_IMPORTERS, "_import"),
    "functools.partial": "_partial",
    "builtins.getattr": "_got_attribute",
    "builtins.type": "_type",
    "builtins.vars": "_namespace",
}
_GIVERS: dict[str, str] = {
    "value": "_given_value",
    "context": "_given_value",
    "function": "_defined",
    "class": "_defined",
    "augmented": "_augmented",
    "parameter": "_parameter",
    "item": "_taken_out",
    "element": "_taken_out",
    "element-item": "_taken_out",
}
_KINDS: dict[type[ast.AST], str] = {
    ast.Constant: "_literal",
    ast.Name: "_name",
    ast.Attribute: "_attribute_of",
    ast.Call: "_call",
    ast.List: "_display",
    ast.Tuple: "_display",
    ast.Set: "_display",
    ast.Dict: "_dict",
    ast.Subscript: "_subscript",
    ast.IfExp: "_choice",
    ast.BoolOp: "_boolean",
    ast.NamedExpr: "_same",
    ast.Await: "_same",
    ast.Lambda: "_lambda",
    ast.ListComp: "_comprehended",
    ast.SetComp: "_comprehended",
    ast.GeneratorExp: "_comprehended",
    ast.JoinedStr: "_joined_text",
    ast.BinOp: "_binary",
    ast.UnaryOp: "_unary",
    ast.Compare: "_compared",
}


class Constant(NamedTuple):
    """A Python constant."""

    value: object


class Reference(NamedTuple):
    """Something imported, or a builtin (``builtins.dict``), by its dotted path."""

    path: str


class Local(NamedTuple):
    """A function, lambda or class defined in the file."""

    node: FunctionNode | ast.Lambda | ast.ClassDef


class Items(NamedTuple):
    """A list, tuple or set; ``complete`` when ``nodes`` are all its elements, in order unless not ``ordered``."""

    nodes: tuple[ast.expr, ...]
    complete: bool
    ordered: bool = True


class Table(NamedTuple):
    """A dict by its string keys; a None node is an unknown value.

    When not ``complete``, any key may also be there or be changed unseen. ``others``
    are its values under keys that are no strings or not known, with those keys; a dict
    that has some is never complete.
    """

    entries: dict[str, ast.expr | None]
    complete: bool
    others: tuple[tuple[Value, ast.expr | None], ...] = ()


class Made(NamedTuple):
    """Result of calling something that is not evaluated here, such as an operator."""

    call: ast.Call
    callee: Value


class Member(NamedTuple):
    """An attribute of something made, or of a function of the file (``my_task.submit``)."""

    owner: Value
    name: str


class Partial(NamedTuple):
    """``functools.partial(callee, …)`` made by ``call``."""

    callee: Value
    call: ast.Call


class Unknown(NamedTuple):
    """Value that is not known statically."""


Value = Constant | Reference | Local | Items | Table | Made | Member | Partial | Unknown
UNKNOWN = Unknown()


_GENERICS = (Reference("typing.Generic"), Reference("typing.Protocol"))
_ENUMERATIONS = (Reference("enum.Enum"), Reference("enum.IntEnum"), Reference("enum.StrEnum"))


# What one pass of a loop binds: by a binding's identity, an expression and the place in its value.
Held = Mapping[int, tuple[ast.expr, tuple[int, ...]]]


class Given(NamedTuple):
    """An argument as given: its expression if there is one, its candidates, and where it stands.

    ``origin`` is ``keyword``, ``position``, ``spread`` (a ``**`` dict), ``partial``,
    ``expand``, ``default_args`` or ``subclass``.
    """

    node: ast.expr | None
    values: tuple[Value, ...]
    origin: str

    @property
    def constant(self) -> Constant | None:
        """The value if it is one known constant."""
        value = self.values[0] if len(self.values) == 1 else None
        return value if isinstance(value, Constant) else None


class Arguments(NamedTuple):
    """The arguments of a call; when not ``complete``, others may be given unseen."""

    given: dict[str, Given]
    complete: bool


class Values:
    """Evaluates expressions of one module.

    ``held`` are the values that one pass of the code around gives bindings, by their identity: an expression, and the
    place in it.
    Without ``objects``, which gives those of the file, only what is done through the name itself is followed.
    """

    def __init__(
        self,
        names: Names,
        libraries: Libraries = NO_LIBRARIES,
        held: Held | None = None,
        *,
        objects: Callable[[], Objects] | None = None,
    ) -> None:
        self.names = names
        self._held = held or {}
        self.libraries = libraries
        self._known: dict[ast.AST, tuple[Value, ...]] = {}
        self._active: set[ast.AST] = set()
        self._texts: dict[ast.AST, tuple[str | ast.AST, ...] | None] = {}
        self._writing: set[ast.AST] = set()
        self._cut = False
        self._steps = 0
        self._exits_of: dict[ast.AST, list[ast.AST]] = {}
        self._passing: dict[ast.AST, tuple[Value, ...]] = {}
        self._callers: dict[ast.AST, list[ast.Call]] | None = None
        self._find_objects = objects
        self._objects: Objects | None = None
        self._whole = self
        self._once: dict[ast.Name, ast.expr | None] = {}
        self._computing = Computing(self)
        self._functions: dict[str, Callable[[str, ast.Call], Sequence[Value] | None]] = {
            one: getattr(self, name) for one, name in _FUNCTIONS.items()
        }
        self._functions.update(dict.fromkeys(libraries.importers, self._import))
        self._givers: dict[str, Callable[[Binding, Any], Sequence[Value]]] = {
            one: getattr(self, name) for one, name in _GIVERS.items()
        }
        self._kinds: dict[type, Callable[..., Sequence[Value]]] = {
            one: getattr(self, name) for one, name in _KINDS.items()
        }

    # -- asking ------------------------------------------------------------------

    def exists(self, path: str) -> bool:
        """Return whether a dotted path is that of something known, such as an operator that a note covers."""
        return self.libraries.exists(path)

    def in_pass(self, held: Held) -> Values:
        """The values of the same module in one pass of the code around; who may change them is worked out once."""
        made = Values(self.names, self.libraries, held, objects=self._find_objects)
        made._whole = self._whole
        return made

    @property
    def objects(self) -> Objects | None:
        """The objects of the module, for who may change a value; None where changes are not followed."""
        if self._whole is not self:
            return self._whole.objects
        if self._objects is None and self._find_objects is not None:
            self._objects = self._find_objects()
        return self._objects

    def evaluate(self, node: ast.AST) -> tuple[Value, ...]:
        """The candidate values of an expression, at least one."""
        known = self._known.get(node)
        if known is not None:
            return known
        known = self._passing.get(node)
        if known is not None:
            self._cut = True
            return known
        if node in self._active or len(self._active) > _DEEPEST or self._steps > _MOST_STEPS:
            self._cut = True
            return (UNKNOWN,)
        self._steps += 1
        self._active.add(node)
        outer, self._cut = self._cut, False
        try:
            candidates: list[Value] = []
            for found in self._evaluate(node):
                value = self._computed(node) if found == UNKNOWN and isinstance(node, _COMPUTED) else found
                if not any(self._alike(value, other) for other in candidates):
                    candidates.append(value)
                if len(candidates) > _MOST_CANDIDATES:
                    break
        finally:
            self._active.discard(node)
        result = tuple(candidates[:_MOST_CANDIDATES]) or (UNKNOWN,)
        if len(candidates) > _MOST_CANDIDATES:
            result = (*result, UNKNOWN)
        # What was cut short somewhere inside may be known when asked for by itself.
        if not self._cut or not (self._active or self._writing):
            self._known[node] = result
        else:
            self._passing[node] = result
        self._cut = self._cut or outer
        self._rest()
        return result

    def _alike(self, value: Value, other: Value) -> bool:
        """Return whether two candidates are one, a name that has moved from one module to another among them."""
        if isinstance(value, Reference) and isinstance(other, Reference) and value != other:
            return self.libraries.meaning(value.path) == self.libraries.meaning(other.path)
        return value == other

    def _is_rebound(self, binding: Binding, use: ast.AST) -> bool:
        """Return whether a name may be set by its text, as by ``globals()["NAME"] = …``, between binding and use."""
        if binding.scope is not self.names.module or self._find_objects is None or not self.names.sets_by_text:
            return False
        return self.objects is not None and self.objects.rebound(binding, use)

    def changed_unseen(self, name: ast.Name) -> bool:
        """Return whether what a name is may be changed by something else than what is done through the name itself."""
        return self.objects is not None and any(
            self._is_rebound(binding, name) or any(self.objects.changed(binding, name, self._followed(binding)))
            for binding in self.names.lookup(name.id, name)
        )

    def altered(self, node: ast.AST, attribute: str = "") -> bool:
        """Return whether an expression's object, or an attribute of it, may have been changed since it was made."""
        return self.objects is not None and self.objects.altered(node, attribute)

    def changed_later(self, node: ast.AST) -> ast.AST | None:
        """Return what may change the list or dict that an expression gives after that, while the file is loaded."""
        if self.objects is None or not any(isinstance(value, Items | Table) for value in self.evaluate(node)):
            return None
        return self.objects.changed_later(node)

    def bound_once(self, name: ast.Name) -> ast.expr | None:
        """The expression that a name always stands for, and whose object nothing changes up to there."""
        if name not in self._once:
            self._once[name] = self._bound_once(name)
        return self._once[name]

    def _bound_once(self, name: ast.Name) -> ast.expr | None:
        bindings = self.names.lookup(name.id, name)
        node = bindings[0].node if len(bindings) == 1 and bindings[0].kind == "value" else None
        if not isinstance(node, ast.expr) or self.names.mutations.get((bindings[0].scope, name.id)):
            return None
        return None if self.changed_unseen(name) else node

    def _followed(self, binding: Binding) -> list[ast.AST]:
        """The changes that are made through a binding's name."""
        return [mutation.node for mutation in self.names.mutations.get((binding.scope, binding.name), ())]

    def single(self, node: ast.AST) -> Value:
        """The value of an expression that has one candidate, else Unknown."""
        values = self.evaluate(node)
        return values[0] if len(values) == 1 else UNKNOWN

    def constant(self, node: ast.AST) -> tuple[bool, object]:
        """Return whether an expression is one constant, and which."""
        value = self.single(node)
        return (True, value.value) if isinstance(value, Constant) else (False, None)

    def path(self, node: ast.AST) -> str:
        """The dotted path that an expression leads to; empty for none."""
        value = self.single(node)
        return value.path if isinstance(value, Reference) else ""

    def entries(self, node: ast.AST) -> dict[str, ast.expr] | None:
        """The entries of a dict by their keys; None where not all of them are known."""
        table = self.single(node)
        if not isinstance(table, Table) or not table.complete:
            return None
        known = {key: entry for key, entry in table.entries.items() if entry is not None}
        return known if len(known) == len(table.entries) else None

    def computed(self, node: ast.AST, names: Turn = NO_NAMES) -> object:
        """The object that an expression gives, with what names have in one turn of a loop. Raises NotKnown."""
        return self._computing.compute(node, names)

    def gone_over(self, node: ast.AST, names: Turn = NO_NAMES) -> list[object] | None:
        """The elements that an expression gives a loop, in order; None where they are not known."""
        try:
            return in_order(self._computing.consumed(node, names))
        except NotKnown:
            return None

    def _computed(self, node: ast.AST) -> Value:
        """The constant that an expression gives whose value is not known by its parts."""
        try:
            value = self._computing.compute_parts(node)
        except NotKnown:
            return UNKNOWN
        return Constant(value) if isinstance(value, str | int | float | None) else UNKNOWN

    def text(self, node: ast.AST) -> tuple[str | ast.AST, ...] | None:
        """A string expression as literal parts and the expressions between them; None for no string."""
        if node in self._texts:
            return self._texts[node]
        if node in self._writing or len(self._writing) > _DEEPEST or self._steps > _MOST_STEPS:
            self._cut = True
            return None
        self._steps += 1
        self._writing.add(node)
        outer, self._cut = self._cut, False
        try:
            parts = self._text(node)
        finally:
            self._writing.discard(node)
        if parts is not None and len(parts) > 1 and not _is_short(parts):
            parts = (node,)
        if not self._cut or not (self._writing or self._active):
            self._texts[node] = parts
        self._cut = self._cut or outer
        self._rest()
        return parts

    def _rest(self) -> None:
        """Forget what was counted and cut short for one question, once it is answered."""
        if not self._active and not self._writing:
            self._passing.clear()
            self._steps = 0
            self._cut = False

    def _text(self, node: ast.AST) -> tuple[str | ast.AST, ...] | None:
        if isinstance(node, ast.Constant):
            return (node.value,) if isinstance(node.value, str) else None
        if isinstance(node, ast.JoinedStr):
            return self._inserted_text(node)
        if isinstance(node, ast.BinOp):
            return self._operated_text(node)
        if isinstance(node, ast.Call):
            function = node.func
            base = (
                self.text(function.value) if isinstance(function, ast.Attribute) and function.attr == "format" else None
            )
            return None if base is None else self._format_call(base, node)
        return self._bound_text(node) if isinstance(node, ast.Name | ast.Attribute | ast.Subscript) else None

    def _inserted_text(self, node: ast.JoinedStr) -> tuple[str | ast.AST, ...]:
        parts: list[str | ast.AST] = []
        for piece in node.values:
            inner = piece.value if isinstance(piece, ast.FormattedValue) else piece
            plain = not isinstance(piece, ast.FormattedValue) or (piece.conversion == -1 and not piece.format_spec)
            parts.extend((self._inserted(inner) if plain else None) or (inner,))
        return tuple(parts)

    def _operated_text(self, node: ast.BinOp) -> tuple[str | ast.AST, ...] | None:
        if not isinstance(node.op, ast.Add | ast.Mod):
            return None
        left = self.text(node.left)
        if isinstance(node.op, ast.Mod):
            return None if left is None else self._formatted(left, node.right)
        right = self.text(node.right)
        if left is None and right is None:
            return None
        return (*(left or (node.left,)), *(right or (node.right,)))

    def arguments(self, call: ast.Call, positional: Sequence[str] = ()) -> Arguments:
        """The arguments of a call, through ``**`` dicts, ``functools.partial`` and ``.partial().expand()``."""
        given, complete, mapped = self._given_before(call, positional)
        origin, positional = ("expand", ()) if mapped else ("keyword", positional)
        for index, argument in enumerate(call.args):
            if isinstance(argument, ast.Starred) or index >= len(positional):
                complete = complete and not isinstance(argument, ast.Starred)
                continue
            given[positional[index]] = Given(argument, self.evaluate(argument), "position")
        for keyword in call.keywords:
            if keyword.arg is not None:
                given[keyword.arg] = Given(keyword.value, self._given_by(keyword.value, origin), origin)
                continue
            table = self.single(keyword.value)
            complete = complete and isinstance(table, Table) and table.complete
            for name, node in table.entries.items() if isinstance(table, Table) else ():
                given[name] = Given(node, self.evaluate(node) if node else (UNKNOWN,), "spread")
        return Arguments(given, complete)

    def _given_before(self, call: ast.Call, positional: Sequence[str]) -> tuple[dict[str, Given], bool, bool]:
        """The arguments that a callee has from the calls that made it, whether all are known, and if it maps others."""
        given: dict[str, Given] = {}
        complete, mapped = True, False
        unseen = any(
            keyword.arg is None and not (isinstance(table := self.single(keyword.value), Table) and table.complete)
            for keyword in call.keywords
        )
        for callee in self.evaluate(call.func):
            if isinstance(callee, Partial):
                for part in _chain(callee):
                    inner = self.arguments(part.call, ("", *positional))
                    complete = complete and inner.complete
                    for name, value in inner.given.items():
                        if name:
                            values = (*value.values, UNKNOWN) if unseen else value.values
                            given[name] = Given(value.node, values, "partial")
            elif (
                isinstance(callee, Member) and isinstance(callee.owner, Made) and self.libraries.is_mapping(callee.name)
            ):
                inner = self.arguments(callee.owner.call)
                given.update({name: value._replace(origin="partial") for name, value in inner.given.items()})
                complete = complete and inner.complete and callee.name == self.libraries.mapping
                mapped = True
        return given, complete, mapped

    def _given_by(self, node: ast.expr, origin: str) -> tuple[Value, ...]:
        """Return what an argument is: its value, or what ``.expand(…)`` takes one by one out of a list."""
        if origin != "expand":
            return self.evaluate(node)
        listed = self.single(node)
        known = isinstance(listed, Items) and listed.complete
        return tuple(dict.fromkeys(self._each(listed))) if known and isinstance(listed, Items) else (UNKNOWN,)

    def returns(self, node: FunctionNode | ast.Lambda) -> list[ast.expr]:
        """The expressions that a function returns."""
        if isinstance(node, ast.Lambda):
            return [node.body]
        return [part.value for part in self._exits(node) if isinstance(part, ast.Return) and part.value is not None]

    def yields(self, function: FunctionNode) -> list[ast.expr]:
        """The expressions that a generator yields, or yields from."""
        exits = self._exits(function)
        return [part.value for part in exits if not isinstance(part, ast.Return) and part.value is not None]  # type: ignore[attr-defined]

    def is_generator(self, function: FunctionNode) -> bool:
        """Return whether a function is one whose call only makes a generator."""
        return any(isinstance(part, ast.Yield | ast.YieldFrom) for part in self._exits(function))

    def _exits(self, function: FunctionNode) -> list[ast.AST]:
        known = self._exits_of.get(function)
        if known is None:
            leaving = (ast.Return, ast.Yield, ast.YieldFrom)
            known = self._exits_of[function] = [part for part in own_nodes(function) if isinstance(part, leaving)]
        return known

    # -- strings -----------------------------------------------------------------

    def _inserted(self, node: ast.AST) -> tuple[str | ast.AST, ...] | None:
        text = self.text(node)
        if text is not None:
            return text
        value = self.single(node)
        if isinstance(value, Constant) and isinstance(value.value, str | int) and not isinstance(value.value, bool):
            return (str(value.value),)
        return None

    def _formatted(self, parts: tuple[str | ast.AST, ...], right: ast.expr) -> tuple[str | ast.AST, ...] | None:
        waiting = list(right.elts) if isinstance(right, ast.Tuple) else [right]
        table = self.single(right)
        result: list[str | ast.AST] = []
        for part in parts:
            if not isinstance(part, str):
                result.append(part)
                continue
            start = 0
            for match in re.finditer(_CONVERSION, part):
                result.append(part[start : match.start()])
                start = match.end()
                if match["kind"] == "%":
                    result.append("%")
                    continue
                inner: ast.expr | None
                if match["key"] is not None:
                    inner = table.entries.get(match["key"]) if isinstance(table, Table) else None
                elif waiting:
                    inner = waiting.pop(0)
                else:
                    return None
                plain = inner is not None and not match["how"] and match["kind"] in "sdi"
                result.extend((self._inserted(inner) if plain and inner else None) or (inner or right,))
            result.append(part[start:])
        return tuple(result)

    def _format_call(self, base: tuple[str | ast.AST, ...], call: ast.Call) -> tuple[str | ast.AST, ...] | None:
        import string

        result: list[str | ast.AST] = []
        automatic = 0
        named = {keyword.arg: keyword.value for keyword in call.keywords}
        for part in base:
            if not isinstance(part, str):
                result.append(part)
                continue
            try:
                fields = list(string.Formatter().parse(part))
            except ValueError:
                return None
            for literal, field, how, conversion in fields:
                result.append(literal)
                if field is None:
                    continue
                inner: ast.expr | None
                if field == "" or field.isdigit():
                    index = int(field) if field else automatic
                    automatic += field == ""
                    inner = call.args[index] if index < len(call.args) else None
                else:
                    inner = named.get(field)
                plain = inner is not None and not how and not conversion
                result.extend((self._inserted(inner) if plain and inner else None) or (inner or call,))
        return tuple(result)

    def _bound_text(self, node: ast.Name | ast.Attribute | ast.Subscript) -> tuple[str | ast.AST, ...] | None:
        """The parts of the text that a name is bound to, or the one that it is known to be."""
        bindings = self.names.lookup(node.id, node) if isinstance(node, ast.Name) else []
        if len(bindings) == 1 and bindings[0].kind == "value" and bindings[0].node is not None:
            text = None if self._is_rebound(bindings[0], node) else self.text(bindings[0].node)
            if text is not None:
                return text
        value = self.single(node)
        return (value.value,) if isinstance(value, Constant) and isinstance(value.value, str) else None

    # -- evaluating --------------------------------------------------------------

    def _evaluate(self, node: ast.AST) -> Sequence[Value]:
        evaluate = self._kinds.get(type(node))
        return evaluate(node) if evaluate is not None else (UNKNOWN,)

    def _literal(self, node: ast.Constant) -> Sequence[Value]:
        huge = isinstance(node.value, int) and abs(node.value) > LARGEST
        return (UNKNOWN if huge else Constant(node.value),)

    def _attribute_of(self, node: ast.Attribute) -> Sequence[Value]:
        return self._member_value(node) or [
            found
            for owner in (*self.evaluate(node.value), *self.own_class(node.value))
            for found in self._attribute(owner, node.attr, node)
        ]

    def _display(self, node: ast.List | ast.Tuple | ast.Set) -> Sequence[Value]:
        items = self._items(node.elts)
        return (items._replace(ordered=False) if isinstance(node, ast.Set) else items,)

    def _choice(self, node: ast.IfExp) -> Sequence[Value]:
        test = self.single(node.test)
        if isinstance(test, Constant):
            return self.evaluate(node.body if test.value else node.orelse)
        return (*self.evaluate(node.body), *self.evaluate(node.orelse))

    def _same(self, node: ast.NamedExpr | ast.Await) -> Sequence[Value]:
        return self.evaluate(node.value)

    def _lambda(self, node: ast.Lambda) -> Sequence[Value]:
        return (Local(node),)

    def _comprehended(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> Sequence[Value]:
        return (Items((node.elt,), complete=False),)

    def _joined_text(self, node: ast.JoinedStr) -> Sequence[Value]:
        return [self._converted("builtins.str", value) for value in self._only_inserted(node)] or (
            self._joined(self.text(node)),
        )

    def _name(self, node: ast.Name) -> Sequence[Value]:
        bindings = self.names.lookup(node.id, node)
        if self._held:
            bindings = self._of_pass(bindings, node)
        found: list[Value] = []
        own = unseen_star = False
        for binding in bindings:
            if binding.kind == "star":
                starred = self._imported_as(f"{binding.target}.{node.id}")
                if self.libraries.offers(f"{binding.target}.{node.id}") or self.libraries.exists(starred.path):
                    found.append(starred)
                else:
                    unseen_star = True
            else:
                own = own or binding.kind == "value"
                found.extend(self._at_use(binding, node))
        if found:
            # A star import of settings may set again what the file has set before it.
            return [*found, UNKNOWN] if own and unseen_star else found
        return (UNKNOWN,) if unseen_star else (Reference(f"builtins.{node.id}"),)

    def _imported_as(self, path: str) -> Reference:
        """Return what a dotted path leads to."""
        return Reference(self.libraries.stands_for(path))

    def _of_pass(self, bindings: list[Binding], use: ast.Name) -> list[Binding]:
        """The bindings that are not in an arm that this pass of the code around leaves out."""
        _, _, path = self.names.place(use)
        kept = []
        for binding in bindings:
            arms = [branch for branch in binding.path if branch[1] == "if" and branch not in path]
            tests = [(self.single(self.names.conditions[branch[0]].test), branch[2]) for branch in arms]
            if not any(isinstance(test, Constant) and bool(test.value) is (arm == "orelse") for test, arm in tests):
                kept.append(binding)
        return kept

    def _binding(self, binding: Binding) -> Sequence[Value]:
        held = self._held.get(id(binding))
        if held is not None:
            return self._at(self.evaluate(held[0]), held[1])
        if binding.kind == "import":
            return (self._imported_as(binding.target),)
        give = self._givers.get(binding.kind)
        return give(binding, binding.node) if give is not None and binding.node is not None else (UNKNOWN,)

    def _given_value(self, _binding: Binding, node: ast.AST) -> Sequence[Value]:
        return self.evaluate(node)

    def _defined(self, _binding: Binding, node: FunctionNode | ast.ClassDef) -> Sequence[Value]:
        return (Local(node),)

    def _parameter(self, binding: Binding, _node: ast.AST) -> Sequence[Value]:
        return (*self._default(binding), *self._handed_in(binding), *self._called_on(binding), UNKNOWN)

    def _taken_out(self, binding: Binding, node: ast.AST) -> Sequence[Value]:
        """The part of a value, or of each of its elements, that is unpacked."""
        if binding.kind == "item":
            return self._at(self.evaluate(node), binding.place)
        if binding.kind == "element":
            return [found for value in self.evaluate(node) for found in self._each(value)]
        first, *rest = binding.place
        return self._at(self._each_item(node, first), rest)

    def _default(self, binding: Binding) -> Sequence[Value]:
        arguments = binding.node.args  # type: ignore[union-attr]
        plain = [*arguments.posonlyargs, *arguments.args]
        pairs = list(zip(reversed(plain), reversed(arguments.defaults), strict=False))
        pairs += list(zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True))
        for parameter, default in pairs:
            if parameter.arg == binding.name and default is not None:
                return self.evaluate(default)
        return ()

    def _handed_in(self, binding: Binding) -> Sequence[Value]:
        """Return what the calls of a local function give a parameter, of those that can be classes."""
        function = binding.node
        if not isinstance(function, FunctionNode):
            return ()
        plain = [parameter.arg for parameter in (*function.args.posonlyargs, *function.args.args)]
        found: list[Value] = []
        for call in self.calls_of(function):
            given = [keyword.value for keyword in call.keywords if keyword.arg == binding.name]
            index = plain.index(binding.name) if binding.name in plain else len(call.args)
            given += call.args[index : index + 1]
            for node in given:
                found.extend(value for value in self.evaluate(node) if isinstance(value, Reference | Local))
        return found

    def _called_on(self, binding: Binding) -> Sequence[Value]:
        """The class that ``cls`` of a class method is, unless a subclass is."""
        function = binding.node
        if not isinstance(function, FunctionNode) or not function.decorator_list:
            return ()
        owner = self.names.parents.get(function)
        own = [*function.args.posonlyargs, *function.args.args][:1]
        made = Reference("builtins.classmethod") in map(self.single, function.decorator_list)
        named = made and [parameter.arg for parameter in own] == [binding.name]
        return (Local(owner),) if named and isinstance(owner, ast.ClassDef) else ()

    def annotated(self, node: ast.expr) -> Sequence[Value]:
        """The classes that a parameter's annotation says it is of; empty for all else."""
        bindings = self.names.lookup(node.id, node) if isinstance(node, ast.Name) else []
        function = bindings[0].node if len(bindings) == 1 and bindings[0].kind == "parameter" else None
        if not isinstance(function, FunctionNode):
            return ()
        parameters = (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
        written = [one.annotation for one in parameters if one.arg == bindings[0].name and one.annotation is not None]
        return [value for annotation in written for value in self.evaluate(annotation)]

    def calls_of(self, function: ast.AST) -> list[ast.Call]:
        """The calls of a local function by a name of it."""
        if self._callers is None:
            self._callers = {}
            for definition in self.names.functions:
                for binding in self.names.bindings_of(definition):
                    if binding.kind == "function":
                        for load in self.names.uses(binding):
                            call = self.names.parents.get(load)
                            if isinstance(call, ast.Call) and call.func is load:
                                self._callers.setdefault(definition, []).append(call)
        return self._callers.get(function, [])

    def handed_on(self, function: ast.AST) -> bool:
        """Return whether a local function is used other than by calling it, so that others may call it."""
        uses = [
            load
            for binding in self.names.bindings_of(function)
            if binding.kind == "function"
            for load in self.names.uses(binding)
        ]
        return len(uses) > len(self.calls_of(function))

    def _augmented(self, _binding: Binding, statement: ast.AugAssign) -> Sequence[Value]:
        """The value of a name after ``name op= …``."""
        name = statement.target.id  # type: ignore[union-attr]
        # In a loop a name's value before may be that after, of this statement or of another.
        if not isinstance(statement.op, ast.BitOr) or statement in self._active:
            return (UNKNOWN,)
        self._active.add(statement)
        try:
            before = [
                value for binding in self.names.lookup(name, statement) for value in self._at_use(binding, statement)
            ]
            value = self.single(statement.value)
        finally:
            self._active.discard(statement)
        if len(before) == 1 and isinstance(before[0], Table):
            return (_merged(before[0], value),)
        return (UNKNOWN,)

    def own_class(self, node: ast.expr) -> Sequence[Value]:
        """The class in whose method ``self`` or ``cls`` stands; a subclass may be the real one."""
        if not isinstance(node, ast.Name):
            return ()
        bindings = self.names.lookup(node.id, node)
        function = bindings[0].node if len(bindings) == 1 and bindings[0].kind == "parameter" else None
        if not isinstance(function, FunctionNode):
            return ()
        owner = self.names.parents.get(function)
        first = [*function.args.posonlyargs, *function.args.args][:1]
        static = Reference("builtins.staticmethod") in map(self.single, function.decorator_list)
        if isinstance(owner, ast.ClassDef) and not static and [parameter.arg for parameter in first] == [node.id]:
            return (Local(owner),)
        return ()

    def _at(self, values: Sequence[Value], place: Sequence[int]) -> Sequence[Value]:
        """The elements of the values at an index for each level."""
        for index in place:
            values = [found for value in values for found in self._element(value, index)]
        return values

    def _element(self, value: Value, index: int) -> Sequence[Value]:
        if isinstance(value, Items) and value.complete and -len(value.nodes) <= index < len(value.nodes):
            return self.evaluate(value.nodes[index]) if value.ordered else (UNKNOWN,)
        if isinstance(value, Made):
            fields = list(self._fields(value).values())
            if -len(fields) <= index < len(fields):
                return self.evaluate(fields[index])
        return (UNKNOWN,)

    def _fields(self, made: Made) -> dict[str, ast.expr]:
        """Return what an object of a class that only holds values was made with, by name; empty for all others."""
        names: list[str] = []
        defaults: dict[str, ast.expr] = {}
        callee = made.callee
        if isinstance(callee, Local) and isinstance(callee.node, ast.ClassDef):
            if not self._only_holds(callee.node):
                return {}
            for part in callee.node.body:
                if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
                    names.append(part.target.id)
                    if part.value is not None:
                        defaults[part.target.id] = part.value
        elif isinstance(callee, Made) and callee.callee == Reference("collections.namedtuple"):
            names = self._field_names(callee.call)
        elif callee != Reference("types.SimpleNamespace"):
            return {}
        arguments = self.arguments(made.call, names)
        if not arguments.complete:
            return {}
        given = {name: value.node for name, value in arguments.given.items() if value.node is not None}
        return {name: node for name in (names or given) if (node := given.get(name, defaults.get(name))) is not None}

    def _only_holds(self, node: ast.ClassDef) -> bool:
        """Return whether a class is a dataclass or a named tuple without code of its own that makes its objects."""
        decorators = [one.func if isinstance(one, ast.Call) else one for one in node.decorator_list]
        known = [self.single(one) for one in decorators] == [Reference("dataclasses.dataclass")] and not node.bases
        tuples = not decorators and [self.single(base) for base in node.bases] == [Reference("typing.NamedTuple")]
        made = ("__init__", "__new__", "__post_init__", "__getattribute__", "__setattr__")
        return (known or tuples) and not any(self.names.class_attribute(node, name) for name in made)

    def _field_names(self, call: ast.Call) -> list[str]:
        """The fields that ``namedtuple("Name", "one other")`` or ``namedtuple("Name", ["one", "other"])`` names."""
        value = self.single(call.args[1]) if len(call.args) == 2 and not call.keywords else UNKNOWN
        if isinstance(value, Constant) and isinstance(value.value, str):
            return value.value.replace(",", " ").split()
        parts = [self.single(node) for node in value.nodes] if isinstance(value, Items) and value.complete else []
        return [part.value for part in parts if isinstance(part, Constant) and isinstance(part.value, str)]

    def _each(self, value: Value) -> Sequence[Value]:
        if isinstance(value, Items) and value.nodes:
            found = [candidate for node in value.nodes for candidate in self.evaluate(node)]
            return found if value.complete else [*found, UNKNOWN]
        if isinstance(value, Table) and value.complete:
            return [Constant(key) for key in value.entries]
        return (UNKNOWN,)

    def _each_item(self, node: ast.AST, index: int) -> Sequence[Value]:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "items":
            found: list[Value] = []
            for table in self.evaluate(node.func.value):
                is_key = index in (0, -2)
                if not isinstance(table, Table) or (is_key and not table.complete):
                    return (UNKNOWN,)
                found.extend(map(Constant, table.entries) if is_key else self._entries(table))
            return found
        if isinstance(node, ast.Call) and isinstance(callee := self.single(node.func), Reference):
            if callee.path == "builtins.enumerate" and node.args:
                if index not in (1, -1):
                    return (UNKNOWN,)
                return [found for value in self.evaluate(node.args[0]) for found in self._each(value)]
            if callee.path == "builtins.zip" and index < len(node.args):
                return [found for value in self.evaluate(node.args[index]) for found in self._each(value)]
        return [
            found
            for value in self.evaluate(node)
            for inner in self._each(value)
            for found in self._element(inner, index)
        ]

    def _attribute(self, owner: Value, attribute: str, use: ast.AST) -> Sequence[Value]:
        if isinstance(owner, Reference):
            return (self._imported_as(f"{owner.path}.{attribute}"),)
        if isinstance(owner, Local) and isinstance(owner.node, ast.ClassDef):
            return self._class_attribute(owner, attribute, use)
        if isinstance(owner, Local):
            return (Member(owner, attribute),)
        if isinstance(owner, Made):
            return self._made_attribute(owner, attribute, use)
        if isinstance(owner, Table | Items | Constant):
            return (Member(owner, attribute),)
        return (UNKNOWN,)

    def _made_attribute(self, owner: Made, attribute: str, use: ast.AST) -> Sequence[Value]:
        if (field := self._fields(owner).get(attribute)) is not None:
            changed = attribute in self.names.stores or ANY_ATTRIBUTE in self.names.stores
            return (*self.evaluate(field), UNKNOWN) if changed else self.evaluate(field)
        kept = [one.value for one in owner.call.keywords if one.arg == attribute in self.libraries.kept_arguments]
        if kept:
            return (self.single(kept[0]),)
        classes: list[Value] = []
        if isinstance(owner.callee, Local) and isinstance(owner.callee.node, ast.ClassDef):
            classes = [value for value in self._class_attribute(owner.callee, attribute, use) if _may_be_class(value)]
        return [*classes, UNKNOWN] if classes else (Member(owner, attribute),)

    def _class_attribute(self, owner: Local, attribute: str, use: ast.AST) -> Sequence[Value]:
        lineage, plain = self.lineage(owner.node)  # type: ignore[arg-type]
        if attribute == "__class__":
            return (owner, UNKNOWN)
        stored = self._stored(lineage, attribute)
        for node in lineage:
            bindings = self.names.class_attribute(node, attribute)
            if bindings:
                values = [
                    self._mutated(binding, use, found)
                    for binding in bindings
                    for value in self._binding(binding)
                    for found in self._got(value)
                ]
                changed = attribute in self.names.stores or ANY_ATTRIBUTE in self.names.stores
                # An Enum or a decorator may make something else of what the body says.
                return values if plain and not changed else [*values, *stored, UNKNOWN]
        return (*stored, UNKNOWN) if stored else (Member(owner, attribute),)

    def _got(self, value: Value) -> Sequence[Value]:
        """Return what a class attribute gives that is asked for: what a property returns, else itself."""
        function = value.node if isinstance(value, Local) else None
        if not isinstance(function, ast.FunctionDef) or not function.decorator_list:
            return (value,)
        if not self._decorated_by(function, _PROPERTIES):
            return (value,)
        return [*(found for returned in self.returns(function) for found in self.evaluate(returned)), UNKNOWN]

    def _stored(self, lineage: list[ast.ClassDef], attribute: str) -> list[Value]:
        """Return what the methods of a class set an attribute of their object to."""
        stores = self.names.stores.get(attribute, ())
        return [
            value
            for store in (stores if len(stores) <= _MOST_CHANGES else ())
            if store.value is not None
            and any(isinstance(own, Local) and own.node in lineage for own in self.own_class(store.owner))
            for value in self.evaluate(store.value)
        ]

    def _member_value(self, node: ast.Attribute) -> Sequence[Value]:
        """Return what ``Enumeration.MEMBER.value`` is, of an enumeration of the file that only lists its members."""
        member = node.value
        if node.attr != "value" or not isinstance(member, ast.Attribute):
            return ()
        owner = self.single(member.value)
        if not isinstance(owner, Local) or not isinstance(owner.node, ast.ClassDef):
            return ()
        bases = [self.single(base) for base in owner.node.bases]
        listed = all(isinstance(part, ast.Assign | ast.Expr | ast.Pass) for part in owner.node.body)
        if not listed or owner.node.decorator_list or not any(base in _ENUMERATIONS for base in bases):
            return ()
        bindings = self.names.class_attribute(owner.node, member.attr)
        return [value for binding in bindings for value in self._binding(binding)]

    def lineage(self, node: ast.ClassDef) -> tuple[list[ast.ClassDef], bool]:
        """A class and its local bases, in order of lookup, and whether there is nothing else about them."""
        found: list[ast.ClassDef] = []
        plain = True
        stack = [node]
        visits = 0
        while stack:
            current = stack.pop()
            visits += 1
            if current in found:
                if visits > _MOST_STEPS:
                    continue
                # A class comes after all that are derived of it.
                found.remove(current)
            found.append(current)
            plain = plain and not current.keywords and not current.decorator_list
            bases: list[ast.ClassDef] = []
            for base, _ in self.bases(current):
                values = self.evaluate(base)
                value = values[0] if len(values) == 1 else UNKNOWN
                if isinstance(value, Local) and isinstance(value.node, ast.ClassDef):
                    bases.append(value.node)
                elif value != Reference("builtins.object"):
                    plain = False
            stack.extend(reversed(bases))
        return found, plain

    def bases(self, node: ast.ClassDef) -> list[tuple[ast.expr, ast.expr]]:
        """The base classes: the expression that gives each, and where it is written (a ``*tuple`` holds several)."""
        found: list[tuple[ast.expr, ast.expr]] = []
        for base in node.bases:
            inner = self.single(base.value) if isinstance(base, ast.Starred) else None
            found.extend([(one, base) for one in inner.nodes] if isinstance(inner, Items) else [(base, base)])
        return found

    def _call(self, node: ast.Call) -> Sequence[Value]:
        text = self.text(node)
        if text is not None:
            return (self._joined(text),)
        callees = self.evaluate(node.func)
        # Where a name may also be None, as after an import that failed, the call is made only of what it is else.
        callables = [callee for callee in callees if not isinstance(callee, Constant)] or callees
        return [found for callee in callables for found in self._called(callee, node)]

    def _called(self, callee: Value, node: ast.Call) -> Sequence[Value]:
        if isinstance(callee, Reference):
            give = self._functions.get(callee.path)
            found = give(callee.path, node) if give is not None else None
            return (Made(node, callee),) if found is None else found
        if isinstance(callee, Local):
            found = self._called_local(callee, node)
            changeable = any(isinstance(value, Items | Table) for value in found)
            return (UNKNOWN,) if changeable and self.altered(node) else found
        if isinstance(callee, Member):
            return self._called_member(callee, node)
        if isinstance(callee, Partial):
            return (Made(node, callee.callee),)
        if isinstance(callee, Made) and callee.callee == Reference("collections.namedtuple"):
            return (Made(node, callee),)
        return (UNKNOWN,)

    # Each gives what a call of a builtin or of the standard library gives; None for what it was given otherwise.

    def _dict_call(self, _path: str, node: ast.Call) -> Sequence[Value] | None:
        return (self.changes(node),)

    def _collection(self, path: str, node: ast.Call) -> Sequence[Value] | None:
        values = self.evaluate(node.args[0]) if node.args else (Items((), complete=True),)
        kept = path in ("builtins.list", "builtins.tuple")
        return [
            value._replace(complete=value.complete and kept) if isinstance(value, Items) else UNKNOWN
            for value in values
        ]

    def _conversion(self, path: str, node: ast.Call) -> Sequence[Value] | None:
        if len(node.args) > 1 or node.keywords:
            return (UNKNOWN,)
        return [self._converted(path, value) for value in self.evaluate(node.args[0])] if node.args else None

    def _copy(self, _path: str, node: ast.Call) -> Sequence[Value] | None:
        return self.evaluate(node.args[0]) if node.args else None

    def _partial(self, _path: str, node: ast.Call) -> Sequence[Value] | None:
        return [Partial(value, node) for value in self.evaluate(node.args[0])] if node.args else None

    def _got_attribute(self, _path: str, node: ast.Call) -> Sequence[Value] | None:
        if len(node.args) < 2:
            return None
        name = self.single(node.args[1])
        if not isinstance(name, Constant) or not isinstance(name.value, str):
            return (UNKNOWN,)
        owners = self.evaluate(node.args[0])
        return [Reference(f"{one.path}.{name.value}") if isinstance(one, Reference) else UNKNOWN for one in owners]

    def _import(self, path: str, node: ast.Call) -> Sequence[Value] | None:
        return [self._imported(path, name, node) for name in self.evaluate(node.args[0])] if node.args else None

    def _cast(self, _path: str, node: ast.Call) -> Sequence[Value] | None:
        return self.evaluate(node.args[1]) if len(node.args) == 2 else None

    def _type(self, _path: str, node: ast.Call) -> Sequence[Value] | None:
        if len(node.args) != 1:
            return None
        made = [value.callee for value in self.evaluate(node.args[0]) if isinstance(value, Made)]
        return (*made, *self.own_class(node.args[0]), UNKNOWN)

    def _namespace(self, _path: str, node: ast.Call) -> Sequence[Value] | None:
        if not node.args:
            return None
        return [found for owner in self.evaluate(node.args[0]) for found in self._attribute(owner, "__dict__", node)]

    def _imported(self, importer: str, name: Value, node: ast.Call) -> Value:
        """The module that a call imports by its name."""
        given = self.arguments(node, _IMPORTERS.get(importer) or self.libraries.importers[importer]).given
        if not isinstance(name, Constant) or not isinstance(name.value, str):
            return UNKNOWN
        if importer == "builtins.__import__":
            listed = given["fromlist"].values if "fromlist" in given else ()
            return Reference(name.value if any(map(_holds_any, listed)) else name.value.split(".")[0])
        package = given["package"].constant if "package" in given else None
        path = absolute(name.value, package.value if package is not None else None)
        return Reference(path) if path else UNKNOWN

    def _called_local(self, callee: Local, node: ast.Call) -> Sequence[Value]:
        function = callee.node
        if isinstance(function, ast.ClassDef):
            return (Made(node, callee),)
        if isinstance(function, ast.FunctionDef) and self._decorated_by(function, _CALLED):
            if any(not isinstance(part, ast.Return) for part in self._exits(function)):
                return (UNKNOWN,)
            return [value for returned in self.returns(function) for value in self.evaluate(returned)]
        if isinstance(function, ast.Lambda):
            return self.evaluate(function.body)
        return (Made(node, callee),)

    def _decorated_by(self, function: FunctionNode, known: frozenset[str]) -> bool:
        """Return whether all decorators of a function are among those."""
        callees = [
            self.single(decorator.func if isinstance(decorator, ast.Call) else decorator)
            for decorator in function.decorator_list
        ]
        return all(isinstance(callee, Reference) and callee.path in known for callee in callees)

    def _called_member(self, callee: Member, node: ast.Call) -> Sequence[Value]:
        owner = callee.owner
        if isinstance(owner, Table):
            if callee.name == "copy":
                return (owner,)
            if callee.name == "get" and node.args:
                key = self.single(node.args[0])
                if isinstance(key, Constant) and isinstance(key.value, str) and owner.complete:
                    if key.value in owner.entries:
                        entry = owner.entries[key.value]
                        return self.evaluate(entry) if entry is not None else (UNKNOWN,)
                    return self.evaluate(node.args[1]) if len(node.args) > 1 else (Constant(None),)
                return [*self._entry(owner, key), UNKNOWN]
            if callee.name == "pop" and node.args:
                return (*self._entry(owner, self.single(node.args[0])), UNKNOWN)
            if callee.name == "values":
                entries = [*owner.entries.values(), *(entry for _, entry in owner.others)]
                known = tuple(entry for entry in entries if entry is not None)
                # A view that is kept follows the dict: it is known only where it is gone over at once.
                at_once = isinstance(self.names.parents.get(node), ast.For | ast.comprehension | ast.Starred | ast.Call)
                return (Items(known, at_once and owner.complete and len(known) == len(entries)),)
            return (UNKNOWN,)
        if isinstance(owner, Items):
            return (owner,) if callee.name == "copy" else (UNKNOWN,)
        result = self._computed(node) if isinstance(owner, Constant) else UNKNOWN
        return (Made(node, callee) if result == UNKNOWN else result,)

    def _converted(self, path: str, value: Value) -> Value:
        if path == "builtins.str" and isinstance(value, Member) and value.name in self.libraries.own_texts:
            return value
        if not isinstance(value, Constant) or not isinstance(value.value, str | int | float | bool):
            return UNKNOWN
        try:
            result = {"builtins.str": str, "builtins.int": int, "builtins.bool": bool}[path](value.value)
        except (ValueError, OverflowError):
            return UNKNOWN
        return UNKNOWN if isinstance(result, int) and abs(result) > LARGEST else Constant(result)

    def _entries(self, table: Table) -> list[Value]:
        found = [
            value
            for entry in (*table.entries.values(), *(entry for _, entry in table.others))
            for value in (self.evaluate(entry) if entry is not None else (UNKNOWN,))
        ]
        return found if table.complete and found else [*found, UNKNOWN]

    def _entry(self, table: Table, key: Value) -> Sequence[Value]:
        """Return what a dict has under a key; any of its values when the key is not known."""
        if isinstance(key, Constant) and isinstance(key.value, str):
            entry = table.entries.get(key.value)
            return self.evaluate(entry) if entry is not None else (UNKNOWN,)
        same = [entry for other, entry in table.others if other == key != UNKNOWN]
        if same and same[-1] is not None:
            return (*self.evaluate(same[-1]), UNKNOWN)
        return (UNKNOWN,) if same or isinstance(key, Constant) else self._entries(table)

    def _subscript(self, node: ast.Subscript) -> Sequence[Value]:
        key = self.single(node.slice)
        found: list[Value] = []
        for owner in self.evaluate(node.value):
            if isinstance(node.slice, ast.Slice):
                found.append(owner._replace(complete=False) if isinstance(owner, Items) else UNKNOWN)
                continue
            if isinstance(owner, Table):
                found.extend(self._entry(owner, key))
            elif isinstance(key, Constant) and isinstance(key.value, int):
                found.extend(self._element(owner, key.value))
            elif owner == Reference("sys.modules") and isinstance(key, Constant):
                found.append(Reference(str(key.value)))
            elif owner in _GENERICS or (isinstance(owner, Local) and isinstance(owner.node, ast.ClassDef)):
                found.append(owner)
            elif isinstance(owner, Reference) and isinstance(key, Constant) and owner.path.endswith(".__dict__"):
                found.append(Reference(f"{owner.path.removesuffix('.__dict__')}.{key.value}"))
            else:
                found.append(UNKNOWN)
        return found

    def _only_inserted(self, node: ast.JoinedStr) -> Sequence[Value]:
        """The values that ``f"{value}"`` may be the text of and gives back; empty for other texts."""
        piece = node.values[0] if len(node.values) == 1 else None
        if not isinstance(piece, ast.FormattedValue) or piece.conversion not in (-1, 115) or piece.format_spec:
            return ()
        values, own = self.evaluate(piece.value), self.libraries.own_texts
        return values if any(isinstance(value, Member) and value.name in own for value in values) else ()

    def _joined(self, parts: tuple[str | ast.AST, ...] | None) -> Value:
        if parts is None or not all(isinstance(part, str) for part in parts):
            return UNKNOWN
        return Constant("".join(part for part in parts if isinstance(part, str)))

    def _binary(self, node: ast.BinOp) -> Sequence[Value]:
        if isinstance(node.op, ast.Add | ast.Mod):
            text = self.text(node)
            if text is not None:
                return (self._joined(text),)
        left, right = self.single(node.left), self.single(node.right)
        if isinstance(left, Table) and isinstance(right, Table) and isinstance(node.op, ast.BitOr):
            return (_merged(left, right),)
        if isinstance(left, Items) and isinstance(right, Items) and isinstance(node.op, ast.Add):
            if len(left.nodes) + len(right.nodes) > _MOST_PARTS:
                return (Items((), complete=False),)
            complete, ordered = left.complete and right.complete, left.ordered and right.ordered
            return (Items(left.nodes + right.nodes, complete, ordered),)
        if isinstance(left, Constant) and isinstance(right, Constant):
            return (_worked_out(operations.binary, left.value, node.op, right.value),)
        return (UNKNOWN,)

    def _boolean(self, node: ast.BoolOp) -> Sequence[Value]:
        """``and`` stops at the first false value, ``or`` at the first true one; constants tell."""
        stops_at = isinstance(node.op, ast.Or)
        found: list[Value] = []
        for part in node.values[:-1]:
            values = self.evaluate(part)
            passing = [value for value in values if not isinstance(value, Constant) or bool(value.value) != stops_at]
            found.extend(value for value in values if not isinstance(value, Constant) or bool(value.value) == stops_at)
            if not passing:
                return found
        return [*found, *self.evaluate(node.values[-1])]

    def _compared(self, node: ast.Compare) -> Sequence[Value]:
        """Return what a comparison of two constants gives, or of one with a list of them."""
        left, right = self.single(node.left), self.single(node.comparators[0])
        if not isinstance(left, Constant) or len(node.ops) > 1:
            return (UNKNOWN,)
        operation = node.ops[0]
        if isinstance(right, Constant):
            return (compared(left, operation, right),)
        if isinstance(right, Items) and right.complete and isinstance(operation, ast.In | ast.NotIn):
            elements = [self.single(element) for element in right.nodes]
            if left in elements or all(isinstance(element, Constant) for element in elements):
                return (Constant((left in elements) is isinstance(operation, ast.In)),)
        return (UNKNOWN,)

    def _unary(self, node: ast.UnaryOp) -> Sequence[Value]:
        value = self.single(node.operand)
        return (_worked_out(operations.unary, node.op, value.value) if isinstance(value, Constant) else UNKNOWN,)

    # -- containers --------------------------------------------------------------

    def _items(self, elements: Sequence[ast.expr]) -> Items:
        nodes: list[ast.expr] = []
        complete = ordered = True
        for element in elements:
            if isinstance(element, ast.Starred):
                inner = self.single(element.value)
                if isinstance(inner, Items) and len(nodes) + len(inner.nodes) <= _MOST_PARTS:
                    nodes.extend(inner.nodes)
                    complete, ordered = complete and inner.complete, ordered and inner.ordered
                else:
                    complete = False
            else:
                nodes.append(element)
        return Items(tuple(nodes), complete, ordered)

    def _dict(self, node: ast.Dict) -> Sequence[Value]:
        table = Table({}, complete=True)
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                table = _merged(table, self.single(value))
                continue
            # A constant costs no step of those that one evaluation may take.
            name = Constant(key.value) if isinstance(key, ast.Constant) else self.single(key)
            if isinstance(name, Constant) and isinstance(name.value, str):
                table.entries[name.value] = value
            else:
                table = _with_item(table, name, value)
        return (table,)

    def changes(self, node: ast.Call) -> Table:
        """Return what ``dict(…)`` or ``dict.update(…)`` is given."""
        table = Table({}, complete=True)
        for argument in node.args:
            value = self.single(argument)
            table = self._paired(table, value) if isinstance(value, Items) else _merged(table, value)
        for keyword in node.keywords:
            if keyword.arg is None:
                table = _merged(table, self.single(keyword.value))
            else:
                table = _merged(table, Table({keyword.arg: keyword.value}, complete=True))
        return table

    def _paired(self, table: Table, pairs: Items) -> Table:
        """A dict after it is updated with a list of keys and values."""
        for node in pairs.nodes if pairs.complete else ():
            pair = self.single(node)
            if not isinstance(pair, Items) or len(pair.nodes) != 2:
                return _merged(table, UNKNOWN)
            table = _with_item(table, self.single(pair.nodes[0]), pair.nodes[1])
        return table if pairs.complete else _merged(table, UNKNOWN)

    def _at_use(self, binding: Binding, use: ast.AST) -> list[Value]:
        """Return what a name that was bound so may be at a use."""
        found = [self._mutated(binding, use, value) for value in self._binding(binding)]
        return [*found, UNKNOWN] if self._is_rebound(binding, use) else found

    def _mutated(self, binding: Binding, use: ast.AST, value: Value) -> Value:
        """The value of a binding at a use, after what may change the object in place between them."""
        if not isinstance(value, Table | Items):
            return value
        scope, order, path = self.names.place(use)
        frame, bound = self.names.frame(scope), self.names.frame(binding.scope)
        mutations = self.names.mutations.get((binding.scope, binding.name), ())
        if len(mutations) > _MOST_CHANGES:
            return _doubtful(value)
        for mutation in mutations:
            changed = self.names.frame(mutation.scope)
            same = changed is frame or (changed is bound and frame is not bound)
            if same and mutation.order < binding.order:
                continue
            if changed is frame and mutation.order > order and not path:
                continue
            certain = same and mutation.path == path[: len(mutation.path)] and mutation.order < order
            value = self._after(value, mutation, certain=certain or (same and not mutation.path))
        if self.objects is not None:
            whole, inner = self.objects.changed(binding, use, self._followed(binding))
            value = _doubtful(value) if whole else self._with_doubtful_parts(value) if inner else value
        return value

    def _with_doubtful_parts(self, value: Table | Items) -> Table | Items:
        """A list or dict in which lists and dicts may have been changed."""
        if isinstance(value, Items):
            return value._replace(complete=value.complete and not any(map(self._holds_data, value.nodes)))
        entries = {key: None if node is None or self._holds_data(node) else node for key, node in value.entries.items()}
        return Table(entries, value.complete, tuple((key, None) for key, _ in value.others))

    def _holds_data(self, node: ast.expr) -> bool:
        return any(isinstance(value, Items | Table) for value in self.evaluate(node))

    def _after(self, value: Table | Items, mutation: Mutation, *, certain: bool) -> Table | Items:
        node = mutation.node
        if isinstance(value, Items):
            return value._replace(complete=False)
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
            statement = self.names.parents.get(node)
            key = self.single(node.slice)
            assigned = statement.value if certain and isinstance(statement, ast.Assign) else None
            return _with_item(value, key, assigned)
        if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.BitOr) and certain:
            return _merged(value, self.single(node.value))
        function = node.func if isinstance(node, ast.Call) else None
        if isinstance(node, ast.Call) and isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
            if function.attr == "update":
                return _merged(value, self.changes(node) if certain else UNKNOWN)
            if function.attr in ("setdefault", "pop") and node.args:
                key = self.single(node.args[0])
                if isinstance(key, Constant) and isinstance(key.value, str):
                    if function.attr == "setdefault" and key.value in value.entries:
                        return value
                    known = certain and value.complete
                    if function.attr == "pop" and known:
                        return Table({k: v for k, v in value.entries.items() if k != key.value}, complete=True)
                    default = node.args[1] if known and len(node.args) > 1 else None
                    return _merged(value, Table({key.value: default}, complete=True))
        return _merged(value, UNKNOWN)


def compared(one: Constant, sign: ast.cmpop, other: Constant) -> Value:
    """Return what a comparison of two constants gives."""
    return _worked_out(operations.compare, one.value, sign, other.value)


def _worked_out(operation: Callable[..., object], *given: object) -> Value:
    """The constant that an operation on constants gives; unknown where it gives none."""
    try:
        value = operation(*given)
    except NotKnown:
        return UNKNOWN
    return Constant(value) if isinstance(value, str | int | float | None) else UNKNOWN


def _doubtful(value: Table | Items) -> Table | Items:
    """A list or dict that something unknown may have changed."""
    return value._replace(complete=False) if isinstance(value, Items) else _merged(value, UNKNOWN)


def _merged(left: Table, right: Value) -> Table:
    """``{**left, **right}``; after something unknown, no earlier entry is certain."""
    if not isinstance(right, Table) or len(left.others) + len(right.others) > _MOST_PARTS:
        return Table(dict.fromkeys(left.entries), complete=False, others=left.others)
    kept = left.entries if right.complete else dict.fromkeys(left.entries)
    return Table({**kept, **right.entries}, left.complete and right.complete, left.others + right.others)


def _with_item(table: Table, key: Value, entry: ast.expr | None) -> Table:
    """A dict after ``table[key] = entry``; a key that is not known may be any of those that are there."""
    if isinstance(key, Constant) and isinstance(key.value, str):
        return _merged(table, Table({key.value: entry}, complete=True))
    kept = table.entries if isinstance(key, Constant) else dict.fromkeys(table.entries)
    return Table(kept, False, (*table.others, (key, entry)))


def absolute(path: str, package: object) -> str:
    """A module's dotted path, a relative one from ``package``; empty where that is not known."""
    if not path.startswith("."):
        return path
    if not isinstance(package, str):
        return ""
    name = path.lstrip(".")
    base = package.split(".")
    base = base[: len(base) - (len(path) - len(name) - 1)]
    return ".".join([*base, name]) if base and name else ""


def _chain(partial: Partial) -> list[Partial]:
    """A partial, and before it those that it is made of, in the order in which they give arguments."""
    found = [partial]
    while isinstance(callee := found[0].callee, Partial):
        found.insert(0, callee)
    return found


def _is_short(parts: tuple[str | ast.AST, ...]) -> bool:
    return len(parts) <= _MOST_PARTS and sum(len(part) for part in parts if isinstance(part, str)) <= LONGEST


def _may_be_class(value: Value) -> bool:
    return isinstance(value, Reference) or (isinstance(value, Local) and isinstance(value.node, ast.ClassDef))


def _holds_any(value: Value) -> bool:
    return isinstance(value, Items) and bool(value.nodes)


def own_nodes(function: ast.AST) -> list[ast.AST]:
    """The nodes of a function without those inside the functions and classes in it."""
    found = children(function)
    for node in found:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            found += children(node)
    return found

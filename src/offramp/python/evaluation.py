"""Evaluation of expressions: what each is known to be without running it; knows no rules."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from offramp.python import operations
from offramp.python.arguments import CallArguments
from offramp.python.bindings import Bindings
from offramp.python.calls import Calls
from offramp.python.changes import Changes
from offramp.python.classes import Classes
from offramp.python.computing import NO_NAMES, Computing, Turn, in_order
from offramp.python.containers import Containers
from offramp.python.effort import Effort
from offramp.python.functions import Functions
from offramp.python.libraries import NO_LIBRARIES, Libraries
from offramp.python.names import Names
from offramp.python.operations import LARGEST, MOST_PARTS, NotKnown
from offramp.python.texts import Texts, joined
from offramp.python.values import UNKNOWN, Constant, Held, Items, Local, Member, Reference, Table, Value, merged

if TYPE_CHECKING:
    from offramp.python.objects import Objects

_MOST_CANDIDATES = 12
# Expressions whose parts may say more than what is kept of them.
_COMPUTED = (ast.BinOp, ast.Call, ast.Compare, ast.FormattedValue, ast.JoinedStr, ast.Subscript, ast.UnaryOp)


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
        self.libraries = libraries
        self.effort = Effort()
        self._known: dict[ast.AST, tuple[Value, ...]] = {}
        self._find_objects = objects
        self._objects: Objects | None = None
        self._whole = self
        self._computing = Computing(self)
        self.functions = Functions(names)
        self.texts = Texts(self)
        self.containers = Containers(self)
        self.changes_of_names = Changes(self)
        self.classes = Classes(self)
        self.bindings = Bindings(self, held or {})
        self.call_arguments = CallArguments(self)
        self.calls = Calls(self)
        # What others than the parts of the evaluation ask.
        self.text = self.texts.parts
        self.arguments = self.call_arguments.arguments
        self.changes = self.containers.changes
        self.annotated = self.bindings.annotated
        self.own_class, self.lineage, self.bases = self.classes.own_class, self.classes.lineage, self.classes.bases
        self.returns, self.yields = self.functions.returns, self.functions.yields
        self.is_generator = self.functions.is_generator
        self.calls_of, self.handed_on = self.functions.calls_of, self.functions.handed_on
        self.altered, self.bound_once = self.changes_of_names.altered, self.changes_of_names.bound_once
        self.changed_unseen = self.changes_of_names.changed_unseen
        self.changed_later = self.changes_of_names.changed_later
        self._kinds: dict[type, Callable[..., Sequence[Value]]] = {
            ast.Constant: self._literal,
            ast.Name: self.bindings.name,
            ast.Attribute: self._attribute_of,
            ast.Call: self.calls.call,
            ast.List: self.containers.display,
            ast.Tuple: self.containers.display,
            ast.Set: self.containers.display,
            ast.Dict: self.containers.dict_display,
            ast.Subscript: self.containers.subscript,
            ast.IfExp: self._choice,
            ast.BoolOp: self._boolean,
            ast.NamedExpr: self._same,
            ast.Await: self._same,
            ast.Lambda: self._lambda,
            ast.ListComp: self.containers.comprehended,
            ast.SetComp: self.containers.comprehended,
            ast.GeneratorExp: self.containers.comprehended,
            ast.JoinedStr: self._joined_text,
            ast.BinOp: self._binary,
            ast.UnaryOp: self._unary,
            ast.Compare: self._compared,
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
        effort = self.effort
        known = effort.passing.get(node)
        if known is not None:
            effort.cut = True
            return known
        if not effort.takes(node, effort.evaluated):
            return (UNKNOWN,)
        outer = effort.begin(node, effort.evaluated)
        try:
            result = self._candidates(node)
        finally:
            effort.evaluated.discard(node)
        # What was cut short somewhere inside may be known when asked for by itself.
        kept = self._known if effort.is_whole else effort.passing
        kept[node] = result
        effort.end(outer)
        return result

    def _candidates(self, node: ast.AST) -> tuple[Value, ...]:
        evaluate = self._kinds.get(type(node))
        found: list[Value] = []
        for one in evaluate(node) if evaluate is not None else (UNKNOWN,):
            value = self.worked_out(node) if one == UNKNOWN and isinstance(node, _COMPUTED) else one
            if not any(self._alike(value, other) for other in found):
                found.append(value)
            if len(found) > _MOST_CANDIDATES:
                return (*found[:_MOST_CANDIDATES], UNKNOWN)
        return tuple(found) or (UNKNOWN,)

    def _alike(self, value: Value, other: Value) -> bool:
        """Return whether two candidates are one, a name that has moved from one module to another among them."""
        if isinstance(value, Reference) and isinstance(other, Reference) and value != other:
            return self.libraries.meaning(value.path) == self.libraries.meaning(other.path)
        return value == other

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

    def worked_out(self, node: ast.AST) -> Value:
        """The constant that an expression gives whose value is not known by its parts."""
        try:
            value = self._computing.compute_parts(node)
        except NotKnown:
            return UNKNOWN
        return Constant(value) if isinstance(value, str | int | float | None) else UNKNOWN

    # -- kinds of expressions -------------------------------------------------------

    def _literal(self, node: ast.Constant) -> Sequence[Value]:
        huge = isinstance(node.value, int) and abs(node.value) > LARGEST
        return (UNKNOWN if huge else Constant(node.value),)

    def _attribute_of(self, node: ast.Attribute) -> Sequence[Value]:
        return self.classes.member_value(node) or [
            found
            for owner in (*self.evaluate(node.value), *self.own_class(node.value))
            for found in self.classes.attribute(owner, node.attr, node)
        ]

    def _choice(self, node: ast.IfExp) -> Sequence[Value]:
        test = self.single(node.test)
        if isinstance(test, Constant):
            return self.evaluate(node.body if test.value else node.orelse)
        return (*self.evaluate(node.body), *self.evaluate(node.orelse))

    def _same(self, node: ast.NamedExpr | ast.Await) -> Sequence[Value]:
        return self.evaluate(node.value)

    def _lambda(self, node: ast.Lambda) -> Sequence[Value]:
        return (Local(node),)

    def _joined_text(self, node: ast.JoinedStr) -> Sequence[Value]:
        return [self.calls.converted("builtins.str", value) for value in self._only_inserted(node)] or (
            joined(self.text(node)),
        )

    def _only_inserted(self, node: ast.JoinedStr) -> Sequence[Value]:
        """The values that ``f"{value}"`` may be the text of and gives back; empty for other texts."""
        piece = node.values[0] if len(node.values) == 1 else None
        if not isinstance(piece, ast.FormattedValue) or piece.conversion not in (-1, 115) or piece.format_spec:
            return ()
        values, own = self.evaluate(piece.value), self.libraries.own_texts
        return values if any(isinstance(value, Member) and value.name in own for value in values) else ()

    def _binary(self, node: ast.BinOp) -> Sequence[Value]:
        if isinstance(node.op, ast.Add | ast.Mod):
            text = self.text(node)
            if text is not None:
                return (joined(text),)
        left, right = self.single(node.left), self.single(node.right)
        if isinstance(left, Table) and isinstance(right, Table) and isinstance(node.op, ast.BitOr):
            return (merged(left, right),)
        if isinstance(left, Items) and isinstance(right, Items) and isinstance(node.op, ast.Add):
            if len(left.nodes) + len(right.nodes) > MOST_PARTS:
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

    def imported(self, path: str) -> Sequence[Value]:
        """The values of what a dotted path of an import leads to."""
        return self.libraries.data(path) or (self.imported_as(path),)

    def imported_as(self, path: str) -> Reference:
        """Return what a dotted path leads to."""
        return Reference(self.libraries.stands_for(path))


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

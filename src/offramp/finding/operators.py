"""The one matcher of noted operators: every call, ``.partial`` and subclass of one, with its arguments."""

from __future__ import annotations

import ast
from typing import NamedTuple

from offramp.finding.dag import Dags, Surroundings
from offramp.finding.names import FunctionNode, Names
from offramp.finding.values import (
    UNKNOWN,
    Arguments,
    Constant,
    Given,
    Local,
    Made,
    Member,
    Partial,
    Reference,
    Value,
    Values,
)
from offramp.knowledge.rulebook import Rulebook
from offramp.model import Note

WAIT = "wait_for_termination"


class Use(NamedTuple):
    """One use of a noted operator.

    ``callee`` is the expression that names the class; ``call`` the call that takes the
    arguments (None for a subclass definition); ``made`` the expression whose value is
    the operator, which is the ``.expand(…)`` call of a mapped one. ``derived`` is the
    local subclass that is called. ``around`` is where it stands.
    """

    callee: ast.expr
    call: ast.Call | None
    made: ast.expr
    path: str
    note: Note
    derived: ast.ClassDef | None
    arguments: Arguments
    around: Surroundings

    @property
    def role(self) -> str:
        """What the class does with a dbt run: trigger, sensor, hook, read or nothing known."""
        return self.note.roles.get(self.path, "")


class Module:
    """Everything the rules ask about one parsed file; each part is worked out once."""

    def __init__(self, tree: ast.Module, rulebook: Rulebook) -> None:
        self.tree = tree
        self.rulebook = rulebook
        self.names = Names(tree)
        self.values = Values(self.names, self._exists)
        self.dags = Dags(self.names, self.values, rulebook)
        self._derived: dict[ast.ClassDef, str] = {}
        self.uses: list[Use] = self._calls()

    def _exists(self, path: str) -> bool:
        if path in self.rulebook.operators or not path.startswith("prefect"):
            return path in self.rulebook.operators
        from offramp.knowledge.prefect_dbt_calls import exists

        return exists(path)

    def noted(self, value: Value) -> str:
        """Dotted path of the reporting operator that a class value is or derives from; empty for none."""
        if isinstance(value, Reference):
            note = self.rulebook.note(value.path)
            return value.path if note is not None and note.code else ""
        if isinstance(value, Local) and isinstance(value.node, ast.ClassDef):
            return self._base(value.node)
        if isinstance(value, Partial):
            return self.noted(value.callee)
        return ""

    def subclasses(self) -> list[Use]:
        """The class definitions that derive from a noted operator, one use per noted base."""
        found = []
        for node in self.names.classes:
            for base in node.bases:
                for value in self.values.evaluate(base):
                    if path := self.noted(value):
                        found.append(self._subclass(node, base, path))
                        break
        for call in self.names.calls:
            if len(call.args) == 3 and self.values.single(call.func) == Reference("builtins.type"):
                bases = call.args[1].elts if isinstance(call.args[1], ast.Tuple) else []
                for base in bases:
                    if path := self.noted(self.values.single(base)):
                        found.append(self._subclass(None, base, path))
        return found

    def _subclass(self, node: ast.ClassDef | None, base: ast.expr, path: str) -> Use:
        note = self.rulebook.note(path)
        assert note is not None
        nowhere = Surroundings(None, (), known=False)
        return Use(base, None, base, path, note, node, Arguments({}, complete=False), nowhere)

    # -- calls -------------------------------------------------------------------

    def _calls(self) -> list[Use]:
        found = []
        for call in self.names.calls:
            for value in self.values.evaluate(call.func):
                use = self._use(call, value)
                if use is not None:
                    found.append(use)
                    break
        return found

    def _use(self, call: ast.Call, value: Value) -> Use | None:
        callee = call.func
        made: ast.expr = call
        target = value
        partial = False
        if isinstance(value, Reference) and value.path.endswith(".partial"):
            target, partial = Reference(value.path.removesuffix(".partial")), True
        elif isinstance(value, Member) and value.name == "partial":
            target, partial = value.owner, True
        if partial:
            if not isinstance(callee, ast.Attribute):
                return None
            callee = callee.value
            made = self._expanded(call)
        path = self.noted(target)
        note = self.rulebook.note(path) if path else None
        if note is None:
            return None
        inner = target.callee if isinstance(target, Partial) else target
        derived = inner.node if isinstance(inner, Local) and isinstance(inner.node, ast.ClassDef) else None
        around = self.dags.surroundings(call)
        positional = tuple(argument.name for argument in note.arguments)
        taking = made if isinstance(made, ast.Call) else call
        return Use(
            callee, call, made, path, note, derived, self._given(taking, note, derived, around, positional), around
        )

    def _expanded(self, call: ast.Call) -> ast.Call:
        """The ``.expand(…)`` call on a ``.partial(…)`` call, directly or through one name."""
        holders: list[ast.AST] = [call]
        for binding in self.names.bindings_of(call):
            holders.extend(self.names.uses(binding))
        for holder in holders:
            attribute = self.names.parents.get(holder)
            if isinstance(attribute, ast.Attribute) and attribute.attr.startswith("expand"):
                outer = self.names.parents.get(attribute)
                if isinstance(outer, ast.Call) and outer.func is attribute:
                    return outer
        return call

    def _given(
        self,
        call: ast.Call,
        note: Note,
        derived: ast.ClassDef | None,
        around: Surroundings,
        positional: tuple[str, ...],
    ) -> Arguments:
        own = self.values.arguments(call, positional)
        inherited = self.dags.inherited(around)
        given = dict(inherited.given)
        complete = inherited.complete
        if "default_args" in own.given:
            complete = self.dags.defaults(own.given["default_args"], given) and complete
        rows = self.rulebook.arguments(note)
        given = {name: value for name, value in given.items() if name in rows or not rows}
        if not own.complete:
            given = {name: Given(value.node, (*value.values, UNKNOWN), value.origin) for name, value in given.items()}
        given.update(own.given)
        complete = complete and own.complete
        if derived is not None:
            complete = self._through_class(derived, given) and complete
        return Arguments(given, complete)

    # -- subclasses --------------------------------------------------------------

    def _base(self, node: ast.ClassDef) -> str:
        if node not in self._derived:
            self._derived[node] = ""
            for base in node.bases:
                for value in self.values.evaluate(base):
                    if path := self.noted(value):
                        self._derived[node] = path
                        return path
        return self._derived[node]

    def _through_class(self, node: ast.ClassDef, given: dict[str, Given]) -> bool:
        """Lay the arguments that a subclass passes to its base over those of its call."""
        for name in ("execute", "execute_complete"):
            if self.names.class_attribute(node, name):
                given[WAIT] = Given(None, (UNKNOWN,), "subclass")
        constructor = next((part for part in node.body if getattr(part, "name", "") == "__init__"), None)
        if constructor is None:
            for base in node.bases:
                for value in self.values.evaluate(base):
                    if isinstance(value, Local) and isinstance(value.node, ast.ClassDef) and value.node is not node:
                        return self._through_class(value.node, given)
            return True
        calls = [part for part in ast.walk(constructor) if isinstance(part, ast.Call) and _constructs_base(part)]
        if len(calls) != 1 or not isinstance(constructor, FunctionNode):
            given.clear()
            return False
        complete = self._forwarded(constructor, calls[0], given)
        for name, value in self.values.arguments(calls[0]).given.items():
            given[name] = self._passed(value, given)
        self._stored(constructor, calls[0], given)
        return complete

    def _forwarded(self, constructor: FunctionNode, call: ast.Call, given: dict[str, Given]) -> bool:
        """Apply what a constructor does to its ``**kwargs`` before it hands them on; False if not all is known."""
        spreads = [keyword.value for keyword in call.keywords if keyword.arg is None]
        extra = constructor.args.kwarg
        if extra is None or not spreads:
            return not spreads
        if any(not isinstance(spread, ast.Name) or spread.id != extra.arg for spread in spreads):
            return False
        scope = self.names.scopes[constructor]
        for mutation in self.names.mutations.get((scope, extra.arg), ()):
            node = mutation.node
            statement = self.names.parents.get(node)
            if isinstance(node, ast.Subscript) and isinstance(statement, ast.Assign):
                key, value, keeps = node.slice, statement.value, False
            elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "setdefault" and len(node.args) == 2:
                key, value, keeps = node.args[0], node.args[1], True
            else:
                return False
            name = self.values.single(key)
            if mutation.path or not isinstance(name, Constant) or not isinstance(name.value, str):
                return False
            before = given.get(name.value)
            # default_args are not in kwargs yet: they fill what is absent after this constructor ran (seen on 2.10, 3.3)
            if not keeps or before is None or before.origin == "default_args":
                given[name.value] = Given(value, self.values.evaluate(value), "subclass")
        return True

    def _stored(self, constructor: FunctionNode, call: ast.Call, given: dict[str, Given]) -> None:
        """Apply attributes set on the operator after its base is constructed; earlier ones are overwritten there."""
        _, constructed, _ = self.names.place(call)
        for part in ast.walk(constructor):
            if not (isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store)):
                continue
            _, order, path = self.names.place(part)
            if order < constructed:
                continue
            statement = self.names.parents.get(part)
            plain = isinstance(statement, ast.Assign) and not path
            values = self.values.evaluate(statement.value) if plain else (UNKNOWN,)  # type: ignore[union-attr]
            if part.attr == WAIT or part.attr in given:
                given[part.attr] = Given(None, values, "subclass")

    def _passed(self, value: Given, given: dict[str, Given]) -> Given:
        if isinstance(value.node, ast.Name):
            bindings = self.names.lookup(value.node.id, value.node)
            if [binding.kind for binding in bindings] == ["parameter"]:
                if value.node.id in given:
                    return given[value.node.id]
                known = tuple(candidate for candidate in value.values if candidate != UNKNOWN)
                return Given(value.node, known or (UNKNOWN,), "subclass")
        return value._replace(origin="subclass")


def _constructs_base(call: ast.Call) -> bool:
    function = call.func
    return isinstance(function, ast.Attribute) and function.attr == "__init__"


def waits(module: Module, use: Use) -> bool | None:
    """Whether a trigger operator waits for its run; None when not known.

    Truthiness decides, as in provider 4.11 (``if self.wait_for_termination:``); the default is True.
    """
    stored = _stored_after(module, use, WAIT)
    given = stored or use.arguments.given.get(WAIT)
    if given is None:
        return True if use.arguments.complete else None
    known = {bool(value.value) if isinstance(value, Constant) else None for value in given.values}
    return known.pop() if len(known) == 1 else None


def _stored_after(module: Module, use: Use, attribute: str) -> Given | None:
    """The value that ``operator.attribute = …`` gives after construction, if anything does."""
    found: list[Given] = []
    for binding in module.names.bindings_of(use.made):
        for load in module.names.uses(binding):
            parent = module.names.parents.get(load)
            if isinstance(parent, ast.Attribute) and parent.attr == attribute and isinstance(parent.ctx, ast.Store):
                statement = module.names.parents.get(parent)
                known = isinstance(statement, ast.Assign) and not module.names.place(parent)[2]
                values = module.values.evaluate(statement.value) if known else (UNKNOWN,)  # type: ignore[union-attr]
                found.append(Given(None, values, "attribute"))
    if len(found) > 1:
        return Given(None, (UNKNOWN,), "attribute")
    return found[0] if found else None


def made_by(module: Module, node: ast.AST) -> list[Use]:
    """The uses whose operator an expression may be."""
    calls = [value.call for value in module.values.evaluate(node) if isinstance(value, Made)]
    return [use for use in module.uses if use.call in calls or use.made in calls]

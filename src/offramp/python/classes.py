"""Classes of the file, their attributes, and those of the objects that are made of them."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING

from offramp.python.names import ANY_ATTRIBUTE, FunctionNode
from offramp.python.values import UNKNOWN, Constant, Items, Local, Made, Member, Reference, Table, Value

if TYPE_CHECKING:
    from offramp.python.evaluation import Values

_MOST_STORES = 50
_MOST_VISITS = 1000
_ENUMERATIONS = (Reference("enum.Enum"), Reference("enum.IntEnum"), Reference("enum.StrEnum"))
# Decorators of methods that are asked for without a call.
_PROPERTIES = frozenset(["builtins.property", "functools.cached_property"])


class Classes:
    """Evaluates attributes in one module."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._names = values.names
        self._libraries = values.libraries

    def own_class(self, node: ast.expr) -> Sequence[Value]:
        """The class in whose method ``self`` or ``cls`` stands; a subclass may be the real one."""
        if not isinstance(node, ast.Name):
            return ()
        bindings = self._names.lookup(node.id, node)
        function = bindings[0].node if len(bindings) == 1 and bindings[0].kind == "parameter" else None
        if not isinstance(function, FunctionNode):
            return ()
        owner = self._names.parents.get(function)
        first = [*function.args.posonlyargs, *function.args.args][:1]
        static = Reference("builtins.staticmethod") in map(self._values.single, function.decorator_list)
        if isinstance(owner, ast.ClassDef) and not static and [parameter.arg for parameter in first] == [node.id]:
            return (Local(owner),)
        return ()

    def fields(self, made: Made) -> dict[str, ast.expr]:
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
        arguments = self._values.arguments(made.call, names)
        if not arguments.complete:
            return {}
        given = {name: value.node for name, value in arguments.given.items() if value.node is not None}
        return {name: node for name in (names or given) if (node := given.get(name, defaults.get(name))) is not None}

    def _only_holds(self, node: ast.ClassDef) -> bool:
        """Return whether a class is a dataclass or a named tuple without code of its own that makes its objects."""
        decorators = [one.func if isinstance(one, ast.Call) else one for one in node.decorator_list]
        known = [self._values.single(one) for one in decorators] == [
            Reference("dataclasses.dataclass")
        ] and not node.bases
        tuples = not decorators and [self._values.single(base) for base in node.bases] == [
            Reference("typing.NamedTuple")
        ]
        made = ("__init__", "__new__", "__post_init__", "__getattribute__", "__setattr__")
        return (known or tuples) and not any(self._names.class_attribute(node, name) for name in made)

    def _field_names(self, call: ast.Call) -> list[str]:
        """The fields that ``namedtuple("Name", "one other")`` or ``namedtuple("Name", ["one", "other"])`` names."""
        value = self._values.single(call.args[1]) if len(call.args) == 2 and not call.keywords else UNKNOWN
        if isinstance(value, Constant) and isinstance(value.value, str):
            return value.value.replace(",", " ").split()
        parts = (
            [self._values.single(node) for node in value.nodes] if isinstance(value, Items) and value.complete else []
        )
        return [part.value for part in parts if isinstance(part, Constant) and isinstance(part.value, str)]

    def attribute(self, owner: Value, attribute: str, use: ast.AST) -> Sequence[Value]:
        """The values of an attribute of a value at a use."""
        if isinstance(owner, Reference):
            return self._values.imported(f"{owner.path}.{attribute}")
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
        if (field := self.fields(owner).get(attribute)) is not None:
            changed = attribute in self._names.stores or ANY_ATTRIBUTE in self._names.stores
            return (*self._values.evaluate(field), UNKNOWN) if changed else self._values.evaluate(field)
        kept = [one.value for one in owner.call.keywords if one.arg == attribute in self._libraries.kept_arguments]
        if kept:
            return (self._values.single(kept[0]),)
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
            bindings = self._names.class_attribute(node, attribute)
            if bindings:
                values = [
                    self._values.changes_of_names.mutated(binding, use, found)
                    for binding in bindings
                    for value in self._values.bindings.bound(binding)
                    for found in self._got(value)
                ]
                changed = attribute in self._names.stores or ANY_ATTRIBUTE in self._names.stores
                # An Enum or a decorator may make something else of what the body says.
                return values if plain and not changed else [*values, *stored, UNKNOWN]
        return (*stored, UNKNOWN) if stored else (Member(owner, attribute),)

    def _got(self, value: Value) -> Sequence[Value]:
        """Return what a class attribute gives that is asked for: what a property returns, else itself."""
        function = value.node if isinstance(value, Local) else None
        if not isinstance(function, ast.FunctionDef) or not function.decorator_list:
            return (value,)
        if not self._values.calls.decorated_by(function, _PROPERTIES):
            return (value,)
        return [
            *(found for returned in self._values.returns(function) for found in self._values.evaluate(returned)),
            UNKNOWN,
        ]

    def _stored(self, lineage: list[ast.ClassDef], attribute: str) -> list[Value]:
        """Return what the methods of a class set an attribute of their object to."""
        stores = self._names.stores.get(attribute, ())
        return [
            value
            for store in (stores if len(stores) <= _MOST_STORES else ())
            if store.value is not None
            and any(isinstance(own, Local) and own.node in lineage for own in self.own_class(store.owner))
            for value in self._values.evaluate(store.value)
        ]

    def member_value(self, node: ast.Attribute) -> Sequence[Value]:
        """Return what ``Enumeration.MEMBER.value`` is, of an enumeration of the file that only lists its members."""
        member = node.value
        if node.attr != "value" or not isinstance(member, ast.Attribute):
            return ()
        owner = self._values.single(member.value)
        if not isinstance(owner, Local) or not isinstance(owner.node, ast.ClassDef):
            return ()
        bases = [self._values.single(base) for base in owner.node.bases]
        listed = all(isinstance(part, ast.Assign | ast.Expr | ast.Pass) for part in owner.node.body)
        if not listed or owner.node.decorator_list or not any(base in _ENUMERATIONS for base in bases):
            return ()
        bindings = self._names.class_attribute(owner.node, member.attr)
        return [value for binding in bindings for value in self._values.bindings.bound(binding)]

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
                if visits > _MOST_VISITS:
                    continue
                # A class comes after all that are derived of it.
                found.remove(current)
            found.append(current)
            plain = plain and not current.keywords and not current.decorator_list
            bases: list[ast.ClassDef] = []
            for base, _ in self.bases(current):
                values = self._values.evaluate(base)
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
            inner = self._values.single(base.value) if isinstance(base, ast.Starred) else None
            found.extend([(one, base) for one in inner.nodes] if isinstance(inner, Items) else [(base, base)])
        return found


def _may_be_class(value: Value) -> bool:
    return isinstance(value, Reference) or (isinstance(value, Local) and isinstance(value.node, ast.ClassDef))

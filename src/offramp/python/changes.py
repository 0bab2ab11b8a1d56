"""Changes of lists and dicts between where a name is bound and where it is used."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from offramp.python.names import Binding, Mutation
from offramp.python.values import UNKNOWN, Constant, Items, Table, Value, doubtful, merged, with_item

if TYPE_CHECKING:
    from offramp.python.evaluation import Values

_MOST_CHANGES = 50


class Changes:
    """Follows what is done to a value through its name; ``values.objects`` says what else may change it."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._names = values.names
        self._once: dict[ast.Name, ast.expr | None] = {}

    def is_rebound(self, binding: Binding, use: ast.AST) -> bool:
        """Return whether a name may be set by its text, as by ``globals()["NAME"] = …``, between binding and use."""
        if binding.scope is not self._names.module or not self._names.sets_by_text:
            return False
        objects = self._values.objects
        return objects is not None and objects.rebound(binding, use)

    def changed_unseen(self, name: ast.Name) -> bool:
        """Return whether what a name is may be changed by something else than what is done through the name itself."""
        objects = self._values.objects
        return objects is not None and any(
            self.is_rebound(binding, name) or any(objects.changed(binding, name, self._followed(binding)))
            for binding in self._names.lookup(name.id, name)
        )

    def altered(self, node: ast.AST, attribute: str = "") -> bool:
        """Return whether an expression's object, or an attribute of it, may have been changed since it was made."""
        objects = self._values.objects
        return objects is not None and objects.altered(node, attribute)

    def changed_later(self, node: ast.AST) -> ast.AST | None:
        """Return what may change the list or dict that an expression gives after that, while the file is loaded."""
        objects = self._values.objects
        if objects is None or not any(isinstance(value, Items | Table) for value in self._values.evaluate(node)):
            return None
        return objects.changed_later(node)

    def bound_once(self, name: ast.Name) -> ast.expr | None:
        """The expression that a name always stands for, and whose object nothing changes up to there."""
        if name not in self._once:
            self._once[name] = self._bound_once(name)
        return self._once[name]

    def _bound_once(self, name: ast.Name) -> ast.expr | None:
        bindings = self._names.lookup(name.id, name)
        node = bindings[0].node if len(bindings) == 1 and bindings[0].kind == "value" else None
        if not isinstance(node, ast.expr) or self._names.mutations.get((bindings[0].scope, name.id)):
            return None
        return None if self.changed_unseen(name) else node

    def _followed(self, binding: Binding) -> list[ast.AST]:
        """The changes that are made through a binding's name."""
        return [mutation.node for mutation in self._names.mutations.get((binding.scope, binding.name), ())]

    def mutated(self, binding: Binding, use: ast.AST, value: Value) -> Value:
        """The value of a binding at a use, after what may change the object in place between them."""
        if not isinstance(value, Table | Items):
            return value
        scope, order, path = self._names.place(use)
        frame, bound = self._names.frame(scope), self._names.frame(binding.scope)
        mutations = self._names.mutations.get((binding.scope, binding.name), ())
        if len(mutations) > _MOST_CHANGES:
            return doubtful(value)
        for mutation in mutations:
            changed = self._names.frame(mutation.scope)
            same = changed is frame or (changed is bound and frame is not bound)
            if same and mutation.order < binding.order:
                continue
            if changed is frame and mutation.order > order and not path:
                continue
            certain = same and mutation.path == path[: len(mutation.path)] and mutation.order < order
            value = self._after(value, mutation, certain=certain or (same and not mutation.path))
        if self._values.objects is not None:
            whole, inner = self._values.objects.changed(binding, use, self._followed(binding))
            value = doubtful(value) if whole else self._with_doubtful_parts(value) if inner else value
        return value

    def _with_doubtful_parts(self, value: Table | Items) -> Table | Items:
        """A list or dict in which lists and dicts may have been changed."""
        if isinstance(value, Items):
            return value._replace(complete=value.complete and not any(map(self._holds_data, value.nodes)))
        entries = {key: None if node is None or self._holds_data(node) else node for key, node in value.entries.items()}
        return Table(entries, value.complete, tuple((key, None) for key, _ in value.others))

    def _holds_data(self, node: ast.expr) -> bool:
        return any(isinstance(value, Items | Table) for value in self._values.evaluate(node))

    def _after(self, value: Table | Items, mutation: Mutation, *, certain: bool) -> Table | Items:
        node = mutation.node
        if isinstance(value, Items):
            return value._replace(complete=False)
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
            statement = self._names.parents.get(node)
            key = self._values.single(node.slice)
            assigned = statement.value if certain and isinstance(statement, ast.Assign) else None
            return with_item(value, key, assigned)
        if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.BitOr) and certain:
            return merged(value, self._values.single(node.value))
        function = node.func if isinstance(node, ast.Call) else None
        if isinstance(node, ast.Call) and isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
            if function.attr == "update":
                return merged(value, self._values.changes(node) if certain else UNKNOWN)
            if function.attr in ("setdefault", "pop") and node.args:
                key = self._values.single(node.args[0])
                if isinstance(key, Constant) and isinstance(key.value, str):
                    if function.attr == "setdefault" and key.value in value.entries:
                        return value
                    known = certain and value.complete
                    if function.attr == "pop" and known:
                        return Table({k: v for k, v in value.entries.items() if k != key.value}, complete=True)
                    default = node.args[1] if known and len(node.args) > 1 else None
                    return merged(value, Table({key.value: default}, complete=True))
        return merged(value, UNKNOWN)

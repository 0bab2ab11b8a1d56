"""Bindings of names as values: what each gives, and what a parameter may be."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from offramp.python.names import Binding, FunctionNode
from offramp.python.values import UNKNOWN, Constant, Held, Local, Reference, Table, Value, merged

if TYPE_CHECKING:
    from offramp.python.evaluation import Values


class Bindings:
    """Evaluates the names of one module; ``held`` are the values that one pass of the code around gives bindings."""

    def __init__(self, values: Values, held: Held) -> None:
        self._values = values
        self._names = values.names
        self._libraries = values.libraries
        self._held = held
        self._givers: dict[str, Callable[[Binding, Any], Sequence[Value]]] = {
            "value": self._given_value,
            "context": self._given_value,
            "function": self._defined,
            "class": self._defined,
            "augmented": self._augmented,
            "parameter": self._parameter,
            "item": self._taken_out,
            "element": self._taken_out,
            "element-item": self._taken_out,
        }

    def name(self, node: ast.Name) -> Sequence[Value]:
        """The values of a name, of each binding that may be in force there."""
        bindings = self._names.lookup(node.id, node)
        if self._held:
            bindings = self._of_pass(bindings, node)
        found: list[Value] = []
        own = unseen_star = False
        for binding in bindings:
            if binding.kind == "star":
                path = f"{binding.target}.{node.id}"
                if self._libraries.offers(path) or self._libraries.exists(self._values.imported_as(path).path):
                    found.extend(self._values.imported(path))
                else:
                    unseen_star = True
            else:
                own = own or binding.kind == "value"
                found.extend(self._at_use(binding, node))
        if found:
            # A star import of settings may set again what the file has set before it.
            return [*found, UNKNOWN] if own and unseen_star else found
        return (UNKNOWN,) if unseen_star else (Reference(f"builtins.{node.id}"),)

    def _of_pass(self, bindings: list[Binding], use: ast.Name) -> list[Binding]:
        """The bindings that are not in an arm that this pass of the code around leaves out."""
        _, _, path = self._names.place(use)
        kept = []
        for binding in bindings:
            arms = [branch for branch in binding.path if branch[1] == "if" and branch not in path]
            tests = [(self._values.single(self._names.conditions[branch[0]].test), branch[2]) for branch in arms]
            if not any(isinstance(test, Constant) and bool(test.value) is (arm == "orelse") for test, arm in tests):
                kept.append(binding)
        return kept

    def bound(self, binding: Binding) -> Sequence[Value]:
        """The values that a binding gives its name."""
        held = self._held.get(id(binding))
        if held is not None:
            return self._values.containers.at(self._values.evaluate(held[0]), held[1])
        if binding.kind == "import":
            return self._values.imported(binding.target)
        give = self._givers.get(binding.kind)
        return give(binding, binding.node) if give is not None and binding.node is not None else (UNKNOWN,)

    def _given_value(self, _binding: Binding, node: ast.AST) -> Sequence[Value]:
        return self._values.evaluate(node)

    def _defined(self, _binding: Binding, node: FunctionNode | ast.ClassDef) -> Sequence[Value]:
        return (Local(node),)

    def _parameter(self, binding: Binding, _node: ast.AST) -> Sequence[Value]:
        return (*self._default(binding), *self._handed_in(binding), *self._called_on(binding), UNKNOWN)

    def _taken_out(self, binding: Binding, node: ast.AST) -> Sequence[Value]:
        """The part of a value, or of each of its elements, that is unpacked."""
        if binding.kind == "item":
            return self._values.containers.at(self._values.evaluate(node), binding.place)
        if binding.kind == "element":
            return [found for value in self._values.evaluate(node) for found in self._values.containers.each(value)]
        first, *rest = binding.place
        return self._values.containers.at(self._values.containers.each_item(node, first), rest)

    def _default(self, binding: Binding) -> Sequence[Value]:
        arguments = binding.node.args  # type: ignore[union-attr]
        plain = [*arguments.posonlyargs, *arguments.args]
        pairs = list(zip(reversed(plain), reversed(arguments.defaults), strict=False))
        pairs += list(zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True))
        for parameter, default in pairs:
            if parameter.arg == binding.name and default is not None:
                return self._values.evaluate(default)
        return ()

    def _handed_in(self, binding: Binding) -> Sequence[Value]:
        """Return what the calls of a local function give a parameter, of those that can be classes."""
        function = binding.node
        if not isinstance(function, FunctionNode):
            return ()
        plain = [parameter.arg for parameter in (*function.args.posonlyargs, *function.args.args)]
        found: list[Value] = []
        for call in self._values.calls_of(function):
            given = [keyword.value for keyword in call.keywords if keyword.arg == binding.name]
            index = plain.index(binding.name) if binding.name in plain else len(call.args)
            given += call.args[index : index + 1]
            for node in given:
                found.extend(value for value in self._values.evaluate(node) if isinstance(value, Reference | Local))
        return found

    def _called_on(self, binding: Binding) -> Sequence[Value]:
        """The class that ``cls`` of a class method is, unless a subclass is."""
        function = binding.node
        if not isinstance(function, FunctionNode) or not function.decorator_list:
            return ()
        owner = self._names.parents.get(function)
        own = [*function.args.posonlyargs, *function.args.args][:1]
        made = Reference("builtins.classmethod") in map(self._values.single, function.decorator_list)
        named = made and [parameter.arg for parameter in own] == [binding.name]
        return (Local(owner),) if named and isinstance(owner, ast.ClassDef) else ()

    def annotated(self, node: ast.expr) -> Sequence[Value]:
        """The classes that a parameter's annotation says it is of; empty for all else."""
        bindings = self._names.lookup(node.id, node) if isinstance(node, ast.Name) else []
        function = bindings[0].node if len(bindings) == 1 and bindings[0].kind == "parameter" else None
        if not isinstance(function, FunctionNode):
            return ()
        parameters = (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
        written = [one.annotation for one in parameters if one.arg == bindings[0].name and one.annotation is not None]
        return [value for annotation in written for value in self._values.evaluate(annotation)]

    def _augmented(self, _binding: Binding, statement: ast.AugAssign) -> Sequence[Value]:
        """The value of a name after ``name op= …``."""
        name = statement.target.id  # type: ignore[union-attr]
        # In a loop a name's value before may be that after, of this statement or of another.
        if not isinstance(statement.op, ast.BitOr) or statement in self._values.effort.evaluated:
            return (UNKNOWN,)
        self._values.effort.evaluated.add(statement)
        try:
            before = [
                value for binding in self._names.lookup(name, statement) for value in self._at_use(binding, statement)
            ]
            value = self._values.single(statement.value)
        finally:
            self._values.effort.evaluated.discard(statement)
        if len(before) == 1 and isinstance(before[0], Table):
            return (merged(before[0], value),)
        return (UNKNOWN,)

    def _at_use(self, binding: Binding, use: ast.AST) -> list[Value]:
        """Return what a name that was bound so may be at a use."""
        found = [self._values.changes_of_names.mutated(binding, use, value) for value in self.bound(binding)]
        return [*found, UNKNOWN] if self._values.changes_of_names.is_rebound(binding, use) else found

"""Calls as values: what builtins, importing functions, functions of the file and methods give."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from offramp.python.importers import MODULES
from offramp.python.libraries import absolute
from offramp.python.names import FunctionNode
from offramp.python.operations import LARGEST
from offramp.python.texts import joined
from offramp.python.values import UNKNOWN, Constant, Items, Local, Made, Member, Partial, Reference, Table, Value

if TYPE_CHECKING:
    from offramp.python.evaluation import Values

_COLLECTIONS = tuple(f"builtins.{name}" for name in ("list", "tuple", "set", "sorted", "reversed"))
# Decorators of functions that give what the function returns where it is called.
_CALLED = frozenset(["functools.cache", "functools.lru_cache", "builtins.staticmethod", "builtins.classmethod"])


class Calls:
    """Evaluates the calls of one module."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._names = values.names
        self._libraries = values.libraries
        self._functions: dict[str, Callable[[str, ast.Call], Sequence[Value] | None]] = {
            "builtins.dict": self._dict_call,
            **dict.fromkeys(_COLLECTIONS, self._collection),
            **dict.fromkeys(("builtins.str", "builtins.int", "builtins.bool"), self._conversion),
            **dict.fromkeys(("copy.copy", "copy.deepcopy"), self._copy),
            **dict.fromkeys(("typing.cast", "typing_extensions.cast"), self._cast),
            **dict.fromkeys((*MODULES, *values.libraries.importers), self._import),
            "functools.partial": self._partial,
            "builtins.getattr": self._got_attribute,
            "builtins.type": self._type,
            "builtins.vars": self._namespace,
        }

    def call(self, node: ast.Call) -> Sequence[Value]:
        """The values of a call, of each callee that it may have."""
        text = self._values.text(node)
        if text is not None:
            return (joined(text),)
        callees = self._values.evaluate(node.func)
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
            return (UNKNOWN,) if changeable and self._values.altered(node) else found
        if isinstance(callee, Member):
            return self._called_member(callee, node)
        if isinstance(callee, Partial):
            return (Made(node, callee.callee),)
        if isinstance(callee, Made) and callee.callee == Reference("collections.namedtuple"):
            return (Made(node, callee),)
        return (UNKNOWN,)

    def _dict_call(self, _path: str, node: ast.Call) -> Sequence[Value] | None:
        return (self._values.changes(node),)

    def _collection(self, path: str, node: ast.Call) -> Sequence[Value] | None:
        values = self._values.evaluate(node.args[0]) if node.args else (Items((), complete=True),)
        kept = path in ("builtins.list", "builtins.tuple")
        return [
            value._replace(complete=value.complete and kept) if isinstance(value, Items) else UNKNOWN
            for value in values
        ]

    def _conversion(self, path: str, node: ast.Call) -> Sequence[Value] | None:
        if len(node.args) > 1 or node.keywords:
            return (UNKNOWN,)
        return [self.converted(path, value) for value in self._values.evaluate(node.args[0])] if node.args else None

    def _copy(self, _path: str, node: ast.Call) -> Sequence[Value] | None:
        return self._values.evaluate(node.args[0]) if node.args else None

    def _partial(self, _path: str, node: ast.Call) -> Sequence[Value] | None:
        return [Partial(value, node) for value in self._values.evaluate(node.args[0])] if node.args else None

    def _got_attribute(self, _path: str, node: ast.Call) -> Sequence[Value] | None:
        if len(node.args) < 2:
            return None
        name = self._values.single(node.args[1])
        if not isinstance(name, Constant) or not isinstance(name.value, str):
            return (UNKNOWN,)
        owners = self._values.evaluate(node.args[0])
        return [Reference(f"{one.path}.{name.value}") if isinstance(one, Reference) else UNKNOWN for one in owners]

    def _import(self, path: str, node: ast.Call) -> Sequence[Value] | None:
        return [self._imported(path, name, node) for name in self._values.evaluate(node.args[0])] if node.args else None

    def _cast(self, _path: str, node: ast.Call) -> Sequence[Value] | None:
        return self._values.evaluate(node.args[1]) if len(node.args) == 2 else None

    def _type(self, _path: str, node: ast.Call) -> Sequence[Value] | None:
        if len(node.args) != 1:
            return None
        made = [value.callee for value in self._values.evaluate(node.args[0]) if isinstance(value, Made)]
        return (*made, *self._values.own_class(node.args[0]), UNKNOWN)

    def _namespace(self, _path: str, node: ast.Call) -> Sequence[Value] | None:
        if not node.args:
            return None
        return [
            found
            for owner in self._values.evaluate(node.args[0])
            for found in self._values.classes.attribute(owner, "__dict__", node)
        ]

    def _imported(self, importer: str, name: Value, node: ast.Call) -> Value:
        """The module that a call imports by its name."""
        given = self._values.arguments(node, MODULES.get(importer) or self._libraries.importers[importer]).given
        if not isinstance(name, Constant) or not isinstance(name.value, str):
            return UNKNOWN
        if importer.endswith(".__import__"):
            listed = given["fromlist"].values if "fromlist" in given else ()
            return Reference(name.value if any(map(_holds_any, listed)) else name.value.split(".")[0])
        package = given["package"].constant if "package" in given else None
        path = absolute(name.value, package.value if package is not None else None)
        return Reference(path) if path else UNKNOWN

    def _called_local(self, callee: Local, node: ast.Call) -> Sequence[Value]:
        function = callee.node
        if isinstance(function, ast.ClassDef):
            return (Made(node, callee),)
        if isinstance(function, ast.FunctionDef) and self.decorated_by(function, _CALLED):
            if any(not isinstance(part, ast.Return) for part in self._values.functions.exits(function)):
                return (UNKNOWN,)
            return [value for returned in self._values.returns(function) for value in self._values.evaluate(returned)]
        if isinstance(function, ast.Lambda):
            return self._values.evaluate(function.body)
        return (Made(node, callee),)

    def decorated_by(self, function: FunctionNode, known: frozenset[str]) -> bool:
        """Return whether all decorators of a function are among those."""
        callees = [
            self._values.single(decorator.func if isinstance(decorator, ast.Call) else decorator)
            for decorator in function.decorator_list
        ]
        return all(isinstance(callee, Reference) and callee.path in known for callee in callees)

    def _called_member(self, callee: Member, node: ast.Call) -> Sequence[Value]:
        owner = callee.owner
        if isinstance(owner, Table):
            if callee.name == "copy":
                return (owner,)
            if callee.name == "get" and node.args:
                key = self._values.single(node.args[0])
                if isinstance(key, Constant) and isinstance(key.value, str) and owner.complete:
                    if key.value in owner.entries:
                        entry = owner.entries[key.value]
                        return self._values.evaluate(entry) if entry is not None else (UNKNOWN,)
                    return self._values.evaluate(node.args[1]) if len(node.args) > 1 else (Constant(None),)
                return [*self._values.containers.entry(owner, key), UNKNOWN]
            if callee.name == "pop" and node.args:
                return (*self._values.containers.entry(owner, self._values.single(node.args[0])), UNKNOWN)
            if callee.name == "values":
                entries = [*owner.entries.values(), *(entry for _, entry in owner.others)]
                known = tuple(entry for entry in entries if entry is not None)
                # A view that is kept follows the dict: it is known only where it is gone over at once.
                at_once = isinstance(
                    self._names.parents.get(node), ast.For | ast.comprehension | ast.Starred | ast.Call
                )
                return (Items(known, at_once and owner.complete and len(known) == len(entries)),)
            return (UNKNOWN,)
        if isinstance(owner, Items):
            return (owner,) if callee.name == "copy" else (UNKNOWN,)
        result = self._values.worked_out(node) if isinstance(owner, Constant) else UNKNOWN
        return (Made(node, callee) if result == UNKNOWN else result,)

    def converted(self, path: str, value: Value) -> Value:
        """The value of ``str(value)``, ``int(value)`` or ``bool(value)``."""
        if path == "builtins.str" and isinstance(value, Member) and value.name in self._libraries.own_texts:
            return value
        if not isinstance(value, Constant) or not isinstance(value.value, str | int | float | bool):
            return UNKNOWN
        try:
            result = {"builtins.str": str, "builtins.int": int, "builtins.bool": bool}[path](value.value)
        except (ValueError, OverflowError):
            return UNKNOWN
        return UNKNOWN if isinstance(result, int) and abs(result) > LARGEST else Constant(result)


def _holds_any(value: Value) -> bool:
    return isinstance(value, Items) and bool(value.nodes)

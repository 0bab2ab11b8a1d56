"""What an expression is known to be without running it; knows no rules.

An expression has one or more candidate values, since branches may bind a name
differently. What cannot be known is ``Unknown``, never a guess.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import NamedTuple

from offramp.finding.names import Binding, FunctionNode, Mutation, Names

_DEEPEST = 60
_MOST_CANDIDATES = 12


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
    """A list, tuple or set; ``complete`` when ``nodes`` are all its elements, in order."""

    nodes: tuple[ast.expr, ...]
    complete: bool


class Table(NamedTuple):
    """A dict with string keys; a None node is an unknown value.

    When not ``complete``, any key may also be there or be changed unseen.
    """

    entries: dict[str, ast.expr | None]
    complete: bool


class Made(NamedTuple):
    """What calling something not evaluated here returned, such as an operator."""

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
    """Not known statically."""


Value = Constant | Reference | Local | Items | Table | Made | Member | Partial | Unknown
UNKNOWN = Unknown()


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

    ``exists`` tells whether a dotted path is a known name, for star imports.
    """

    def __init__(self, names: Names, exists: Callable[[str], bool]) -> None:
        self.names = names
        self._exists = exists
        self._known: dict[ast.AST, tuple[Value, ...]] = {}
        self._active: set[ast.AST] = set()

    # -- asking ------------------------------------------------------------------

    def evaluate(self, node: ast.AST) -> tuple[Value, ...]:
        """The candidate values of an expression, at least one."""
        known = self._known.get(node)
        if known is not None:
            return known
        if node in self._active or len(self._active) > _DEEPEST:
            return (UNKNOWN,)
        self._active.add(node)
        try:
            candidates: list[Value] = []
            for value in self._evaluate(node):
                if value not in candidates:
                    candidates.append(value)
        finally:
            self._active.discard(node)
        result = tuple(candidates[:_MOST_CANDIDATES]) or (UNKNOWN,)
        if len(candidates) > _MOST_CANDIDATES:
            result = (*result, UNKNOWN)
        if not self._active:
            self._known[node] = result
        return result

    def single(self, node: ast.AST) -> Value:
        """The value of an expression that has one candidate, else Unknown."""
        values = self.evaluate(node)
        return values[0] if len(values) == 1 else UNKNOWN

    def text(self, node: ast.AST, depth: int = 0) -> tuple[str | ast.AST, ...] | None:
        """A string expression as literal parts and the expressions between them; None for no string."""
        if depth > _DEEPEST:
            return None
        if isinstance(node, ast.Constant):
            return (node.value,) if isinstance(node.value, str) else None
        if isinstance(node, ast.JoinedStr):
            parts: list[str | ast.AST] = []
            for piece in node.values:
                inner = piece.value if isinstance(piece, ast.FormattedValue) else piece
                plain = not isinstance(piece, ast.FormattedValue) or (piece.conversion == -1 and not piece.format_spec)
                parts.extend((self._inserted(inner, depth) if plain else None) or (inner,))
            return tuple(parts)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            left, right = self.text(node.left, depth + 1), self.text(node.right, depth + 1)
            if left is None and right is None:
                return None
            return (*(left or (node.left,)), *(right or (node.right,)))
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
            left = self.text(node.left, depth + 1)
            arguments = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
            return None if left is None else self._formatted(left, "%s", arguments, depth)
        if isinstance(node, ast.Call):
            function = node.func
            if isinstance(function, ast.Attribute) and function.attr == "format":
                base = self.text(function.value, depth + 1)
                return None if base is None else self._format_call(base, node, depth)
            return None
        if isinstance(node, ast.Name | ast.Attribute | ast.Subscript):
            bound = self._bound_text(node, depth)
            if bound is not None:
                return bound
            value = self.single(node)
            if isinstance(value, Constant) and isinstance(value.value, str):
                return (value.value,)
        return None

    def arguments(self, call: ast.Call, positional: Sequence[str] = ()) -> Arguments:
        """The arguments of a call, through ``**`` dicts, ``functools.partial`` and ``.partial().expand()``."""
        given: dict[str, Given] = {}
        complete = True
        origin = "keyword"
        for callee in self.evaluate(call.func):
            if isinstance(callee, Partial):
                inner = self.arguments(callee.call, ("", *positional))
                complete = complete and inner.complete
                given.update({name: value._replace(origin="partial") for name, value in inner.given.items() if name})
            elif isinstance(callee, Member) and isinstance(callee.owner, Made) and callee.name.startswith("expand"):
                inner = self.arguments(callee.owner.call)
                complete = complete and inner.complete
                given.update({name: value._replace(origin="partial") for name, value in inner.given.items()})
                complete = complete and callee.name == "expand"
                origin = "expand"
        for index, argument in enumerate(call.args):
            if isinstance(argument, ast.Starred) or index >= len(positional):
                complete = complete and not isinstance(argument, ast.Starred)
                continue
            given[positional[index]] = Given(argument, self.evaluate(argument), "position")
        for keyword in call.keywords:
            if keyword.arg is not None:
                values = (UNKNOWN,) if origin == "expand" else self.evaluate(keyword.value)
                given[keyword.arg] = Given(keyword.value, values, origin)
                continue
            table = self.single(keyword.value)
            if not isinstance(table, Table):
                complete = False
                continue
            complete = complete and table.complete
            for name, node in table.entries.items():
                given[name] = Given(node, self.evaluate(node) if node else (UNKNOWN,), "spread")
        return Arguments(given, complete)

    def returns(self, node: FunctionNode | ast.Lambda) -> list[ast.expr]:
        """The expressions that a function returns."""
        if isinstance(node, ast.Lambda):
            return [node.body]
        return [
            statement.value
            for statement in own_nodes(node)
            if isinstance(statement, ast.Return) and statement.value is not None
        ]

    # -- strings -----------------------------------------------------------------

    def _inserted(self, node: ast.AST, depth: int) -> tuple[str | ast.AST, ...] | None:
        text = self.text(node, depth + 1)
        if text is not None:
            return text
        value = self.single(node)
        if isinstance(value, Constant) and isinstance(value.value, str | int) and not isinstance(value.value, bool):
            return (str(value.value),)
        return None

    def _formatted(
        self, parts: tuple[str | ast.AST, ...], mark: str, arguments: Sequence[ast.expr], depth: int
    ) -> tuple[str | ast.AST, ...] | None:
        waiting = list(arguments)
        result: list[str | ast.AST] = []
        for part in parts:
            if not isinstance(part, str):
                result.append(part)
                continue
            pieces = part.split(mark)
            result.append(pieces[0])
            for piece in pieces[1:]:
                if not waiting:
                    return None
                inner = waiting.pop(0)
                result.extend(self._inserted(inner, depth) or (inner,))
                result.append(piece)
        return tuple(result)

    def _format_call(
        self, base: tuple[str | ast.AST, ...], call: ast.Call, depth: int
    ) -> tuple[str | ast.AST, ...] | None:
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
            for literal, field, _, _ in fields:
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
                if inner is None:
                    result.append(call)
                else:
                    result.extend(self._inserted(inner, depth) or (inner,))
        return tuple(result)

    def _bound_text(self, node: ast.AST, depth: int) -> tuple[str | ast.AST, ...] | None:
        if not isinstance(node, ast.Name):
            return None
        bindings = self.names.lookup(node.id, node)
        if len(bindings) == 1 and bindings[0].kind == "value" and bindings[0].node is not None:
            return self.text(bindings[0].node, depth + 1)
        return None

    # -- evaluating --------------------------------------------------------------

    def _evaluate(self, node: ast.AST) -> Sequence[Value]:
        if isinstance(node, ast.Constant):
            return (Constant(node.value),)
        if isinstance(node, ast.Name):
            return self._name(node)
        if isinstance(node, ast.Attribute):
            return [self._attribute(owner, node.attr, found) for owner in self.evaluate(node.value) for found in (node,)]
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            return (self._items(node.elts),)
        if isinstance(node, ast.Dict):
            return (self._dict(node),)
        if isinstance(node, ast.Subscript):
            return self._subscript(node)
        if isinstance(node, ast.IfExp):
            return (*self.evaluate(node.body), *self.evaluate(node.orelse))
        if isinstance(node, ast.BoolOp):
            return [value for part in node.values for value in self.evaluate(part)]
        if isinstance(node, ast.NamedExpr | ast.Await):
            return self.evaluate(node.value)
        if isinstance(node, ast.Lambda):
            return (Local(node),)
        if isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp):
            return (Items((node.elt,), complete=False),)
        if isinstance(node, ast.JoinedStr):
            return (self._joined(self.text(node)),)
        if isinstance(node, ast.BinOp):
            return (self._binary(node),)
        if isinstance(node, ast.UnaryOp):
            return (self._unary(node),)
        return (UNKNOWN,)

    def _name(self, node: ast.Name) -> Sequence[Value]:
        bindings = self.names.lookup(node.id, node)
        found: list[Value] = []
        unseen_star = False
        for binding in bindings:
            if binding.kind == "star":
                if self._exists(f"{binding.target}.{node.id}"):
                    found.append(Reference(f"{binding.target}.{node.id}"))
                else:
                    unseen_star = True
            else:
                found.extend(self._mutated(binding, node, value) for value in self._binding(binding))
        if found:
            return found
        return (UNKNOWN,) if unseen_star else (Reference(f"builtins.{node.id}"),)

    def _binding(self, binding: Binding) -> Sequence[Value]:
        node = binding.node
        if binding.kind == "import":
            return (Reference(binding.target),)
        if binding.kind in ("value", "context") and node is not None:
            return self.evaluate(node)
        if binding.kind in ("function", "class"):
            return (Local(node),)  # type: ignore[arg-type]
        if binding.kind == "parameter":
            return (*self._default(binding), UNKNOWN)
        if node is None:
            return (UNKNOWN,)
        if binding.kind == "item":
            return [found for value in self.evaluate(node) for found in self._element(value, binding.index)]
        if binding.kind == "element":
            return [found for value in self.evaluate(node) for found in self._each(value)]
        if binding.kind == "element-item":
            return self._each_item(node, binding.index)
        return (UNKNOWN,)

    def _default(self, binding: Binding) -> Sequence[Value]:
        arguments = binding.node.args  # type: ignore[union-attr]
        plain = [*arguments.posonlyargs, *arguments.args]
        pairs = list(zip(reversed(plain), reversed(arguments.defaults), strict=False))
        pairs += list(zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True))
        for parameter, default in pairs:
            if parameter.arg == binding.name and default is not None:
                return self.evaluate(default)
        return ()

    def _element(self, value: Value, index: int) -> Sequence[Value]:
        if isinstance(value, Items) and value.complete and -len(value.nodes) <= index < len(value.nodes):
            return self.evaluate(value.nodes[index])
        return (UNKNOWN,)

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
                if not isinstance(table, Table) or not table.complete:
                    return (UNKNOWN,)
                for key, value in table.entries.items():
                    found.extend((Constant(key),) if index == 0 else self.evaluate(value) if value else (UNKNOWN,))
            return found
        return [
            found
            for value in self.evaluate(node)
            for inner in self._each(value)
            for found in self._element(inner, index)
        ]

    def _attribute(self, owner: Value, attribute: str, node: ast.Attribute) -> Value:
        if isinstance(owner, Reference):
            return Reference(f"{owner.path}.{attribute}")
        if isinstance(owner, Local) and isinstance(owner.node, ast.ClassDef):
            bindings = self.names.class_attribute(owner.node, attribute)
            if len(bindings) == 1:
                values = self._binding(bindings[0])
                return values[0] if len(values) == 1 else UNKNOWN
            return Member(owner, attribute)
        if isinstance(owner, Local):
            return Member(owner, attribute)
        if isinstance(owner, Made):
            if attribute == "task_id":
                for keyword in owner.call.keywords:
                    if keyword.arg == "task_id":
                        return self.single(keyword.value)
            return Member(owner, attribute)
        if isinstance(owner, Table | Items | Constant):
            return Member(owner, attribute)
        return UNKNOWN

    def _call(self, node: ast.Call) -> Sequence[Value]:
        text = self.text(node)
        if text is not None:
            return (self._joined(text),)
        return [found for callee in self.evaluate(node.func) for found in self._called(callee, node)]

    def _called(self, callee: Value, node: ast.Call) -> Sequence[Value]:
        first = node.args[0] if node.args else None
        if isinstance(callee, Reference):
            path = callee.path
            if path == "builtins.dict":
                return (self._dict_call(node),)
            if path in ("builtins.list", "builtins.tuple", "builtins.set", "builtins.sorted", "builtins.reversed"):
                values = self.evaluate(first) if first is not None else (Items((), complete=True),)
                ordered = path in ("builtins.list", "builtins.tuple")
                return [
                    Items(value.nodes, value.complete and ordered) if isinstance(value, Items) else UNKNOWN
                    for value in values
                ]
            if path in ("builtins.str", "builtins.int", "builtins.bool") and first is not None:
                return [self._converted(path, value) for value in self.evaluate(first)]
            if path in ("copy.copy", "copy.deepcopy") and first is not None:
                return self.evaluate(first)
            if path == "functools.partial" and first is not None:
                return [Partial(value, node) for value in self.evaluate(first)]
            if path == "builtins.getattr" and len(node.args) >= 2:
                name = self.single(node.args[1])
                if isinstance(name, Constant) and isinstance(name.value, str):
                    return [
                        Reference(f"{owner.path}.{name.value}") if isinstance(owner, Reference) else UNKNOWN
                        for owner in self.evaluate(node.args[0])
                    ]
                return (UNKNOWN,)
            if path in ("importlib.import_module", "builtins.__import__") and first is not None:
                module = self.single(first)
                if isinstance(module, Constant) and isinstance(module.value, str):
                    imported = module.value
                    return (Reference(imported if "import_module" in path else imported.split(".")[0]),)
                return (UNKNOWN,)
            return (Made(node, callee),)
        if isinstance(callee, Local):
            return self._called_local(callee, node)
        if isinstance(callee, Member):
            return self._called_member(callee, node)
        if isinstance(callee, Partial):
            return (Made(node, callee.callee),)
        return (UNKNOWN,)

    def _called_local(self, callee: Local, node: ast.Call) -> Sequence[Value]:
        function = callee.node
        if isinstance(function, ast.ClassDef):
            return (Made(node, callee),)
        if isinstance(function, ast.FunctionDef) and not function.decorator_list:
            if any(isinstance(part, ast.Yield | ast.YieldFrom) for part in ast.walk(function)):
                return (UNKNOWN,)
            return [value for returned in self.returns(function) for value in self.evaluate(returned)]
        if isinstance(function, ast.Lambda):
            return self.evaluate(function.body)
        return (Made(node, callee),)

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
            return (UNKNOWN,)
        if isinstance(owner, Items):
            return (owner,) if callee.name == "copy" else (UNKNOWN,)
        return (Made(node, callee),)

    def _converted(self, path: str, value: Value) -> Value:
        if path == "builtins.str" and isinstance(value, Member) and value.name == "output":
            # The string of an operator's XCom is a template that gives the XCom itself (Airflow 2.10, 3.3).
            return value
        if not isinstance(value, Constant) or not isinstance(value.value, str | int | float | bool):
            return UNKNOWN
        try:
            return Constant({"builtins.str": str, "builtins.int": int, "builtins.bool": bool}[path](value.value))
        except ValueError:
            return UNKNOWN

    def _subscript(self, node: ast.Subscript) -> Sequence[Value]:
        key = self.single(node.slice)
        found: list[Value] = []
        for owner in self.evaluate(node.value):
            if isinstance(key, Constant) and isinstance(owner, Table) and isinstance(key.value, str):
                entry = owner.entries.get(key.value)
                found.extend(self.evaluate(entry) if entry is not None else (UNKNOWN,))
            elif isinstance(key, Constant) and isinstance(key.value, int):
                found.extend(self._element(owner, key.value))
            elif isinstance(owner, Table) and owner.complete and owner.entries:
                for entry in owner.entries.values():
                    found.extend(self.evaluate(entry) if entry is not None else (UNKNOWN,))
            else:
                found.append(UNKNOWN)
        return found

    def _joined(self, parts: tuple[str | ast.AST, ...] | None) -> Value:
        if parts is None or not all(isinstance(part, str) for part in parts):
            return UNKNOWN
        return Constant("".join(part for part in parts if isinstance(part, str)))

    def _binary(self, node: ast.BinOp) -> Value:
        if isinstance(node.op, ast.Add | ast.Mod):
            text = self.text(node)
            if text is not None:
                return self._joined(text)
        left, right = self.single(node.left), self.single(node.right)
        if isinstance(left, Table) and isinstance(right, Table) and isinstance(node.op, ast.BitOr):
            return _merged(left, right)
        if isinstance(left, Items) and isinstance(right, Items) and isinstance(node.op, ast.Add):
            return Items(left.nodes + right.nodes, left.complete and right.complete)
        if isinstance(left, Constant) and isinstance(right, Constant):
            one, other = left.value, right.value
            if isinstance(one, int | float) and isinstance(other, int | float):
                if isinstance(node.op, ast.Mult):
                    return Constant(one * other)
                if isinstance(node.op, ast.Add):
                    return Constant(one + other)
                if isinstance(node.op, ast.Sub):
                    return Constant(one - other)
        return UNKNOWN

    def _unary(self, node: ast.UnaryOp) -> Value:
        value = self.single(node.operand)
        if isinstance(value, Constant):
            if isinstance(node.op, ast.Not):
                return Constant(not value.value)
            if isinstance(node.op, ast.USub) and isinstance(value.value, int | float):
                return Constant(-value.value)
        return UNKNOWN

    # -- containers --------------------------------------------------------------

    def _items(self, elements: Sequence[ast.expr]) -> Items:
        nodes: list[ast.expr] = []
        complete = True
        for element in elements:
            if isinstance(element, ast.Starred):
                inner = self.single(element.value)
                if isinstance(inner, Items):
                    nodes.extend(inner.nodes)
                    complete = complete and inner.complete
                else:
                    complete = False
            else:
                nodes.append(element)
        return Items(tuple(nodes), complete)

    def _dict(self, node: ast.Dict) -> Table:
        table = Table({}, complete=True)
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                table = _merged(table, self.single(value))
                continue
            name = self.single(key)
            if isinstance(name, Constant):
                if isinstance(name.value, str):
                    table = _merged(table, Table({name.value: value}, complete=True))
            else:
                table = _merged(table, UNKNOWN)
        return table

    def _dict_call(self, node: ast.Call) -> Table:
        table = Table({}, complete=True)
        for argument in node.args:
            table = _merged(table, self.single(argument))
        for keyword in node.keywords:
            if keyword.arg is None:
                table = _merged(table, self.single(keyword.value))
            else:
                table = _merged(table, Table({keyword.arg: keyword.value}, complete=True))
        return table

    def _mutated(self, binding: Binding, use: ast.Name, value: Value) -> Value:
        """The value of a name at a use, after the statements between that change the object in place."""
        if not isinstance(value, Table | Items):
            return value
        scope, order, path = self.names.place(use)
        for mutation in self.names.mutations.get((binding.scope, binding.name), ()):
            same = mutation.scope is scope or (mutation.scope is binding.scope and scope is not binding.scope)
            if same and mutation.order < binding.order:
                continue
            if same and mutation.scope is scope and mutation.order > order and not path:
                continue
            certain = same and mutation.path == path[: len(mutation.path)] and mutation.order < order
            value = self._after(value, mutation, certain=certain or (same and not mutation.path))
        return value

    def _after(self, value: Table | Items, mutation: Mutation, *, certain: bool) -> Table | Items:
        node = mutation.node
        if isinstance(value, Items):
            return Items(value.nodes, complete=False)
        if isinstance(node, ast.Subscript):
            statement = self.names.parents.get(node)
            key = self.single(node.slice)
            if not isinstance(key, Constant) or not isinstance(key.value, str):
                return _merged(value, UNKNOWN)
            assigned = statement.value if certain and isinstance(statement, ast.Assign) else None
            return _merged(value, Table({key.value: assigned}, complete=True))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr == "update":
                return _merged(value, self._dict_call(node) if certain else UNKNOWN)
            if node.func.attr in ("setdefault", "pop") and node.args:
                key = self.single(node.args[0])
                if isinstance(key, Constant) and isinstance(key.value, str):
                    if node.func.attr == "setdefault" and key.value in value.entries:
                        return value
                    return _merged(value, Table({key.value: None}, complete=True))
        return _merged(value, UNKNOWN)


def _merged(left: Table, right: Value) -> Table:
    """``{**left, **right}``; after something unknown, no earlier entry is certain."""
    if not isinstance(right, Table):
        return Table(dict.fromkeys(left.entries), complete=False)
    kept = left.entries if right.complete else dict.fromkeys(left.entries)
    return Table({**kept, **right.entries}, left.complete and right.complete)


def own_nodes(function: ast.AST) -> list[ast.AST]:
    """The nodes of a function without those inside the functions and classes in it."""
    found: list[ast.AST] = []
    stack = list(ast.iter_child_nodes(function))
    while stack:
        node = stack.pop(0)
        found.append(node)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            stack.extend(ast.iter_child_nodes(node))
    return found

"""Scopes of a file: where each name is bound, and which bindings a use may see; knows no rules.

The analysis follows source order and branches: a binding hides the earlier ones
when every path from them to the use runs through it, bindings in the branches of
``if`` and ``try`` are all possible after it, and a function sees its enclosing
scopes as they are at their end.
"""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property

from offramp.python.effects import MUTATORS
from offramp.python.nodes import children, walk
from offramp.record import NamedTuple

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
_SCOPES = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_RECORDED = frozenset([ast.Call, ast.NamedExpr, ast.JoinedStr, ast.Attribute])
# The methods that record statements.
_STATEMENTS: dict[type[ast.AST], str] = {
    ast.FunctionDef: "_function",
    ast.AsyncFunctionDef: "_function",
    ast.ClassDef: "_class",
    ast.Import: "_import",
    ast.ImportFrom: "_import_from",
    ast.Assign: "_assigned",
    ast.AnnAssign: "_annotated",
    ast.AugAssign: "_augmented",
    ast.For: "_for",
    ast.AsyncFor: "_for",
    ast.While: "_while",
    ast.If: "_if",
    ast.With: "_with",
    ast.AsyncWith: "_with",
    ast.Try: "_try",
    getattr(ast, "TryStar", ast.Try): "_try",
    ast.Match: "_match",
    ast.Global: "_declared",
    ast.Nonlocal: "_declared",
    ast.Delete: "_deleted",
}
_LOOPS = ("for", "while")
# What a name in a tuple is bound as, by what the tuple is.
_UNPACKED = {"value": "item", "element": "element-item"}

# A branch is (node id, kind of statement, arm); a path is the branches around a place.
Branch = tuple[int, str, str]
Path = tuple[Branch, ...]

ANY_ATTRIBUTE = "*"

# Without one of these, no code sets a module's names by their text.
BY_TEXT = frozenset(
    "globals locals vars exec eval modules f_globals f_locals __globals__ import_module __import__ reload "
    "getmodule".split()
)

# What code in a `with` block is called that expects a failure, or does not mind one.
_CATCHING = frozenset({"raises", "assertRaises", "assertRaisesRegex", "suppress"})


class Binding(NamedTuple):
    """One place that gives a name a value.

    ``kind`` is ``import`` (``target`` is the dotted path), ``value`` (``node`` is the
    expression), ``element`` (``node`` is iterated over), ``item`` (``node`` is unpacked
    at ``place``, an index for each level of the target, negative after a starred name),
    ``element-item`` (so is each element of ``node``), ``context`` (``node`` is a ``with``
    item's expression), ``function``, ``class``, ``parameter`` (``node`` is the function),
    ``augmented`` (``node`` is the statement) or ``other``. A ``remote`` one is made by an inner function through
    ``global`` or ``nonlocal``, so that it may be there at any moment.
    """

    name: str
    kind: str
    order: int
    path: Path
    scope: Scope
    node: ast.AST | None = None
    target: str = ""
    place: tuple[int, ...] = ()
    remote: bool = False


class Store(NamedTuple):
    """An attribute that is set or deleted: of what, and the new value where that is plain."""

    owner: ast.expr
    value: ast.expr | None
    node: ast.AST


class Mutation(NamedTuple):
    """A statement that changes the object that a name is bound to."""

    order: int
    path: Path
    scope: Scope
    node: ast.AST


class Scope:
    """A module, function, class, lambda or comprehension and the names bound in it."""

    __slots__ = ("bindings", "declared", "node", "parent", "stars")

    def __init__(self, node: ast.AST, parent: Scope | None) -> None:
        self.node = node
        self.parent = parent
        self.bindings: dict[str, list[Binding]] = {}
        self.stars: list[Binding] = []
        self.declared: dict[str, Scope] = {}


class Names:
    """Scopes, parents and bindings of one module; built by one walk over its tree."""

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self.parents: dict[ast.AST, ast.AST] = {}
        self.scopes: dict[ast.AST, Scope] = {}
        self._by_value: dict[ast.AST, list[Binding]] = {}
        self.module = self._scope(tree, None)
        self.mutations: dict[tuple[Scope, str], list[Mutation]] = {}
        self.loads: dict[str, list[ast.Name]] = {}
        self.calls: list[ast.Call] = []
        self.classes: list[ast.ClassDef] = []
        self.functions: list[FunctionNode] = []
        self.strings: list[ast.expr] = []
        self.attributes: dict[str, list[ast.Attribute]] = {}
        self.stores: dict[str, list[Store]] = {}
        self.changed_attributes: set[str] = set()
        self._seen_uses: dict[str, dict[int, list[ast.Name]]] = {}
        self._remote: dict[tuple[Scope, str], list[Binding]] = {}
        self._called_at: dict[Scope, list[tuple[int, Path]]] = {}
        self._with_stars: dict[tuple[Scope, str], list[Binding]] = {}
        self._places: dict[ast.AST, tuple[Scope, int, Path]] = {}
        self.conditions: dict[int, ast.If] = {}
        # The arms that only type checkers read.
        self._unrun: set[Branch] = set()
        self._words: dict[ast.AST, frozenset[str]] = {}
        self._order = 0
        self._pending: list[tuple[ast.AST, Scope]] = []
        self._pending_mutations: list[tuple[str, Mutation]] = []
        self._statements: dict[type[ast.AST], Callable[..., None]] = {
            one: getattr(self, name) for one, name in _STATEMENTS.items()
        }
        self._block(tree.body, self.module, ())
        for node, scope in self._pending:
            self._enter(node, scope)
        for name, mutation in self._pending_mutations:
            owner = self._owner(name, mutation.scope)
            if owner is not None:
                self.mutations.setdefault((owner, name), []).append(mutation)

    # -- asking ------------------------------------------------------------------

    def words(self, function: ast.AST) -> frozenset[str]:
        """Every name that a function reads or binds, those of its inner functions among them."""
        known = self._words.get(function)
        if known is None:
            fields = ("id", "arg", "name", "asname")
            words = (getattr(part, field, None) for part in walk(function) for field in fields)
            known = self._words[function] = frozenset(word for word in words if isinstance(word, str))
        return known

    def place(self, node: ast.AST) -> tuple[Scope, int, Path]:
        """Scope, order and branch path of an expression or statement of the module."""
        while node not in self._places:
            node = self.parents[node]
        return self._places[node]

    def frame(self, scope: Scope) -> Scope:
        """Return what runs a scope's code: classes and comprehensions run where they stand, generators when asked."""
        while isinstance(scope.node, ast.ClassDef | ast.ListComp | ast.SetComp | ast.DictComp) and scope.parent:
            scope = scope.parent
        return scope

    def read_in(self, function: FunctionNode, path: Sequence[str]) -> ast.expr:
        """A use of a name, or of an attribute of it, at the end of a function's body, as if it stood there."""
        use: ast.expr = ast.Name(path[0], ast.Load())
        self._note(use, self.scopes[function], ())
        for attribute in path[1:]:
            outer = ast.Attribute(use, attribute, ast.Load())
            self.parents[use] = outer
            self._note(outer, self.scopes[function], ())
            use = outer
        self.parents[use] = function
        return use

    def statement(self, node: ast.AST) -> ast.stmt:
        """The smallest statement around a node."""
        while not isinstance(node, ast.stmt):
            node = self.parents[node]
        return node

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around a node, from the inside out, without the module."""
        while node in self.parents:
            node = self.parents[node]
            yield node

    def enclosing_function(self, node: ast.AST) -> FunctionNode | ast.Lambda | None:
        """The function whose body holds the node (not its decorators, defaults or annotations)."""
        scope: Scope | None = self.place(node)[0]
        while scope is not None:
            if isinstance(scope.node, FunctionNode | ast.Lambda):
                return scope.node
            scope = scope.parent
        return None

    def lookup(self, name: str, node: ast.AST) -> list[Binding]:
        """The bindings of ``name`` that a use at ``node`` may see; empty for builtins and unknowns."""
        scope, order, path = self.place(node)
        found = self._visible(scope, name, order, path)
        current: Scope | None = scope
        inside = scope
        while not found and current is not None:
            if name in current.declared:
                return self._from_inside(current.declared[name], name, current)
            inside, current = current, current.parent
            while current is not None and isinstance(current.node, ast.ClassDef):
                inside, current = current, current.parent
            if current is None:
                break
            if _evaluated_in_place(scope, current):
                found = self._visible(current, name, order, path)
            else:
                found = self._from_inside(current, name, inside)
        return found

    def uses(self, binding: Binding) -> list[ast.Name]:
        """The loads that may see a binding."""
        index = self._seen_uses.get(binding.name)
        if index is None:
            index = self._seen_uses[binding.name] = {}
            for load in self.loads.get(binding.name, ()):
                for seen in self.lookup(binding.name, load):
                    index.setdefault(id(seen), []).append(load)
        return index.get(id(binding), [])

    @cached_property
    def sets_by_text(self) -> bool:
        """Return whether code may set the module's names by their text."""
        if not BY_TEXT.isdisjoint(self.loads) or not BY_TEXT.isdisjoint(self.attributes):
            return True
        imports = (one for bound in self.module.bindings.values() for one in bound if one.kind == "import")
        return any(one.target.rpartition(".")[2] in BY_TEXT for one in imports)

    @cached_property
    def set_attributes(self) -> frozenset[str]:
        """Names of attributes that code of the module may set, by keywords too, as ``SimpleNamespace`` takes them."""
        stored = (
            name for name, nodes in self.attributes.items() if any(isinstance(node.ctx, ast.Store) for node in nodes)
        )
        of_classes = (name for node in self.classes for name in self.scopes[node].bindings)
        keywords = (keyword.arg for call in self.calls for keyword in call.keywords if keyword.arg is not None)
        return frozenset([*stored, *of_classes, *keywords])

    def bindings_of(self, node: ast.AST) -> list[Binding]:
        """The bindings made from a value, iterable or context expression, or by a definition."""
        return self._by_value.get(node, [])

    def class_attribute(self, node: ast.ClassDef, name: str) -> list[Binding]:
        """The bindings of ``name`` in a class body, as seen at its end."""
        return self._visible(self.scopes[node], name, None, ())

    # -- reaching definitions ----------------------------------------------------

    def _visible(self, scope: Scope, name: str, order: int | None, path: Path) -> list[Binding]:
        bindings = self._all(scope, name)
        if not bindings:
            return []
        first_later = len(bindings) if order is None else bisect_left(bindings, order, key=lambda b: b.order)
        seen: list[Binding] = []
        if order is not None:
            in_loop = any(branch[1] in _LOOPS for branch in path)
            for binding in bindings[first_later:] if in_loop else ():
                if not _loop_carried(binding.path, path):
                    break
                seen.append(binding)
            seen.extend(binding for binding in self._remote.get((scope, name), ()) if binding.order >= order)
            seen.reverse()
        for index in range(first_later - 1, -1, -1):
            binding = bindings[index]
            if order is not None and _exclusive(binding.path, path):
                continue
            seen.append(binding)
            if binding.kind != "star" and not binding.remote and binding.path == path[: len(binding.path)]:
                break
        seen.reverse()
        if self._unrun and len(seen) > 1:
            # What only type checkers read is what a name means where it has no other meaning.
            return [binding for binding in seen if self._unrun.isdisjoint(binding.path)] or seen
        return seen

    def _all(self, scope: Scope, name: str) -> list[Binding]:
        own = scope.bindings.get(name, [])
        if not scope.stars:
            return own
        known = self._with_stars.get((scope, name))
        if known is None:
            known = self._with_stars[scope, name] = sorted([*own, *scope.stars], key=lambda b: b.order)
        return known

    def _from_inside(self, outer: Scope, name: str, inside: Scope) -> list[Binding]:
        """Return what a function sees of a scope around it: its end, and the moments at which its name is used."""
        found = self._visible(outer, name, None, ())
        if len(found) < len(self._all(outer, name)):
            if self._is_kept(inside.node):
                return self._all(outer, name)
            for order, path in self._moments(outer, inside):
                found = found + [seen for seen in self._visible(outer, name, order, path) if seen not in found]
        return found

    def _moments(self, outer: Scope, inside: Scope) -> list[tuple[int, Path]]:
        known = self._called_at.get(inside)
        if known is None:
            known = self._called_at[inside] = []
            for load in self._naming(inside.node):
                scope, order, path = self.place(load)
                while scope is not outer and scope.parent is not None and scope.parent is not outer:
                    scope = scope.parent
                if scope is outer:
                    known.append((order, path))
                elif scope.parent is outer and scope is not inside:
                    known.extend(self._moments(outer, scope))
        return known

    def _is_kept(self, function: ast.AST | None) -> bool:
        """Return whether a function is a lambda that anything may call at any time, as one in a list."""
        if not isinstance(function, ast.Lambda) or self._targets(function):
            return False
        around = self.parents.get(function)
        return not isinstance(around, ast.Call) or around.func is not function

    def _targets(self, function: ast.Lambda) -> list[str]:
        """The name that a lambda is assigned to, if it is one name."""
        statement = self.parents.get(function)
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        names = [target.id for target in targets if isinstance(target, ast.Name)]
        return names if len(names) == len(targets) == 1 else []

    def _naming(self, function: ast.AST | None) -> Iterable[ast.AST]:
        """The uses of a function's name; a lambda without one is used where it stands."""
        if not isinstance(function, ast.Lambda):
            return self.loads.get(getattr(function, "name", ""), ())
        names = self._targets(function)
        return self.loads.get(names[0], ()) if names else [function]

    # -- building ----------------------------------------------------------------

    def _owner(self, name: str, scope: Scope) -> Scope | None:
        current: Scope | None = scope
        while current is not None:
            if name in current.declared:
                return current.declared[name]
            if name in current.bindings:
                return current
            current = current.parent
        return None

    def _next(self) -> int:
        self._order += 1
        return self._order

    def _bind(self, scope: Scope, name: str, kind: str, path: Path, **more: object) -> None:
        owner = scope.declared.get(name, scope)
        remote = owner is not scope
        binding = Binding(name, kind, self._next(), path, owner, remote=remote, **more)  # type: ignore[arg-type]
        owner.bindings.setdefault(name, []).append(binding)
        if remote:
            self._remote.setdefault((owner, name), []).append(binding)
        if binding.node is not None:
            self._by_value.setdefault(binding.node, []).append(binding)

    def _scope(self, node: ast.AST, parent: Scope | None) -> Scope:
        scope = self.scopes[node] = Scope(node, parent)
        return scope

    def _enter(self, node: ast.AST, scope: Scope) -> None:
        if isinstance(node, ast.Lambda):
            self._parameters(node.args, node, scope)
            self._expression(node.body, scope, ())
        elif isinstance(node, FunctionNode):
            self._parameters(node.args, node, scope)
            self._block(node.body, scope, ())

    def _parameters(self, arguments: ast.arguments, node: ast.AST, scope: Scope) -> None:
        for parameter in _all_parameters(arguments):
            self._bind(scope, parameter.arg, "parameter", (), node=node)

    def _block(self, body: list[ast.stmt], scope: Scope, path: Path) -> None:
        for statement in body:
            self._statement(statement, scope, path)

    def _note(self, node: ast.AST, scope: Scope, path: Path) -> None:
        self._places[node] = (scope, self._next(), path)

    def _children(self, parent: ast.AST, scope: Scope, path: Path, *nodes: ast.AST | None) -> None:
        for node in nodes:
            if node is not None:
                self.parents[node] = parent
                self._expression(node, scope, path)

    def _statement(self, node: ast.stmt, scope: Scope, path: Path) -> None:
        self._note(node, scope, path)
        for child in children(node):
            self.parents[child] = node
        record = self._statements.get(type(node))
        if record is not None:
            record(node, scope, path)
        else:
            self._children(node, scope, path, *children(node))

    def _import(self, node: ast.Import, scope: Scope, path: Path) -> None:
        for alias in node.names:
            module = alias.name if alias.asname else alias.name.split(".")[0]
            self._bind(scope, alias.asname or module, "import", path, node=alias, target=module)

    def _assigned(self, node: ast.Assign, scope: Scope, path: Path) -> None:
        self._expression(node.value, scope, path)
        for target in node.targets:
            self._target(target, node.value, "value", scope, path)

    def _annotated(self, node: ast.AnnAssign, scope: Scope, path: Path) -> None:
        self._children(node, scope, path, node.annotation, node.value)
        if node.value is not None:
            self._target(node.target, node.value, "value", scope, path)
        elif not isinstance(node.target, ast.Name):
            # Python evaluates the owner, and stores nothing.
            self._expression(node.target.value, scope, path)

    def _augmented(self, node: ast.AugAssign, scope: Scope, path: Path) -> None:
        self._expression(node.value, scope, path)
        if isinstance(node.target, ast.Name):
            self._mutation(node.target.id, node, scope, path)
            self._bind(scope, node.target.id, "augmented", path, node=node)
        else:
            self._target(node.target, None, "other", scope, path)

    def _for(self, node: ast.For | ast.AsyncFor, scope: Scope, path: Path) -> None:
        self._expression(node.iter, scope, path)
        inside = (*path, (id(node), "for", "body"))
        self._target(node.target, node.iter, "element", scope, inside)
        self._block(node.body, scope, inside)
        self._block(node.orelse, scope, (*path, (id(node), "for", "orelse")))

    def _while(self, node: ast.While, scope: Scope, path: Path) -> None:
        self._expression(node.test, scope, path)
        self._block(node.body, scope, (*path, (id(node), "while", "body")))
        self._block(node.orelse, scope, (*path, (id(node), "while", "orelse")))

    def _with(self, node: ast.With | ast.AsyncWith, scope: Scope, path: Path) -> None:
        for item in node.items:
            self._children(item, scope, path, item.context_expr)
            if item.optional_vars is not None:
                self.parents[item.optional_vars] = item
                self._target(item.optional_vars, item.context_expr, "context", scope, path)
        # What is suppressed may end the body anywhere, as an attempt.
        suppresses = any(_suppresses(item.context_expr) for item in node.items)
        self._block(node.body, scope, (*path, (id(node), "try", "body")) if suppresses else path)

    def _declared(self, node: ast.Global | ast.Nonlocal, scope: Scope, _path: Path) -> None:
        for name in node.names:
            scope.declared[name] = self.module if isinstance(node, ast.Global) else self._outer(scope, name)

    def _deleted(self, node: ast.Delete, scope: Scope, path: Path) -> None:
        for target in node.targets:
            self._target(target, None, "other", scope, path)

    def _outer(self, scope: Scope, name: str) -> Scope:
        current = scope.parent
        while current is not None and name not in current.bindings:
            current = current.parent
        return current or self.module

    def _function(self, node: FunctionNode, scope: Scope, path: Path) -> None:
        self.functions.append(node)
        arguments = node.args
        self.parents[arguments] = node
        self._children(node, scope, path, *node.decorator_list, node.returns)
        self._children(arguments, scope, path, *arguments.defaults, *arguments.kw_defaults)
        for parameter in _all_parameters(arguments):
            self.parents[parameter] = arguments
            self._children(parameter, scope, path, parameter.annotation)
        self._bind(scope, node.name, "function", path, node=node)
        self._pending.append((node, self._scope(node, scope)))

    def _class(self, node: ast.ClassDef, scope: Scope, path: Path) -> None:
        self.classes.append(node)
        self._children(node, scope, path, *node.decorator_list, *node.bases)
        for keyword in node.keywords:
            self._children(keyword, scope, path, keyword.value)
        self._block(node.body, self._scope(node, scope), ())
        self._bind(scope, node.name, "class", path, node=node)

    def _import_from(self, node: ast.ImportFrom, scope: Scope, path: Path) -> None:
        module = "." * node.level + (node.module or "")
        joint = "" if module.endswith(".") else "."
        for alias in node.names:
            if alias.name == "*":
                star = Binding("*", "star", self._next(), path, scope, alias, module)
                scope.stars.append(star)
            else:
                target = f"{module}{joint}{alias.name}"
                self._bind(scope, alias.asname or alias.name, "import", path, node=alias, target=target)

    def _if(self, node: ast.If, scope: Scope, path: Path) -> None:
        self._expression(node.test, scope, path)
        self.conditions[id(node)] = node
        if (checked := checks_types(node.test)) is not None:
            self._unrun.add((id(node), "if", "body" if checked else "orelse"))
        self._block(node.body, scope, (*path, (id(node), "if", "body")))
        self._block(node.orelse, scope, (*path, (id(node), "if", "orelse")))

    def _try(self, node: ast.Try, scope: Scope, path: Path) -> None:
        body = (*path, (id(node), "try", "body"))
        self._block(node.body, scope, body)
        for number, handler in enumerate(node.handlers):
            arm = (*path, (id(node), "try", f"handler{number}"))
            self._note(handler, scope, arm)
            self._children(handler, scope, arm, handler.type)
            if handler.name:
                self._bind(scope, handler.name, "other", arm)
            for statement in handler.body:
                self.parents[statement] = handler
            self._block(handler.body, scope, arm)
        self._block(node.orelse, scope, body)
        self._block(node.finalbody, scope, path)

    def _match(self, node: ast.Match, scope: Scope, path: Path) -> None:
        self._expression(node.subject, scope, path)
        for number, case in enumerate(node.cases):
            arm = (*path, (id(node), "match", f"case{number}"))
            self._note(case, scope, arm)
            for part in walk(case.pattern):
                for child in children(part):
                    self.parents[child] = part
                name = getattr(part, "name", None) or getattr(part, "rest", None)
                if isinstance(name, str):
                    whole = part is case.pattern and isinstance(part, ast.MatchAs)
                    kind, value = ("value", node.subject) if whole else ("other", None)
                    self._bind(scope, name, kind, arm, node=value)
            self.parents[case.pattern] = case
            self._children(case, scope, arm, case.guard)
            for statement in case.body:
                self.parents[statement] = case
            self._block(case.body, scope, arm)

    def _target(
        self,
        node: ast.expr,
        value: ast.expr | None,
        kind: str,
        scope: Scope,
        path: Path,
        place: tuple[int, ...] = (),
    ) -> None:
        if isinstance(node, ast.Name):
            self._bind(scope, node.id, _UNPACKED.get(kind, "other") if place else kind, path, node=value, place=place)
        elif isinstance(node, ast.Tuple | ast.List):
            starred = [isinstance(element, ast.Starred) for element in node.elts]
            for index, element in enumerate(node.elts):
                self.parents[element] = node
                at = index - len(starred) if True in starred[:index] else index
                self._target(element, value, kind, scope, path, (*place, at))
        elif isinstance(node, ast.Starred):
            self.parents[node.value] = node
            self._target(node.value, value, "other", scope, path)
        else:
            self._expression(node, scope, path)
            if isinstance(node, ast.Subscript):
                self._changed(node.value, node, scope, path)
                if (owner := _of_namespace(node.value)) is not None:
                    statement = self.parents.get(node)
                    given = statement.value if isinstance(statement, ast.Assign | ast.AnnAssign) else None
                    self._store(owner, node.slice, given, node)

    def _changed(self, container: ast.expr, node: ast.AST, scope: Scope, path: Path) -> None:
        """Record that ``node`` changes a container, on the name that it is reached from."""
        while isinstance(container, ast.Subscript | ast.Attribute):
            if isinstance(container, ast.Attribute):
                self.changed_attributes.add(container.attr)
            container = container.value
        if isinstance(container, ast.Name):
            self._mutation(container.id, node, scope, path)

    def _mutation(self, name: str, node: ast.AST, scope: Scope, path: Path) -> None:
        self._pending_mutations.append((name, Mutation(self._next(), path, scope, node)))

    def _expression(self, root: ast.AST, scope: Scope, path: Path) -> None:
        """Record an expression; iterative, since generated files nest thousands deep."""
        stack = [root]
        while stack:
            node = stack.pop()
            kind = type(node)
            if kind is ast.Name:
                if isinstance(node.ctx, ast.Load):  # type: ignore[attr-defined]
                    self._note(node, scope, path)
                    self.loads.setdefault(node.id, []).append(node)  # type: ignore[attr-defined, arg-type]
                continue
            if kind is ast.Constant:
                if isinstance(node.value, str):  # type: ignore[attr-defined]
                    self._note(node, scope, path)
                    self.strings.append(node)  # type: ignore[arg-type]
                continue
            if kind is ast.Lambda or kind in _COMPREHENSIONS:
                self._in_own_scope(node, scope, path)
                continue
            self._note(node, scope, path)
            if kind in _RECORDED:
                self._recorded(node, scope, path)
            below = children(node)
            for child in below:
                self.parents[child] = node
            stack.extend(reversed(below))

    def _in_own_scope(self, node: ast.AST, scope: Scope, path: Path) -> None:
        """Record an expression that has names of its own."""
        if isinstance(node, ast.Lambda):
            self._lambda(node, scope, path)
        else:
            self._comprehension(node, scope, path)

    def _recorded(self, node: ast.AST, scope: Scope, path: Path) -> None:
        """Record an expression of a kind that is asked for later."""
        if isinstance(node, ast.Call):
            self._call(node, scope, path)
        elif isinstance(node, ast.NamedExpr):
            outer = scope
            while isinstance(outer.node, _COMPREHENSIONS) and outer.parent is not None:
                outer = outer.parent
            self._bind(outer, node.target.id, "value", path, node=node.value)
            self._note(node, scope, path)
        elif isinstance(node, ast.JoinedStr):
            self.strings.append(node)
        elif isinstance(node, ast.Attribute):
            self._attribute(node)

    def _attribute(self, node: ast.Attribute) -> None:
        self.attributes.setdefault(node.attr, []).append(node)
        if not isinstance(node.ctx, ast.Load):
            statement = self.parents.get(node)
            value = statement.value if isinstance(statement, ast.Assign | ast.AnnAssign) else None
            self.stores.setdefault(node.attr, []).append(Store(node.value, value, node))

    def _call(self, node: ast.Call, scope: Scope, path: Path) -> None:
        self.calls.append(node)
        function = node.func
        if isinstance(function, ast.Attribute) and function.attr in MUTATORS:
            self._changed(function.value, node, scope, path)
            if (owner := _of_namespace(function.value)) is not None:
                self._updated(owner, node)
        elif isinstance(function, ast.Attribute) and function.attr in ("__setattr__", "__delattr__") and node.args:
            bound = len(node.args) < (3 if function.attr == "__setattr__" else 2)
            owner, name, *value = [function.value, *node.args] if bound else node.args
            self._store(owner, name, value[0] if value else None, node)
        elif isinstance(function, ast.Name) and function.id in ("setattr", "delattr") and len(node.args) > 1:
            owner, name, *value = node.args
            self._store(owner, name, value[0] if value else None, node)

    def _store(self, owner: ast.expr, name: ast.expr, value: ast.expr | None, node: ast.expr) -> None:
        """Record an attribute that is set by its text."""
        attribute = name.value if isinstance(name, ast.Constant) else None
        self.stores.setdefault(str(attribute or ANY_ATTRIBUTE), []).append(Store(owner, value, node))

    def _updated(self, owner: ast.expr, node: ast.Call) -> None:
        """Record the attributes that a method of an object's namespace sets or removes."""
        pairs: list[tuple[ast.expr | None, ast.expr]] = [
            (ast.Constant(one.arg) if one.arg else None, one.value) for one in node.keywords
        ]
        for one in node.args[:1]:
            pairs += [*zip(one.keys, one.values, strict=True)] if isinstance(one, ast.Dict) else [(None, one)]
        for key, value in pairs or [(None, node)]:
            self._store(owner, key if key is not None else node, value if key is not None else None, node)

    def _lambda(self, node: ast.Lambda, scope: Scope, path: Path) -> None:
        self._note(node, scope, path)
        self.parents[node.args] = node
        self.parents[node.body] = node
        self._children(node.args, scope, path, *node.args.defaults, *node.args.kw_defaults)
        self._pending.append((node, self._scope(node, scope)))

    def _comprehension(self, node: ast.AST, scope: Scope, path: Path) -> None:
        self._note(node, scope, path)
        inner = self._scope(node, scope)
        for number, generator in enumerate(node.generators):  # type: ignore[attr-defined]
            self.parents[generator] = node
            self._children(generator, scope if number == 0 else inner, path, generator.iter)
            self.parents[generator.target] = generator
            self._target(generator.target, generator.iter, "element", inner, path)
            self._children(generator, inner, path, *generator.ifs)
        if isinstance(node, ast.DictComp):
            self._children(node, inner, path, node.key, node.value)
        else:
            self._children(node, inner, path, node.elt)  # type: ignore[attr-defined]


def checks_types(test: ast.expr) -> bool | None:
    """Return whether a condition holds for type checkers only (True), or never for them (False); else None."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = checks_types(test.operand)
        return None if inner is None else not inner
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")
    return True if name == "TYPE_CHECKING" else None


def expects_failure(names: Names, node: ast.AST) -> bool:
    """Return whether code stands in a ``with`` block that catches what it raises, as ``pytest.raises(…)`` does."""
    return any(
        isinstance(item.context_expr, ast.Call) and _called_name(item.context_expr) in _CATCHING
        for outer in names.ancestors(node)
        if isinstance(outer, ast.With | ast.AsyncWith)
        for item in outer.items
    )


def _called_name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _all_parameters(arguments: ast.arguments) -> list[ast.arg]:
    found = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return found + [extra for extra in (arguments.vararg, arguments.kwarg) if extra is not None]


def _suppresses(manager: ast.expr) -> bool:
    """Return whether a context manager is ``contextlib.suppress(…)``: code goes on wherever its body ended."""
    callee = manager.func if isinstance(manager, ast.Call) else manager
    return (callee.attr if isinstance(callee, ast.Attribute) else getattr(callee, "id", "")) == "suppress"


def _evaluated_in_place(scope: Scope, outer: Scope) -> bool:
    """Return whether only comprehensions and classes stand between two scopes, so that the use runs where it stands."""
    current: Scope | None = scope
    while current is not None and current is not outer:
        if not isinstance(current.node, (*_COMPREHENSIONS, ast.ClassDef)):
            return False
        current = current.parent
    return True


def _exclusive(left: Path, right: Path) -> bool:
    """Return whether two paths lie in different arms of one ``if`` or ``match``, or a body after its handler."""
    for one, other in zip(left, right):  # noqa: B905 - the common length is what is compared
        if one[0] != other[0]:
            return False
        if one[2] != other[2]:
            return one[1] in ("if", "match")
    return False


def _loop_carried(binding: Path, use: Path) -> bool:
    """Return whether a later binding reaches an earlier use by way of a loop around both."""
    for one, other in zip(binding, use):  # noqa: B905 - the common length is what is compared
        if one != other:
            return False
        if one[1] in _LOOPS:
            return True
    return False


def _of_namespace(node: ast.expr) -> ast.expr | None:
    """The object whose namespace an expression is: of ``op.__dict__`` and ``vars(op)``, ``op``."""
    if isinstance(node, ast.Attribute) and node.attr == "__dict__":
        return node.value
    named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "vars"
    return node.args[0] if named and isinstance(node, ast.Call) and len(node.args) == 1 else None

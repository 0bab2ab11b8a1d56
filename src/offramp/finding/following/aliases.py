"""Which names' values may be changed through other names, or by calls, while the file is loaded.

``Values`` follows what a statement changes through the name that is asked for. What happens
through an alias, an element or a call is only looked for here, wherever in the file it
stands; where there is any, the value is not known.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from offramp.finding.names import MUTATORS, Binding, FunctionNode, Scope
from offramp.finding.nodes import children, walk
from offramp.finding.operators import Module
from offramp.finding.values import Constant, Local, Made, Member, Reference, Value
from offramp.record import NamedTuple

_BUILTINS = frozenset(
    "len sorted enumerate zip range list dict tuple set frozenset print min max sum any all reversed str int float "
    "bool repr isinstance type format hash abs round ord chr hasattr id open".split()
)
_HARMLESS = frozenset(
    "airflow collections copy croniter datetime dateutil hashlib itertools json logging math os pathlib pendulum pytz "
    "re string textwrap typing uuid zoneinfo".split()
)
READING = frozenset(
    "items keys values get copy index count join format format_map split rsplit splitlines strip lstrip rstrip lower "
    "upper title capitalize replace startswith endswith removeprefix removesuffix zfill encode isdigit union "
    "intersection difference issubset issuperset".split()
)
_COPIES = frozenset("list dict tuple set frozenset sorted reversed enumerate zip".split())
_ANYTHING = tuple(Reference(f"builtins.{name}") for name in ("exec", "eval", "globals", "locals"))
_MAKERS = ("dag", "task_group")

# A name's object, or (the last part being true) whatever is anywhere in it.
_Name = tuple[Scope, str]
_Part = tuple[Scope, str, bool]


class _Held(NamedTuple):
    """What an expression may give: the objects that it may be, and those that may be in it."""

    itself: frozenset[_Part] = frozenset()
    inside: frozenset[_Part] = frozenset()

    @property
    def all(self) -> frozenset[_Part]:
        return self.itself | self.inside


_NOTHING = _Held()


class Aliases:
    """The changes of a file's containers that no name tells of by itself."""

    def __init__(self, module: Module) -> None:
        self.names = module.names
        self.values = module.values
        self._module = module
        self._same: dict[_Part, _Part] = {}
        self._changes: list[tuple[_Part, _Name | None]] = []
        self._run: set[ast.AST] = set()
        self._any = False
        self._waiting: list[ast.AST] = []
        self._found: dict[_Name, bool] = {}
        for scope in self.names.scopes.values():
            for bindings in scope.bindings.values():
                for binding in bindings:
                    self._bind(binding)
        for function in self.names.functions:
            own = function.args
            plain = [*own.posonlyargs, *own.args]
            pairs = [*zip(reversed(plain), reversed(own.defaults), strict=False)]
            for parameter, default in (*pairs, *zip(own.kwonlyargs, own.kw_defaults, strict=True)):
                if default is not None:
                    held = self._held(default)
                    itself, inside = self._own(function, parameter.arg)
                    self._join([itself], held.itself)
                    self._join([inside], held.inside)
        self._waiting.append(module.tree)
        while self._waiting:
            for node in _loaded(self._waiting.pop()):
                self._look(node)
        self._changed: dict[_Part, set[_Name | None]] = {}
        for part, name in self._changes:
            self._changed.setdefault(self._root(part), set()).add(name)

    def changed(self, name: ast.Name) -> bool:
        """Whether what a name holds, or what that was made from, may have changed unseen."""
        return self._any or any(self._is_changed((one.scope, one.name)) for one in self.names.lookup(name.id, name))

    def _is_changed(self, name: _Name) -> bool:
        known = self._found.get(name)
        if known is not None:
            return known
        self._found[name] = False
        parts = ((*name, False), (*name, True))
        found = any(self._changed.get(self._root(part), set()) - {name} for part in parts) or any(
            self.changed(load)
            for binding in name[0].bindings.get(name[1], ())
            if binding.node is not None and not isinstance(binding.node, FunctionNode | ast.Lambda | ast.ClassDef)
            for load in walk(binding.node)
            if isinstance(load, ast.Name) and isinstance(load.ctx, ast.Load)
        )
        self._found[name] = found
        return found

    # -- what is the same --------------------------------------------------------

    def _root(self, part: _Part) -> _Part:
        last = part
        while last in self._same:
            last = self._same[last]
        while part != last:
            self._same[part], part = last, self._same[part]
        return last

    def _join(self, parts: Iterable[_Part], others: Iterable[_Part]) -> None:
        for part in parts:
            for other in others:
                one, two = self._root(part), self._root(other)
                if one != two:
                    self._same[one] = two

    def _bind(self, binding: Binding) -> None:
        node = binding.node
        if node is None or binding.kind in ("import", "function", "class", "parameter", "star"):
            return
        held = self._held(node.value if isinstance(node, ast.AugAssign) else node)
        name = (binding.scope, binding.name)
        if binding.kind in ("value", "context"):
            self._join([(*name, False)], held.itself)
            self._join([(*name, True)], held.inside)
        elif binding.kind == "augmented":
            self._join([(*name, True)], held.inside)
        else:
            self._join([(*name, False), (*name, True)], held.all if binding.kind == "other" else held.inside)

    def _held(self, node: ast.AST) -> _Held:
        if isinstance(node, ast.Name):
            names = [
                (one.scope, one.name)
                for one in self.names.lookup(node.id, node)
                if one.kind not in ("import", "function", "class", "star")
            ]
            names += [
                (self.names.scopes[one.node], name)
                for one in self.names.lookup(node.id, node)
                if isinstance(one.node, ast.ClassDef)
                for name in self.names.scopes[one.node].bindings
            ]
            return _Held(frozenset((*name, False) for name in names), frozenset((*name, True) for name in names))
        if isinstance(node, ast.Subscript | ast.Attribute):
            owner = self._held(node.value)
            whole = isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice)
            return _Held(frozenset() if whole else owner.inside, owner.inside)
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            return _Held(inside=self._within(node.elts))
        if isinstance(node, ast.Dict):
            spread = [self._held(value).inside for key, value in zip(node.keys, node.values, strict=True) if not key]
            return _Held(inside=self._within(node.values).union(*spread))
        if isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp):
            return _Held(inside=self._held(node.elt).all)
        if isinstance(node, ast.DictComp):
            return _Held(inside=self._held(node.value).all)
        if isinstance(node, ast.BinOp):
            return _Held(inside=self._held(node.left).inside | self._held(node.right).inside)
        if isinstance(node, ast.Call):
            return self._returned(node)
        if isinstance(node, ast.Constant | ast.JoinedStr | ast.Compare | ast.Lambda):
            return _NOTHING
        found = frozenset(part for child in children(node) for part in self._held(child).all)
        return _Held(found, found)

    def _within(self, nodes: Iterable[ast.expr]) -> frozenset[_Part]:
        found: frozenset[_Part] = frozenset()
        for node in nodes:
            found |= self._held(node.value).inside if isinstance(node, ast.Starred) else self._held(node).all
        return found

    def _returned(self, node: ast.Call) -> _Held:
        given = self._within(_given(node))
        callees = self.values.evaluate(node.func)
        names = {callee.path.removeprefix("builtins.") for callee in callees if isinstance(callee, Reference)}
        if len(names) == len(callees) and names <= _COPIES | {"copy.copy"}:
            spread = [self._held(argument).inside for argument in node.args]
            return _Held(inside=self._within(keyword.value for keyword in node.keywords).union(*spread))
        if len(names) == len(callees) and names <= (_BUILTINS - _COPIES) | {"copy.deepcopy"}:
            return _NOTHING
        if isinstance(node.func, ast.Attribute):
            owner = self._held(node.func.value)
            if node.func.attr in ("items", "values", "keys", "copy"):
                return _Held(inside=owner.inside)
            given |= owner.inside
        for callee in callees:
            if isinstance(callee, Local) and not isinstance(callee.node, ast.ClassDef):
                for returned in self.values.returns(callee.node):
                    given |= self._held(returned).all
        return _Held(given, given)

    # -- what changes ------------------------------------------------------------

    def _look(self, node: ast.AST) -> None:
        if isinstance(node, ast.Subscript | ast.Attribute) and not isinstance(node.ctx, ast.Load):
            owner = self._held(node.value)
            self._change(owner.itself, _first(self, node.value))
            statement = self.names.parents.get(node)
            value = getattr(statement, "value", None)
            if isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign) and value is not None:
                self._join(owner.inside, self._held(value).all)
            elif not isinstance(statement, ast.Delete):
                self._change(owner.inside, None)
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            for one in self.names.lookup(node.target.id, node):
                if not self._is_constant(one.node):
                    self._change([(one.scope, one.name, False)], (one.scope, one.name))
        elif isinstance(node, ast.Call):
            self._call(node)
        elif isinstance(node, FunctionNode):
            for decorator in node.decorator_list:
                for value in self.values.evaluate(decorator):
                    if isinstance(value, Local):
                        self._load(value.node)
                        self._load(node)

    def _change(self, parts: Iterable[_Part], name: _Name | None) -> None:
        self._changes.extend((part, name) for part in parts)

    def _is_constant(self, node: ast.AST | None) -> bool:
        return node is not None and all(isinstance(value, Constant) for value in self.values.evaluate(node))

    def _call(self, node: ast.Call) -> None:
        given = [argument for argument in _given(node) if not self._is_constant(argument)]
        function = node.func
        callees = self.values.evaluate(function)
        self._any = self._any or any(one in callees for one in _ANYTHING)
        owner = function.value if isinstance(function, ast.Attribute) else None
        held = self._held(owner) if owner is not None else _NOTHING
        if all(map(self._is_harmless, callees)):
            self._hand_over(node, given)
            return
        if isinstance(function, ast.Attribute) and owner is not None and held.all:
            if function.attr in READING or self._is_constant(owner):
                return
            if function.attr in MUTATORS:
                self._change(held.itself, _first(self, owner))
                self._join(held.inside, self._within(given))
                return
        for callee in callees:
            if isinstance(callee, Local) and isinstance(callee.node, FunctionNode | ast.Lambda):
                self._pass(callee.node, node)
            elif not self._is_harmless(callee):
                self._change(held.all, None)
                self._change(self._within(given), None)
                for argument in given:
                    self._change(self._held(argument).all, None)
                if isinstance(callee, Local):
                    for inner in walk(callee.node):
                        self._load(inner)
                self._hand_over(node, given)

    def _is_harmless(self, callee: Value) -> bool:
        if isinstance(callee, Reference):
            first, _, rest = callee.path.partition(".")
            return first in _HARMLESS or (first == "builtins" and rest in _BUILTINS)
        if isinstance(callee, Made):
            return self._is_harmless(callee.callee)
        if isinstance(callee, Member):
            return isinstance(callee.owner, Constant) or (
                isinstance(callee.owner, Made) and self._is_harmless(callee.owner)
            )
        if isinstance(callee, Local) and isinstance(callee.node, FunctionNode):
            return self._is_task(callee.node)
        return False

    def _is_task(self, function: FunctionNode) -> bool:
        """Whether calling a function runs it in a task, later."""
        callees = [one.func if isinstance(one, ast.Call) else one for one in function.decorator_list]
        known = [value for callee in callees for value in self.values.evaluate(callee)]
        airflows = any(isinstance(value, Reference) and value.path.startswith("airflow.") for value in known)
        return airflows and self._module.dags.decorated(function, _MAKERS) is None

    def _hand_over(self, node: ast.Call, given: list[ast.expr]) -> None:
        """Functions that others call with what they are given; an operator calls none while the file is loaded."""
        callees = self.values.evaluate(node.func)
        if any(isinstance(callee, Reference) and callee.path.startswith("airflow.") for callee in callees):
            return
        for argument in given:
            for value in self.values.evaluate(argument):
                if isinstance(value, Local) and isinstance(value.node, FunctionNode | ast.Lambda):
                    self._load(value.node)
                    for parameter in _parameters(value.node):
                        self._join(self._own(value.node, parameter), self._within(given))

    def _pass(self, function: FunctionNode | ast.Lambda, call: ast.Call) -> None:
        self._load(function)
        parameters = _parameters(function)
        plain = [parameter.arg for parameter in (*function.args.posonlyargs, *function.args.args)]
        named = {keyword.arg: keyword.value for keyword in call.keywords}
        simple = None not in named and not any(isinstance(one, ast.Starred) for one in call.args)
        for parameter in parameters:
            held = _Held(self._within(_given(call)), self._within(_given(call)))
            if simple and parameter in named:
                held = self._held(named[parameter])
            elif simple and parameter in plain:
                index = plain.index(parameter)
                held = self._held(call.args[index]) if index < len(call.args) else _NOTHING
            itself, inside = self._own(function, parameter)
            self._join([itself], held.itself)
            self._join([inside], held.inside)

    def _own(self, function: FunctionNode | ast.Lambda, parameter: str) -> tuple[_Part, _Part]:
        scope = self.names.scopes[function]
        return (scope, parameter, False), (scope, parameter, True)

    def _load(self, node: ast.AST) -> None:
        """Note that a function runs while the file is loaded."""
        if isinstance(node, FunctionNode | ast.Lambda) and node not in self._run:
            self._run.add(node)
            self._waiting.append(node)


def _first(aliases: Aliases, node: ast.AST) -> _Name | None:
    """The one name that an element is reached from."""
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    found = {(one.scope, one.name) for one in aliases.names.lookup(node.id, node)} if isinstance(node, ast.Name) else ()
    return next(iter(found)) if len(found) == 1 else None


def _given(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def _parameters(function: FunctionNode | ast.Lambda) -> list[str]:
    own = function.args
    more = [one for one in (own.vararg, own.kwarg) if one is not None]
    return [one.arg for one in (*own.posonlyargs, *own.args, *own.kwonlyargs, *more)]


def _loaded(root: ast.AST) -> Iterator[ast.AST]:
    """The nodes that run with a module or function, without the bodies of the functions in it."""
    stack: list[ast.AST] = list(root.body) if isinstance(root, ast.Module | FunctionNode) else [root.body]  # type: ignore[attr-defined]
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, FunctionNode):
            stack.extend(node.decorator_list)
            stack.extend(node.args.defaults)
        else:
            stack.extend(children(node))

"""Judges the results that tasks hand on, by what the code of a task shows of them.

Airflow hands on a copy that went through JSON: keys become text, and on Airflow 2 tuples in lists or dicts become
lists. Prefect hands on the object itself, and makes a list of a generator.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from offramp.converting.judges.judge import Doubt, Verdict
from offramp.dags.graph import Task
from offramp.finding.operators import Module
from offramp.model import Blocker
from offramp.python.effects import TEXT_METHODS, TEXT_OF_OTHERS, TEXT_ONLY_OF_TEXT, callables
from offramp.python.names import Binding, FunctionNode
from offramp.python.nodes import children
from offramp.python.values import Constant, Local, Reference
from offramp.record import NamedTuple

if TYPE_CHECKING:
    from offramp.converting.cases.case import Case

_KEPT = (str, int, float, bool, type(None))
_TEXT_CALLS = callables("text")
_KEPT_CALLS = callables("reads", "number") | _TEXT_CALLS
_KEPT_ANNOTATIONS = frozenset(
    {"str", "int", "float", "bool", "None", "list[str]", "list[int]", "dict[str, str]", "dict[str, int]"}
)
_TEXT_ANNOTATIONS = frozenset({"str", "str | None", "Optional[str]"})
_TEXTS_ANNOTATIONS = frozenset({"list[str]", "List[str]", "list[str] | None", "Optional[list[str]]"})
_NO_GENERATORS = (
    *(ast.Constant, ast.JoinedStr, ast.Compare, ast.BinOp, ast.UnaryOp, ast.Lambda),
    *(ast.List, ast.Tuple, ast.Set, ast.Dict, ast.ListComp, ast.SetComp, ast.DictComp),
)
_WITHOUT_GENERATORS = ("builtins.", "collections.", "datetime.", "json.", "math.", "random.", "subprocess.", "time.")


class Handed(NamedTuple):
    """The result of a task, and another task that takes it."""

    source: Task
    taker: Task


def judge(case: Case, handed: Handed) -> Iterator[Verdict]:
    """Reasons why the result of a task that another one takes is not the one that Airflow would hand on."""
    source, taker = handed
    pushed = source.arguments.get("do_xcom_push")
    if pushed is not None and case.constant(pushed) != Constant(True):
        yield Blocker(f"takes the result of `{source.id}`, which keeps it by `do_xcom_push`", taker.node)
    if source.expression is not None:
        yield Blocker(f"takes the result of `{source.id}`, whose callable is a lambda", taker.node)
    if source.function is not None and not survives(case.module, source.function):
        reason = (
            f"what `{source.function.name}` returns is handed on as it is; Airflow hands on what JSON keeps of it "
            "(keys become text, and in Airflow 2 inner tuples lists)"
        )
        yield Doubt(reason, source.node)


def survives(module: Module, function: FunctionNode) -> bool:
    """Return whether everything that ``function`` returns is known to be the same after XCom."""
    if function.returns is not None and ast.unparse(function.returns) in _KEPT_ANNOTATIONS:
        return True
    return all(value is None or _kept(module, value) for value in returned(function))


def gives_text(module: Module, function: FunctionNode) -> bool:
    """Return whether a function is known to return nothing but text or None."""
    return _gives(module, function, _TEXT_ANNOTATIONS, is_text)


def gives_texts(module: Module, function: FunctionNode) -> bool:
    """Return whether a function is known to return nothing but lists of text or None."""
    return _gives(module, function, _TEXTS_ANNOTATIONS, are_texts)


def is_generator(function: FunctionNode) -> bool:
    """Return whether calling a function only makes a generator."""
    return any(isinstance(node, ast.Yield | ast.YieldFrom) for node in _own_nodes(function))


def generators(module: Module, function: FunctionNode) -> Iterator[tuple[ast.expr, bool]]:
    """The results of a function that are or may be generators; true with those that surely are."""
    for value in returned(function):
        found = _Generators(module).is_one(value) if value is not None else False
        if value is not None and found is not False:
            yield value, found is True


def returned(function: FunctionNode) -> Iterator[ast.expr | None]:
    """The expressions that a function's ``return`` statements give, None for those without."""
    return (node.value for node in _own_nodes(function) if isinstance(node, ast.Return))


def _own_nodes(function: FunctionNode) -> Iterator[ast.AST]:
    """The nodes of a function's body, without those of functions, lambdas and classes in it."""
    todo: list[ast.AST] = list(function.body)
    while todo:
        node = todo.pop()
        yield node
        if not isinstance(node, FunctionNode | ast.Lambda | ast.ClassDef):
            todo.extend(children(node))


def _kept(module: Module, node: ast.expr) -> bool:
    if isinstance(node, ast.JoinedStr):
        return True
    if isinstance(node, ast.List):
        return all(_kept(module, element) for element in node.elts)
    if isinstance(node, ast.Dict):
        keys = [module.values.single(key) if key is not None else None for key in node.keys]
        texts = all(isinstance(key, Constant) and isinstance(key.value, str) for key in keys)
        return texts and all(_kept(module, value) for value in node.values)
    if isinstance(node, ast.BinOp):
        return _kept(module, node.left) and _kept(module, node.right)
    if isinstance(node, ast.Call):
        callee = module.values.single(node.func)
        return isinstance(callee, Reference) and callee.path in _KEPT_CALLS
    value = module.values.single(node)
    return isinstance(value, Constant) and isinstance(value.value, _KEPT)


# -- text --------------------------------------------------------------------------


def _gives(
    module: Module, function: FunctionNode, annotations: frozenset[str], judge: Callable[[Module, ast.expr], bool]
) -> bool:
    if function.returns is not None and ast.unparse(function.returns) in annotations:
        return True
    return all(value is None or _is_none(value) or judge(module, value) for value in returned(function))


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def is_text(module: Module, node: ast.expr) -> bool:
    """Return whether an expression is known to give text."""
    value = module.values.single(node)
    if isinstance(node, ast.JoinedStr) or (isinstance(value, Constant) and isinstance(value.value, str)):
        return True
    if isinstance(node, ast.IfExp):
        return is_text(module, node.body) and is_text(module, node.orelse)
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Add | ast.Mod) and is_text(module, node.left)
    if isinstance(node, ast.Call):
        return module.values.path(node.func) in _TEXT_CALLS or _is_text_method(module, node.func)
    behind = module.values.bound_once(node) if isinstance(node, ast.Name) else None
    return behind is not None and is_text(module, behind)


def _is_text_method(module: Module, function: ast.expr) -> bool:
    """Return whether a method gives text; of some, as ``replace``, dates and data frames have others."""
    if not isinstance(function, ast.Attribute):
        return False
    if function.attr in TEXT_ONLY_OF_TEXT:
        return is_text(module, function.value)
    return function.attr in TEXT_METHODS | TEXT_OF_OTHERS


def are_texts(module: Module, node: ast.expr) -> bool:
    """Return whether an expression is known to give a list of text."""
    waiting = [node]
    seen: set[ast.expr] = set()
    while waiting:
        part = waiting.pop()
        if part in seen:
            continue
        seen.add(part)
        behind = module.values.bound_once(part) if isinstance(part, ast.Name) else None
        if behind is not None:
            waiting.append(behind)
        elif isinstance(part, ast.IfExp):
            waiting += [part.body, part.orelse]
        elif isinstance(part, ast.BinOp) and isinstance(part.op, ast.Add):
            waiting += [part.left, part.right]
        elif isinstance(part, ast.List | ast.Tuple):
            if not all(is_text(module, element) for element in part.elts):
                return False
        elif not (isinstance(part, ast.ListComp) and is_text(module, part.elt)):
            return False
    return True


# -- generators --------------------------------------------------------------------


class _Generators:
    """Says whether an expression gives a generator, True or False, or None where that is not known."""

    def __init__(self, module: Module) -> None:
        self._module = module
        self._active: set[Binding | FunctionNode] = set()

    def is_one(self, node: ast.expr) -> bool | None:
        if isinstance(node, ast.GeneratorExp):
            return True
        if isinstance(node, _NO_GENERATORS):
            return False
        if isinstance(node, ast.IfExp):
            return _any([self.is_one(node.body), self.is_one(node.orelse)])
        if isinstance(node, ast.BoolOp):
            return _any([self.is_one(value) for value in node.values])
        if isinstance(node, ast.NamedExpr):
            return self.is_one(node.value)
        if isinstance(node, ast.Call):
            return self._called(node)
        return self._named(node) if isinstance(node, ast.Name) else None

    def _called(self, node: ast.Call) -> bool | None:
        callee = self._module.values.single(node.func)
        if isinstance(callee, Reference):
            return False if callee.path.startswith(_WITHOUT_GENERATORS) else None
        function = callee.node if isinstance(callee, Local) else None
        if isinstance(function, ast.ClassDef | ast.AsyncFunctionDef) or function in self._active:
            return False
        if isinstance(function, ast.Lambda):
            return self.is_one(function.body)
        if not isinstance(function, ast.FunctionDef) or function.decorator_list:
            return None
        if is_generator(function):
            return True
        self._active.add(function)
        return _any([self.is_one(value) for value in returned(function) if value is not None])

    def _named(self, node: ast.Name) -> bool | None:
        found: list[bool | None] = []
        for binding in self._module.names.lookup(node.id, node):
            if binding in self._active:
                continue
            self._active.add(binding)
            if binding.kind in ("parameter", "function", "class", "import", "augmented"):
                found.append(False)
            elif binding.kind == "value" and isinstance(binding.node, ast.expr):
                found.append(self.is_one(binding.node))
            else:
                found.append(None)
        return _any(found)


def _any(found: list[bool | None]) -> bool | None:
    return True if True in found else None if None in found else False

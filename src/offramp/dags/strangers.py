"""Tells which calls in a DAG's block may make tasks of it unseen: Airflow adds to the DAG whatever is made meanwhile.

What Airflow's own names make is followed elsewhere; code of other files cannot be.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Container, Iterable, Iterator

from offramp.finding.configurations import configures
from offramp.finding.operators import Module
from offramp.python.effects import DATE_METHODS, OTHER_LIBRARIES, READING_METHODS, TEXT_OF_OTHERS, callables_of_any
from offramp.python.names import FunctionNode
from offramp.python.nodes import children
from offramp.python.values import Constant, Items, Local, Made, Member, Partial, Reference, Table, Value

# Libraries that make no tasks, but by names that are followed.
_LIBRARIES = OTHER_LIBRARIES | {"airflow"}
# What values of any kind answer, dates among them.
_ANSWERS = READING_METHODS | TEXT_OF_OTHERS | DATE_METHODS
# Callables that may make tasks of what they are given.
_ANYTHING = callables_of_any("calls", "executes", "imports", "namespace", without="later")


class Strangers:
    """Looks for calls, as a DAG's block is run, of what is neither of this file nor known to make no tasks."""

    def __init__(self, module: Module, followed: Container[ast.AST]) -> None:
        self._values = module.values
        self._dags = module.dags
        self._followed = followed
        self._operators = {use.call for use in module.uses}
        self._seen: set[ast.AST] = set()

    def calls(self, body: Iterable[ast.AST]) -> Iterator[tuple[ast.expr, ast.expr]]:
        """The strangers that are called when a DAG's statements run, each with where the DAG's block calls it."""
        for node in _run(body):
            if isinstance(node, ast.Call) and (node in self._followed or node in self._operators):
                continue
            for callee in _called(node):
                if (found := self._stranger(callee)) is not None:
                    yield found, callee

    def _stranger(self, callee: ast.expr) -> ast.expr | None:
        """The callee itself, or what a function of the file calls in its turn, that is not known."""
        for value in self._values.evaluate(callee):
            if isinstance(value, Local):
                if value.node in self._seen or self._is_followed(value.node):
                    continue
                self._seen.add(value.node)
                inner = next(self.calls(_body(value.node)), None)
                if inner is not None:
                    return inner[0]
                if isinstance(value.node, FunctionNode | ast.ClassDef):
                    for over in (*value.node.decorator_list, *getattr(value.node, "bases", ())):
                        if self._stranger(_function(over)) is not None:
                            return _function(over)
            elif not self._is_known(value, callee):
                return callee
        return None

    def _is_followed(self, node: ast.AST) -> bool:
        """Return whether calling a function makes a task, a group or a DAG that is followed as such."""
        return isinstance(node, FunctionNode) and any(
            isinstance(value, Reference) and value.path.startswith("airflow.")
            for decorator in node.decorator_list
            for value in self._values.evaluate(_function(decorator))
        )

    def _is_known(self, value: Value, callee: ast.expr) -> bool:
        if isinstance(value, Reference):
            root = value.path.split(".", 1)[0]
            if value.path in _ANYTHING:
                return False
            if root == "builtins":
                return True
            return (
                configures(value)
                or root in _LIBRARIES
                or root in sys.stdlib_module_names
                or self._dags.section(value) != ""
            )
        if isinstance(value, Constant | Items | Table):
            return True
        if isinstance(value, Partial):
            return self._is_known(value.callee, callee)
        if isinstance(value, Made):
            return self._is_known(value.callee, callee)
        if isinstance(value, Member) and not isinstance(value.owner, Local):
            return value.name in _ANSWERS or self._is_known(value.owner, callee)
        return isinstance(callee, ast.Attribute) and callee.attr in _ANSWERS


def _function(decorator: ast.expr) -> ast.expr:
    return decorator.func if isinstance(decorator, ast.Call) else decorator


def _called(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Call):
        return [node.func]
    if isinstance(node, FunctionNode | ast.ClassDef):
        return [one for one in node.decorator_list if not isinstance(one, ast.Call)]
    return []


def _body(node: FunctionNode | ast.Lambda | ast.ClassDef) -> list[ast.AST]:
    if isinstance(node, ast.Lambda):
        return [node.body]
    if not isinstance(node, ast.ClassDef):
        return [*node.body]
    # Which of its methods run is not looked for.
    methods = [inner for inner in node.body if isinstance(inner, FunctionNode)]
    return [*node.body, *(statement for method in methods for statement in method.body)]


def _run(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """The nodes that run with statements, without the bodies of the functions that these define."""
    for node in body:
        yield node
        if isinstance(node, FunctionNode | ast.Lambda):
            run = [*getattr(node, "decorator_list", ()), *node.args.defaults, *filter(None, node.args.kw_defaults)]
            yield from _run(run)
        else:
            yield from _run(children(node))

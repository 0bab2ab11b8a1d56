"""Loops over literals, turn by turn."""

from __future__ import annotations

import ast
from typing import NamedTuple

from offramp.finding.following.state import UNFOLLOWED, Following, Plain, TaskFunction, Thing
from offramp.finding.graph import Result, Task
from offramp.finding.names import Binding, FunctionNode
from offramp.finding.values import Constant, Items, Reference, Table


class Pair(NamedTuple):
    """One entry of ``items()``."""

    key: object
    value: Thing


class Loops(Following):
    """Runs loops whose turns are known."""

    def _for(self, statement: ast.For) -> None:
        if self.dag is None and not self._holds_operator(statement) and not self._mentions_dag(statement):
            return
        things = self._iterable(statement.iter)
        if things is None or statement.orelse:
            self._block("is a loop over something that is not known here", statement)
            return
        if any(isinstance(node, ast.Break | ast.Continue) for node in ast.walk(statement)):
            self._block("is a loop that may end early", statement)
            return
        made = [
            node
            for node in ast.walk(statement)
            if isinstance(node, FunctionNode | ast.ClassDef | ast.Import | ast.ImportFrom)
        ]
        if made:
            self._block("is made anew in every turn of a loop", made[0])
            return
        outer = dict(self.loop)
        self.turning += 1
        for thing in things:
            if not self._bind_loop(statement.target, thing):
                self._block("is a loop over something that is not known here", statement)
                break
            self._body(statement.body)
        self.turning -= 1
        self.loop = outer
        self.statement = statement

    def _iterable(self, node: ast.expr) -> list[Thing] | None:
        held = self.env.get(node.id) if isinstance(node, ast.Name) else None
        if isinstance(held, list):
            return list(held)
        if isinstance(held, dict):
            return [Constant(key) for key in held]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and self._touches_tasks(node.func.value):
            kept = self._evaluate(node.func.value)
            if isinstance(kept, dict) and not node.args and not node.keywords and node.func.attr in ("items", "values"):
                return (
                    [Pair(key, thing) for key, thing in kept.items()] if node.func.attr == "items" else [*kept.values()]
                )
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "items":
            table = self.values.single(node.func.value)
            if isinstance(table, Table) and table.complete and not node.args:
                return [Pair(key, Plain(value)) for key, value in table.entries.items() if value is not None]
        if isinstance(node, ast.Call) and self.values.single(node.func) == Reference("builtins.range"):
            bounds = [self.values.single(argument) for argument in node.args]
            numbers = [bound.value for bound in bounds if isinstance(bound, Constant) and isinstance(bound.value, int)]
            if len(numbers) == len(bounds) <= 3 and not node.keywords and numbers:
                return [Constant(number) for number in range(*numbers)]
        value = self.values.single(node)
        if any(isinstance(binding.node, ast.Set) for binding in self._bound(node)) or isinstance(node, ast.Set):
            return None
        if isinstance(value, Items) and value.complete:
            return [Plain(element) for element in value.nodes]
        if isinstance(value, Table) and value.complete:
            return [Constant(key) for key in value.entries]
        return None

    def _bound(self, node: ast.expr) -> list[Binding]:
        return self.names.lookup(node.id, node) if isinstance(node, ast.Name) else []

    def _bind_loop(self, target: ast.expr, thing: Thing) -> bool:
        if isinstance(target, ast.Name):
            if isinstance(thing, Plain):
                known = self._constant(thing.node)
                if known is None:
                    made = self._evaluate(thing.node)
                    if isinstance(made, Plain):
                        return False
                    self.env[target.id] = made
                    return True
                self.loop[target.id] = known.value
                self.env.pop(target.id, None)
                return True
            if isinstance(thing, Constant):
                self.loop[target.id] = thing.value
                return True
            if isinstance(thing, Task | Result):
                self.env[target.id] = thing
                self.loop.pop(target.id, None)
                return True
            return False
        if isinstance(target, ast.Tuple | ast.List):
            parts: list[Thing] = []
            if isinstance(thing, Pair):
                parts = [Constant(thing.key), thing.value]
            elif isinstance(thing, Plain) and isinstance(thing.node, ast.Tuple | ast.List):
                parts = [Plain(element) for element in thing.node.elts]
            return len(parts) == len(target.elts) and all(
                self._bind_loop(element, part) for element, part in zip(target.elts, parts, strict=True)
            )
        return False

    def _loop_constant(self, name: str, node: ast.expr) -> None:
        known = self._constant(node)
        if known is None:
            self._block(f"`{name}` differs from one turn of the loop to the next and is not known here", node)
        else:
            self.loop[name] = known.value

    def _comprehension(self, node: ast.ListComp) -> Thing:
        if not any(
            isinstance(inner, ast.Call) and (self._operator_section(inner) or self._is_task_call(inner))
            for inner in ast.walk(node.elt)
        ):
            return Plain(node)
        generator = node.generators[0]
        things = self._iterable(generator.iter)
        if len(node.generators) > 1 or generator.ifs or things is None:
            self._block("is a loop over something that is not known here", node)
            return UNFOLLOWED
        made: list[Thing] = []
        outer = dict(self.loop)
        for thing in things:
            if not self._bind_loop(generator.target, thing):
                self._block("is a loop over something that is not known here", node)
                return UNFOLLOWED
            made.append(self._evaluate(node.elt))
        self.loop = outer
        return made

    def _is_task_call(self, call: ast.Call) -> bool:
        return isinstance(call.func, ast.Name) and isinstance(self.env.get(call.func.id), TaskFunction)

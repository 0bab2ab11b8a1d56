"""Loops over literals, turn by turn."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from offramp.dags.folding import turn_value
from offramp.dags.graph import Result, Task
from offramp.dags.state import UNFOLLOWED, Following, Group, Plain, TaskFunction, Thing
from offramp.python.names import Binding, FunctionNode
from offramp.python.nodes import walk
from offramp.python.values import Constant, Items, Reference, Table
from offramp.record import NamedTuple

# Loops of one file that go on for longer, and values with more parts, are not followed.
_MOST_TURNS = 2000
_MOST_PARTS = 1000


class Parts(NamedTuple):
    """What a turn of a loop unpacks."""

    things: tuple[Thing, ...]


class Loops(Following):
    """Runs loops whose turns are known."""

    def _for(self, statement: ast.For) -> None:
        if not self._goes() and not self._holds_operator(statement) and not self._mentions_dag(statement):
            return
        things = self._iterable(statement.iter)
        if things is None or statement.orelse:
            self._block("is a loop over something that is not known here", statement)
            return
        if any(isinstance(node, ast.Break | ast.Continue) for node in walk(statement)):
            self._block("is a loop that may end early", statement)
            return
        if (made := _made_in(statement)) is not None:
            self._block("is made anew in every turn of a loop", made)
            return
        if not things:
            self.followed.update(walk(statement))
        self.turning += 1
        for thing in things:
            self.turns += 1
            if self.turns > _MOST_TURNS:
                self._block("goes on for more turns than are followed", statement)
                break
            if not self._bind_loop(statement.target, thing):
                self._block("is a loop over something that is not known here", statement)
                break
            self._body(statement.body)
        self.turning -= 1
        self.statement = statement

    def _if(self, statement: ast.If) -> None:
        if (made := _made_in(statement)) is not None:
            self._block("is made only if a condition holds", made)
            return
        holds = self._holds(statement.test)
        if holds is None:
            self._block("is a condition that is not known here", statement)
            return
        taken, left = (statement.body, statement.orelse) if holds else (statement.orelse, statement.body)
        self.followed.update(inner for one in left for inner in walk(one))
        self.turning += 1
        self._body(taken)
        self.turning -= 1
        self.statement = statement

    def _iterable(self, node: ast.expr) -> list[Thing] | None:
        """What a loop goes over, in order; None when not known."""
        keeps = isinstance(node, ast.Name | ast.Subscript) and self._touches_tasks(node)
        held = self._evaluate(node) if keeps else None
        if isinstance(held, list):
            return list(held)
        if isinstance(held, dict):
            return [Constant(key) for key in held]
        turn = turn_value(self.module, node, self._turn(node))
        if turn is not None:
            given = turn.value if isinstance(turn.value, list | dict) else []
            flat = not any(isinstance(value, list | dict) for value in given)
            return [Constant(value) for value in given] if isinstance(turn.value, list | dict) and flat else None
        if isinstance(node, ast.Call) and (things := self._called(node)) is not None:
            return things
        value = self.values.single(node)
        if any(isinstance(binding.node, ast.Set) for binding in self._bound(node)) or isinstance(node, ast.Set):
            return None
        if isinstance(value, Items) and value.complete:
            return [Plain(element) for element in value.nodes]
        if isinstance(value, Table) and value.complete:
            return [Constant(key) for key in value.entries]
        return None

    def _called(self, node: ast.Call) -> list[Thing] | None:
        """What ``items()``, ``values()``, ``range``, ``enumerate``, ``zip`` and ``reversed`` go over."""
        function = node.func
        start = next((keyword.value for keyword in node.keywords if keyword.arg == "start"), None)
        callee = self.values.single(function)
        name = callee.path if isinstance(callee, Reference) else ""
        if name == "builtins.enumerate" and 1 <= len(node.args) + len(node.keywords) <= 2 and node.args:
            return self._numbered(node.args[0], node.args[1] if len(node.args) == 2 else start)
        if node.keywords:
            return None
        if isinstance(function, ast.Attribute) and function.attr in ("items", "values") and not node.args:
            held = self._evaluate(function.value) if self._touches_tasks(function.value) else None
            table = self.values.single(function.value)
            if held is None and isinstance(table, Table) and table.complete:
                held = {key: Plain(value) for key, value in table.entries.items() if value is not None}
            if isinstance(held, dict):
                return [
                    Parts((Constant(key), thing)) if function.attr == "items" else thing for key, thing in held.items()
                ]
        if name == "builtins.range" and 1 <= len(node.args) <= 3:
            numbers = [self._number(argument) for argument in node.args]
            known = [number for number in numbers if number is not None]
            if len(known) < len(numbers) or 0 in known[2:]:
                return None
            counted = range(*known)
            return [Constant(number) for number in counted] if len(counted) <= _MOST_TURNS else None
        if name in ("builtins.zip", "builtins.reversed") and node.args:
            lists = [things for argument in node.args if (things := self._iterable(argument)) is not None]
            if len(lists) < len(node.args):
                return None
            if name == "builtins.zip":
                return [Parts(things) for things in zip(*lists)]  # noqa: B905 - as short as the shortest, here too
            return lists[0][::-1] if len(lists) == 1 else None
        return None

    def _numbered(self, node: ast.expr, start: ast.expr | None) -> list[Thing] | None:
        """What ``enumerate`` goes over."""
        things = self._iterable(node)
        first = self._number(start) if start is not None else 0
        if things is None or first is None:
            return None
        return [Parts((Constant(number), thing)) for number, thing in enumerate(things, first)]

    def _number(self, node: ast.expr) -> int | None:
        """The whole number that an expression is, ``len`` of known things included; None when not known."""
        known = self._constant(node)
        if known is not None:
            return known.value if isinstance(known.value, int) else None
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
            left, right = self._number(node.left), self._number(node.right)
            if left is None or right is None:
                return None
            return left + right if isinstance(node.op, ast.Add) else left - right
        measures = isinstance(node, ast.Call) and self.values.single(node.func) == Reference("builtins.len")
        if isinstance(node, ast.Call) and measures and len(node.args) == 1:
            things = self._iterable(node.args[0])
            return len(things) if things is not None else None
        return None

    def _holds(self, node: ast.expr) -> bool | None:
        """Whether a condition holds at this point; None when not known."""
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            inner = self._holds(node.operand)
            return None if inner is None else not inner
        if isinstance(node, ast.BoolOp):
            parts = [self._holds(value) for value in node.values]
            if None in parts:
                return None
            return all(parts) if isinstance(node.op, ast.And) else any(parts)
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            return self._compares(node.left, node.ops[0], node.comparators[0])
        held = self.env.get(node.id) if isinstance(node, ast.Name) else None
        if isinstance(held, list | dict):
            return bool(held)
        if isinstance(node, ast.Name) and held is None and self._begins_empty(node):
            return False
        thing = self._thing(node)
        if isinstance(thing, Task) or isinstance(held, Group):
            # Neither operators nor results nor groups have a truth value of their own (2.10, 3.3).
            return True
        value = turn_value(self.module, node, self._turn(node)) if thing is None else thing
        return bool(value.value) if isinstance(value, Constant) else None

    def _compares(self, left: ast.expr, operator: ast.cmpop, right: ast.expr) -> bool | None:
        one, other = self._thing(left), self._thing(right)
        if one is None or other is None:
            return None
        if isinstance(operator, ast.Is | ast.IsNot) and Constant(None) in (one, other):
            return (one == other) is isinstance(operator, ast.Is)
        if not (isinstance(one, Constant) and isinstance(other, Constant)):
            return None
        if isinstance(operator, ast.Eq | ast.NotEq):
            return (one.value == other.value) is isinstance(operator, ast.Eq)
        if isinstance(one.value, int) and isinstance(other.value, int):
            if isinstance(operator, ast.Lt | ast.GtE):
                return (one.value < other.value) is isinstance(operator, ast.Lt)
            if isinstance(operator, ast.Gt | ast.LtE):
                return (one.value > other.value) is isinstance(operator, ast.Gt)
        return None

    def _thing(self, node: ast.expr) -> Task | Constant | None:
        """The task or the constant that an expression in a condition is."""
        held = self.env.get(node.id) if isinstance(node, ast.Name) else None
        if isinstance(held, Result):
            return held.task
        if isinstance(held, Task):
            return held
        known = self._constant(held.node if isinstance(held, Plain) else node)
        number = self._number(node) if known is None else None
        return Constant(number) if number is not None else known

    def _bound(self, node: ast.expr) -> list[Binding]:
        return self.names.lookup(node.id, node) if isinstance(node, ast.Name) else []

    def _bind_loop(self, target: ast.expr, thing: Thing) -> bool:
        if isinstance(target, ast.Name):
            if isinstance(thing, Plain):
                known = self._constant(thing.node)
                if known is None:
                    made = self._evaluate(thing.node)
                    if not isinstance(made, Plain):
                        self.env[target.id] = made
                        return True
                    known = self._literal(thing.node)
                    if known is None:
                        return False
                self.loop[target.id] = known.value
                self.env.pop(target.id, None)
                return True
            if isinstance(thing, Constant):
                self.loop[target.id] = thing.value
                self.env.pop(target.id, None)
                return True
            if isinstance(thing, Task | Result):
                self.env[target.id] = thing
                self.loop.pop(target.id, None)
                return True
            return False
        if isinstance(target, ast.Tuple | ast.List):
            parts: list[Thing] = []
            if isinstance(thing, Parts):
                parts = [*thing.things]
            elif isinstance(thing, Plain) and isinstance(thing.node, ast.Tuple | ast.List):
                parts = [Plain(element) for element in thing.node.elts]
            return len(parts) == len(target.elts) and all(
                self._bind_loop(element, part) for element, part in zip(target.elts, parts, strict=True)
            )
        return False

    def _literal(self, node: ast.expr, seen: dict[ast.expr, int] | None = None) -> Constant | None:
        """A dict, list or tuple of constants, as one; None when not known.

        ``seen`` counts the parts of those that are part of it, which names may repeat without end.
        """
        seen = {} if seen is None else seen
        value = self.values.single(node)
        if isinstance(value, Items) and value.complete:
            parts = self._parts(value.nodes, node, seen)
            return Constant(parts) if parts is not None else None
        if isinstance(value, Table) and value.complete and None not in value.entries.values():
            parts = self._parts([inner for inner in value.entries.values() if inner is not None], node, seen)
            return Constant(dict(zip(value.entries, parts, strict=True))) if parts is not None else None
        return None

    def _parts(self, nodes: Sequence[ast.expr], whole: ast.expr, seen: dict[ast.expr, int]) -> list[object] | None:
        found: list[object] = []
        size = 1
        for node in nodes:
            known = self._constant(node) or self._literal(node, seen)
            size += seen.get(node, 1)
            if known is None or size > _MOST_PARTS:
                return None
            found.append(known.value)
        seen[whole] = size
        return found

    def _loop_constant(self, name: str, node: ast.expr) -> None:
        known = self._constant(node) or turn_value(self.module, node, self._turn(node)) or self._literal(node)
        if known is None:
            self._block(f"`{name}` differs from one turn of the loop to the next and is not known here", node)
        else:
            self.loop[name] = known.value

    def _comprehension(self, node: ast.ListComp) -> Thing:
        if not any(
            isinstance(inner, ast.Call) and (self._operator_section(inner) or self._is_task_call(inner))
            for inner in walk(node.elt)
        ):
            return Plain(node)
        generator = node.generators[0]
        things = self._iterable(generator.iter)
        if len(node.generators) > 1 or things is None:
            self._block("is a loop over something that is not known here", node)
            return UNFOLLOWED
        made: list[Thing] = []
        outer = dict(self.loop)
        for thing in things:
            if not self._bind_loop(generator.target, thing):
                self._block("is a loop over something that is not known here", node)
                return UNFOLLOWED
            holds = [self._holds(condition) for condition in generator.ifs]
            if None in holds:
                self._block("is a condition that is not known here", generator.ifs[0])
                return UNFOLLOWED
            if all(holds):
                made.append(self._evaluate(node.elt))
        self.loop = outer
        return made

    def _is_task_call(self, call: ast.Call) -> bool:
        return isinstance(call.func, ast.Name) and isinstance(self.env.get(call.func.id), TaskFunction)


def _made_in(statement: ast.stmt) -> ast.AST | None:
    """A function, class or import in a loop or condition, which would have to move."""
    for node in walk(statement):
        if isinstance(node, FunctionNode | ast.ClassDef | ast.Import | ast.ImportFrom):
            return node
    return None

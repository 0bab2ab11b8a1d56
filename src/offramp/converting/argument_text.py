"""Arguments of Airflow tasks as Python text that means the same in a flow, or the reason why not."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping

from offramp.converting.cases.airflow_imports import is_airflow
from offramp.converting.cases.leaving import Leaving
from offramp.converting.judges import late_values, rendered_text
from offramp.converting.judges.judge import Verdict
from offramp.converting.judges.rendered_text import from_library, holds_template
from offramp.dags.folding import fold, turn_value
from offramp.dags.graph import Argument
from offramp.editing.text import expression_text, literal
from offramp.finding.operators import Module
from offramp.model import ArgumentRow, Blocked, Blocker, LoadedBlock
from offramp.python.nodes import children, walk
from offramp.python.values import Constant, Items, Reference, Table
from offramp.reading.source import Source
from offramp.record import NamedTuple

_MOST_SECONDS = 86_400_000_000_000
_DELTA_SECONDS = {
    "weeks": 604800,
    "days": 86400,
    "hours": 3600,
    "minutes": 60,
    "seconds": 1,
    "milliseconds": 1e-3,
    "microseconds": 1e-6,
}
_DELTAS = (Reference("datetime.timedelta"), Reference("pendulum.duration"), Reference("pendulum.Duration"))
_DELTA_POSITIONS = ("days", "seconds", "microseconds", "milliseconds", "minutes", "hours", "weeks")


class Rendered(NamedTuple):
    """All that a template renders to.

    ``text`` is Python text, ``constant`` the value where it is known, ``longest`` the greatest
    length where it has one, ``usual`` the value in a run that is given no values of its own.
    """

    text: str
    constant: Constant | None = None
    longest: int | None = None
    usual: str | None = None


# Stands for a template whose problem is reported, so that the rest of the call can be looked at.
UNRENDERED = Rendered('""')


class Expressions:
    """Writes argument expressions for use at module level.

    ``leaving`` tells the names that no code is left for, and those that move to module level. ``doubts`` collects why a
    fix that uses the expressions is not safe, and ``connections`` the Airflow connection that each block loaded stands
    for, by the block's class and name; both may be given, to go on with. ``rendered`` holds what arguments render to,
    where they are templates.
    """

    def __init__(
        self,
        module: Module,
        source: Source,
        leaving: Leaving | None = None,
        doubts: dict[str, ast.AST] | None = None,
        connections: dict[tuple[str, str], str] | None = None,
    ) -> None:
        self.module = module
        self.source = source
        self.leaving = leaving
        self.doubts = {} if doubts is None else doubts
        self.connections = {} if connections is None else connections
        self.rendered: Mapping[ast.AST, Rendered] = {}

    def with_rendered(self, rendered: Mapping[ast.AST, Rendered]) -> Expressions:
        """The same, where some arguments are templates that render to what is given here."""
        made = Expressions(self.module, self.source, self.leaving, self.doubts, self.connections)
        made.rendered = rendered
        return made

    def loaded(self) -> tuple[LoadedBlock, ...]:
        """The blocks that the expressions load."""
        return tuple(LoadedBlock(connection, name, kind) for (kind, name), connection in self.connections.items())

    def constant(self, argument: Argument) -> Constant | None:
        """The argument's value if it is a known constant."""
        if argument.node in self.rendered:
            return self.rendered[argument.node].constant
        return fold(self.module, argument.node, dict(argument.loop))

    def text(self, argument: Argument, *, template: bool = False) -> str:
        """The argument as Python text.

        ``template`` says that Airflow renders it, so that text which is not known here
        is a doubt. Raises Blocked.
        """
        node = argument.node
        if node in self.rendered:
            return self.rendered[node].text
        loop = dict(argument.loop)
        if loop and any(isinstance(inner, ast.Name) and inner.id in loop for inner in walk(node)):
            return self._of_turn(node, argument, template=template)
        self._no_templates(node)
        if template:
            self._heed(rendered_text.judge(self, argument))
        for inner in walk(node):
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load):
                self._reachable(inner, template=template)
                self.check_lasts(inner)
            elif isinstance(inner, ast.Await | ast.Yield | ast.YieldFrom | ast.NamedExpr):
                raise Blocked("is an expression that is not followed", node)
        self._heed(late_values.judge(self, node))
        return expression_text(self.source, node)

    def _of_turn(self, node: ast.expr, argument: Argument, *, template: bool) -> str:
        """An expression with the values that names have in one turn of a loop."""
        loop = dict(argument.loop)
        known = fold(self.module, node, loop) or turn_value(self.module, node, loop)
        if known is not None:
            for value in _leaves(known.value):
                self.no_template(value, node)
            if template:
                self._heed(rendered_text.judge(self, argument))
            return literal(known.value)
        if isinstance(node, ast.List) and not any(isinstance(element, ast.Starred) for element in node.elts):
            parts = [self.text(argument._replace(node=element), template=template) for element in node.elts]
            return f"[{', '.join(parts)}]"
        raise Blocked("depends on the loop in a way that is not followed", node)

    def seconds(self, argument: Argument) -> str:
        """A duration, a number of seconds or a timedelta, as text that gives seconds. Raises Blocked."""
        known = self.constant(argument)
        if known is not None and isinstance(known.value, int | float) and not isinstance(known.value, bool):
            return _finite(known.value, argument.node)
        node = self.bound(argument.node)
        whole = isinstance(node, ast.Call) and self.module.values.single(node.func) == Reference("builtins.int")
        if whole and isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords:
            node = self.bound(node.args[0])
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "total_seconds":
            node = self.bound(node.func.value)
        if isinstance(node, ast.Call) and self.module.values.single(node.func) in _DELTAS:
            total = 0.0
            parts = [
                *zip(_DELTA_POSITIONS, node.args, strict=False),
                *((keyword.arg or "", keyword.value) for keyword in node.keywords),
            ]
            for name, value in parts:
                amount = fold(self.module, value, dict(argument.loop))
                if name not in _DELTA_SECONDS or amount is None or not isinstance(amount.value, int | float):
                    raise Blocked("is a duration that is not known here", argument.node)
                _finite(amount.value, argument.node)
                total += amount.value * _DELTA_SECONDS[name]
            return _finite(int(total) if whole or total.is_integer() else total, argument.node)
        raise Blocked("is a duration that is not known here", argument.node)

    def bound(self, node: ast.expr) -> ast.expr:
        """The expression behind a name that is bound once, else the name itself."""
        for _ in range(5):
            behind = self.module.values.bound_once(node) if isinstance(node, ast.Name) else None
            if behind is None:
                break
            node = behind
        return node

    def _no_templates(self, node: ast.AST) -> None:
        seen: set[ast.AST] = set()
        waiting = [node]
        while waiting:
            one = waiting.pop()
            if one in seen:
                continue
            seen.add(one)
            waiting.extend(children(one))
            for value in self.module.values.evaluate(one) if isinstance(one, ast.expr) else ():
                if isinstance(value, Constant):
                    self.no_template(value.value, node)
                elif isinstance(value, Items):
                    waiting.extend(value.nodes)
                elif isinstance(value, Table):
                    waiting.extend(entry for entry in value.entries.values() if entry is not None)

    def check_lasts(self, name: ast.Name) -> None:
        """Raise Blocked for a name that may have another value when the task runs."""
        self._heed(late_values.judge(self, name))

    def _heed(self, verdicts: Iterable[Verdict]) -> None:
        """Note the doubts of a judge. Raises Blocked for its first blocker."""
        for verdict in verdicts:
            if isinstance(verdict, Blocker):
                raise Blocked(verdict.reason, verdict.node)
            self.doubts[verdict.reason] = verdict.node

    def no_template(self, value: object, node: ast.AST) -> None:
        """Blocked where Airflow would render the value as a template."""
        if isinstance(value, str) and holds_template(value):
            raise Blocked("is a template, which Prefect does not render", node)

    def _reachable(self, name: ast.Name, *, template: bool) -> None:
        for binding in self.module.names.lookup(name.id, name):
            if binding.kind == "import":
                if is_airflow(binding.target):
                    raise Blocked(f"`{name.id}` is Airflow's", name)
                if template and not from_library(binding.target):
                    self.doubts[f"`{name.id}` comes from another file and is taken to be no template"] = name
            elif binding.scope is not self.module.names.module:
                if not self._moves(name) and not _inside(binding.scope.node, name, self.module):
                    raise Blocked(f"`{name.id}` exists only while Airflow builds the DAG", name)
            elif self.leaving is not None and name.id in self.leaving.gone:
                raise Blocked(f"`{name.id}` is a task or DAG", name)
            if self.leaving is not None and self.leaving.goes(binding):
                raise Blocked(f"`{name.id}` goes with the DAG's code", name)

    def _moves(self, name: ast.Name) -> bool:
        return self.leaving is not None and name.id in self.leaving.local


def _finite(number: float, node: ast.AST) -> str:
    """A number as text. Raises Blocked for one that no timedelta can hold."""
    if not abs(number) < _MOST_SECONDS:
        raise Blocked("is a duration that is not known here", node)
    return repr(number)


def _leaves(value: object) -> Iterator[object]:
    """A value's parts, keys included, that are not lists, tuples or dicts themselves."""
    if isinstance(value, dict):
        yield from value
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _leaves(inner)
    else:
        yield value


def _inside(scope: ast.AST, name: ast.Name, module: Module) -> bool:
    """Return whether a scope is a comprehension or lambda that is part of the expression."""
    return isinstance(scope, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp | ast.Lambda) and any(
        ancestor is scope for ancestor in module.names.ancestors(name)
    )


def harmless(value: Constant | None, row: ArgumentRow, node: ast.AST) -> bool:
    """Return whether a refused argument's value is Airflow's default, so that giving it changes nothing.

    The default is what the row has under "when absent"; without one, None, False and empty containers are.
    """
    if value is None:
        return isinstance(node, ast.List | ast.Tuple | ast.Dict) and not (
            getattr(node, "elts", None) or getattr(node, "keys", None)
        )
    if row.when_absent:
        return str(value.value) == row.when_absent.strip("'\"`")
    return value.value is None or value.value is False or value.value == ""

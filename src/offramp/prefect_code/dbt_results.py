"""Tells what becomes of the result of a call that runs dbt, where only that tells of dbt's failure."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from offramp.prefect_code.context import Prefect
from offramp.prefect_code.truth_values import TruthPaths
from offramp.python.effects import LOGGING_METHODS, READING_METHODS, callables
from offramp.python.names import Binding
from offramp.python.nodes import walk
from offramp.python.paths import DROPPED, READ, UNSEEN, Loss, Route, losses

# Kinds of results: an exit code or truth value, output, a pair of both, or an object that has them.
# A process has no code before its end.
CODE, OUTPUT, PAIR, CODE_LATER = "code", "output", "pair", "code later"
COMPLETED, PROCESS, LATER, FILE, INVOKED, HOOKED = "completed", "process", "later", "file", "invoked", "hooked"
TRIGGERED = "triggered"
# Functions that start a process and go on, and what each gives.
POPEN = "subprocess.Popen"
PROCESSES = {
    POPEN: PROCESS,
    **{f"asyncio.{where}create_subprocess_{by}": LATER for where in ("", "subprocess.") for by in ("exec", "shell")},
}
# Ends of values besides those of all: something waits, people are shown it, or other programs get what dbt wrote.
WAITED, SHOWN = "waited", "shown"
_HARMLESS = frozenset({DROPPED, WAITED, SHOWN})
_NOTHING, _LINES = "nothing", "lines"
_PARTS: Mapping[str, Mapping[str, str]] = {
    COMPLETED: {"returncode": CODE, "stdout": OUTPUT, "stderr": OUTPUT, "args": _NOTHING},
    PROCESS: {"returncode": CODE_LATER, "stdout": OUTPUT, "stderr": OUTPUT, "args": _NOTHING, "pid": CODE},
    FILE: {},
    INVOKED: {"success": CODE, "exception": CODE, "result": OUTPUT},
    HOOKED: {"exit_code": CODE, "output": OUTPUT},
    TRIGGERED: {"pid": CODE},
    OUTPUT: {},
}
_METHODS: Mapping[str, Mapping[str, str]] = {
    PROCESS: {"wait": CODE, "communicate": PAIR, "poll": CODE_LATER},
    FILE: {"read": OUTPUT, "readline": OUTPUT, "readlines": OUTPUT, "close": CODE},
    TRIGGERED: {"fetch_result": OUTPUT},
    OUTPUT: dict.fromkeys((*READING_METHODS, "close", "decode", "read", "readline", "readlines"), OUTPUT),
}
_WAITING = frozenset({"wait", "communicate", "poll", "stdout"})
_SHOWING = callables("shows") | frozenset(
    "click.echo typer.echo pprint.pprint sys.stdout.write sys.stderr.write traceback.print_exc "
    "traceback.print_exception".split()
)
_READING = callables("reads", without="form folds")


def lost(prefect: Prefect, call: ast.Call, form: str) -> Iterator[Loss]:
    """The places at which nothing depends on how the dbt command of a call ends."""
    place: ast.AST = call
    if form == LATER:
        place, form = prefect.names.parents[call], PROCESS
        if not isinstance(place, ast.Await):
            return iter(())
    result = _Result(prefect, CODE if form == PAIR else form)
    result.follow(place, 1 if form == PAIR else 0)
    return losses(result.ends, _HARMLESS)


def is_showing(prefect: Prefect, statement: ast.stmt) -> bool:
    """Return whether a statement does nothing but tell people something."""
    return _Result(prefect, CODE).is_idle(statement)


class _Result(TruthPaths):
    """Follows what a call gives that runs dbt, and what is taken from it."""

    def __init__(self, prefect: Prefect, form: str, parts: set[tuple[str, ast.AST, Route]] | None = None) -> None:
        super().__init__(prefect)
        self._form = form
        # The parts that are followed, each once: a name may be bound again to a part of what it is bound to.
        self._parts: set[tuple[str, ast.AST, Route]] = set() if parts is None else parts

    def end(self, kind: str, node: ast.AST, level: int) -> None:
        """Go on behind what only looks, and tell what only shows."""
        if kind == READ and isinstance(node, ast.Call):
            if self._shows(node):
                super().end(SHOWN, node, level)
                return
            if self.prefect.path(node.func) in _READING:
                self._into(CODE, node)
                return
        parent = self.names.parents.get(node)
        if kind != READ or not isinstance(parent, ast.Compare | ast.UnaryOp) or self._form == CODE:
            super().end(kind, node, level)
        elif self._form == CODE_LATER and _compares(parent, None):
            super().end(SHOWN, node, level)
        elif self._form == OUTPUT and (isinstance(parent, ast.UnaryOp) or _compares(parent, "", b"")):
            self.follow(parent, level)
        else:
            self._into(CODE, parent)

    def is_idle(self, statement: ast.stmt) -> bool:
        """Return whether a statement does nothing, shows something, or goes no further where output has ended."""
        if self._form == OUTPUT and isinstance(statement, ast.Break):
            return True
        call = statement.value if isinstance(statement, ast.Expr) else None
        return self._shows(call) if isinstance(call, ast.Call) else super().is_idle(statement)

    def _shows(self, call: ast.Call) -> bool:
        """Return whether a call only tells people something."""
        logs = isinstance(call.func, ast.Attribute) and call.func.attr in LOGGING_METHODS
        return logs or self.prefect.path(call.func) in _SHOWING

    def _either(self, parent: ast.BoolOp, node: ast.AST, level: int) -> None:
        polls = {"poll"} >= {getattr(one.func, "attr", "") for one in walk(parent) if isinstance(one, ast.Call)}
        if self._form == OUTPUT and polls:
            self.follow(parent, level)
        else:
            super()._either(parent, node, level)

    def _bindings(self, bindings: list[Binding], node: ast.AST, level: int) -> None:
        if any(binding.remote for binding in bindings):
            # What `global` binds is there for other modules, too.
            self.end(UNSEEN, node, level)
        else:
            super()._bindings(bindings, node, level)

    def awaited(self, node: ast.Await, level: int) -> None:
        """Go on with what an await gives."""
        self.follow(node, level)

    def attribute(self, node: ast.Attribute, level: int) -> None:
        """Go on with a part of the result, or with what a method gives."""
        call = self.names.parents.get(node)
        method = isinstance(call, ast.Call) and call.func is node
        form = (_METHODS if method else _PARTS).get(self._form, {}).get(node.attr)
        if form is None and self._form == OUTPUT and not method:
            form = OUTPUT
        if level or form is None:
            self.end(UNSEEN, node, level)
            return
        if self._form == PROCESS and node.attr in _WAITING:
            self.end(WAITED, node, level)
        if form != _NOTHING:
            self._into(form, call if method and call is not None else node)
        else:
            self.end(SHOWN, node, level)

    def item(self, node: ast.Subscript, level: int) -> None:
        """Go on with a part of the output."""
        self.follow(node, level) if self._form == OUTPUT else self.end(UNSEEN, node, level)

    def iterated(self, node: ast.AST) -> None:
        """Go on with the lines of the output, and with a process that a block waits for."""
        if isinstance(node, ast.withitem) and self._form in {PROCESS, FILE, TRIGGERED}:
            self.end(WAITED if self._form == PROCESS else DROPPED, node, 0)
            self._bindings(self.names.bindings_of(node.context_expr), node, 0)
        elif self._form in {OUTPUT, FILE} and (bindings := self.names.bindings_of(node)):
            self._into_bindings(bindings, node)
        else:
            self.end(UNSEEN, node, 0)

    def formatted(self, node: ast.expr, level: int) -> None:
        """Go on with the text that is made of it."""
        self.follow(node, level)

    def passed(self, call: ast.Call, node: ast.AST, level: int, keyword: str) -> None:
        """Go on in local functions; output may be written somewhere."""
        target = self.prefect.target(call.func)
        writes = isinstance(call.func, ast.Attribute) and call.func.attr in {"write", "writelines"}
        if self._form == OUTPUT and writes:
            self.end(SHOWN, call, level)
        elif target is not None and target.function is not None and target.form in {"call", "submit"}:
            self.to_parameter(call, target.function, node, level, keyword)
        else:
            super().passed(call, node, level, keyword)

    def returned(self, function: ast.AST | None, node: ast.AST, level: int) -> None:
        """Output that is returned to whom nobody sees tells of no exit code."""
        if self._form == OUTPUT and not self.route.entered and not self.callers(function):
            self.end(SHOWN, node, level)
        else:
            super().returned(function, node, level)

    def _into(self, form: str, node: ast.AST) -> None:
        """Follow a part of the result."""
        if (form, node, self.route) in self._parts:
            return
        self._parts.add((form, node, self.route))
        level = 1 if form == PAIR else 0
        inner = _Result(self.prefect, OUTPUT if form == PAIR else form, self._parts)
        inner.follow_along(self.route, node, level)
        self.ends += inner.ends

    def _into_bindings(self, bindings: list[Binding], node: ast.AST) -> None:
        if (_LINES, node, self.route) in self._parts:
            return
        self._parts.add((_LINES, node, self.route))
        inner = _Result(self.prefect, OUTPUT, self._parts)
        inner.route = self.route
        inner._bindings(bindings, node, 0)
        self.ends += inner.ends


def _compares(node: ast.expr, *values: object) -> bool:
    """Return whether an expression compares something with one of some constants."""
    others = [*node.comparators, node.left] if isinstance(node, ast.Compare) else []
    return any(isinstance(one, ast.Constant) and one.value in values for one in others)

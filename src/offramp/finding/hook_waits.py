"""Waits by hand whose result nobody looks at, and runs that are triggered by hand and never looked for."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from offramp.finding.names import Binding, expects_failure
from offramp.finding.nodes import walk
from offramp.finding.operators import Module
from offramp.finding.prefect_calls import prefect_of
from offramp.finding.trap import Trap
from offramp.finding.value_paths import DROPPED, READ, UNSEEN, Paths
from offramp.finding.values import UNKNOWN, Constant, Made, Reference
from offramp.reading.versions import Versions

# Before provider 4.7.0 the hook's wait returned False for an unexpected end, from then on it raises.
_RAISES_SINCE = (4, 7)
_WAIT_POSITIONS = ("run_id", "account_id", "expected_statuses", "check_interval", "timeout")
_SUCCESS = Constant(10)
_OF_MANY = frozenset(f"builtins.{name}" for name in ("all", "any", "sum", "min", "max", "sorted"))


def hook_wait_result_ignored(module: Module, versions: Versions) -> Iterator[Trap]:
    """Waits by hand whose result nobody looks at, and runs triggered by hand that nobody looks for."""
    raises = versions.provider.at_least(_RAISES_SINCE)
    for call in module.names.calls:
        method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if not isinstance(call.func, ast.Attribute) or method not in ("wait_for_job_run_status", "trigger_job_run"):
            continue
        if not _is_hook(module, call.func.value) or not _is_ignored(module, call, versions):
            continue
        if method == "trigger_job_run":
            consequence = "starts a run that nothing here waits for"
            if _looks_later(module, call):
                continue
        elif raises or expects_failure(module.names, call) or not _expects_success(module, call):
            continue
        elif raises is False:
            consequence = "returns False, and raises nothing, when the run fails"
        else:
            consequence = "returns False when the run fails before provider 4.7.0, and raises from then on"
        yield Trap(call.func, {"method": method, "consequence": consequence}, call)


def _is_ignored(module: Module, call: ast.Call, versions: Versions) -> bool:
    """Whether what a call returns is dropped, or bound to names that nothing reads."""
    if isinstance(module.names.parents.get(call), ast.Expr):
        return True
    result = _Result(prefect_of(module, versions))
    result.follow(call)
    return not result.kinds() - {DROPPED}


class _Result(Paths):
    """What becomes of a truth value: whether anything depends on it."""

    def end(self, kind: str, node: ast.AST, level: int) -> None:
        """Go on where a condition without effect, or an expression that is dropped in its turn, reads the value."""
        parent = self.names.parents.get(node)
        if kind == READ and isinstance(parent, ast.Compare | ast.UnaryOp):
            self.follow(parent, level)
        elif kind == READ and isinstance(node, ast.Call) and self._path(node.func) == "builtins.bool":
            self.follow(node, level)
        elif kind == READ and isinstance(parent, ast.If) and _does_nothing(parent):
            super().end(DROPPED, node, level)
        else:
            super().end(kind, node, level)

    def _contained(self, parent: ast.AST, node: ast.AST, level: int) -> None:
        later = parent.values[parent.values.index(node) + 1 :] if isinstance(parent, ast.BoolOp) else []  # type: ignore[arg-type]
        if any(isinstance(inner, ast.Call) for other in later for inner in walk(other)):
            # What comes after it is done or not, by the value.
            super().end(READ, parent, level)
        else:
            super()._contained(parent, node, level)

    def passed(self, call: ast.Call, node: ast.AST, level: int, keyword: str) -> None:
        """Go on with what is made of many values, as ``all`` does."""
        if self._path(call.func) in _OF_MANY:
            self.follow(call, max(level - 1, 0))
        else:
            super().passed(call, node, level, keyword)

    def _path(self, node: ast.expr) -> str:
        value = self.prefect.values.single(node)
        return value.path if isinstance(value, Reference) else ""

    def _uses(self, bindings: list[Binding], node: ast.AST, level: int) -> None:
        if any(isinstance(binding.scope.node, ast.Module | ast.ClassDef) for binding in bindings):
            # Other files may read it.
            self.end(UNSEEN, node, level)
        else:
            super()._uses(bindings, node, level)


def _does_nothing(statement: ast.If) -> bool:
    """Whether both arms of a condition are empty."""
    return all(
        isinstance(inner, ast.Pass) or (isinstance(inner, ast.Expr) and isinstance(inner.value, ast.Constant))
        for inner in (*statement.body, *statement.orelse)
    )


def _expects_success(module: Module, call: ast.Call) -> bool:
    """Whether a wait is for a success and nothing else, so that its result tells of a failure."""
    given = module.values.arguments(call, _WAIT_POSITIONS).given.get("expected_statuses")
    if given is None:
        return True
    value = given.values[0] if len(given.values) == 1 else UNKNOWN
    return value == _SUCCESS or (isinstance(value, Reference) and value.path.endswith(".SUCCESS.value"))


def _is_hook(module: Module, node: ast.expr) -> bool:
    made = [value.callee for value in module.values.evaluate(node) if isinstance(value, Made)]
    for value in (*made, *module.values.annotated(node)):
        path = module.noted(value)
        note = module.rulebook.note(path) if path else None
        if note is not None and note.roles.get(path) == "hook":
            return True
    return False


def _looks_later(module: Module, call: ast.Call) -> bool:
    """Whether the same function asks dbt Cloud anything else, which may be about this run.

    A hook that an object keeps is there for all its methods.
    """
    function = module.names.enclosing_function(call)
    kept = isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Attribute)
    return any(
        isinstance(other.func, ast.Attribute)
        and other is not call
        and (kept or module.names.enclosing_function(other) is function)
        and other.func.attr != "trigger_job_run"
        and _is_hook(module, other.func.value)
        for other in module.names.calls
    )

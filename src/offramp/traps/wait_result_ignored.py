"""OFR214: waits and dbt commands whose failure is only in a result that nobody looks at."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from offramp.finding.trap import File, Trap
from offramp.knowledge.dbt_commands import command_of
from offramp.knowledge.prefect_dbt_calls import (
    CLI_COMMAND,
    CORE_TASKS,
    FLOW,
    JOB_RUN,
    RUNNER,
    SYNC_FLOW,
    SYNC_TASK,
    TASK,
    WAIT,
)
from offramp.model import Blocked, Span
from offramp.prefect_code.call_places import alone, called, known_target
from offramp.prefect_code.context import SYNC, Prefect, Target, prefect_of
from offramp.prefect_code.coroutines import LEFT, coroutines
from offramp.prefect_code.run_calls import WAIT_METHOD, results
from offramp.prefect_code.value_paths import PrefectPaths
from offramp.python.names import FunctionNode
from offramp.python.nodes import walk
from offramp.python.paths import AWAITED, DROPPED, READ, UNSEEN, End
from offramp.python.values import Constant, Items

if TYPE_CHECKING:
    from offramp.editing.insertions import Insertions
    from offramp.editing.planning import Planning
    from offramp.model import Fix

SLOTS = ("call", "consequence")
HELP = "Use what it returns, or let it raise"
_FAILS = "the run then fails when dbt does"
_FAILED = ("prefect_dbt.cloud.exceptions", "DbtCloudJobRunFailed")
_IN_STATE = "with `return_state=True` a failure is only in the state that it returns, and nothing uses it"
_GATHER, _WAIT = "asyncio.gather", "asyncio.wait"
# What waits for coroutines and raises nothing when they fail.
_COLLECTING = {
    _GATHER: "with `return_exceptions=True` a failure is only in its result, and nothing uses it",
    _WAIT: "it raises nothing when a dbt run fails, and nothing asks for the results",
}
# dbt raises when other commands fail (dbt-core 1.10: their result is not an ExecutionResult).
_TELLING = frozenset({"run", "build", "test", "seed", "snapshot", "retry", "source freshness"})
# Their failure is an exception, whatever a runner is told (dbt-core 1.11); `debug` only returns False.
_RAISING = frozenset({"deps", "parse", "list", "clean"})
_HOLE = "\0"
_DEEPEST = 3


def find(file: File) -> Iterator[Trap]:
    """The calls that wait or run a command, and those of asyncio that wait for them and hide how they end."""
    prefect = prefect_of(file.module, file.versions)
    for call in prefect.names.calls:
        target = prefect.target(call.func)
        consequence = _hidden(prefect, call, target) if target is not None else ""
        if target is not None and consequence:
            yield Trap(call.func, {"call": target.name, "consequence": consequence}, call, learned=call)
    for call in _collecting(prefect):
        path = prefect.path(call.func)
        yield Trap(call.func, {"call": path, "consequence": _COLLECTING[path]}, call, learned=call)


def fix(planning: Planning, call: ast.Call) -> Fix:
    """Let the failure that only a result tells fail the run."""
    from offramp.model import Applicability

    prefect = prefect_of(planning.module, planning.versions)
    insertions = planning.insertions()
    if prefect.path(call.func).startswith("asyncio."):
        raise Blocked("what is to follow when one of several runs fails is not known", call)
    if any(keyword.arg == "return_state" for keyword in call.keywords):
        raise Blocked("`return_state=True` says that the state is to be looked at", call)
    title = _look_at_result(prefect, insertions, call, known_target(prefect, call))
    return insertions.fix(title, Applicability.UNSAFE, _FAILS)


class _Waited(PrefectPaths):
    """All else that is asked of a run object than to wait for its end."""

    def attribute(self, node: ast.Attribute, level: int) -> None:
        """Nothing but the wait itself is harmless."""
        self.end(READ if node.attr == "wait_for_completion" and not level else UNSEEN, node, level)

    def awaited(self, node: ast.Await, level: int) -> None:
        self.follow(node, level)


def _hidden(prefect: Prefect, call: ast.Call, target: Target) -> str:
    """Return how a call hides failures, where nothing looks at what it gives."""
    if _only_in_state(prefect, call, target):
        return _IN_STATE
    if target.form != "call" or target.function is not None:
        return ""
    name = target.callable.name
    if name == WAIT_METHOD:
        lost = _never_fetched(prefect, call, target)
        return "it raises nothing when the dbt run fails, and nothing fetches the result" if lost else ""
    if not _unused(prefect, call, target):
        return ""
    if name == WAIT:
        return "a failed dbt run is only in the status that it returns, and nothing uses it"
    if name == f"{RUNNER}.invoke" and _told_not_to_raise(prefect, call) and _fails_by_result(prefect, call, "args"):
        return "with `raise_on_failure=False` a dbt failure is only in its result, and nothing uses it"
    # On Prefect 2 a task that returns a Failed state raises where it is called.
    if name in CORE_TASKS and not prefect.two:
        if name.endswith(CLI_COMMAND) and not _fails_by_result(prefect, call, "command"):
            return ""
        return "it raises nothing when dbt fails but returns a Failed state, and nothing uses it"
    return ""


def _only_in_state(prefect: Prefect, call: ast.Call, target: Target) -> bool:
    """Return whether a call that does dbt work is told to return a state, and nothing looks at it."""
    if not any(keyword.arg == "return_state" and _is_true(prefect, keyword.value) for keyword in call.keywords):
        return False
    if target.form not in ("call", "submit") or not target.callable.works:
        return False
    return target.callable.kind in (FLOW, TASK, SYNC_FLOW, SYNC_TASK) and _unused(prefect, call, target)


def _is_true(prefect: Prefect, node: ast.expr) -> bool:
    return prefect.values.single(node) == Constant(True)


def _collecting(prefect: Prefect) -> list[ast.Call]:
    """The calls of asyncio that wait for dbt work and hide how it ends, where nothing else asks for that."""
    found: dict[ast.Call, None] = {}
    for _, target, paths in coroutines(prefect):
        awaits = [end.node for end in paths.ends if end.kind == AWAITED]
        waits = [_collector(prefect, node) for node in awaits]
        if target.callable.missing and paths.kinds() <= {AWAITED, DROPPED, READ, LEFT}:
            found.update(dict.fromkeys(wait for wait in waits if wait is not None) if None not in waits else {})
    return list(found)


def _collector(prefect: Prefect, node: ast.AST) -> ast.Call | None:
    """The call of asyncio that an expression awaits, if that hides failures and nothing uses what it gives."""
    made, _ = prefect.producer(node) if isinstance(node, ast.Await) else (None, True)
    if made is None or not _goes_nowhere(prefect, node):
        return None
    path = prefect.path(made.func)
    told = any(keyword.arg == "return_exceptions" and _is_true(prefect, keyword.value) for keyword in made.keywords)
    return made if path == _WAIT or (path == _GATHER and told) else None


def _unused(prefect: Prefect, call: ast.Call, target: Target) -> bool:
    """Return whether a call certainly runs and its result goes nowhere."""
    found = results(prefect, call, target)
    return bool(found) and all(_goes_nowhere(prefect, result.node) for result in found)


def _goes_nowhere(prefect: Prefect, node: ast.AST) -> bool:
    statement = prefect.names.parents.get(node)
    if isinstance(statement, ast.Expr):
        return True
    if not isinstance(statement, ast.Assign | ast.AnnAssign):
        return False
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    parts = [part for target in targets for part in walk(target)]
    if any(isinstance(part, ast.Attribute | ast.Subscript) for part in parts):
        return False
    bindings = prefect.names.bindings_of(node)
    in_function = prefect.names.enclosing_function(node) is not None
    return in_function and bool(bindings) and not any(prefect.names.uses(binding) for binding in bindings)


def _never_fetched(prefect: Prefect, call: ast.Call, target: Target) -> bool:
    """Return whether a wait on a run object runs, and nothing else is asked of that object."""
    if not results(prefect, call, target) or not isinstance(call.func, ast.Attribute):
        return False
    made, _ = prefect.producer(call.func.value)
    made_target = prefect.target(made.func) if made is not None else None
    if made is None:
        return False
    started: Sequence[End] = [End(AWAITED, made, 0)]
    if made_target is not None and made_target.callable.returns == JOB_RUN:
        started = results(prefect, made, made_target)
    paths = _Waited(prefect)
    for result in started:
        paths.follow_along(result.route, result.node)
    return bool(started) and paths.kinds() == {READ}


def _told_not_to_raise(prefect: Prefect, call: ast.Call) -> bool:
    made, _ = prefect.producer(call.func.value) if isinstance(call.func, ast.Attribute) else (None, False)
    if made is None:
        return False
    given = prefect.values.arguments(made).given.get("raise_on_failure")
    told = given is not None and given.constant == Constant(False)
    return told and not prefect.values.altered(call.func.value, "raise_on_failure")  # type: ignore[attr-defined]


def _fails_by_result(prefect: Prefect, call: ast.Call, argument: str) -> bool:
    """Return whether a dbt command is one whose failure dbt tells by its result; the others raise."""
    given = prefect.values.arguments(call, (argument,)).given.get(argument)
    return given is not None and given.node is not None and bool(_verbs(prefect, given.node) & _TELLING)


def _raises_anyway(prefect: Prefect, call: ast.Call) -> bool:
    """Return whether all commands that a dbt runner may be given in a call raise when they fail, in any case."""
    given = prefect.values.arguments(call, ("args",)).given.get("args")
    verbs = _verbs(prefect, given.node) if given is not None and given.node is not None else set()
    return bool(verbs) and verbs <= _RAISING


def _verbs(prefect: Prefect, node: ast.AST, depth: int = 0) -> set[str]:
    """Return what a command may begin with, without ``dbt`` and flags; through parameters to the calls in the file."""
    parts = prefect.values.text(node)
    if parts is not None:
        texts = ["".join(part if isinstance(part, str) else _HOLE for part in parts)]
        return {_verb(text.split()) for text in texts}
    found: set[str] = set()
    for value in prefect.values.evaluate(node):
        if isinstance(value, Constant) and isinstance(value.value, str):
            found.add(_verb(value.value.split()))
        elif isinstance(value, Items):
            words = [prefect.values.single(item) for item in value.nodes]
            found.add(_verb([str(word.value) if isinstance(word, Constant) else _HOLE for word in words]))
    bindings = prefect.names.lookup(node.id, node) if isinstance(node, ast.Name) else []
    for binding in bindings:
        if binding.kind == "parameter" and isinstance(binding.node, FunctionNode) and depth < _DEEPEST:
            plain = [parameter.arg for parameter in (*binding.node.args.posonlyargs, *binding.node.args.args)]
            for site in prefect.call_sites(binding.node) or ():
                given = prefect.values.arguments(site, plain).given.get(binding.name)
                if given is not None and given.node is not None:
                    found |= _verbs(prefect, given.node, depth + 1)
    return found


def _verb(words: list[str]) -> str:
    return command_of(words[1:] if words[:1] == ["dbt"] else words)


def _look_at_result(prefect: Prefect, insertions: Insertions, call: ast.Call, target: Target) -> str:
    """Let the failure that only a result tells fail the run; returns the title. Raises Blocked."""
    name = target.callable.name
    statement = prefect.names.statement(call)
    if name == f"{RUNNER}.invoke":
        return _raise(prefect, insertions, call)
    if name in CORE_TASKS:
        return _resolve(prefect, insertions, call, target)
    if not alone(prefect, call) and name != WAIT:
        raise Blocked("stands inside a larger expression", call)
    if name != WAIT:
        receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
        if not isinstance(receiver, ast.Name):
            raise Blocked("no name holds the run whose result is to be fetched", call)
        insertions.after(statement, [called(prefect, call, f"{receiver.id}.fetch_result()")])
        return "Fetch the result, which raises when the dbt run failed"
    status = _status(prefect, insertions, call, statement)
    raising = f'    raise {_FAILED[1]}(f"dbt Cloud run ended {{{status}.name}}")'
    insertions.after(statement, [f'if {status}.name != "SUCCESS":', raising])
    insertions.imports.add(_FAILED)
    return "Raise when the dbt run did not succeed"


def _status(prefect: Prefect, insertions: Insertions, call: ast.Call, statement: ast.stmt) -> str:
    """The name of the status that a wait returns."""
    if alone(prefect, call):
        status = insertions.free_name(call, ("status", "run_status", "dbt_run_status"))
        insertions.before_statement(call, f"{status}, _ = ")
        return status
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
        value = statement.value
        if value is call or (isinstance(value, ast.Await) and value.value is call):
            if isinstance(target, ast.Name):
                return f"{target.id}[0]"
            names = [part.id for part in getattr(target, "elts", ()) if isinstance(part, ast.Name)]
            if len(names) == len(set(names)) == 2:
                return names[0]
    raise Blocked("stands inside a larger expression", call)


def _raise(prefect: Prefect, insertions: Insertions, call: ast.Call) -> str:
    """Let a dbt runner raise."""
    made, _ = prefect.producer(call.func.value) if isinstance(call.func, ast.Attribute) else (None, False)
    given = prefect.values.arguments(made).given.get("raise_on_failure") if made is not None else None
    if made is None or given is None or given.constant != Constant(False) or not isinstance(given.node, ast.Constant):
        raise Blocked("`raise_on_failure` is not given where the runner is made", call)
    for other in prefect.names.calls:
        target = prefect.target(other.func)
        if target is None or target.callable.name != f"{RUNNER}.invoke" or not isinstance(other.func, ast.Attribute):
            continue
        if prefect.producer(other.func.value)[0] is made:
            if not isinstance(prefect.names.parents.get(other), ast.Expr):
                raise Blocked("the result of another command of this runner is used", other)
            if other is not call and not _raises_anyway(prefect, other):
                raise Blocked("this command of the same runner would then raise as well", other)
            if prefect.names.enclosing_function(other) is not prefect.names.enclosing_function(made):
                raise Blocked("the runner is used in another function", other)
    statement = prefect.names.statement(call)
    function = prefect.names.enclosing_function(call)
    body = function.body if isinstance(function, FunctionNode) else []
    if not body or body[-1] is not statement:
        raise Blocked("what stands below would not be reached when dbt fails", call)
    insertions.replace_node(given.node, "True")
    return "Let dbt's failure raise"


def _resolve(prefect: Prefect, insertions: Insertions, call: ast.Call, target: Target) -> str:
    """Submit a task that returns a Failed state, and ask for its result, which raises."""
    if target.callable.kind != SYNC_TASK or prefect.runs(call) != {"flow"} or prefect.contexts(call) != {SYNC}:
        raise Blocked("the state that it returns has to be looked at in another way here", call)
    if not isinstance(prefect.names.parents.get(call), ast.Expr):
        raise Blocked("stands inside a larger expression", call)
    end = insertions.source.positions.span(call.func).end
    insertions.replace(Span(end, end), ".submit")
    insertions.around(call, "", ".result()")
    return "Submit it and ask for its result, which raises when dbt failed"

"""dbt runs on Prefect's side that nothing waits for or looks at, and badly set waits and retries; finding layer."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from offramp.finding.operators import Module
from offramp.knowledge.dbt_commands import command_of
from offramp.knowledge.prefect_dbt_calls import (
    CLI_COMMAND,
    CORE_TASKS,
    FLOW,
    JOB,
    JOB_RUN,
    LOOKS_BY_JOB,
    OPTIONS,
    RETRY_SUBSET,
    RUN_ID,
    RUN_JOB,
    RUNNER,
    SYNC_FLOW,
    SYNC_TASK,
    TASK,
    TRIGGER,
    TRIGGER_AND_WAIT,
    WAIT,
)
from offramp.python.names import FunctionNode
from offramp.python.nodes import walk
from offramp.python.values import Constant, Given, Items, Local, Made, Reference, Table, Value
from offramp.reading.versions import Versions
from offramp.traps.prefect_calls import LEFT, RUN, Coroutine, coroutines, prefect_of
from offramp.traps.prefect_context import Prefect, Target
from offramp.traps.trap import Trap
from offramp.traps.value_paths import AWAITED, DROPPED, READ, UNSEEN, End, Paths, losses

_WAIT_METHOD = f"{JOB_RUN}.wait_for_completion"
_TRIGGER_METHOD = f"{JOB}.trigger"
_OPTIONS_ARGUMENT = "trigger_job_run_options"
_POSITIONAL = {
    TRIGGER_AND_WAIT: (
        "dbt_cloud_credentials",
        "job_id",
        _OPTIONS_ARGUMENT,
        "max_wait_seconds",
        "poll_frequency_seconds",
        "retry_filtered_models_attempts",
    ),
    RETRY_SUBSET: ("dbt_cloud_credentials", "run_id", _OPTIONS_ARGUMENT, "max_wait_seconds", "poll_frequency_seconds"),
    WAIT: ("run_id", "dbt_cloud_credentials", "max_wait_seconds", "poll_frequency_seconds"),
}
_IN_STATE = "with `return_state=True` a failure is only in the state that it returns, and nothing uses it"
_GATHER, _WAIT = "asyncio.gather", "asyncio.wait"
# What waits for coroutines and raises nothing when they fail.
_COLLECTING = {
    _GATHER: "with `return_exceptions=True` a failure is only in its result, and nothing uses it",
    _WAIT: "it raises nothing when a dbt run fails, and nothing asks for the results",
}


def fire_and_forget_trigger(module: Module, versions: Versions) -> Iterator[Trap]:
    """Runs that are started, and that nothing can wait for."""
    prefect = prefect_of(module, versions)
    calls = list(_calls(prefect))
    if any(target.callable.name in LOOKS_BY_JOB for _, target in calls):
        return
    for call, target in calls:
        if target.callable.name not in (TRIGGER, _TRIGGER_METHOD):
            continue
        paths = _Run(prefect)
        for result in _results(prefect, call, target):
            paths.follow_along(result.route, result.node)
        for loss in losses(paths.ends, (DROPPED, READ)):
            place = loss.site or call
            yield Trap(place.func, {"call": prefect.named(place)}, place)


def wait_result_ignored(module: Module, versions: Versions) -> Iterator[Trap]:
    """Waits and dbt commands whose failure is only in a result that nobody looks at."""
    prefect = prefect_of(module, versions)
    for call in module.names.calls:
        target = prefect.target(call.func)
        consequence = _hidden(prefect, call, target) if target is not None else ""
        if target is not None and consequence:
            yield Trap(call.func, {"call": target.name, "consequence": consequence}, call)
    for call in _collecting(prefect):
        path = prefect.path(call.func)
        yield Trap(call.func, {"call": path, "consequence": _COLLECTING[path]}, call)


def wait_window_too_short(module: Module, versions: Versions) -> Iterator[Trap]:
    """Waits that nobody set a limit for, so that they end after 900 s."""
    prefect = prefect_of(module, versions)
    for call, target in _calls(prefect):
        if target.form != "call" or target.callable.name not in _POSITIONAL:
            continue
        arguments = module.values.arguments(call, _POSITIONAL[target.callable.name])
        if not arguments.complete or "max_wait_seconds" in arguments.given:
            continue
        if _OPTIONS_ARGUMENT in arguments.given:
            timeout = _option(prefect, arguments.given[_OPTIONS_ARGUMENT], "timeout_seconds_override")
            if timeout != (None,):
                continue
        yield Trap(call.func, {"call": target.name, "argument": "max_wait_seconds"}, call)
    for made in _awaited_jobs(prefect):
        arguments = module.values.arguments(made)
        if arguments.complete and "timeout_seconds" not in arguments.given:
            yield Trap(made.func, {"call": JOB, "argument": "timeout_seconds"}, made)


def retries_without_effect(module: Module, versions: Versions) -> Iterator[Trap]:
    """Retries of single models together with steps of one's own, which prefect-dbt never sends."""
    prefect = prefect_of(module, versions)
    for call, target in _calls(prefect):
        if target.form != "call" or target.callable.name != TRIGGER_AND_WAIT:
            continue
        arguments = module.values.arguments(call, _POSITIONAL[TRIGGER_AND_WAIT])
        options = arguments.given.get(_OPTIONS_ARGUMENT)
        attempts = arguments.given.get("retry_filtered_models_attempts")
        if options is None or (attempts is None and not arguments.complete):
            continue
        steps = _option(prefect, options, "steps_override")
        listed = len(steps) == 1 and isinstance(steps[0], Items)
        if not listed and not _gives_list(prefect, _option_node(prefect, options, "steps_override")):
            continue
        number = attempts.constant.value if attempts and attempts.constant else 3 if attempts is None else 0
        if isinstance(number, int) and number > 0:
            given = "3 unless set" if attempts is None else str(number)
            yield Trap(call.func, {"call": target.name, "attempts": given}, call)


# dbt raises when other commands fail (dbt-core 1.10: their result is no ExecutionResult).
_TELLING = frozenset({"run", "build", "test", "seed", "snapshot", "retry", "source freshness"})
# Their failure is an exception, whatever a runner is told (dbt-core 1.11); `debug` only returns False.
_RAISING = frozenset({"deps", "parse", "list", "clean"})
_HOLE = "\0"
_DEEPEST = 3


class _Run(Paths):
    """Follows where a dbt run, its data or its future goes; ``unseen`` is everything that may wait for it."""

    def awaited(self, node: ast.Await, level: int) -> None:
        self.follow(node, level) if self.prefect.two else self.end(UNSEEN, node, level)

    def attribute(self, node: ast.Attribute, level: int) -> None:
        call = self.names.parents.get(node)
        if level:
            self.end(UNSEEN, node, level)
        elif node.attr in ("run_id", "id"):
            self.follow(node)
        elif node.attr in ("get", "result") and isinstance(call, ast.Call) and call.func is node:
            self.follow(call)
        elif node.attr == "wait" and isinstance(self.names.parents.get(call), ast.Expr):  # type: ignore[arg-type]
            self.end(READ, node, level)
        else:
            self.end(UNSEEN, node, level)

    def item(self, node: ast.Subscript, _level: int) -> None:
        self.follow(node)

    def formatted(self, node: ast.expr, level: int) -> None:
        self.follow(node, level)

    def passed(self, call: ast.Call, node: ast.AST, level: int, keyword: str) -> None:
        target = self.prefect.target(call.func)
        if keyword == "wait_for":
            self.end(READ, call, level)
        elif target is not None and target.callable.name == RUN_ID:
            self.follow(call)
        elif target is not None and target.function is not None and target.form in ("call", "submit"):
            self.to_parameter(call, target.function, node, level, keyword)
        else:
            self.end(UNSEEN, call, level)


class _Waited(Paths):
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
    if name == _WAIT_METHOD:
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


def _calls(prefect: Prefect) -> Iterator[tuple[ast.Call, Target]]:
    """The calls of prefect-dbt's own callables."""
    for call in prefect.names.calls:
        target = prefect.target(call.func)
        if target is not None and target.function is None:
            yield call, target


def _results(prefect: Prefect, call: ast.Call, target: Target) -> list[End]:
    """The expressions that hold the result of a call which certainly runs; empty when that is not known."""
    if target.owner and isinstance(call.func, ast.Attribute) and prefect.pending(call.func.value):
        return []
    here = [End(AWAITED, call, 0)]
    if target.form in ("submit", "call") and (target.form == "submit" or prefect.runs_on_two(call, target)):
        return here
    coroutine = prefect.is_coroutine(call, target)
    if coroutine is None or target.form not in ("call", "fn"):
        return []
    if not coroutine:
        return here
    paths = Coroutine(prefect)
    paths.follow(call)
    if paths.kinds() - {AWAITED, RUN, DROPPED, READ} or any(end.level for end in paths.ends):
        return []
    return [end for end in paths.ends if end.kind in (AWAITED, RUN)]


def _unused(prefect: Prefect, call: ast.Call, target: Target) -> bool:
    """Return whether a call certainly runs and its result goes nowhere."""
    results = _results(prefect, call, target)
    return bool(results) and all(_goes_nowhere(prefect, result.node) for result in results)


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
    if not _results(prefect, call, target) or not isinstance(call.func, ast.Attribute):
        return False
    made, _ = prefect.producer(call.func.value)
    made_target = prefect.target(made.func) if made is not None else None
    if made is None:
        return False
    started: Sequence[End] = [End(AWAITED, made, 0)]
    if made_target is not None and made_target.callable.returns == JOB_RUN:
        started = _results(prefect, made, made_target)
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


def raises_anyway(prefect: Prefect, call: ast.Call) -> bool:
    """Whether all commands that a dbt runner may be given in a call raise when they fail, whatever it is told."""
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


def _option(prefect: Prefect, options: Given, name: str) -> tuple[Value | None, ...]:
    """Return what the run options give one field: ``(None,)`` when it is certainly not set, empty when not known."""
    node = _option_node(prefect, options, name)
    if isinstance(node, Given):
        return node.values
    return (None,) if node is None else ()


def _option_node(prefect: Prefect, options: Given, name: str) -> Given | bool | None:
    """Return what is given for a field of the run options: None when it is certainly not set, False when not known."""
    value = options.values[0] if len(options.values) == 1 else None
    if value == Constant(None):
        return None
    if isinstance(value, Table) and value.complete:
        if name not in value.entries:
            return None
        node = value.entries[name]
        return Given(node, tuple(prefect.values.evaluate(node)), "keyword") if node is not None else False
    if not isinstance(value, Made) or prefect.instance(value.call) != OPTIONS:
        return False
    if options.node is None or prefect.values.altered(options.node, name):
        return False
    arguments = prefect.values.arguments(value.call)
    given = arguments.given.get(name)
    return given if given is not None else None if arguments.complete else False


# What these give is a list, whatever they are given.
_LISTING = frozenset({"builtins.list", "builtins.sorted", "shlex.split"})
_SPLITTING = frozenset("split rsplit splitlines".split())


def _gives_list(prefect: Prefect, given: Given | bool | None) -> bool:
    return isinstance(given, Given) and given.node is not None and _is_list(prefect, given.node, 0)


def _is_list(prefect: Prefect, node: ast.expr, depth: int) -> bool:
    """Return whether an expression certainly gives a list, though its items may not be known."""
    values = prefect.values
    if depth > _DEEPEST:
        return False
    if isinstance(node, ast.List | ast.ListComp) or isinstance(values.single(node), Items):
        return True
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _is_list(prefect, node.left, depth + 1) or _is_list(prefect, node.right, depth + 1)
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
        return _is_list(prefect, node.values[-1], depth + 1)
    if isinstance(node, ast.IfExp):
        return all(_is_list(prefect, one, depth + 1) for one in (node.body, node.orelse))
    if isinstance(node, ast.Name):
        bound = prefect.module.names.lookup(node.id, node)
        made = bound[0].node if len(bound) == 1 and bound[0].kind == "value" else None
        return isinstance(made, ast.expr) and _is_list(prefect, made, depth + 1)
    if isinstance(node, ast.Await):
        return isinstance(node.value, ast.Call) and _returns_list(prefect, node.value, depth, waited=True)
    return isinstance(node, ast.Call) and _returns_list(prefect, node, depth)


def _returns_list(prefect: Prefect, call: ast.Call, depth: int, *, waited: bool = False) -> bool:
    callee = prefect.values.single(call.func)
    if callee == Reference("asyncio.run") and call.args and isinstance(call.args[0], ast.Call):
        return _returns_list(prefect, call.args[0], depth, waited=True)
    if isinstance(callee, Local) and isinstance(callee.node, ast.FunctionDef | ast.AsyncFunctionDef):
        return isinstance(callee.node, ast.AsyncFunctionDef) == waited and _always_list(prefect, callee.node, depth)
    if isinstance(callee, Reference) and callee.path in _LISTING:
        return True
    return isinstance(call.func, ast.Attribute) and call.func.attr in _SPLITTING and not isinstance(callee, Reference)


def _always_list(prefect: Prefect, function: FunctionNode, depth: int) -> bool:
    """Return whether a function of the file certainly returns a list."""
    exits = [part.value for part in walk(function) if isinstance(part, ast.Return)]
    plain = not function.decorator_list and not prefect.values.is_generator(function)
    # One that ends otherwise may give nothing.
    ends = isinstance(function.body[-1], ast.Return)
    return plain and ends and all(one is not None and _is_list(prefect, one, depth + 1) for one in exits)


def _awaited_jobs(prefect: Prefect) -> Iterator[ast.Call]:
    """The ``DbtCloudJob(…)`` calls whose runs are waited for."""
    seen: set[ast.Call] = set()
    for call, target in _calls(prefect):
        job: ast.expr | None = None
        if target.callable.name == RUN_JOB and target.form == "call":
            given = prefect.values.arguments(call, ("dbt_cloud_job",)).given.get("dbt_cloud_job")
            job = given.node if given is not None else None
        elif target.callable.name == _WAIT_METHOD and isinstance(call.func, ast.Attribute):
            run, _ = prefect.producer(call.func.value)
            job = run.func.value if run is not None and isinstance(run.func, ast.Attribute) else None
            if prefect.values.altered(call.func.value):
                continue
        if job is not None and prefect.values.altered(job, "timeout_seconds"):
            continue
        made = prefect.producer(job)[0] if job is not None else None
        if made is not None and made not in seen and prefect.instance(made) == JOB and not _loads(prefect, made):
            seen.add(made)
            yield made


def _loads(prefect: Prefect, made: ast.Call) -> bool:
    return prefect.target(made.func) is not None

"""Calls of Airflow's dbt Cloud hook in callables, as the same requests by prefect-dbt's client.

The client's response has what code reads of the hook's (``json()``, ``status_code``, ``content``), it
raises for the same answers, and it sends each request once, as the hook does. Compared on provider 4.0.0
and 4.11.1 with prefect-dbt 0.7.25.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from offramp.converting.argument_text import Expressions
from offramp.converting.families.dbt_cloud.credentials import CREDENTIALS
from offramp.converting.families.family import HookCalls, HookOptions
from offramp.converting.recipes.body import block_of
from offramp.editing.edits import overlap
from offramp.editing.layout import comments_on
from offramp.editing.text import expression_text, operand, repr_text
from offramp.finding.operators import Module, Use
from offramp.model import Blocked, Blocker, Edit
from offramp.python.names import FunctionNode
from offramp.python.nodes import walk
from offramp.python.values import Constant, Reference
from offramp.reading.source import Source
from offramp.record import NamedTuple

_STATUS = "DbtCloudJobRunStatus"
_STATUSES = {"QUEUED": 1, "STARTING": 2, "RUNNING": 3, "SUCCESS": 10, "ERROR": 20, "CANCELLED": 30}
_ACCOUNT = "account_id"
_READS_MORE = "reads of the hook's answer what httpx has otherwise"
_LONGEST_CAUSE = 255
# What requests' response and httpx's have alike.
_READ = frozenset({"json", "status_code", "content", "raise_for_status"})
# What a handler may catch: all of the two libraries' exceptions, or none of them.
_ALL_HANDLED = frozenset({"builtins.Exception", "builtins.BaseException"})
_HANDLED = _ALL_HANDLED | frozenset(
    "builtins.KeyError builtins.IndexError builtins.TypeError builtins.LookupError builtins.AttributeError".split()
)
CALL = '''\
def call_dbt_cloud(credentials, method, path, params=None, json=None):
    """Send one request to dbt Cloud; return the response, or raise for an error."""
    given = {name: value for name, value in (params or {}).items() if value is not None}

    async def call():
        async with credentials.get_administrative_client() as client:
            return await client.call_endpoint(method, path, given, json)

    return asyncio.run(call())
'''
LIST = '''\
def list_dbt_cloud(credentials, path, params):
    """Send one request for each page of a list; return the responses."""
    responses = [call_dbt_cloud(credentials, "GET", path, params)]
    extra = responses[0].json()["extra"]
    limit, found = extra["filters"]["limit"], extra["pagination"]["count"]
    while found < extra["pagination"]["total_count"]:
        page = {**params, "offset": limit * len(responses)}
        responses.append(call_dbt_cloud(credentials, "GET", path, page))
        found += responses[-1].json()["extra"]["pagination"]["count"]
    return responses
'''
WAIT = '''\
def wait_for_dbt_cloud_run(credentials, run_id, expected, check_interval=60, timeout=604800):
    """Wait until a run has one of the expected statuses; raise when it ends otherwise or takes too long."""
    start = time.monotonic()
    while True:
        run = call_dbt_cloud(credentials, "GET", f"/runs/{run_id}/").json()["data"]
        status = DbtCloudJobRunStatus(run["status"])
        if status.value in expected:
            return True
        if DbtCloudJobRunStatus.is_terminal_status_code(status.value):
            raise RuntimeError(f"dbt Cloud run {run_id} ended as {status.name}")
        if start + timeout < time.monotonic():
            raise RuntimeError(f"dbt Cloud run {run_id} has not ended after {timeout} seconds")
        time.sleep(check_interval)
'''
_OTHER_EXCEPTIONS = "what a request raises in `{}` is caught, and prefect-dbt's exceptions have other types and texts"
# The argument by which hooks of this family are told.
_CONNECTION = "dbt_cloud_conn_id"
HELPERS = {"call_dbt_cloud": CALL, "list_dbt_cloud": LIST, "wait_for_dbt_cloud_run": WAIT}


def hook_calls(
    module: Module, source: Source, function: FunctionNode, expressions: Expressions, options: HookOptions
) -> HookCalls | None:
    """The calls of hooks that a callable makes; None where it makes none."""
    inside = {node for statement in function.body for node in walk(statement)}
    hooks = [use for use in module.uses if use.role == "hook" and use.call is not None and use.callee in inside]
    uses = [use for use in hooks if _CONNECTION in module.rulebook.arguments(use.note)]
    if not uses:
        return None
    return _Rewriting(module, source, function, expressions, options).rewrite(uses)


class _Rewriting:
    def __init__(
        self,
        module: Module,
        source: Source,
        function: FunctionNode,
        expressions: Expressions,
        options: HookOptions,
    ) -> None:
        self.module = module
        self.names = module.names
        self.source = source
        self.function = function
        self.expressions = expressions
        self.options = options
        self.edits: list[Edit] = []
        self.gone: set[ast.AST] = set()
        self.helpers: set[str] = set()
        self.imports = {("prefect_dbt.cloud", "DbtCloudCredentials"), ("", "asyncio")}
        self.blockers: list[Blocker] = []

    def rewrite(self, uses: list[Use]) -> HookCalls:
        steps: list[Callable[[], None]] = [self._handlers, self._statuses]
        steps += [partial(self._hook, use) for use in uses]
        steps.append(self._own_names)
        for step in steps:
            self._tried(step)
        if overlap(self.edits):
            self.blockers.append(Blocker("a call of the hook stands in another one", uses[0].callee))
        return HookCalls(
            tuple(self.edits),
            frozenset(self.gone),
            frozenset(self.helpers),
            frozenset(self.imports),
            tuple(self.blockers),
        )

    def _tried(self, step: Callable[[], object]) -> None:
        try:
            step()
        except Blocked as blocked:
            self.blockers.append(blocked.blocker)

    def text(self, node: ast.AST) -> str:
        """An expression as it stands, on one line. Raises Blocked for one that means another thing elsewhere."""
        if any(isinstance(inner, ast.NamedExpr | ast.Lambda | ast.Yield | ast.YieldFrom) for inner in walk(node)):
            raise Blocked("is called with an expression that is not followed", node)
        return expression_text(self.source, node)

    def _replace(self, node: ast.expr, text: str) -> None:
        if any(isinstance(ancestor, ast.JoinedStr) for ancestor in self.names.ancestors(node)):
            # Before Python 3.12 the parser does not tell where in it.
            raise Blocked("stands in an f-string: give it a name first", node)
        if any(row != node.end_lineno for row in comments_on(self.source, node)):
            raise Blocked("holds a comment that would be lost", node)
        self.edits.append(Edit(self.source.positions.span(node), text))

    # -- what stands around the calls --------------------------------------------

    def _handlers(self) -> None:
        for node in walk(self.function):
            if isinstance(node, ast.ExceptHandler):
                kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            elif isinstance(node, ast.Call) and self._path(node.func) == "contextlib.suppress":
                kinds = node.args
            else:
                continue
            for kind in kinds:
                path = "builtins.BaseException" if kind is None else self._path(kind)
                if path not in _HANDLED:
                    raise Blocked(
                        "tells the hook's exceptions apart, and prefect-dbt raises httpx's",
                        node if kind is None else kind,
                    )
                if path in _ALL_HANDLED:
                    self.expressions.doubts[_OTHER_EXCEPTIONS.format(self.function.name)] = node

        for call in self.module.values.calls_of(self.function):
            if any(isinstance(outer, ast.Try) and outer.handlers for outer in self.names.ancestors(call)):
                self.expressions.doubts[_OTHER_EXCEPTIONS.format(self.function.name)] = call

    def _path(self, node: ast.AST) -> str:
        value = self.module.values.single(node)
        return value.path if isinstance(value, Reference) else ""

    def _own_names(self) -> None:
        """Names of its own that mean something else than in the calls; modules are the helpers' alone."""
        needed = self.helpers | {name for module, name in self.imports if module}
        for node in walk(self.function):
            for name in _bound_by(node):
                if name in needed:
                    raise Blocked(f"`{name}` means something else here", node)

    def _statuses(self) -> None:
        """``DbtCloudJobRunStatus``, which prefect-dbt has too, with one other name and method."""
        for node in walk(self.function):
            if not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load):
                continue
            value = self.module.values.single(node)
            if not isinstance(value, Reference) or not value.path.endswith(f".dbt.{_STATUS}"):
                continue
            self.gone.add(node)
            attribute = self.names.parents.get(node)
            outer = self.names.parents.get(attribute) if attribute is not None else None
            if not isinstance(attribute, ast.Attribute) or node.id != _STATUS:
                raise Blocked(f"uses `{node.id}` in a way that is not followed", node)
            if attribute.attr in _STATUSES and isinstance(outer, ast.Attribute) and outer.attr == "value":
                if attribute.attr == "ERROR":
                    self._replace(attribute, f"{_STATUS}.FAILED")
            elif attribute.attr == "is_terminal" and isinstance(outer, ast.Call) and outer.func is attribute:
                if len(outer.args) != 1 or outer.keywords:
                    raise Blocked(f"uses `{node.id}` in a way that is not followed", node)
                # Airflow's raises for a number that is not a status.
                status = f"{_STATUS}({self.text(outer.args[0])}).value"
                self._replace(outer, f"{_STATUS}.is_terminal_status_code({status})")
            else:
                raise Blocked(f"uses `{node.id}` in a way that is not followed", node)
            self.imports.add(("prefect_dbt.cloud.runs", _STATUS))

    # -- hooks -------------------------------------------------------------------

    def _hook(self, use: Use) -> None:
        made = use.call
        assert made is not None
        self.gone.update(node for node in walk(use.callee) if isinstance(node, ast.Name))
        load = self._loaded(use, made)
        parent = self.names.parents.get(made)
        if isinstance(parent, ast.Attribute):
            self._method(parent, load)
            return
        target = parent.targets[0] if isinstance(parent, ast.Assign) and len(parent.targets) == 1 else None
        if not isinstance(target, ast.Name):
            raise Blocked("keeps the hook in a way that is not followed", made)
        for name in self._loads(target):
            attribute = self.names.parents.get(name)
            if not isinstance(attribute, ast.Attribute):
                raise Blocked("uses the hook in a way that is not followed", name)
            self._tried(partial(self._method, attribute, target.id))
        self._replace(made, load)

    def _loaded(self, use: Use, made: ast.Call) -> str:
        """The credentials that stand for the hook's connection."""
        row_of = self.module.rulebook.arguments(use.note)
        connection = row_of[_CONNECTION].when_absent
        for name, given in use.arguments.given.items():
            known = given.constant
            if name != _CONNECTION or known is None or not isinstance(known.value, str):
                raise Blocked(f"`{name}` of the hook is not known here, or has no equal", made)
            connection = known.value
        if any(isinstance(one, ast.Starred) for one in made.args) or any(one.arg is None for one in made.keywords):
            raise Blocked("not all arguments of the hook are known here", made)
        block = block_of(self.expressions, self.options.blocks, CREDENTIALS, connection, made)
        return f"DbtCloudCredentials.load({repr_text(block)})"

    def _loads(self, target: ast.Name) -> list[ast.Name]:
        """Return where a local name is read, which is bound nowhere else."""
        bindings = self.names.scopes[self.function].bindings.get(target.id, [])
        if len(bindings) != 1 or self.names.enclosing_function(target) is not self.function:
            raise Blocked(f"`{target.id}` is bound in a way that is not followed", target)
        return [
            node
            for node in walk(self.function)
            if isinstance(node, ast.Name) and node.id == target.id and isinstance(node.ctx, ast.Load)
        ]

    # -- methods -----------------------------------------------------------------

    def _method(self, attribute: ast.Attribute, hook: str) -> None:
        call = self.names.parents.get(attribute)
        method = _METHODS.get(attribute.attr)
        if not isinstance(call, ast.Call) or call.func is not attribute:
            raise Blocked(f"takes `{attribute.attr}` of the hook in a way that is not followed", attribute)
        if method is None:
            raise Blocked(
                f"`{attribute.attr}` of the hook: {_NO_EQUAL.get(attribute.attr, 'prefect-dbt has no equal')}", call
            )
        given = self._given(call, method.parameters)
        account = given.pop(_ACCOUNT, None)
        if account is not None:
            known = self.module.values.single(account)
            if not isinstance(known, Constant) or not isinstance(known.value, int):
                raise Blocked("the account is not known here", account)
            hook = f'{hook}.model_copy(update={{"account_id": {known.value}}})'
        written = method.write(self, call, given, hook)
        self._check_read(call, method.gives)
        self._replace(call, written)

    def _given(self, call: ast.Call, parameters: tuple[str, ...]) -> dict[str, ast.expr]:
        given = dict(zip(parameters, call.args, strict=False))
        given.update({keyword.arg or "": keyword.value for keyword in call.keywords})
        starred = any(isinstance(argument, ast.Starred) for argument in call.args)
        if starred or len(call.args) > len(parameters) or not given.keys() <= set(parameters):
            raise Blocked("is called with arguments that are not followed", call)
        none = {name for name, node in given.items() if isinstance(node, ast.Constant) and node.value is None}
        return {name: node for name, node in given.items() if name not in none}

    def path(self, *parts: str | ast.expr) -> str:
        """A path of the API, whose parts are known or come with the call."""
        text = ""
        comes = False
        for part in parts:
            known = self.module.values.single(part) if isinstance(part, ast.Constant) else None
            if isinstance(part, str) or isinstance(known, Constant):
                text += str(known.value) if isinstance(known, Constant) else str(part)
            else:
                written = operand(self.text(part))
                if set('"\\{}#') & set(written):
                    raise Blocked("is called with an expression that no f-string could hold", part)
                text += f"{{{written}}}"
                comes = True
        return f'f"{text}"' if comes else repr_text(text)

    def one(self, hook: str, verb: str, path: str, **more: str) -> str:
        """One request."""
        self.helpers.add("call_dbt_cloud")
        given = "".join(f", {name}={value}" for name, value in more.items() if value)
        return f'call_dbt_cloud({hook}, "{verb}", {path}{given})'

    def all_pages(self, hook: str, path: str, params: str) -> str:
        """One request for each page."""
        self.helpers |= {"call_dbt_cloud", "list_dbt_cloud"}
        return f"list_dbt_cloud({hook}, {path}, {params or '{}'})"

    def fields(self, given: Mapping[str, ast.expr], **names: str) -> str:
        """A dict of the arguments that are given, under the API's names; empty for none."""
        found = {names[name]: node for name, node in given.items() if name in names}
        return "{" + ", ".join(f'"{name}": {self.text(node)}' for name, node in found.items()) + "}" if found else ""

    # -- what becomes of the answer ----------------------------------------------

    def _check_read(self, node: ast.expr, gives: str) -> None:
        """Blocked unless code reads of an answer only what is alike in both libraries."""
        parent = self.names.parents.get(node)
        if gives == "number" or isinstance(parent, ast.Expr):
            return
        if gives == "nothing":
            raise Blocked("takes the None that the hook gives", node)
        if isinstance(parent, ast.Assign) and len(parent.targets) == 1 and isinstance(parent.targets[0], ast.Name):
            for name in self._loads(parent.targets[0]):
                self._check_read(name, gives)
        elif gives == "responses":
            self._check_responses(node, parent)
        elif not isinstance(parent, ast.Attribute) or parent.attr not in _READ:
            raise Blocked(_READS_MORE, node)

    def _check_responses(self, node: ast.expr, parent: ast.AST | None) -> None:
        """Blocked unless code takes nothing of a list of answers but its length and single ones."""
        if isinstance(parent, ast.Subscript) and parent.value is node and not isinstance(parent.slice, ast.Slice):
            self._check_read(parent, "response")
            return
        if isinstance(parent, ast.For | ast.comprehension) and parent.iter is node:
            target = parent.target
            if isinstance(target, ast.Name):
                loops = isinstance(parent, ast.For)
                for name in self._loads(target) if loops else self.names.loads.get(target.id, []):
                    self._check_read(name, "response")
                return
        counts = isinstance(parent, ast.Call) and isinstance(parent.func, ast.Name) and parent.func.id == "len"
        if not counts and not isinstance(parent, ast.If | ast.While | ast.UnaryOp):
            raise Blocked(_READS_MORE, node)


def _bound_by(node: ast.AST) -> Iterable[str | None]:
    """The names that a node gives a meaning."""
    if isinstance(node, ast.Name):
        return () if isinstance(node.ctx, ast.Load) else (node.id,)
    if isinstance(node, ast.alias):
        return (node.asname or node.name.partition(".")[0],)
    if isinstance(node, ast.arg):
        return (node.arg,)
    if isinstance(node, ast.Global | ast.Nonlocal):
        return node.names
    if isinstance(node, ast.MatchMapping):
        return (node.rest,)
    if isinstance(node, FunctionNode | ast.ClassDef | ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
        return (node.name,)
    return ()


class _Method(NamedTuple):
    """A method of the hook: its parameters, what it gives, and how it is written."""

    parameters: tuple[str, ...]
    gives: str
    write: Callable[[_Rewriting, ast.Call, dict[str, ast.expr], str], str]


def _needed(given: Mapping[str, ast.expr], name: str, call: ast.Call) -> ast.expr:
    if name not in given:
        raise Blocked(f"no `{name}` is given", call)
    return given[name]


def _run(to: _Rewriting, call: ast.Call, given: dict[str, ast.expr], hook: str) -> str:
    path = to.path("/runs/", _needed(given, "run_id", call), "/")
    return to.one(hook, "GET", path, params=to.fields(given, include_related="include_related"))


def _status(to: _Rewriting, call: ast.Call, given: dict[str, ast.expr], hook: str) -> str:
    to.imports.add(("prefect_dbt.cloud.runs", _STATUS))
    run = to.one(hook, "GET", to.path("/runs/", _needed(given, "run_id", call), "/"))
    # The hook raises for a number that is not a status.
    return f'{_STATUS}({run}.json()["data"]["status"]).value'


def _artifacts(to: _Rewriting, call: ast.Call, given: dict[str, ast.expr], hook: str) -> str:
    path = to.path("/runs/", _needed(given, "run_id", call), "/artifacts/")
    return to.one(hook, "GET", path, params=to.fields(given, step="step"))


def _artifact(to: _Rewriting, call: ast.Call, given: dict[str, ast.expr], hook: str) -> str:
    path = to.path("/runs/", _needed(given, "run_id", call), "/artifacts/", _needed(given, "path", call))
    return to.one(hook, "GET", path, params=to.fields(given, step="step"))


def _job(to: _Rewriting, call: ast.Call, given: dict[str, ast.expr], hook: str) -> str:
    return to.one(hook, "GET", to.path("/jobs/", _needed(given, "job_id", call)))


def _trigger(to: _Rewriting, call: ast.Call, given: dict[str, ast.expr], hook: str) -> str:
    cause = to.module.values.single(_needed(given, "cause", call))
    if not isinstance(cause, Constant) or not isinstance(cause.value, str) or len(cause.value) > _LONGEST_CAUSE:
        raise Blocked("the cause is not known here, or longer than 255 characters: Airflow cuts it there", call)
    if "retry_from_failure" in given and to.module.values.single(given["retry_from_failure"]) != Constant(False):
        raise Blocked("`retry_from_failure` of the hook has no equal in prefect-dbt", call)
    body = to.fields(given, cause="cause", steps_override="steps_override", schema_override="schema_override")
    config = given.get("additional_run_config")
    if config is not None:
        if not isinstance(config, ast.Dict):
            raise Blocked("`additional_run_config` is not known here", config)
        entries = to.text(config)[1:-1].strip().rstrip(",")
        body = f"{body[:-1]}, {entries}}}" if entries else body
    return to.one(hook, "POST", to.path("/jobs/", _needed(given, "job_id", call), "/run/"), json=body)


def _rerun(to: _Rewriting, call: ast.Call, given: dict[str, ast.expr], hook: str) -> str:
    return to.one(hook, "POST", to.path("/jobs/", _needed(given, "job_id", call), "/rerun/"))


def _cancel(to: _Rewriting, call: ast.Call, given: dict[str, ast.expr], hook: str) -> str:
    return to.one(hook, "POST", to.path("/runs/", _needed(given, "run_id", call), "/cancel/"))


def _wait(to: _Rewriting, call: ast.Call, given: dict[str, ast.expr], hook: str) -> str:
    raises = to.options.versions.provider.at_least((4, 7))
    if not raises:
        told = "set `dbt-cloud-provider-version`" if raises is None else "prefect-dbt has no equal of that"
        raise Blocked(
            f"when the run ends otherwise, the hook returns False before provider 4.7, then raises: {told}", call
        )
    to.helpers |= {"call_dbt_cloud", "wait_for_dbt_cloud_run"}
    to.imports |= {("", "time"), ("prefect_dbt.cloud.runs", _STATUS)}
    expected = given.get("expected_statuses")
    found = [10] if expected is None else [_status_of(to, node) for node in _parts(expected)]
    arguments = [hook, to.text(_needed(given, "run_id", call)), repr(tuple(found))]
    arguments += [f"{name}={to.text(given[name])}" for name in ("check_interval", "timeout") if name in given]
    return f"wait_for_dbt_cloud_run({', '.join(arguments)})"


def _parts(node: ast.expr) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.List | ast.Tuple | ast.Set) and node.elts else [node]


def _status_of(to: _Rewriting, node: ast.expr) -> int:
    """The number of a status, as a number or as ``DbtCloudJobRunStatus.SUCCESS.value``."""
    known = to.module.values.single(node)
    status = node.value if isinstance(node, ast.Attribute) and node.attr == "value" else None
    owner = to.module.values.single(status.value) if isinstance(status, ast.Attribute) else None
    if isinstance(status, ast.Attribute) and isinstance(owner, Reference) and owner.path.endswith(f".dbt.{_STATUS}"):
        number = _STATUSES.get(status.attr)
    else:
        number = known.value if isinstance(known, Constant) and isinstance(known.value, int) else None
    if number not in _STATUSES.values():
        raise Blocked("the expected status is not known here", node)
    return int(number or 0)


def _runs(to: _Rewriting, _call: ast.Call, given: dict[str, ast.expr], hook: str) -> str:
    names = ("include_related", "job_definition_id", "order_by")
    return to.all_pages(hook, '"/runs/"', to.fields(given, **{name: name for name in names}))


def _jobs(to: _Rewriting, _call: ast.Call, given: dict[str, ast.expr], hook: str) -> str:
    return to.all_pages(hook, '"/jobs/"', to.fields(given, order_by="order_by", project_id="project_id"))


_METHODS = {
    "get_job_run": _Method(("run_id", _ACCOUNT, "include_related"), "response", _run),
    "get_job_run_status": _Method(("run_id", _ACCOUNT), "number", _status),
    "list_job_run_artifacts": _Method(("run_id", _ACCOUNT, "step"), "response", _artifacts),
    "get_job_run_artifact": _Method(("run_id", "path", _ACCOUNT, "step"), "response", _artifact),
    "get_job": _Method(("job_id", _ACCOUNT), "response", _job),
    "trigger_job_run": _Method(
        (
            "job_id",
            "cause",
            _ACCOUNT,
            "steps_override",
            "schema_override",
            "retry_from_failure",
            "additional_run_config",
        ),
        "response",
        _trigger,
    ),
    "wait_for_job_run_status": _Method(
        ("run_id", _ACCOUNT, "expected_statuses", "check_interval", "timeout"), "number", _wait
    ),
    "retry_failed_job_run": _Method(("job_id", _ACCOUNT), "response", _rerun),
    "cancel_job_run": _Method(("run_id", _ACCOUNT), "nothing", _cancel),
    "list_job_runs": _Method((_ACCOUNT, "include_related", "job_definition_id", "order_by"), "responses", _runs),
    "list_jobs": _Method((_ACCOUNT, "order_by", "project_id"), "responses", _jobs),
}
_V3 = "it calls version 3 of the API, which prefect-dbt does not"
_NO_EQUAL = {
    "get_job_runs": "its parameters are not followed",
    "get_job_run_artifacts_concurrently": "it is async",
    "get_job_details": "it is async",
    "get_job_status": "it is async",
    "list_accounts": "prefect-dbt's client is bound to one account",
    "get_account": "prefect-dbt's client is bound to one account",
    **dict.fromkeys(
        ("list_projects", "get_project", "list_environments", "get_environment", "get_job_by_name"),
        _V3,
    ),
}

"""Gives every Prefect trap its fix, or the reason why it has none; called by ``plan``."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from offramp.converting.recipes.await_call import Awaiting, handed_on, usable
from offramp.converting.recipes.call_arguments import longer_wait, no_attempts
from offramp.converting.recipes.call_form import right_form
from offramp.converting.recipes.future_results import resolve_futures
from offramp.converting.recipes.job_block import write_job_block
from offramp.converting.recipes.wait_for_run import look_at_result, wait_for_run
from offramp.editing.insertions import Insertions
from offramp.finding.operators import Module
from offramp.knowledge.prefect_dbt_calls import FORMS, JOB, JOB_RUN, TRIGGER, WAIT
from offramp.model import Applicability, Blocked, Finding, Fix, Refusal
from offramp.python.names import FunctionNode
from offramp.reading.source import Source
from offramp.reading.versions import Versions
from offramp.traps.prefect_calls import prefect_of
from offramp.traps.prefect_context import Prefect, Target

if TYPE_CHECKING:
    from offramp.project.index import Project

_NEVER_AWAITED = frozenset({"dbt-call-not-awaited", "returned-coroutine"})
# What is known of a run only once it is awaited: that nothing waits for it, or looks how it ended.
_REVEALED = {
    TRIGGER: "fire-and-forget-trigger",
    f"{JOB}.trigger": "fire-and-forget-trigger",
    WAIT: "wait-result-ignored",
    f"{JOB_RUN}.wait_for_completion": "wait-result-ignored",
}
_TWO_FORMS = "Await it in an `async def`, or run `DbtCloudJob` in a sync task"
_STARTS = "what never ran until now then runs, and the run waits for it and fails with it"
_INSIDE = "it then runs inside the flow run, which fails with it"
_ON_TWO = "it runs on Prefect 2 as it is; the async form was seen to do the same on Prefect 3"
_WAITS = "the run then lasts as long as the dbt run, and fails with it"
_FAILS = "the run then fails when dbt does"
_GOES_ON = "the run, which fails here until now, then goes on"


class PrefectFixes:
    """Plans the fixes of one file's Prefect traps; ``detectors`` has each code's detector."""

    def __init__(
        self,
        module: Module,
        source: Source,
        findings: Sequence[Finding],
        detectors: Mapping[str, str],
        versions: Versions,
        project: Project | None,
    ) -> None:
        self._prefect: Prefect = prefect_of(module, versions)
        self._module = module
        self._source = source
        self._detectors = detectors
        self._codes = {detector: code for code, detector in detectors.items()}
        self._project = project
        self._findings = findings
        self._calls = {source.positions.span(call.func): call for call in module.names.calls}
        self._awaiting: dict[FunctionNode, tuple[Fix, frozenset[ast.Call]]] = {}
        self._resolved: dict[FunctionNode | ast.Lambda | None, Fix | Blocked] = {}
        self._plans: dict[str, Callable[[Finding, ast.Call], Fix]] = {
            "dbt-call-not-awaited": self._await,
            "returned-coroutine": self._await,
            "fire-and-forget-trigger": self._wait,
            "wait-result-ignored": self._look,
            "future-not-resolved": self._resolve,
            "wait-window-too-short": self._longer,
            "retries-without-effect": self._no_attempts,
            "wrong-call-form": self._right_form,
        }

    def plan(self, finding: Finding) -> Finding:
        """The finding with its fix or refusal."""
        detector = self._detectors[finding.code]
        call = self._calls[finding.span]
        try:
            return finding._replace(fix=self._plans[detector](finding, call))
        except Blocked as blocked:
            refusal = Refusal(blocked.blocker.reason, self._source.positions.span(blocked.blocker.node))
            help_ = _HELP.get(detector)
            fix = Fix(help_, (), Applicability.DISPLAY_ONLY) if help_ is not None else None
            return finding._replace(fix=fix, refusals=(refusal,))

    # -- one detector each -------------------------------------------------------

    def _await(self, finding: Finding, call: ast.Call) -> Fix:
        returned = self._detectors[finding.code] == "returned-coroutine"
        reason = _INSIDE if returned else _STARTS
        target = self._prefect.target(call.func)
        awaited = isinstance(self._module.names.parents.get(call), ast.Await)
        if target is None or awaited or not self._prefect.is_coroutine(call, target):
            handed_on(self._prefect, call)
            return self._awaited(call, reason)
        if self._prefect.runs_on_two(call, target):
            reason = _ON_TWO
        usable(self._prefect, call)
        try:
            return self._awaited(call, reason)
        except Blocked as blocked:
            block = self._job_block(call, reason)
            if block is None:
                raise blocked from None
            return block

    def _awaited(self, call: ast.Call, reason: str) -> Fix:
        function = self._module.names.enclosing_function(call)
        if isinstance(function, FunctionNode) and function in self._awaiting:
            known, calls = self._awaiting[function]
            if call in calls:
                # The first call that makes a function async takes all others in it along.
                return known._replace(reason=reason)
        insertions = self._insertions()
        awaiting = Awaiting(self._prefect, insertions, self._found(_NEVER_AWAITED))
        awaiting.start(call)
        for function in awaiting.asynchronous:
            self._only_here(function)
        names = ", ".join(f"`{function.name}`" for function in awaiting.asynchronous)
        title = f"Await it, and make {names} async" if names else "Await it"
        if not awaiting.asynchronous and self._module.names.enclosing_function(call) is None:
            title = "Run it with `asyncio.run`"
        fix = insertions.fix(title, Applicability.UNSAFE, reason, self._behind(awaiting.awaited))
        self._awaiting.update(dict.fromkeys(awaiting.asynchronous, (fix, frozenset(awaiting.awaited))))
        return fix

    def _only_here(self, function: FunctionNode) -> None:
        importer = self._project.importing(self._source.path) if self._project is not None else None
        if importer is not None:
            raise Blocked(f"{importer} imports this file, and may call `{function.name}`", function)

    def _job_block(self, call: ast.Call, reason: str) -> Fix | None:
        insertions = self._insertions()
        title = f"Run `{JOB}`, which needs no `await` here"
        try:
            differences = write_job_block(self._prefect, insertions, call, self._target(call))
            return insertions.fix(title, Applicability.UNSAFE, "; ".join([reason, *differences]), self._behind([call]))
        except Blocked:
            return None

    def _wait(self, _finding: Finding, call: ast.Call) -> Fix:
        insertions = self._insertions()
        title = wait_for_run(self._prefect, insertions, call, self._target(call))
        revealed = self._codes.get("wait-window-too-short", "")
        return insertions.fix(title, Applicability.UNSAFE, _WAITS, [revealed] if revealed else [])

    def _look(self, _finding: Finding, call: ast.Call) -> Fix:
        insertions = self._insertions()
        if self._prefect.path(call.func).startswith("asyncio."):
            raise Blocked("what is to follow when one of several runs fails is not known", call)
        if any(keyword.arg == "return_state" for keyword in call.keywords):
            raise Blocked("`return_state=True` says that the state is to be looked at", call)
        title = look_at_result(self._prefect, insertions, call, self._target(call))
        return insertions.fix(title, Applicability.UNSAFE, _FAILS)

    def _resolve(self, finding: Finding, call: ast.Call) -> Fix:
        self._target(call, ("submit", "map"))
        flow = self._module.names.enclosing_function(call)
        if flow not in self._resolved:
            insertions = self._insertions()
            found = self._found(frozenset({self._detectors[finding.code]}))
            calls = [other for other in found if self._module.names.enclosing_function(other) is flow]
            try:
                title = resolve_futures(self._prefect, insertions, calls)
                reason = "the flow run then fails when the task does"
                self._resolved[flow] = insertions.fix(title, Applicability.UNSAFE, reason)
            except Blocked as blocked:
                self._resolved[flow] = blocked
        resolved = self._resolved[flow]
        if isinstance(resolved, Blocked):
            raise resolved
        return resolved

    def _longer(self, _finding: Finding, call: ast.Call) -> Fix:
        insertions = self._insertions()
        title = longer_wait(insertions, call, self._prefect.target(call.func))
        return insertions.fix(title, Applicability.UNSAFE, "the run may then wait for 7 days")

    def _no_attempts(self, _finding: Finding, call: ast.Call) -> Fix:
        insertions = self._insertions()
        title = no_attempts(self._prefect, insertions, call)
        return insertions.fix(title, Applicability.SAFE)

    def _right_form(self, _finding: Finding, call: ast.Call) -> Fix:
        insertions = self._insertions()
        title = right_form(self._prefect, insertions, call)
        # What `asyncio.run` runs is its argument.
        run = [call, *(argument for argument in call.args if isinstance(argument, ast.Call))]
        return insertions.fix(title, Applicability.UNSAFE, _GOES_ON, self._behind(run))

    def _behind(self, calls: Collection[ast.Call]) -> tuple[str, ...]:
        """The codes of what may show once these calls run: what became of their runs, and what is asked of them."""
        found = [_REVEALED.get(self._name(call), "") for call in calls]
        found += ["future-not-resolved" for call in calls if self._form(call) in ("submit", "map")]
        if self._prefect.two:
            found += ["wrong-call-form" for call in calls if self._form(call) in ("submit", "map")]
        made = set(calls)
        for call in self._module.names.calls:
            if isinstance(call.func, ast.Attribute) and self._prefect.producer(call.func.value)[0] in made:
                made.add(call)
                found += ["dbt-call-not-awaited", "returned-coroutine", _REVEALED.get(self._name(call), "")]
        return tuple(self._codes[detector] for detector in found if detector in self._codes)

    # -- helpers -----------------------------------------------------------------

    def _insertions(self) -> Insertions:
        return Insertions(self._module, self._source)

    def _found(self, detectors: frozenset[str]) -> list[ast.Call]:
        return [self._calls[found.span] for found in self._findings if self._detectors.get(found.code) in detectors]

    def _target(self, call: ast.Call, forms: tuple[str, ...] = ("call", *FORMS)) -> Target:
        """Return what makes a run or a future; Blocked where a helper of the file hands it on."""
        target = self._prefect.target(call.func)
        if target is None or target.form not in forms or (target.function is not None and target.form == "call"):
            raise Blocked(f"`{self._prefect.named(call)}` hands it on, to other calls too", call)
        return target

    def _form(self, call: ast.Call) -> str:
        target = self._prefect.target(call.func)
        return target.form if target is not None else ""

    def _name(self, call: ast.Call) -> str:
        target = self._prefect.target(call.func)
        return target.callable.name if target is not None else ""


_HELP = {
    "dbt-call-not-awaited": _TWO_FORMS,
    "returned-coroutine": _TWO_FORMS,
    "fire-and-forget-trigger": "Wait for the run, or say that nothing needs to with `# offramp: ignore[OFR213]`",
    "wait-result-ignored": "Use what it returns, or let it raise",
    "future-not-resolved": "Return the future in a flat list of futures, or ask for its `.result()`",
    "wrong-call-form": "Await the flow, or put it into a task of your own and submit that",
}

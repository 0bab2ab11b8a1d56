"""Each trap on Prefect's side and its fix, run by real Prefect: what never ran runs, what failed unseen is seen.

The traps stand in ``traps.md``; each runs as it is, and as ``--fix --unsafe-fixes`` leaves it.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from equivalence.conftest import Ran
from equivalence.runs import Case, Outcome
from offramp.engine import Context, fix_bytes
from offramp.knowledge.rulebook import load_rulebook
from offramp.reading.versions import find_versions
from offramp.settings import load

pytestmark = pytest.mark.equivalence

_TRAP = re.compile(r"^## (?P<name>.+?)\n+```python\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
TRAPS = {trap["name"]: trap["code"] for trap in _TRAP.finditer((Path(__file__).parent / "traps.md").read_text("utf-8"))}
FLOW = "nightly"
_POLL = re.compile(r"/runs/\d+/$")


class Did(NamedTuple):
    """What one run did: the jobs it triggered, sorted, and the flow run's final state."""

    jobs: tuple[int, ...]
    state: str


def _fine(*jobs: int) -> Did:
    return Did(jobs, "Completed")


def _failed(*jobs: int) -> Did:
    return Did(jobs, "Failed")


NOTHING = _fine()
# A job that still runs, and goes well, when others have failed.
SLOW = {"outcomes": ["success"], "polls": 2}
# Trap, rule, outcome of every dbt run, what it does as it is, and with its fix.
RUNS = [
    ("bare call", "OFR211", "success", NOTHING, _fine(11)),
    ("bare call", "OFR211", "error", NOTHING, _failed(11)),
    ("through functions, tasks and flows", "OFR211", "success", _failed(), _fine(11, 12, 13)),
    ("through functions, tasks and flows", "OFR211", "error", _failed(), _failed(11)),
    ("asyncio.run beside it", "OFR211", "success", _fine(11), _fine(11, 12)),
    ("job block", "OFR211", "success", _failed(), _fine(11)),
    ("job block", "OFR211", "error", _failed(), _failed(11)),
    ("block in an async flow", "OFR211", "success", _fine(11), _fine(11, 11)),
    ("awaited by one caller, lost by another", "OFR211", "success", _fine(20), _fine(12, 20)),
    ("awaited by one caller, lost by another", "OFR211", "error", _fine(20), _failed(12)),
    # Started only when the flow run had ended: by the script that called the flow.
    ("returned", "OFR212", "error", _fine(11), _failed(11)),
    ("returned", "OFR212", "success", _fine(11), _fine(11)),
    ("triggered", "OFR213", "success", _fine(11), _fine(11)),
    ("triggered", "OFR213", "error", _fine(11), _failed(11)),
    ("triggered by the block", "OFR213", "error", _fine(11), _failed(11)),
    ("triggered and never awaited", "OFR211", "error", NOTHING, _failed(11)),
    ("waited for, not looked at", "OFR214", "success", _fine(11), _fine(11)),
    ("waited for, not looked at", "OFR214", "error", _fine(11), _failed(11)),
    ("status ignored", "OFR214", "success", _fine(11), _fine(11)),
    ("status ignored", "OFR214", "cancelled", _fine(11), _failed(11)),
    ("state of a dbt command ignored", "OFR214", "success", NOTHING, NOTHING),
    ("state of a dbt command ignored", "OFR214", "error", NOTHING, _failed()),
    ("runner told not to raise", "OFR214", "success", NOTHING, NOTHING),
    ("runner told not to raise", "OFR214", "error", NOTHING, _failed()),
    ("futures dropped", "OFR215", "success", _fine(11, 12, 13), _fine(11, 12, 13)),
    ("futures dropped", "OFR215", "error", _fine(11, 12, 13), _failed(11, 12, 13)),
    ("future beside those that are returned", "OFR215", "success", _fine(11, 20, 21), _fine(11, 20, 21)),
    ("future beside those that are returned", "OFR215", "error", _fine(11, 20, 21), _failed(11, 20, 21)),
    ("future beside a value that is returned", "OFR215", "error", _fine(11, 20, 21), _failed(11, 20, 21)),
    ("future inside what is returned", "OFR215", "success", _fine(11), _fine(11)),
    ("future inside what is returned", "OFR215", "error", _fine(11), _failed(11)),
    ("short wait", "OFR216", "success", _fine(11), _fine(11)),
    ("retries never sent", "OFR217", "success", _fine(11), _fine(11)),
    ("retries never sent", "OFR217", "error", _failed(11), _failed(11)),
    ("block never loaded", "OFR218", "success", _failed(), _fine(11)),
    ("future awaited", "OFR218", "success", _failed(), _fine()),
    ("loop in a loop", "OFR218", "success", _failed(), _fine(11)),
]


# The traps whose fixes write how long to wait.
LIMITED = ("triggered", "triggered by the block", "short wait")


def prefect_cases(_items: object, folder: Path) -> list[Case]:
    """The traps as they are, and as they are fixed, written into ``folder``."""
    # Copied, since dbt writes beside what it reads; its one model fails where the stand-in's runs do.
    shutil.copytree(Path(__file__).parent / "shop", folder / "shop")
    cases = []
    for number, (name, code) in enumerate(TRAPS.items()):
        before, after = folder / f"trap_{number}.py", folder / f"fixed_{number}.py"
        before.write_text(code, "utf-8")
        after.write_text(_fixed(name, code), "utf-8")
        for trap, _, outcome, _, _ in RUNS:
            if trap == name:
                jobs = {"*": {"outcomes": [outcome], "polls": 0}, "20": SLOW, "21": SLOW}
                fail = "" if outcome == "success" else "fail"
                cases += [
                    Case(f"{trap}-{outcome}-{state}", file, jobs, FLOW, fail=fail)
                    for state, file in (("trap", before), ("fixed", after))
                ]
        if name in LIMITED:
            limited = folder / f"limited_{number}.py"
            limited.write_text(_fixed(name, code).replace("=604800", "=1"), "utf-8")
            jobs = {"*": {"outcomes": ["running"], "polls": 0}}
            cases.append(Case(f"{name}-running-limited", limited, jobs, FLOW))
    return cases


@pytest.fixture
def outcomes(ran: Ran) -> Mapping[str, Outcome]:
    return ran.prefect.result()


@pytest.mark.parametrize(("trap", "code", "outcome", "before", "after"), RUNS)
def test_the_trap_and_its_fix(
    trap: str, code: str, outcome: str, before: Did, after: Did, outcomes: Mapping[str, Outcome]
) -> None:
    assert code in _codes(trap)
    assert _did(outcomes[f"{trap}-{outcome}-trap"]) == before
    assert _did(outcomes[f"{trap}-{outcome}-fixed"]) == after


@pytest.mark.parametrize("trap", ["triggered", "triggered by the block"])
def test_a_run_that_nothing_waited_for_is_waited_for(trap: str, outcomes: Mapping[str, Outcome]) -> None:
    assert _polls(outcomes[f"{trap}-error-trap"]) == 0
    assert _polls(outcomes[f"{trap}-error-fixed"]) > 0


@pytest.mark.parametrize("trap", LIMITED)
def test_the_limit_that_a_fix_writes_is_the_one_that_holds(trap: str, outcomes: Mapping[str, Outcome]) -> None:
    assert "=604800" in _fixed(trap, TRAPS[trap])
    limited = outcomes[f"{trap}-running-limited"]
    assert _did(limited) == _failed(11)
    # 1 s instead of 7 days, while dbt Cloud's run never ends.
    assert 0 < _polls(limited) < 30


def test_retries_that_were_never_sent_are_not_missed(outcomes: Mapping[str, Outcome]) -> None:
    before, after = outcomes["retries never sent-error-trap"], outcomes["retries never sent-error-fixed"]
    assert _posts(before) == _posts(after)
    assert _posts(before) == [
        ("/api/v2/accounts/42/jobs/11/run/", {"cause": "nightly", "steps_override": ["dbt build"]})
    ]


def _context() -> Context:
    rulebook = load_rulebook([], pytest.fail)
    settings = load("/", {}, isolated=True)
    codes = {rule.code for rule in rulebook.rules.values() if rule.default} | {"OFR216"}
    return Context(settings, rulebook, frozenset(codes), find_versions(settings))


def _fixed(name: str, code: str) -> str:
    result = fix_bytes("trap.py", code.encode(), _context(), unsafe=True)
    assert result.problem == "", name
    assert result.new_text is not None, name
    return result.new_text.decode()


def _codes(trap: str) -> set[str]:
    result = fix_bytes("trap.py", TRAPS[trap].encode(), _context(), unsafe=True)
    return {finding.code for finding in result.fixed}


def _did(outcome: Outcome) -> Did:
    assert outcome.error == ""
    jobs = sorted(int(path.split("/")[-3]) for path, _ in _posts(outcome))
    return Did(tuple(jobs), outcome.state)


def _posts(outcome: Outcome) -> list[tuple[str, object]]:
    requests = [entry for entry in outcome.recording if entry.get("method") == "POST"]
    return [(entry["path"], entry["body"]) for entry in requests]


def _polls(outcome: Outcome) -> int:
    return sum(1 for entry in outcome.recording if entry.get("method") == "GET" and _POLL.search(entry["path"]))

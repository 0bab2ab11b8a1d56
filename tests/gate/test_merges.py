"""Baselines of two branches, put together by git itself."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable

import pytest

from gate.conftest import Repo
from offramp.finding.baseline import Entry, baseline_bytes, merged, parse_baseline

DAG = "from airflow import DAG\n"
CLEAN = "import os\n"
Entries = frozenset[Entry]

NAMES = ["airflow.DAG", "airflow.models.Variable", "airflow.operators.bash.BashOperator", "airflow.sdk.task"]
FILES = [f"dags/team_{team}/{name}.py" for team in range(4) for name in "abcdefgh"]


def some_entry(chance: random.Random) -> Entry:
    return Entry(chance.choice(FILES), "OFR301", chance.choice(NAMES), chance.choice([1, 1, 2, 3]))


def some_entries(chance: random.Random, number: int) -> Entries:
    return frozenset(some_entry(chance) for _ in range(number))


def any_changes(chance: random.Random, base: Entries) -> tuple[Entries, Entries]:
    """A few entries that come and go on both sides, anywhere."""

    def change() -> Entries:
        gone = frozenset(chance.sample(sorted(base), min(len(base), chance.randint(0, 3))))
        return (base - gone) | some_entries(chance, chance.randint(0, 3))

    return change(), change()


def neighbours(chance: random.Random, base: Entries) -> tuple[Entries, Entries]:
    """What comes or goes on one side is next, by its path, to what comes or goes on the other."""
    everything = sorted({Entry(file, "OFR301", name, nth) for file in FILES for name in NAMES for nth in (1, 2)})
    place = chance.randrange(len(everything) - 6)
    sides = [base, base]
    for number, entry in enumerate(everything[place : place + 6]):
        sides[number % 2] ^= {entry}
    return sides[0], sides[1]


def counts(chance: random.Random, base: Entries) -> tuple[Entries, Entries]:
    """Equal findings of one file become more on one side and fewer on the other."""
    file, name = chance.choice(FILES), chance.choice(NAMES)
    others = frozenset(entry for entry in base if (entry.path, entry.name) != (file, name))
    ours, theirs = (
        others | {Entry(file, "OFR301", name, nth) for nth in range(1, chance.randint(1, 5))} for _ in range(2)
    )
    return ours, theirs


def the_same(chance: random.Random, base: Entries) -> tuple[Entries, Entries]:
    """Both sides have the same change, and one has another besides."""
    both, _ = any_changes(chance, base)
    return both, both ^ some_entries(chance, 1)


def folders(chance: random.Random, base: Entries) -> tuple[Entries, Entries]:
    """One side takes a file out of Airflow, the other moves a folder."""
    gone, moving = chance.choice(FILES), chance.randrange(4)
    ours = frozenset(entry for entry in base if entry.path != gone)
    theirs = frozenset(
        entry if entry.path == gone else entry._replace(path=entry.path.replace(f"team_{moving}", "team_9"))
        for entry in base
    )
    return ours, theirs


def imported(repo: Repo, versions: list[tuple[Entries, Entries, Entries]]) -> None:
    """Make the branches ``base-N``, ``ours-N`` and ``theirs-N`` in one call, since there are many."""
    stream = bytearray()
    for number, sides in enumerate(versions):
        before = baseline_bytes(sides[0])
        for name, entries in zip(("base", "ours", "theirs"), sides, strict=True):
            raw = baseline_bytes(entries, before)
            parent = "" if name == "base" else f"from refs/heads/base-{number}\n"
            stream += f"commit refs/heads/{name}-{number}\ncommitter a <a> 1 +0000\ndata 0\n{parent}".encode()
            stream += f"M 100644 inline offramp-baseline.json\ndata {len(raw)}\n".encode() + raw + b"\n"
    command = ["git", "fast-import", "--quiet"]
    subprocess.run(command, cwd=repo.root, env=repo.environment, input=bytes(stream), check=True)


@pytest.mark.parametrize("size", [0, 8, 80])
@pytest.mark.parametrize("change", [any_changes, neighbours, counts, the_same, folders])
def test_random_branches_merge_into_what_both_mean(
    repo: Repo, change: Callable[[random.Random, Entries], tuple[Entries, Entries]], size: int
) -> None:
    chance = random.Random(f"{change.__name__} {size}")
    versions = []
    for _ in range(30):
        base = some_entries(chance, size) | some_entries(chance, 3)
        versions.append((base, *change(chance, base)))
    imported(repo, versions)
    conflicts = 0
    for number, (base, ours, theirs) in enumerate(versions):
        done = subprocess.run(
            ["git", "merge-tree", "--write-tree", f"ours-{number}", f"theirs-{number}"],
            cwd=repo.root,
            env=repo.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 1:
            conflicts += 1
            continue
        raw = repo.git("cat-file", "blob", f"{done.stdout.strip()}:offramp-baseline.json").encode()
        assert parse_baseline("b", raw) == merged(base, ours, theirs)
        assert raw == baseline_bytes(merged(base, ours, theirs), baseline_bytes(base))
    assert conflicts <= 1


def branches(repo: Repo, ours: dict[str, str], theirs: dict[str, str]) -> None:
    """Change files and the baseline on ``main`` and on ``theirs``, each in a commit."""
    repo.git("checkout", "-q", "-b", "theirs")
    repo.write(theirs)
    repo.gate("--update", "--accept-new")
    repo.commit("theirs")
    repo.git("checkout", "-q", "main")
    repo.write(ours)
    repo.gate("--update", "--accept-new")
    repo.commit("ours")


@pytest.fixture
def accepted(repo: Repo) -> Repo:
    """A repository with a baseline of eight files."""
    repo.write({f"dags/{name}.py": DAG for name in "abcdefgh"})
    repo.gate("--accept-new")
    repo.commit()
    return repo


CHANGES = {
    "both add": ({"dags/x.py": DAG}, {"dags/y.py": DAG}, 10),
    "both remove neighbours": ({"dags/b.py": CLEAN}, {"dags/c.py": CLEAN}, 6),
    "add beside what is removed": ({"dags/bb.py": DAG}, {"dags/b.py": CLEAN, "dags/c.py": CLEAN}, 7),
    "in one file": ({"dags/b.py": DAG + "import airflow.one\n"}, {"dags/b.py": "import airflow.two\n" + DAG}, 10),
    "the same": ({"dags/b.py": CLEAN}, {"dags/b.py": CLEAN, "dags/c.py": CLEAN}, 6),
    "all": ({f"dags/{name}.py": CLEAN for name in "abcd"}, {f"dags/{name}.py": CLEAN for name in "efgh"}, 0),
}


@pytest.mark.parametrize("command", [["merge", "-q", "-m", "merge", "theirs"], ["rebase", "-q", "theirs"]])
@pytest.mark.parametrize("change", CHANGES)
def test_branches_that_both_change_the_baseline(accepted: Repo, change: str, command: list[str]) -> None:
    ours, theirs, left = CHANGES[change]
    branches(accepted, ours, theirs)
    # Of the imports themselves, git keeps both.
    accepted.write({".git/info/attributes": "*.py merge=union\n"})
    accepted.git(*command)
    done = accepted.gate("--strict")
    assert (done.code, done.err, len(accepted.baseline)) == (0, "", left)
    assert accepted.gate("--update", "--accept-new").code == 0
    assert accepted.git("status", "--porcelain") == ""


def old_layout(entries: list[str]) -> str:
    """A baseline as it was written at first, in order of its lines."""
    return "\n".join(['[{"offramp-baseline": 1}', *entries, "]", ""])


@pytest.mark.parametrize("options", [["--update"], ["--accept-new"], ["--update", "--accept-new"]])
def test_where_git_cannot_merge_the_gate_does(accepted: Repo, options: list[str]) -> None:
    accepted.write({"offramp-baseline.json": old_layout(accepted.baseline)})
    accepted.commit()
    assert accepted.gate("--strict").code == 0
    branches(accepted, {"dags/b.py": CLEAN}, {"dags/c.py": CLEAN, "dags/i.py": DAG})
    assert "CONFLICT" in accepted.git("merge", "-q", "theirs", check=False)
    done = accepted.gate()
    assert done.code == 2
    assert done.err.startswith(f"{accepted.root}/offramp-baseline.json:")
    assert done.err.endswith(
        ": this line marks an unresolved merge; `offramp gate --update` takes in both sides while it lasts\n"
    )
    assert accepted.gate(*options).code == 0
    done = accepted.gate("--strict")
    assert (done.code, done.summary) == (0, "No new findings (7 known, 9 files checked).")
    accepted.commit("merge")
    assert accepted.gate("--strict").code == 0


def test_a_conflict_that_was_committed_stays_one_sentence(accepted: Repo) -> None:
    text = (accepted.root / "offramp-baseline.json").read_text()
    accepted.write({"offramp-baseline.json": text.replace("\n]", "\n<<<<<<< a\n=======\n>>>>>>> b\n]")})
    accepted.commit()
    for options in ([], ["--update"]):
        done = accepted.gate(*options)
        assert (done.code, done.err.count("\n")) == (2, 1)
        assert "this line marks an unresolved merge" in done.err

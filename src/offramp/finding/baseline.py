"""The findings that a team lives with for now, and what is new or gone against them.

May import ``reading``, ``settings`` and ``model``.

The file has one line per finding and names no line numbers, so that moved lines
change nothing in it: ::

    [{"offramp-baseline": 1}

    ,{"path": "dags/daily.py", "code": "OFR301", "name": "airflow.DAG"}

    ,{"path": "dags/daily.py", "code": "OFR301", "name": "airflow.DAG", "nth": 2}

    ]

git merges two branches line by line where an unchanged line lies between what they
change. So the file has empty lines that stay, and an entry's place among them is given
by its checksum: what comes or goes on two branches hardly ever meets, however near to
each other the paths are. The comma leads its line because one that ends it would change
the line before.
"""

from __future__ import annotations

import json
import os
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from itertools import count
from typing import Any, NoReturn
from zlib import crc32

from offramp.model import FileResult, Finding, OfframpError
from offramp.reading.repository import repository_of
from offramp.record import NamedTuple
from offramp.settings import Settings, merged_gate

BASELINE_NAME = "offramp-baseline.json"

_MARK = "offramp-baseline"
_VERSION = 1
_KEYS = frozenset({"path", "code", "name", "nth"})
# How many places a new file has: so many for each entry, within these limits. Of two branches that change `a` and `b`
# entries, about one pair in `places / (a * b)` meets.
_FOR_EACH = 64
_FEWEST, _MOST = 1 << 12, 1 << 16
_CONFLICT = re.compile(rb"^(?:<{7}|={7}|>{7}|\|{7})(?= |\r?$)", re.MULTILINE)


class Entry(NamedTuple):
    """One accepted finding.

    ``path`` is relative to the baseline's directory, with ``/``; ``name`` is the
    finding's fingerprint; ``nth`` tells equal findings of one file apart, from 1.
    """

    path: str
    code: str
    name: str
    nth: int = 1


class Verdict(NamedTuple):
    """Findings against accepted entries.

    ``new`` and ``known`` hold the files that have such findings, with these findings
    only; ``added`` are the entries that would accept the new ones, ``gone`` the
    entries without a finding.
    """

    new: tuple[FileResult, ...]
    known: tuple[FileResult, ...]
    added: tuple[Entry, ...]
    gone: tuple[Entry, ...]


def baseline_file(directory: str, settings: Settings) -> str:
    """The configured baseline, else the nearest up to the project's root, else the one to be made there."""
    configured = merged_gate(settings).baseline
    if configured:
        return configured
    root = repository_of(directory) or (settings.root if settings.config_file else directory)
    while not os.path.lexists(os.path.join(directory, BASELINE_NAME)):
        if directory in (root, os.path.dirname(directory)):
            return os.path.join(settings.root if settings.config_file else root, BASELINE_NAME)
        directory = os.path.dirname(directory)
    return os.path.join(directory, BASELINE_NAME)


def compare(
    results: Collection[tuple[str, FileResult]], accepted: Collection[Entry], covered: Callable[[Entry], bool]
) -> Verdict:
    """Tell new findings from accepted ones.

    ``results`` pairs each file's path, as entries have it, with its findings. Of equal
    findings in a file the last ones are new. An entry without a finding is gone only
    where ``covered`` says that this run would have found it.
    """
    numbers: dict[tuple[str, str, str], list[int]] = {}
    paths = {path for path, _ in results}
    for entry in accepted:
        # On a few files, this spares nearly all of a baseline.
        if entry.path in paths or covered(entry):
            numbers.setdefault(entry[:3], []).append(entry.nth)
    for free in numbers.values():
        free.sort(reverse=True)
    new: list[FileResult] = []
    known: list[FileResult] = []
    added: list[Entry] = []
    for path, result in results:
        fresh: list[Finding] = []
        old: list[Finding] = []
        used: defaultdict[tuple[str, str, str], set[int]] = defaultdict(set)
        further: defaultdict[tuple[str, str, str], Iterator[int]] = defaultdict(partial(count, 1))
        for finding in result.findings:
            key = (path, finding.code, finding.fingerprint)
            if numbers.get(key):
                used[key].add(numbers[key].pop())
                old.append(finding)
                continue
            nth = next(number for number in further[key] if number not in used[key])
            added.append(Entry(*key, nth))
            fresh.append(finding)
        new += [result._replace(findings=tuple(fresh))] if fresh else []
        known += [result._replace(findings=tuple(old))] if old else []
    left = (Entry(*key, nth) for key, free in numbers.items() for nth in free)
    return Verdict(tuple(new), tuple(known), tuple(added), tuple(sorted(filter(covered, left))))


def entries_of(path: str, findings: Iterable[Finding]) -> Iterator[Entry]:
    """The entries that accept all findings of one file."""
    seen: defaultdict[tuple[str, str], int] = defaultdict(int)
    for finding in findings:
        seen[finding.code, finding.fingerprint] += 1
        yield Entry(path, finding.code, finding.fingerprint, seen[finding.code, finding.fingerprint])


def renamed(entries: Iterable[Entry], renames: Mapping[str, str]) -> frozenset[Entry]:
    """The entries with the paths of renamed files (old -> new) replaced."""
    if not renames:
        return frozenset(entries)
    return frozenset(entry._replace(path=renames.get(entry.path, entry.path)) for entry in entries)


def load_baseline(path: str, *, settle: bool = False) -> frozenset[Entry]:
    """The entries of a baseline file; raises OfframpError with one sentence for anything that is not a baseline.

    ``settle`` puts the two sides of a merge together where git could not.
    """
    return _entries(path, _read(path), settle=settle)


def _entries(path: str, raw: bytes, *, settle: bool) -> frozenset[Entry]:
    if settle and _CONFLICT.search(raw):
        from offramp.reading.git import Git

        base, ours, theirs = Git(os.path.dirname(path), path, inside=True).sides(path)
        if ours and theirs:
            before = parse_baseline(path, base) if base else frozenset()
            return merged(before, parse_baseline(path, ours), parse_baseline(path, theirs))
    return parse_baseline(path, raw)


def merged(base: frozenset[Entry], ours: frozenset[Entry], theirs: frozenset[Entry]) -> frozenset[Entry]:
    """The entries after both sides' changes of the base."""
    return (ours & theirs) | (ours - base) | (theirs - base)


def parse_baseline(path: str, raw: bytes) -> frozenset[Entry]:
    """The same for the bytes of a baseline; ``path`` is for messages."""
    conflict = _CONFLICT.search(raw)
    if conflict:
        row = raw.count(b"\n", 0, conflict.start()) + 1
        _fail(
            path, row, "this line marks an unresolved merge; `offramp gate --update` takes in both sides while it lasts"
        )
    try:
        data = json.loads(raw.decode())
    except UnicodeDecodeError as error:
        _fail(path, raw.count(b"\n", 0, error.start) + 1, "the baseline is not UTF-8")
    except json.JSONDecodeError as error:
        _fail(path, error.lineno, f"the baseline is not valid JSON: {error.msg}")
    except RecursionError:
        _fail(path, 1, "the baseline is nested too deeply")
    if not isinstance(data, list) or not data or not isinstance(data[0], dict) or _MARK not in data[0]:
        _fail(path, 1, f'this is not a baseline: it does not begin with {{"{_MARK}": {_VERSION}}}')
    version = data[0][_MARK]
    if version != _VERSION or isinstance(version, bool):
        _fail(path, 1, f"this is a baseline of version {json.dumps(version)}; this offramp knows version {_VERSION}")
    # A line may stand there twice after a merge by union; it says the same once more.
    return frozenset(_entry(path, raw, number, item) for number, item in enumerate(data[1:], 1))


def baseline_bytes(entries: Iterable[Entry], before: bytes = b"") -> bytes:
    """The file that holds the entries: equal entries give equal bytes, whatever their order.

    They keep the places that they have in the file ``before``.
    """
    lines = [_line(entry) for entry in sorted(set(entries))]
    number = before.splitlines().count(b"")
    if number.bit_count() != 1 or not _FEWEST <= number <= _MOST:
        number = min(max(1 << (_FOR_EACH * len(lines)).bit_length(), _FEWEST), _MOST)
    places = [""] * number
    for line in lines:
        places[crc32(line.encode()) % number] += f",{line}\n"
    return f'[{{"{_MARK}": {_VERSION}}}\n{chr(10).join(places)}\n]\n'.encode()


def change_baseline(path: str, change: Callable[[frozenset[Entry]], frozenset[Entry]]) -> None:
    """Replace the entries of a baseline file, which need not exist yet, by ``change`` of them.

    Runs at the same time wait for each other, and readers see the old file or the new
    one. A file whose entries stay the same is left alone. Raises OfframpError.
    """
    path = os.path.realpath(path)
    try:
        with _locked(os.path.dirname(path)):
            before = _read(path) if os.path.lexists(path) else b""
            old = _entries(path, before, settle=True) if before else frozenset()
            new = change(old)
            if new != old or not before or _CONFLICT.search(before):
                _replace(path, baseline_bytes(new, before))
    except OSError as error:
        raise OfframpError(f"{path}: cannot write the baseline: {error.strerror}") from None


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise OfframpError(f"{path}: cannot read the baseline: {error.strerror}") from None


def _replace(path: str, raw: bytes) -> None:
    import tempfile

    mode = os.stat(path).st_mode & 0o777 if os.path.exists(path) else 0o644
    handle, temporary = tempfile.mkstemp(prefix=f".{BASELINE_NAME}.", dir=os.path.dirname(path))
    try:
        with open(handle, "wb") as file:
            file.write(raw)
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


@contextmanager
def _locked(directory: str) -> Iterator[None]:
    """Hold the lock on a directory, which needs no file of its own; without one where the system has no such lock."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    handle = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _line(entry: Entry) -> str:
    fields: dict[str, object] = {"path": entry.path, "code": entry.code, "name": entry.name}
    if entry.nth > 1:
        fields["nth"] = entry.nth
    line = json.dumps(fields, ensure_ascii=False)
    # A file name that is not UTF-8 holds lone surrogates, which only an escape can carry.
    return line if line.isascii() or _encodes(line) else json.dumps(fields)


def _encodes(text: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in text)


def _entry(path: str, raw: bytes, number: int, item: Any) -> Entry:
    if type(item) is dict and item.keys() <= _KEYS:
        file, code, name, nth = item.get("path"), item.get("code"), item.get("name"), item.get("nth", 1)
        if not (file and code and name and type(file) is type(code) is type(name) is str):
            fault = "an entry needs the strings path, code and name"
        elif type(nth) is int and nth > 0:
            return Entry(file, code, name, nth)
        else:
            fault = "`nth` of an entry is a number from 1 up"
    else:
        fault = "an entry has the keys path, code, name and nth"
    return _fail(path, _row(raw, number), fault)


def _row(raw: bytes, number: int) -> int:
    """The row on which an item of the list begins."""
    text = raw.decode()
    decoder = json.JSONDecoder()
    place = text.index("[") + 1
    for _ in range(number):
        place = decoder.raw_decode(text, _skipped(text, place))[1]
    return text.count("\n", 0, _skipped(text, place)) + 1


def _skipped(text: str, place: int) -> int:
    """Return where the next item begins, behind blanks and the comma."""
    while text[place] in " \t\r\n,":
        place += 1
    return place


def _fail(path: str, row: int, sentence: str) -> NoReturn:
    raise OfframpError(f"{path}:{row}: {sentence}")

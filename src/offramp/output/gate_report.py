"""The gate's trend: how much is left, new and gone, by folder and by owner; imports finding and model only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from offramp.escapes import as_json, visible
from offramp.finding.baseline import Entry
from offramp.record import NamedTuple

_TOP = "(top level)"
_NOBODY = "(no owner)"


class Row(NamedTuple):
    """Counts of one folder or owner; ``total`` are the findings that there are now, ``new`` those among them."""

    name: str
    total: int
    new: int
    gone: int


class Trend(NamedTuple):
    """Everything counted: in all, by top-level folder, and by owner (a file of two owners counts for both)."""

    all: Row
    folders: tuple[Row, ...]
    owners: tuple[Row, ...]


def trend(
    left: Sequence[Entry], new: Sequence[Entry], gone: Sequence[Entry], owners: Callable[[str], Sequence[str]]
) -> Trend:
    """Count the findings that are left and not new, the new ones, and the entries that are gone."""

    def rows(names: Callable[[str], Iterable[str]]) -> tuple[Row, ...]:
        counts = [Counter(name for entry in entries for name in names(entry.path)) for entries in (left, new, gone)]
        found = sorted({name for count in counts for name in count})
        return tuple(Row(name, counts[0][name] + counts[1][name], counts[1][name], counts[2][name]) for name in found)

    return Trend(
        Row("total", len(left) + len(new), len(new), len(gone)),
        rows(lambda path: [path.partition("/")[0] if "/" in path else _TOP]),
        rows(lambda path: owners(path) or [_NOBODY]),
    )


def trend_text(counted: Trend) -> Iterator[str]:
    """Lines of a table for people; without owners where nobody owns anything."""
    owners = counted.owners if any(row.name != _NOBODY for row in counted.owners) else ()
    groups = [group for group in (counted.folders, owners, (counted.all,)) if group]
    groups = [tuple(row._replace(name=visible(row.name)) for row in group) for group in groups]
    width = max(len(row.name) for group in groups for row in group)
    yield f"{'':<{width}}  {'total':>7}  {'new':>7}  {'gone':>7}"
    for number, group in enumerate(groups):
        if number:
            yield ""
        yield from (f"{row.name:<{width}}  {row.total:>7}  {row.new:>7}  {row.gone:>7}" for row in group)


def trend_json(counted: Trend) -> str:
    """The same as a JSON object."""
    groups = {"folders": counted.folders, "owners": counted.owners}
    named = {kind: [row._asdict() for row in rows] for kind, rows in groups.items()}
    return as_json({"total": counted.all.total, "new": counted.all.new, "gone": counted.all.gone, **named}, indent=2)

"""The types that travel through offramp; imports nothing of offramp.

All positions are byte offsets into the UTF-8 text of a file (without its byte
order mark); lines and columns exist only at the edges (see
``reading.source``). NamedTuples rather than dataclasses: importing
``dataclasses`` costs 6 ms at start-up (``python -X importtime``).
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from offramp.record import NamedTuple

if TYPE_CHECKING:
    import ast

    from offramp.finding.trap import Trap


class OfframpError(Exception):
    """Bad input that ends the run with exit code 2; ``str()`` is the one sentence to show."""


class UnprovenError(Exception):
    """A fix that was not made, and why, in one sentence."""


class Blocker(NamedTuple):
    """Something that is not understood, and its place."""

    reason: str
    node: ast.AST


class Blocked(Exception):  # noqa: N818 - what cannot be converted is not an error
    """Something cannot be converted: the blocker to report."""

    def __init__(self, reason: str, node: ast.AST) -> None:
        super().__init__(reason)
        self.blocker = Blocker(reason, node)


class Span(NamedTuple):
    """Half-open range of byte offsets into the UTF-8 text."""

    start: int
    end: int


class Applicability(Enum):
    """Degrees of trust in a fix, from most to least."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    DISPLAY_ONLY = "display-only"


class Edit(NamedTuple):
    """Replace the bytes of ``span`` by the UTF-8 encoding of ``text``."""

    span: Span
    text: str


class Flow(NamedTuple):
    """All that one DAG becomes: the DAG's id, the flow's function, and how it is deployed.

    ``schedule`` holds the entries of a schedule by Prefect's names (``cron``,
    ``timezone``), nothing for none. ``paused`` says that Airflow creates the DAG paused,
    or may do so. What only running code can tell is None.
    """

    dag: str
    function: str
    schedule: tuple[tuple[str, str | int | float], ...] = ()
    tags: tuple[str, ...] | None = ()
    paused: bool = False
    limit: int | None = None


class LoadedBlock(NamedTuple):
    """A Prefect block that new code loads: the Airflow connection that it stands for, its name, and its class."""

    connection: str
    name: str
    kind: str


class Fix(NamedTuple):
    """Edits that are applied all together or not at all.

    ``reason`` says why the fix is not safe; empty for a safe one. ``flows`` are the
    flows that DAGs become, where the fix takes DAGs out of Airflow; ``connections``
    are the blocks that the new code loads in place of Airflow's connections, ``packages`` what it
    needs to be installed.
    ``reveals`` are the codes of findings that may show only once this fix is made, one
    code for each: what never ran has no run that nothing waits for. ``needs`` are the
    modules and names that the new code imports, and ``importing`` those of the edits that
    see to that: fixes that are made together share their imports.
    """

    title: str
    edits: tuple[Edit, ...]
    applicability: Applicability
    reason: str = ""
    flows: tuple[Flow, ...] = ()
    connections: tuple[LoadedBlock, ...] = ()
    packages: tuple[str, ...] = ()
    reveals: tuple[str, ...] = ()
    needs: tuple[tuple[str, str], ...] = ()
    importing: tuple[Edit, ...] = ()

    @property
    def body(self) -> tuple[Edit, ...]:
        """The edits but for those of imports."""
        return tuple(edit for edit in self.edits if edit not in self.importing)


class Refusal(NamedTuple):
    """Reason why a finding has no fix, and the place that prevents it (None: the whole file)."""

    reason: str
    span: Span | None = None


class ArgumentRow(NamedTuple):
    """One row of a note's ``arguments`` table.

    ``target`` is what the argument becomes (a call argument, ``block.<field>``,
    ``task.<field>``, ``selects``, ``dropped``, ``refused`` or ``retried``); ``when_absent`` is
    what has to be written when the argument is not given, because defaults differ.
    """

    name: str
    target: str
    when_absent: str
    note: str


class Note(NamedTuple):
    """One section of a mapping note.

    ``paths`` are the dotted paths that the section covers (``module.operator`` and
    its aliases), ``roles`` maps a path to what it does with a dbt run: ``trigger``,
    ``sensor``, ``hook`` or ``read``, or that it is a ``dag`` or a ``group`` of tasks.
    ``arguments`` holds the section's own rows; ``inherits`` names the sections whose rows
    also apply. ``fields`` keeps every field's text as written, known or not, in order.
    ``line`` is 1-based. ``kind`` says that the conversion knows the operator itself:
    ``python``, ``branch``, ``short-circuit``, ``bash`` or ``empty``, followed by ``decorator``
    for the form that stands on a function.
    """

    file: str
    line: int
    section: str
    shipped: bool
    code: str
    operator: str
    paths: tuple[str, ...]
    roles: dict[str, str]
    inherits: tuple[str, ...]
    arguments: tuple[ArgumentRow, ...]
    fields: dict[str, str]
    kind: str = ""


class Rule(NamedTuple):
    """One rule: its code, its kebab-case name and the section that documents it.

    ``status`` is preview, stable or deprecated; ``since`` the first version that has
    the rule; ``default`` whether ``check`` runs it unasked; ``detector`` is the rule's name
    again where a module in ``traps/`` finds it, empty for rules that match a note's operator.
    Python files are searched that hold one of ``files``: a text, ``operators`` for the noted
    ones, ``banned`` for what the gate keeps out; and one of ``needles``, if there are any.
    ``manifests`` is ``only`` where dependency manifests are searched instead, ``also`` where they are too.
    ``tag`` is ``unnecessary`` for code that could as well not be there.
    """

    code: str
    name: str
    status: str
    since: str
    default: bool
    message: str
    detector: str
    section: str
    files: tuple[str, ...] = ("operators",)
    needles: tuple[str, ...] = ()
    manifests: str = ""
    tag: str = ""

    @property
    def is_operator(self) -> bool:
        """Return whether its findings are operators, which work and will have to be converted."""
        return self.detector in ("", "noted-operator", "derived-dbt-operator")

    @property
    def is_to_convert(self) -> bool:
        """Return whether its findings work, and will have to be converted: operators, and other runs of dbt."""
        return self.is_operator or self.detector in ("dbt-in-bash", "dbt-in-container", "dbt-in-python")

    @property
    def is_fault(self) -> bool:
        """Return whether its findings are files or notes that cannot be used, for which nothing is searched."""
        return self.files == ("none",) and not self.manifests


class Place(NamedTuple):
    """A line of another file."""

    path: str
    row: int


class Related(NamedTuple):
    """Another place that a finding is about, and what is to be said there; ``place`` where it is in another file.

    The span is the finding's own then.
    """

    span: Span
    message: str
    place: Place | None = None


class Finding(NamedTuple):
    """One place where a rule holds.

    ``span`` is the callee (the base for a subclass, the imported name for an import);
    ``statement`` the smallest statement around it (the header only, for a compound
    one), on whose first or last line a suppression comment counts. ``fingerprint``
    identifies the finding across moved lines. ``related`` is the other end of a pair: the
    operator that has waited already, the tasks that do not wait. ``trap`` is what its fix
    starts from (``finding.trap``), while the file is worked on; no result has it.
    """

    code: str
    span: Span
    statement: Span
    message: str
    fingerprint: str
    fix: Fix | None = None
    refusals: tuple[Refusal, ...] = ()
    related: tuple[Related, ...] = ()
    trap: Trap | None = None


class FileResult(NamedTuple):
    """All that checking one file gave.

    ``fixed`` are the findings whose fixes made ``new_text`` of ``old_text``, with those that
    only showed on the way; ``gone`` counts those found in ``old_text`` that are not there
    any more. ``fixable`` counts the findings that safe fixes would do away with, and how
    many more unsafe ones would.
    ``text`` is the UTF-8 text that the findings' offsets count in, with API keys as
    asterisks, kept only where there are findings. ``problem`` is one sentence when the
    tool (not the file) failed on it; the run then ends with exit code 2. ``new_text`` is
    the whole fixed text where a fix was applied, else None. ``shown`` are the findings in
    the layout that is printed, where the run was given one.
    """

    path: str
    findings: tuple[Finding, ...]
    text: bytes = b""
    new_text: bytes | None = None
    problem: str = ""
    fixed: tuple[Finding, ...] = ()
    old_text: bytes = b""
    shown: str = ""
    gone: int = 0
    fixable: tuple[int, int] = (0, 0)

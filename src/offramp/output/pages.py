"""Documentation pages as Markdown, made of mapping notes; imports reading, knowledge and model only.

What a fix does to an example is not known here: whoever runs the engine hands it in as ``Shown``.
"""

from __future__ import annotations

import difflib
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from offramp.knowledge.note_format import fences
from offramp.knowledge.rulebook import Rulebook
from offramp.model import Applicability, Finding, Note, Rule
from offramp.output import SITE, rule_url
from offramp.output.brief import becomes, summary
from offramp.reading.source import Positions
from offramp.record import NamedTuple

GENERATED = "<!-- Written by `offramp docs` from the mapping notes: edit those. -->"
TABLE_BEGIN, TABLE_END = "<!-- rules: begin -->", "<!-- rules: end -->"

_MARK = re.compile(r"[ \t]*# OFR\d{3}(?: OFR\d{3})*[ \t]*$", re.MULTILINE)
_FIXES = (Applicability.SAFE, Applicability.UNSAFE, Applicability.DISPLAY_ONLY)


class Shown(NamedTuple):
    """All that offramp found in one form of a rule's example: ``form`` says which, ``text`` is the code."""

    form: str
    text: str
    findings: tuple[Finding, ...]


class Family(NamedTuple):
    """A note file: its path, its title, what stands before its first section, and its notes, in order."""

    file: str
    title: str
    preamble: str
    notes: tuple[Note, ...]

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return os.path.splitext(os.path.basename(self.file))[0]


def unmarked(code: str) -> str:
    """The code of an example without the marks of the lines that are flagged."""
    return _MARK.sub("", code)


def availability(shown: Iterable[Shown], code: str) -> str:
    """The best fix that was shown for the rule: safe, unsafe, display-only or empty."""
    fixes = [finding.fix for one in shown for finding in one.findings if finding.code == code]
    found = {fix.applicability for fix in fixes if fix is not None}
    return next((level.value for level in _FIXES if level in found), "")


class Book:
    """The pages of ``families``, which link to each other; ``shown`` is by section.

    What they say of ``others`` leads to the pages of the site.
    """

    def __init__(
        self,
        rulebook: Rulebook,
        families: Sequence[Family],
        others: Sequence[Family],
        shown: Mapping[str, Sequence[Shown]],
    ) -> None:
        self.families = families
        self._rulebook = rulebook
        self._shown = shown
        self._own = {note.section for family in families for note in family.notes}
        self._family_of = {note.section: family for family in (*others, *families) for note in family.notes}
        reporting = [note for note in rulebook.notes.values() if note.section in rulebook.section_rules]
        self._by_name = {rulebook.rule_for(note).name: note for note in reporting}
        self.noted = sorted(
            (note for note in reporting if note.section in self._own), key=lambda note: (note.code, note.section)
        )
        self._shared = Counter(note.code for note in self.noted)

    def rule(self, note: Note) -> Rule:
        """The rule that a note reports as."""
        return self._rulebook.rule_for(note)

    def page_name(self, note: Note) -> str:
        """Name of a rule's page: its code, with the section's name where several sections share the code."""
        return note.code if self._shared[note.code] <= 1 else f"{note.code}-{note.section}"

    def fix(self, note: Note) -> str:
        """The best fix of the note's rule: safe, unsafe, display-only or empty."""
        return availability(self._shown.get(note.section, ()), note.code)

    def rule_page(self, note: Note, *, folder: str = "") -> str:
        """One rule's page; ``folder`` is where it is written, without one nothing is linked but addresses."""
        rule, fields = self.rule(note), note.fields
        own_name = note.operator if rule.name == "noted-operator" and note.operator else rule.name
        parts = [f"# {own_name} ({rule.code})", self._facts(rule, note)]
        parts += _chapter("", fields.get("intent", ""))
        parts += _chapter("Why it matters", fields.get("source_context", ""))
        parts += self._example(rule, note)
        parts += self._fix_chapter(note)
        parts += _chapter("On Prefect", fields.get("prefect_pattern", ""))
        parts += self._arguments(note, folder)
        parts += _set_up(note)
        parts += _chapter("Not flagged", fields.get("not_flagged", ""))
        parts += _chapter("Notes", fields.get("notes", ""))
        parts += ["## Suppress it", _suppression(rule)]
        parts += self._related(note, folder)
        parts += self._origin(note, folder)
        return "\n\n".join(parts) + "\n"

    def index(self) -> str:
        """The table of all rules."""
        rows = ["| code | name | what it is about | fix | default | since |", "|---|---|---|---|---|---|"]
        for note in self.noted:
            rule = self.rule(note)
            link = f"[{rule.code}]({self.page_name(note)}.md)"
            default = "on" if rule.default else "off"
            cells = (link, rule.name, _cell(summary(note)), self.fix(note) or "-", default, rule.since or "-")
            rows.append(f"| {' | '.join(cells)} |")
        words = (
            "A *safe* fix is applied with `--fix`, an *unsafe* one with `--fix --unsafe-fixes`, a *display-only* one is"
            " shown and left to you. The column names the best that the examples on the rule's page get; each page"
            " says what else may come of it. Rules that are off wait for `--extend-select`, or for `offramp gate`."
        )
        families = "\n".join(f"- [{family.title}](../operators/{family.name}.md)" for family in self.families)
        return "\n\n".join(["# Rules", words, "\n".join(rows), "## By family", families]) + "\n"

    def readme_table(self, pages: str) -> str:
        """The table of all rules for a README; ``pages`` is the way from there to the rules' pages."""
        rows = ["| code | name | what it is about | fix |", "|---|---|---|---|"]
        for note in self.noted:
            rule = self.rule(note)
            off = "" if rule.default else "off by default: "
            cells = (f"[{rule.code}]({pages}/{self.page_name(note)}.md)", rule.name, off + _cell(summary(note)))
            rows.append(f"| {' | '.join(cells)} | {self.fix(note) or '-'} |")
        return "\n".join(rows)

    def family_page(self, family: Family) -> str:
        """One note file's page: its rules, and what it knows of operators that no rule is about."""
        parts = [f"# {family.title}", *_chapter("", family.preamble)]
        rules = [note for note in family.notes if note.section in self._rulebook.section_rules]
        if rules:
            rows = ["| code | name | what it is about |", "|---|---|---|"]
            for note in rules:
                link = f"[{note.code}](../rules/{self.page_name(note)}.md)"
                rows.append(f"| {link} | {self.rule(note).name} | {_cell(summary(note))} |")
            parts.append("\n".join(rows))
        for note in family.notes:
            if note.section in self._rulebook.section_rules:
                continue
            parts += [f"## {note.section}", "\n".join(f"- `{path}`" for path in note.paths)]
            parts += _chapter("", note.fields.get("intent", ""))
            parts += _chapter("", note.fields.get("prefect_pattern", ""))
            parts += self._table(note, "..")
        return "\n\n".join(parts) + "\n"

    def objects(self) -> list[dict[str, object]]:
        """Every rule for other tools, as ``rules.schema.json`` describes it."""
        return [self.object(note) for note in self.noted]

    def object(self, note: Note) -> dict[str, object]:
        """One rule for other tools; ``explanation`` is its page as Markdown."""
        rule = self.rule(note)
        return {
            "code": rule.code,
            "name": rule.name,
            "status": rule.status,
            "since": rule.since,
            "default": rule.default,
            "summary": rule.message,
            "finds": summary(note),
            "fix": self.fix(note) or None,
            "url": rule_url(rule.code),
            "paths": list(note.paths),
            "arguments": [row._asdict() for row in note.arguments],
            "inherits": list(note.inherits),
            "related": _bullets(note.fields.get("related_concepts", "")),
            "explanation": self.rule_page(note),
        }

    # -- the chapters ------------------------------------------------------------

    def _facts(self, rule: Rule, note: Note) -> str:
        since = f" since {rule.since}" if rule.since else ""
        level = {
            "safe": "safe",
            "unsafe": "unsafe",
            "display-only": "none is applied, one is shown",
            "": "none",
        }[self.fix(note)]
        lines = [
            f"{rule.status.capitalize()}{since} · {'on' if rule.default else 'off'} by default · fix: {level}",
        ]
        if note.paths:
            lines.append("Covers " + ", ".join(f"`{path}`" for path in note.paths) + ".")
        return "\n\n".join(lines)

    def _example(self, rule: Rule, note: Note) -> list[str]:
        befores = fences(note.fields.get("example/before", ""))
        afters = fences(note.fields.get("example/after", ""))
        if not befores:
            return []
        before, language = befores[0].content, befores[0].language or "python"
        if afters:
            parts = ["## Before and after", _fence("diff", "\n".join(_diff(unmarked(before), afters[0].content)))]
        else:
            parts = ["## Example", _fence(language, unmarked(before).rstrip("\n"))]
        lines = list(_messages(self._shown.get(note.section, ())[:1]))
        if lines:
            parts += [f"`offramp check{'' if rule.default else f' --extend-select {rule.code}'}` says:"]
            parts.append(_fence("text", "\n".join(lines)))
        return parts

    def _fix_chapter(self, note: Note) -> list[str]:
        lines = []
        for one in self._shown.get(note.section, ()):
            findings = [finding for finding in one.findings if finding.code == note.code]
            verdicts = dict.fromkeys(text for finding in findings for text in _verdicts(finding))
            lines += [f"- {one.form}: {text}" for text in verdicts]
        fixed = self.fix(note) in ("safe", "unsafe")
        doubts = [row for row in note.arguments if fixed and row.note.startswith("unsafe:")]
        lines += [f"- With `{row.name}` it is unsafe: {row.note.removeprefix('unsafe:').strip()}" for row in doubts]
        if not lines:
            by_hand = ["## The fix", "offramp writes none: it takes a decision, or a hand."]
            return by_hand if note.fields.get("example/before") else []
        words = f"Why a fix is unsafe or refused: [what a fix promises]({SITE}explanation/fixes/)."
        return ["## The fix", "\n".join(lines), words]

    def _arguments(self, note: Note, folder: str) -> list[str]:
        table = self._table(note, folder)
        return ["## Arguments", *table] if table else []

    def _table(self, note: Note, folder: str) -> list[str]:
        parts = []
        if note.arguments:
            rows = ["| Airflow | Prefect | when absent | note |", "|---|---|---|---|"]
            rows += [
                f"| `{row.name}` | {becomes(row)} | {_code(row.when_absent)} | {_cell(row.note)} |"
                for row in note.arguments
            ]
            parts.append("\n".join(rows))
        if note.inherits:
            links = ", ".join(self._section_link(section, folder) for section in note.inherits)
            parts.append(f"The arguments of {links} hold too.")
        return parts

    def _section_link(self, section: str, folder: str) -> str:
        family = self._family_of.get(section)
        if not folder or family is None:
            return f"`{section}`"
        note = self._rulebook.notes[section]
        reports = section in self._rulebook.section_rules
        page = f"rules/{self.page_name(note)}" if reports else f"operators/{family.name}"
        anchor = "" if reports else f"#{section.lower()}"
        return f"[{section}]({f'../{page}.md' if section in self._own else f'{SITE}{page}/'}{anchor})"

    def _related(self, note: Note, folder: str) -> list[str]:
        lines = []
        for concept in _bullets(note.fields.get("related_concepts", "")):
            other = self._by_name.get(concept)
            if other is None:
                lines.append(f"- {concept}")
            elif folder:
                own = other.section in self._own
                way = f"{self.page_name(other)}.md" if own else rule_url(other.code)
                lines.append(f"- [{concept} ({other.code})]({way})")
            else:
                lines.append(f"- {concept} ({other.code})")
        return ["## Related", "\n".join(lines)] if lines else []

    def _origin(self, note: Note, folder: str) -> list[str]:
        family = self._family_of[note.section]
        name = f"`{os.path.basename(family.file)}`, section `{note.section}`"
        if folder:
            way = os.path.relpath(family.file, folder).replace(os.sep, "/")
            name = f"[{os.path.basename(family.file)}]({way}), section `{note.section}`"
        parts = ["## Where this comes from", *_chapter("", family.preamble)]
        return [*parts, f"The note: {name}."]


def _diff(before: str, after: str) -> list[str]:
    """Both texts as one diff that leaves nothing out, without its three lines of headers."""
    return list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=1000, lineterm=""))[3:]


def _messages(shown: Iterable[Shown]) -> Iterable[str]:
    for one in shown:
        positions = Positions(one.text.encode())
        for finding in one.findings:
            row, column = positions.location(finding.span.start)
            yield f"{row}:{column}: {finding.code} {finding.message}"


def _verdicts(finding: Finding) -> Iterable[str]:
    fix = finding.fix
    if fix is not None:
        level = {
            Applicability.SAFE: "safe fix",
            Applicability.UNSAFE: "unsafe fix",
            Applicability.DISPLAY_ONLY: "no fix, but help",
        }[fix.applicability]
        yield f"**{level}**, {fix.title}{f' ({fix.reason})' if fix.reason else ''}"
    for refusal in finding.refusals:
        yield f"**no fix**, {refusal.reason}"


def _chapter(heading: str, text: str) -> list[str]:
    if not text.strip():
        return []
    return [*([f"## {heading}"] if heading else []), _four_spaces(text.strip("\r\n"))]


def _four_spaces(text: str) -> str:
    """The text with what hangs under a bullet two columns further in, where every Markdown program sees it."""
    lines = text.splitlines()
    code = {
        index
        for fence in fences(text)
        if not lines[fence.line - 1].startswith(" ")
        for index in range(fence.line, fence.line + fence.content.count("\n"))
    }
    return "\n".join(
        f"  {line}" if line.startswith("  ") and index not in code else line for index, line in enumerate(lines)
    )


def _set_up(note: Note) -> list[str]:
    package = note.fields.get("prefect_package", "").strip()
    imports = note.fields.get("prefect_import", "").strip()
    row = next((row for row in note.arguments if row.target.endswith("_credentials")), None)
    parts = [f"Install `{package}`."] if package else []
    if row is not None:
        block = row.when_absent.replace("_", "-").lower()
        parts.append(
            f"The connection `{row.name}` becomes a block of credentials under its name, `{row.when_absent}`"
            f" (where none is given) under `{block}`. `offramp migrate` writes the script that creates them;"
            f" [credentials and blocks]({SITE}how-to/credentials/) does it by hand."
        )
    if imports:
        parts.append(imports if imports.startswith("```") else _fence("python", imports))
    return ["## Set-up", *parts] if parts else []


def _suppression(rule: Rule) -> str:
    if rule.is_fault:
        return "No comment suppresses it. Exclude the file, or mend it."
    ignore = f'`per-file-ignores = {{ "legacy/*" = ["{rule.code}"] }}` in the configuration'
    if rule.manifests == "only":
        return f"Comments suppress nothing in a manifest; {ignore} does."
    return (
        f"`# offramp: ignore[{rule.code}] reason` or `# noqa: {rule.code}` on the first or last line of the statement,"
        f" or {ignore}."
    )


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _bullets(text: str) -> list[str]:
    return [line.strip()[2:].strip() for line in text.splitlines() if line.strip().startswith("- ")]


def _fence(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```"


def overview(rules: Iterable[Rule]) -> str:
    """One line per rule: code, name, and whether it has to be asked for."""
    return "".join(f"{rule.code} {rule.name}{'' if rule.default else ' (off by default)'}\n" for rule in rules)

"""Makes one validated rulebook of note files; knowledge layer, needed only when no compiled rulebook is at hand."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NoReturn

from offramp.knowledge.note_format import SIZE_LIMIT, NoteError, Section, parse_notes, slots
from offramp.knowledge.rewrites import Condition, Template, templates
from offramp.knowledge.rulebook import OPERATOR_SLOTS, Rulebook
from offramp.model import ArgumentRow, Note, Rule

_FALLBACK = "noted-operator"
# In a rewrite's template: every argument that a row leads somewhere.
_ALL_ARGUMENTS = "arguments"
# The fields that go with a rewrite, and the targets that need nothing of it.
_OF_REWRITES = ("rewrite", "templates", "template_files", "returns", "compared", "prefect_package")
_WRITING_NOTHING = ("dropped", "refused", "retried")


def assemble(shipped: Sequence[str], notes: Sequence[str]) -> tuple[Rulebook, tuple[str, ...]]:
    """The rulebook of the shipped and the user's note files, and what the user should be told about it.

    Raises NoteError for the first fault in any of them.
    """
    ours = _one_origin(shipped, is_shipped=True)
    theirs = _one_origin(notes, is_shipped=False)
    detectors = _detectors(ours, theirs, shipped)
    sections, warnings = _replace(ours, theirs, detectors[_FALLBACK])
    by_name = {section.note.section: section for section in sections}
    _check_inherits(by_name)
    rulebook = Rulebook((section.note for section in sections), (section.rule for section in sections if section.rule))
    for section in sections:
        _check_slots(section, rulebook)
    return rulebook, warnings


def read_note(path: str) -> bytes:
    """The bytes of a note file, at most one more than the limit. Raises NoteError where there is no such file."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise NoteError(path, 1, "is not a file")
        with open(path, "rb") as file:
            return file.read(SIZE_LIMIT + 1)
    except OSError as error:
        raise NoteError(path, 1, f"cannot be read: {error.strerror}") from None


def _one_origin(paths: Sequence[str], *, is_shipped: bool) -> dict[str, Section]:
    """The sections that say something to offramp, by name; no name, operator path or code comes twice."""
    sections: dict[str, Section] = {}
    operators: dict[str, Section] = {}
    codes: dict[str, Section] = {}
    for path in paths:
        for section in parse_notes(path, read_note(path), shipped=is_shipped).sections:
            note, rule = section.note, section.rule
            if not note.operator and not rule:
                continue
            if note.section in sections:
                _fail(section, "", f"section `{note.section}` is also in {_place(sections[note.section])}")
            sections[note.section] = section
            for operator in note.paths:
                if operator in operators:
                    field = "operator" if operator == note.paths[0] else "aliases"
                    _fail(section, field, f"`{operator}` is already noted in {_place(operators[operator])}")
                operators[operator] = section
            if rule:
                if rule.code in codes:
                    _fail(section, "code", f"code {rule.code} is already used in {_place(codes[rule.code])}")
                codes[rule.code] = section
                _check_rule(section, rule, is_shipped=is_shipped)
    return sections


def _check_rule(section: Section, rule: Rule, *, is_shipped: bool) -> None:
    if section.note.operator and rule.detector:
        _fail(section, "detector", "a section has either an operator or a detector, not both")
    if not section.note.operator and not rule.detector:
        _fail(section, "code", "a section with a code needs an operator or a detector")
    if is_shipped and not section.message:
        _fail(section, "code", "a section with a code needs a message")


def _detectors(ours: dict[str, Section], theirs: dict[str, Section], shipped: Sequence[str]) -> dict[str, Rule]:
    """The rule of each detector: every detector has exactly one section, a shipped one, whose rule has its name."""
    found: dict[str, Section] = {}
    for section in (*ours.values(), *theirs.values()):
        detector = section.rule.detector if section.rule else ""
        if not detector:
            continue
        if detector in found:
            _fail(section, "detector", f"detector `{detector}` already belongs to {_place(found[detector])}")
        if not section.note.shipped:
            _fail(section, "detector", f"there is no detector `{detector}`")
        if section.rule and section.rule.name != detector:
            _fail(section, "detector", f"detector `{detector}` is not the name of the rule, `{section.rule.name}`")
        found[detector] = section
    if _FALLBACK not in found:
        folder = os.path.dirname(shipped[0]) if shipped else "rules"
        raise NoteError(folder, 1, f"no section names the detector `{_FALLBACK}`")
    return {detector: section.rule for detector, section in found.items() if section.rule}


def _replace(
    ours: dict[str, Section], theirs: dict[str, Section], fallback: Rule
) -> tuple[list[Section], tuple[str, ...]]:
    """The sections that hold, after the user's replaced shipped ones, with the rule of each that reports."""
    by_path = {path: section for section in ours.values() for path in section.note.paths}
    claimed = {path for section in theirs.values() for path in section.note.paths}
    successors: dict[str, str] = {}
    kept: list[Section] = []
    warnings: list[str] = []
    for section in theirs.values():
        note = section.note
        replaced = {old.note.section: old for path in note.paths if (old := by_path.get(path))}
        if len(replaced) > 1:
            names = " and ".join(f"`{name}`" for name in replaced)
            _fail(section, "operator", f"the section covers operators of several shipped notes: {names}")
        if note.section in ours and note.section not in replaced:
            _fail(section, "", f"a shipped note is also named `{note.section}`: {_place(ours[note.section])}")
        holding, rule = section, fallback
        if replaced:
            (old,) = replaced.values()
            first = old.note.section not in successors
            holding = _succeed(section, old, claimed if first else set(by_path), ours)
            rule = old.rule or fallback
            successors.setdefault(old.note.section, note.section)
            code = f", {old.rule.code}" if old.rule else ""
            warnings.append(f"{_place(section)}: replaces the shipped note `{old.note.section}`{code}")
        rule = (section.rule or rule)._replace(section=note.section, message=holding.message or fallback.message)
        kept.append(holding._replace(rule=rule, note=holding.note._replace(code=rule.code)))
    kept = [*(section for name, section in ours.items() if name not in successors), *kept]
    return [_rename_inherits(section, successors) for section in kept], tuple(warnings)


def _succeed(section: Section, old: Section, not_inherited: set[str], ours: Mapping[str, Section]) -> Section:
    """The user's section, with the facts of the shipped one that it does not give itself.

    Which paths name the operator, what it does and what its arguments are stays true
    whoever notes it; the message goes with the argument table whose names it uses. So does
    the way to convert it, as far as the user's table leads nowhere else, and says nothing itself.
    """
    note = section.note
    paths = (*note.paths, *(path for path in old.note.paths if path not in not_inherited))
    usual = old.note.roles.get(next(path for path in note.paths if path in old.note.paths), "")
    roles = {path: note.roles.get(path) or old.note.roles.get(path) or usual for path in paths}
    own_table = note.arguments or note.inherits
    fields, kind = note.fields, ""
    if "shell" in old.note.fields:
        fields = {"shell": old.note.fields["shell"], **fields}
    if "rewrite" not in fields and _leads_nowhere_else(note, old.note, ours):
        kept = {name: text for name, text in old.note.fields.items() if name in _OF_REWRITES and name not in fields}
        fields, kind = {**fields, **kept}, old.note.kind
    return section._replace(
        message=section.message or ("" if own_table else old.message),
        note=note._replace(
            paths=paths,
            roles={path: role for path, role in roles.items() if role},
            arguments=note.arguments or old.note.arguments,
            inherits=note.inherits or old.note.inherits,
            fields=fields,
            kind=note.kind or kind,
        ),
    )


def _leads_nowhere_else(note: Note, old: Note, ours: Mapping[str, Section]) -> bool:
    """Return whether all that a note's rows lead to is known to the rewrite of the note that it replaces.

    A recipe looks for what arguments become, the conversion of a kind for their names too.
    """
    if not ours.keys() >= set(note.inherits):
        return False
    rows = list(_rows(note, ours))
    found = templates(old.fields.get("rewrite", ""))
    wanted = {*(slot for one in found for slot in one.slots), *(one.argument for one in _conditions(found))}
    if rows and not wanted <= {*(row.name for row in rows), *OPERATOR_SLOTS, _ALL_ARGUMENTS}:
        return False
    known = {(row.name, row.target) for row in _rows(old, ours)}
    targets = {target for _, target in known} if not old.kind else set()
    return all(
        (row.name, row.target) in known or row.target in targets or row.target in _WRITING_NOTHING for row in rows
    )


def _rows(note: Note, sections: Mapping[str, Section]) -> Iterator[ArgumentRow]:
    """The rows of a note and of all that it inherits from."""
    waiting, seen = [note], set()
    while waiting:
        one = waiting.pop()
        yield from one.arguments
        seen.add(one.section)
        waiting += [sections[name].note for name in one.inherits if name in sections and name not in seen]


def _rename_inherits(section: Section, successors: dict[str, str]) -> Section:
    inherits = tuple(successors.get(name, name) for name in section.note.inherits)
    return section._replace(note=section.note._replace(inherits=inherits))


def _check_inherits(sections: dict[str, Section]) -> None:
    done: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> None:
        section = sections[name]
        for parent in section.note.inherits:
            if parent not in sections:
                _fail(section, "inherits", f"there is no section `{parent}` to inherit from")
            if parent in (*way, name):
                circle = " -> ".join((*way, name, parent))
                _fail(section, "inherits", f"the section inherits from itself: {circle}")
            if parent not in done:
                visit(parent, (*way, name))
        done.add(name)

    for name in sections:
        visit(name, ())


def _check_slots(section: Section, rulebook: Rulebook) -> None:
    """Whatever stands in braces must be something that the match can fill in."""
    if section.rule and section.rule.detector and not section.note.operator:
        # A shipped section, whose trap says itself what its message needs; a test compares.
        return
    known = OPERATOR_SLOTS | rulebook.arguments(section.note).keys() | ({"runs"} & section.note.fields.keys())
    message = section.rule.message if section.rule else ""
    found = templates(section.note.fields.get("rewrite", ""))
    for template in found:
        if template.problem:
            _fail(section, "rewrite", template.problem)
    asked = {*(slot for one in found for slot in one.slots), *(one.argument for one in _conditions(found))}
    for field, wanted in (("message", slots(message)), ("rewrite", sorted(asked - {_ALL_ARGUMENTS}))):
        for slot in wanted:
            if slot not in known:
                _fail(section, field, f"nothing fills the slot {{{slot}}} of `{field}`")


def _conditions(found: Iterable[Template]) -> list[Condition]:
    return [condition for template in found for condition in template.conditions]


def _place(section: Section) -> str:
    return f"{section.note.file}:{section.note.line}"


def _fail(section: Section, field: str, sentence: str) -> NoReturn:
    raise NoteError(section.note.file, section.lines.get(field, section.note.line), sentence)

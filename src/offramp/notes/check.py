"""Checks mapping notes against the real libraries: imports, calls, packages, and that the example's end is clean.

Above the engine, which finds the traps in the examples; below the front ends.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from offramp.converting.recipes.registry import BY_TEMPLATE, NO_REWRITE, RECIPES
from offramp.engine import Context, check_bytes
from offramp.finding.operators import Module
from offramp.knowledge.api_surface import Surface, prefect_has
from offramp.knowledge.assembly import read_note
from offramp.knowledge.note_format import Fence, NoteError, Section, fences, parse_notes
from offramp.model import Note
from offramp.notes.trial import kept_findings
from offramp.prefect_code.signatures import missing_arguments, repeated_models, surface_of
from offramp.reading.installed import has_name
from offramp.reading.source import Positions, Source, SourceError
from offramp.record import NamedTuple

ERROR, WARNING, REMARK = "error", "warning", "note"
_FIELDS = frozenset(
    "operator module intent source_context prefect_pattern prefect_package prefect_import example example/before "
    "example/after notes related_concepts code message aliases role inherits arguments detector not_flagged "
    "rewrite templates template_files returns compared kind runs where shell commands profiles group_id".split()
)
# Blocks of code in these are Prefect code that works; in the others they are what is found, or what is let pass.
_PREFECT_CODE = ("prefect_pattern", "prefect_import", "example/after", "notes")
_PYTHON = ("", "python", "py", "python3")
_EXTRA = re.compile(r"prefect[-_.]dbt\[([^\]\s]*)\]")
_NAME_FROM_MODULE = re.compile(r"`(\w+)`(?: and `(\w+)`)? (?:from|in) `((?:prefect|prefect_dbt)(?:\.\w+)*)`")
_PATH = re.compile(r"`(prefect_dbt(?:\.\w+)+)(?:\(…?\))?`")
_DENIED = re.compile(r"\b(?:not|never|no longer|no)\b[^.;:,()—]*$")


class Remark(NamedTuple):
    """Something to say about a line of a note file: an error, a warning or a note."""

    line: int
    kind: str
    sentence: str


def check_file(path: str, context: Context) -> list[Remark]:
    """Return what there is to say about one note file, in the order of its lines.

    ``context`` has the rules that the file's own sections add. Raises NoteError for a file that is not a note file.
    """
    remarks: set[Remark] = set()
    for section in parse_notes(path, read_note(path), shipped=True).sections:
        remarks.update(_Check(section, context).remarks())
    return sorted(remarks)


class _Check:
    """The checks of one section."""

    def __init__(self, section: Section, context: Context) -> None:
        self.section = section
        self.note: Note = section.note
        self.context = context
        offered = surface_of(context.versions)
        self.offered: Surface | None = offered

    def remarks(self) -> Iterator[Remark]:
        fields = self.note.fields
        if not self.note.operator and not self.note.code:
            yield Remark(self.note.line, REMARK, f"section `{self.note.section}` has no operator: it is passed over")
        for name in fields:
            if name not in _FIELDS:
                yield Remark(self._line(name) - 1, REMARK, f"field `{name}` is not known: its text is kept, and unused")
        for name, text in fields.items():
            yield from self._packages(name, text)
            if name != "arguments":
                yield from self._prose(name, text)
        yield from self._recipe()
        for name in _PREFECT_CODE:
            for fence in self._code(name):
                yield from self._block(name, fence)

    def _line(self, field: str) -> int:
        return self.section.lines[field]

    def _code(self, name: str) -> list[Fence]:
        """The Python code of a field; that of ``prefect_import`` may stand there without a fence."""
        text = self.note.fields.get(name, "")
        found = [fence for fence in fences(text) if fence.language.split(" ")[0] in _PYTHON]
        if name == "prefect_import" and text and not found:
            return [Fence(0, "python", text + "\n")]
        return found

    # -- words -------------------------------------------------------------------

    def _packages(self, name: str, text: str) -> Iterator[Remark]:
        """The extras that prefect-dbt does not have, wherever they are named."""
        if self.offered is None or (not self.note.operator and self.note.code):
            return
        known = {extra.replace("_", "-") for extra in self.offered.extras()}
        for index, line in enumerate(text.splitlines()):
            for match in _EXTRA.finditer(line):
                for extra in match[1].split(","):
                    if extra.strip().replace("_", "-") not in known:
                        sentence = (
                            f"prefect-dbt has no extra `{extra.strip()}`: `prefect-dbt` is all there is to install"
                        )
                        yield Remark(self._line(name) + index, ERROR, sentence)
        if name == "prefect_package":
            yield from self._requirements(name, text)

    def _requirements(self, name: str, text: str) -> Iterator[Remark]:
        from packaging.requirements import InvalidRequirement, Requirement

        for index, line in enumerate(text.splitlines()):
            wanted = line.strip().removeprefix("- ").strip("`")
            try:
                if wanted:
                    Requirement(wanted)
            except InvalidRequirement:
                yield Remark(self._line(name) + index, ERROR, f"`{wanted}` is not a package that can be installed")

    def _prose(self, name: str, text: str) -> Iterator[Remark]:
        """Names that the text says are somewhere where they are not."""
        hidden = {fence.line + index for fence in fences(text) for index in range(-1, fence.content.count("\n") + 1)}
        for index, line in enumerate(text.splitlines()):
            if index in hidden or self.offered is None:
                continue
            for match in _NAME_FROM_MODULE.finditer(line):
                if _DENIED.search(line[: match.start(3)]):
                    continue
                for wanted in filter(None, match.groups()[:2]):
                    sentence = self._nowhere(match[3], wanted)
                    if sentence:
                        yield Remark(self._line(name) + index, ERROR, sentence)
            for match in _PATH.finditer(line):
                if not _DENIED.search(line[: match.start()]) and not self._is_there(match[1]):
                    yield Remark(self._line(name) + index, ERROR, f"prefect-dbt has no `{match[1]}`")

    def _is_there(self, path: str) -> bool:
        owner, _, member = path.rpartition(".")
        assert self.offered is not None
        return self.offered.exists(path) or any(
            member in known.methods or member in known.takes.keywords or not known.is_class
            for known in self.offered.definitions(owner)
        )

    def _nowhere(self, module: str, name: str) -> str:
        """Return why a name cannot be imported from a module; empty where it can, or where that is not known."""
        if module.partition(".")[0] == "prefect_dbt":
            if self.offered is None or self.offered.exists(f"{module}.{name}"):
                return ""
            homes = self.offered.homes(name)
            return f"`{name}` is not in `{module}`" + (f"; it is in `{homes[0]}`" if homes else "")
        if module.partition(".")[0] == "prefect":
            major = 2 if self.context.versions.prefect.at_least((3,)) is False else 3
            there = prefect_has(module, name, major)
        else:
            there = has_name(module, name)
        return f"`{name}` is not in `{module}`" if there is False else ""

    def _recipe(self) -> Iterator[Remark]:
        if "rewrite" in self.note.fields:
            name = self.note.fields["rewrite"].split("\n")[0].strip()
            if name == NO_REWRITE:
                return
            # A trap's fix is in its own module.
            trap = self.note.fields.get("detector", "").split("\n")[0].strip()
            if name not in ([trap] if trap else RECIPES):
                known = ", ".join(sorted(RECIPES))
                yield Remark(self._line("rewrite"), ERROR, f"there is no recipe `{name}`, only {known}")
            elif name in BY_TEMPLATE and not fences(self.note.fields["rewrite"]):
                yield Remark(self._line("rewrite"), ERROR, f"the recipe `{name}` needs a fenced block, its template")

    # -- code --------------------------------------------------------------------

    def _block(self, name: str, fence: Fence) -> Iterator[Remark]:
        begin = self._line(name) + fence.line - 1
        raw = fence.content.encode()
        result = check_bytes("example.py", raw, self.context, named=True)
        positions = Positions(raw)
        if result.problem:
            yield Remark(begin + 1, ERROR, result.problem)
        for finding in result.findings:
            if name == "example/after" and finding.code in kept_findings(self.note):
                continue
            row = positions.row(finding.span.start)
            yield Remark(begin + row, ERROR, f"{finding.code} {finding.message}")
        try:
            source = Source("example.py", raw)
        except SourceError:
            return
        module = Module(source.tree, self.context.rulebook)
        yield from self._imports(begin, source.tree)
        for call, callee, missing in missing_arguments(module, self.context.versions):
            words = " and ".join(f"`{argument}`" for argument in missing)
            yield Remark(begin + call.lineno, ERROR, f"`{callee}` is called without {words}")
        if self.note.operator and name == "example/after":
            yield from self._repeats(begin, module)

    def _imports(self, begin: int, tree: ast.Module) -> Iterator[Remark]:
        """Yield what is imported from elsewhere than prefect-dbt, whose imports a rule looks at."""
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for alias in node.names:
                    foreign = node.module.partition(".")[0] not in ("prefect_dbt", "__future__")
                    sentence = self._nowhere(node.module, alias.name) if foreign and alias.name != "*" else ""
                    if sentence:
                        yield Remark(begin + alias.lineno, ERROR, sentence)

    def _repeats(self, begin: int, module: Module) -> Iterator[Remark]:
        for call, attempts in repeated_models(module, self.context.versions):
            given: Mapping[str | None, ast.expr] = {keyword.arg: keyword.value for keyword in call.keywords}
            node = given.get("retry_filtered_models_attempts", call)
            how = "" if node is not call else ", unless `retry_filtered_models_attempts=0` says not to"
            times = "once" if attempts == 1 else f"{attempts} times"
            sentence = f"failed models are run again {times}{how}, which `{self.note.operator}` does not do"
            yield Remark(begin + node.lineno, WARNING, sentence)


__all__ = ["ERROR", "REMARK", "WARNING", "NoteError", "Remark", "check_file"]

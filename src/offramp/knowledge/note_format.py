"""Reads a mapping note (Markdown) into sections without losing a byte; knowledge layer, imports only the model.

Markdown itself (fences, headings, bullets, tables) is markdown-it's business; the
``{% section %}`` marks are ours, found line by line. Only a code fence hides either.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Collection, Iterator
from functools import cache

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

from offramp.model import ArgumentRow, Note, OfframpError, Rule
from offramp.record import NamedTuple

SIZE_LIMIT = 1_000_000
STATUSES = ("preview", "stable", "deprecated")
ROLES = ("trigger", "sensor", "hook", "read", "dag", "group")
KINDS = ("python", "branch", "short-circuit", "bash", "empty")
COLUMNS = ("airflow", "prefect", "when absent", "note")

_Marks = dict[int, tuple[str, str]]
_Headings = dict[int, tuple[int, str]]

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$")
_MARK = re.compile(r" {0,3}\{%-?\s*(section|endsection)\b\s*(.*?)\s*-?%\}\s*$")
_CODE = re.compile(r"OFR[0-9]{3} [a-z][a-z0-9]*(-[a-z0-9]+)*$")
_VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+$")
_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$")
_CELL_BORDER = re.compile(r"(?<!\\)\|")
_SLOT = re.compile(r"\{([A-Za-z_]\w*)\}")


class NoteError(OfframpError):
    """A note that cannot be used; ``str()`` is ``file:line: sentence``."""

    def __init__(self, file: str, line: int, sentence: str) -> None:
        super().__init__(f"{file}:{line}: {sentence}")


class Piece(NamedTuple):
    """A stretch of whole lines: ``kind`` is front-matter, mark, heading or text; ``line`` is 1-based."""

    kind: str
    line: int
    text: str


class Section(NamedTuple):
    """One section: its note, its rule when it has a ``code``, its message, and each field's first line, from 1."""

    note: Note
    rule: Rule | None
    message: str
    lines: dict[str, int]


class NoteFile(NamedTuple):
    """A parsed note file; the UTF-8 of ``pieces``, after the byte order mark if ``bom``, is the file."""

    path: str
    bom: bool
    front_matter: dict[str, object]
    sections: tuple[Section, ...]
    pieces: tuple[Piece, ...]

    def to_bytes(self) -> bytes:
        """The file as it was read."""
        return (BOM_UTF8 if self.bom else b"") + "".join(piece.text for piece in self.pieces).encode()


class _Field(NamedTuple):
    """A field as written: the line where its text begins (its heading's when it has none), and the text."""

    start: int
    text: str


def slots(text: str) -> tuple[str, ...]:
    """Names of the ``{slots}`` in a message or a template, in order."""
    return tuple(_SLOT.findall(text))


class Fence(NamedTuple):
    """A code fence: the line of its content in the field's text, from 0, its language, and its content, dedented."""

    line: int
    language: str
    content: str


def fences(text: str) -> tuple[Fence, ...]:
    """The code fences in a field's text, with plain line feeds."""
    return tuple(
        Fence(token.map[0] + 1, token.info.strip(), token.content)
        for token in _tokens(text)
        if token.type == "fence" and token.map
    )


def fenced_blocks(text: str) -> tuple[str, ...]:
    """Contents of the code fences in a field's text, dedented and with plain line feeds."""
    return tuple(fence.content for fence in fences(text))


def parse_notes(path: str, data: bytes, *, shipped: bool = False) -> NoteFile:
    """Parse one note file; ``path`` is only for messages and ``Note.file``.

    Raises NoteError for the first fault.
    """
    text = _decode(path, data)
    lines = _LINE.findall(text)
    front_matter, start = _front_matter(path, lines)
    marks, headings = _structure(path, lines, start)
    return NoteFile(
        path=path,
        bom=data.startswith(BOM_UTF8),
        front_matter=front_matter,
        sections=tuple(_sections(path, lines, marks, headings, shipped)),
        pieces=tuple(_pieces(lines, start, marks, headings)),
    )


def _decode(path: str, data: bytes) -> str:
    if len(data) > SIZE_LIMIT:
        raise NoteError(path, 1, "is larger than 1 MB, too large for a mapping note")
    if 0 in data:
        raise NoteError(path, data.count(b"\n", 0, data.index(0)) + 1, "is a binary file: it has a null byte")
    body = data.removeprefix(BOM_UTF8)
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise NoteError(path, line, f"is not UTF-8: byte 0x{body[error.start]:02x} cannot be decoded") from None


def _front_matter(path: str, lines: list[str]) -> tuple[dict[str, object], int]:
    """The YAML mapping at the top and the number of lines it takes."""
    if not lines or lines[0].rstrip() != "---":
        return {}, 0
    for end in range(1, len(lines)):
        if lines[end].rstrip() in {"---", "..."}:
            break
    else:
        raise NoteError(path, 1, "the front matter is not closed by a line `---`")
    try:
        content = yaml.safe_load("".join(lines[1:end]))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 2 if error.problem_mark else 1
        raise NoteError(path, line, f"the front matter is not valid YAML: {error.problem}") from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        first = str(error).splitlines()[0]
        raise NoteError(path, 1, f"the front matter is not valid YAML: {first}") from None
    except RecursionError:
        raise NoteError(path, 1, "the front matter is not valid YAML: it is nested too deeply") from None
    if content is None:
        content = {}
    if not isinstance(content, dict):
        raise NoteError(path, 2, "the front matter is not a mapping of keys to values")
    return {str(key): value for key, value in content.items()}, end + 1


@cache
def _markdown() -> MarkdownIt:
    # An unclosed HTML comment would hide fields in silence; inline markup is never looked at.
    return MarkdownIt("commonmark").enable("table").disable(["html_block", "inline", "text_join"])


def _tokens(text: str) -> list[Token]:
    return _markdown().parse(text)


def _structure(path: str, lines: list[str], start: int) -> tuple[_Marks, _Headings]:
    """Section marks (line index -> kind, name) and headings (line index -> level, text) outside fences."""
    candidates = {
        index: (match[1], match[2])
        for index, line in enumerate(lines)
        if index >= start and (match := _MARK.match(line))
    }
    headings: _Headings = {}
    tokens = _tokens("\n" * start + "".join(lines[start:]))
    for position, token in enumerate(tokens):
        if token.map is None:
            continue
        if token.type == "fence":
            hidden = [index for index in range(token.map[0], token.map[1]) if candidates.pop(index, None)]
            if hidden and not lines[token.map[1] - 1].strip().startswith(token.markup):
                raise NoteError(path, token.map[0] + 1, "this code fence is never closed and hides a section mark")
        elif token.type == "heading_open" and token.level == 0 and token.markup in {"##", "###"}:
            headings[token.map[0]] = (len(token.markup), tokens[position + 1].content.strip())
    return candidates, headings


def _pieces(lines: list[str], start: int, marks: _Marks, headings: _Headings) -> Iterator[Piece]:
    if start:
        yield Piece("front-matter", 1, "".join(lines[:start]))
    text_from = start
    for index in sorted({*marks, *headings, len(lines)}):
        if text_from < index:
            yield Piece("text", text_from + 1, "".join(lines[text_from:index]))
        if index < len(lines):
            yield Piece("mark" if index in marks else "heading", index + 1, lines[index])
        text_from = index + 1


def _sections(
    path: str,
    lines: list[str],
    marks: _Marks,
    headings: _Headings,
    shipped: bool,
) -> Iterator[Section]:
    begun: dict[str, int] = {}
    name = ""
    for index, (kind, argument) in marks.items():
        if kind == "section":
            if name:
                raise NoteError(path, index + 1, f"section `{argument}` begins inside section `{name}`")
            if not argument:
                raise NoteError(path, index + 1, "a section needs a name")
            if argument in begun:
                raise NoteError(path, index + 1, f"section `{argument}` is already on line {begun[argument]}")
            name = argument
            begun[name] = index + 1
        elif not name:
            raise NoteError(path, index + 1, "endsection without a section")
        else:
            fields = _fields(path, lines, begun[name], index, headings)
            yield _SectionReader(path, fields).read(name, begun[name], shipped)
            name = ""
    if name:
        raise NoteError(path, begun[name], f"section `{name}` is not closed by an endsection")


def _fields(path: str, lines: list[str], start: int, end: int, headings: _Headings) -> dict[str, _Field]:
    """The fields between two line indexes, `example/before` for a sub-field of the example."""
    fields: dict[str, _Field] = {}
    field = name = ""
    starts: dict[str, int] = {}
    for index in range(start, end):
        level, title = headings.get(index, (0, ""))
        if level == 2:
            name = field = title
        elif level == 3 and field == "example":
            name = f"example/{title}"
        else:
            continue
        if not title:
            raise NoteError(path, index + 1, "a field needs a name")
        if name in starts:
            raise NoteError(path, index + 1, f"field `{name}` is given twice")
        starts[name] = index
    ends = (*starts.values(), end)[1:] if starts else ()
    for (name, at), stop in zip(starts.items(), ends, strict=True):
        filled = [index for index in range(at + 1, stop) if lines[index].strip()]
        first, last = (filled[0], filled[-1]) if filled else (at, at - 1)
        fields[name] = _Field(first + 1, "".join(lines[first : last + 1]).rstrip("\r\n"))
    return fields


class _SectionReader:
    """Turns the fields of one section into a Note and a Rule."""

    def __init__(self, path: str, fields: dict[str, _Field]) -> None:
        self.path = path
        self.fields = fields

    def read(self, name: str, line: int, shipped: bool) -> Section:
        operator = self._operator()
        rule = self._rule(name, shipped)
        paths = tuple(dict.fromkeys([*([operator] if operator else []), *self._dotted_bullets("aliases")]))
        note = Note(
            file=self.path,
            line=line,
            section=name,
            shipped=shipped,
            code=rule.code if rule else "",
            operator=operator.rpartition(".")[2],
            paths=paths if operator else (),
            roles=self._roles(paths),
            inherits=tuple(text for _, text in self._bullets("inherits")),
            arguments=self._arguments(),
            kind=self._kind(),
            fields={key: field.text for key, field in self.fields.items()},
        )
        return Section(note, rule, self._line("message"), {key: field.start for key, field in self.fields.items()})

    def _operator(self) -> str:
        """Dotted path of the operator, or empty."""
        name = self._line("operator")
        if not name:
            return ""
        module = self._line("module")
        path = f"{module}.{name}" if module else name
        if not _DOTTED.match(path):
            field = "module" if _DOTTED.match(name) else "operator"
            raise NoteError(self.path, self.fields[field].start, f"`{self._line(field)}` is not a dotted name")
        if "." not in path:
            raise NoteError(self.path, self.fields["operator"].start, f"operator `{name}` needs a module")
        return path

    def _rule(self, section: str, shipped: bool) -> Rule | None:
        first = self._line("code")
        if not first:
            return None
        line = self.fields["code"].start
        if not _CODE.match(first):
            raise NoteError(
                self.path, line, f"`{first}` is not a code: write OFR, three digits and a name like `slow-operator`"
            )
        code, name = first.split()
        if not shipped and not "OFR801" <= code <= "OFR899":
            raise NoteError(self.path, line, f"`{code}` is not for your own notes: they use OFR801 to OFR899")
        options = {"status": "stable", "since": "", "default": "on"}
        for key, at, value in self._options("code", options):
            if key == "status" and value not in STATUSES:
                raise NoteError(self.path, at, f"status `{value}` is not one of preview, stable and deprecated")
            if key == "since" and not _VERSION.match(value):
                raise NoteError(self.path, at, f"since `{value}` is not a version like 0.1.0")
            if key == "default" and value not in {"on", "off"}:
                raise NoteError(self.path, at, f"default `{value}` is neither on nor off")
            options[key] = value
        looks = {"files": "operators", "with": "", "manifests": "", "tag": ""}
        looks.update((key, value) for key, _, value in self._options("detector", looks))
        return Rule(
            code=code,
            name=name,
            status=options["status"],
            since=options["since"],
            default=options["default"] == "on",
            message=self._line("message"),
            detector=self._line("detector"),
            section=section,
            files=tuple(looks["files"].split()),
            needles=tuple(looks["with"].split()),
            manifests=looks["manifests"],
            tag=looks["tag"],
        )

    def _options(self, field: str, known: Collection[str]) -> Iterator[tuple[str, int, str]]:
        """Name, line and value of each bullet `name: value` of a field."""
        given: set[str] = set()
        for at, text in self._bullets(field):
            key, _, value = (part.strip() for part in text.partition(":"))
            if key not in known:
                *first, last = known
                raise NoteError(self.path, at, f"`{key}` is not one of {', '.join(first)} and {last}")
            if key in given:
                raise NoteError(self.path, at, f"`{key}` is given twice")
            given.add(key)
            yield key, at, value

    def _roles(self, paths: tuple[str, ...]) -> dict[str, str]:
        bullets = self._bullets("role")
        if not bullets:
            role = self._line("role")
            if role and role not in ROLES:
                raise NoteError(self.path, self.fields["role"].start, _not_a_role(role))
            return dict.fromkeys(paths, role) if role else {}
        roles: dict[str, str] = {}
        for line, text in bullets:
            name, _, role = (_bare(part) for part in text.partition(":"))
            matching = [path for path in paths if path.rpartition(".")[2] == name]
            if not matching:
                raise NoteError(self.path, line, f"`{name}` is not a class of this section")
            if role not in ROLES:
                raise NoteError(self.path, line, _not_a_role(role))
            roles.update(dict.fromkeys(matching, role))
        return roles

    def _kind(self) -> str:
        words = self._line("kind").split()
        if words and (words[0] not in KINDS or words[1:] not in ([], ["decorator"])):
            known = ", ".join(KINDS)
            sentence = f"kind `{' '.join(words)}` is not one of {known}, nor one of these and `decorator`"
            raise NoteError(self.path, self.fields["kind"].start, sentence)
        return " ".join(words)

    def _arguments(self) -> tuple[ArgumentRow, ...]:
        if "arguments" not in self.fields:
            return ()
        arguments: list[ArgumentRow] = []
        rows: dict[str, int] = {}
        for line, (name, target, when_absent, note) in self._table(self.fields["arguments"]):
            argument = ArgumentRow(_bare(name), _bare(target), _bare(when_absent), note)
            if not argument.name or not argument.target:
                raise NoteError(self.path, line, "the row needs an argument and what becomes of it")
            if argument.name in rows:
                raise NoteError(self.path, line, f"argument `{argument.name}` is already on line {rows[argument.name]}")
            rows[argument.name] = line
            arguments.append(argument)
        return tuple(arguments)

    def _table(self, field: _Field) -> Iterator[tuple[int, list[str]]]:
        """The rows of a field's table below its head: their lines, from 1, and cells."""
        table = next((token.map for token in _tokens(field.text) if token.type == "table_open" and token.map), None)
        if table is None:
            raise NoteError(self.path, field.start, f"`arguments` has no table with the columns {', '.join(COLUMNS)}")
        for index, text in enumerate(line.rstrip("\r\n") for line in _LINE.findall(field.text)):
            line = field.start + index
            if not table[0] <= index < table[1]:
                if text.lstrip().startswith("|"):
                    raise NoteError(self.path, line, "this row stands outside the table")
                continue
            cells = _cells(text)
            if index == table[0] and tuple(cell.lower() for cell in cells) != COLUMNS:
                raise NoteError(self.path, line, f"the columns are not {', '.join(COLUMNS)}")
            if len(cells) != len(COLUMNS):
                raise NoteError(self.path, line, f"the row has {len(cells)} cells instead of {len(COLUMNS)}")
            if index > table[0] + 1:
                yield line, cells

    def _line(self, name: str) -> str:
        """First line of a field, without backticks around it; empty where there is no such field."""
        field = self.fields.get(name)
        return _bare(field.text.splitlines()[0]) if field and field.text else ""

    def _bullets(self, name: str) -> list[tuple[int, str]]:
        """Line and first line of text, without backticks, of each top-level bullet of a field."""
        field = self.fields.get(name)
        if field is None:
            return []
        tokens = _tokens(field.text)
        return [
            (field.start + token.map[0], _bare(tokens[position + 2].content.partition("\n")[0]))
            for position, token in enumerate(tokens)
            if token.type == "list_item_open" and token.level == 1 and token.map
        ]

    def _dotted_bullets(self, name: str) -> list[str]:
        bullets = self._bullets(name)
        for line, text in bullets:
            if not _DOTTED.match(text) or "." not in text:
                raise NoteError(self.path, line, f"`{text}` is not a dotted path like package.module.Class")
        return [text for _, text in bullets]


def _cells(row: str) -> list[str]:
    cells = [cell.strip().replace("\\|", "|") for cell in _CELL_BORDER.split(row.strip())]
    if cells and not cells[0]:
        del cells[0]
    if cells and not cells[-1]:
        del cells[-1]
    return cells


def _bare(text: str) -> str:
    """The text without blanks and a pair of backticks around it."""
    text = text.strip()
    return text[1:-1].strip() if text.count("`") == 2 and text[0] == text[-1] == "`" else text


def _not_a_role(role: str) -> str:
    return f"role `{role}` is not one of {', '.join(ROLES[:-1])} and {ROLES[-1]}"

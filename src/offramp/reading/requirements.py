"""Requirements and installing commands as pip and its like take them; imports nothing of offramp."""

from __future__ import annotations

import re
from collections.abc import Iterator

# What stands for a text that only the shell, tox or Hatch know: `$NAME`, `${NAME}`, `{env:NAME:{posargs}}`.
_VARIABLE = re.compile(r"\$\{[^}]*\}|\$\w+|\{(?:[^{}]|\{[^{}]*\})*\}")
_EDITABLE = re.compile(r"(?:-e|--editable)(?:\s*=\s*|\s+)")
_INCLUDE = re.compile(r"(?:-r|--requirement|-c|--constraint)(?:\s*=\s*|\s+|(?<=-[rc]))(\S+)")
_EGG = re.compile(r"(?:^|&)egg=([\w.-]+)")
_REPOSITORY = re.compile(r"(?:git|hg|svn|bzr)\+")
# The part of an address behind the repository of which a host makes an archive.
_ARCHIVE = re.compile(r"/(?:-/)?(?:archive|tarball|zipball|tar\.gz|zip|legacy\.\w+)/")

_INSTALLERS = re.compile(r"(?:.*/)?(?:pip[0-9.]*|pipx|uv|poetry|pdm|pipenv|conda|mamba|micromamba|pixi)\Z")
_TALKERS = frozenset({"cat", "echo", "grep", "printf"})
_INSTALLS = re.compile(r"\b(?:install|add)\b")
# Options of pip, uv and the others that take the next word with them.
_WITH_VALUE = frozenset(
    "-r --requirement -c --constraint -i --index-url --extra-index-url -f --find-links -t --target --prefix --root "
    "-n --name -p --python --group -G --extra --platform --python-version --implementation --abi --channel "
    "--trusted-host --proxy --timeout --retries --cert --cache-dir --log --progress-bar --src --default-index".split()
)


def distribution(line: str) -> str | None:
    """The distribution that one requirement names; empty for a nameless one, None for no requirement.

    Addresses and files count by their ``egg``, their file name or their repository's name.
    """
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename

    try:
        return Requirement(_VARIABLE.sub("0", line)).name
    except InvalidRequirement:
        address, _, fragment = line.partition(" ")[0].partition("#")
    egg = _EGG.search(fragment)
    if egg:
        return egg[1]
    address = re.sub(r"\[[^\[\]]*\]\Z", "", address.partition("?")[0])
    file = address.rpartition("/")[2]
    try:
        return parse_wheel_filename(file)[0] if file.endswith(".whl") else parse_sdist_filename(file)[0]
    except (InvalidWheelFilename, InvalidSdistFilename):
        return _repository(address) if "/" in address or address in (".", "..") else None


def _repository(address: str) -> str:
    """The name of the repository that an address leads to; empty for any other address, and for files."""
    host, _, path = address.partition("://")[2].partition("/")
    archive = _ARCHIVE.search(path)
    if not host or not (archive or _REPOSITORY.match(address) or path.endswith(".git")):
        return ""
    path = path[: archive.start()] if archive else path.partition("@")[0]
    return path.rstrip("/").rpartition("/")[2].removesuffix(".git")


def extras(line: str) -> tuple[str, ...]:
    """The extras that one requirement asks for; none where it is not a requirement."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        return tuple(sorted(Requirement(_VARIABLE.sub("0", line)).extras))
    except InvalidRequirement:
        return ()


def required(line: str) -> str:
    """The requirement of one line of a requirements file; empty for an option."""
    editable = _EDITABLE.match(line)
    if line.startswith("-") and not editable:
        return ""
    return re.split(r"\s+--?[a-z]", line[editable.end() :] if editable else line, maxsplit=1)[0]


def included(line: str) -> str:
    """The local file that one line of a requirements file includes; empty for any other line."""
    match = _INCLUDE.match(line)
    if match is None or "://" in match[1] or "$" in match[1] or "{" in match[1]:
        return ""
    return match[1].strip("\"'").removeprefix("file:")


def requirement_lines(utf8: bytes) -> Iterator[tuple[int, str]]:
    """Offset and text of each logical line of a requirements file, without its comment."""
    for offset, raw in logical_lines(utf8):
        line = re.sub(r"(?:^|(?<=\s))#.*", "", raw.decode("utf-8", "replace")).rstrip()
        if line.strip():
            yield offset + len(line) - len(line.lstrip()), line.strip()


def logical_lines(utf8: bytes) -> Iterator[tuple[int, bytes]]:
    r"""Offset and bytes of each line, where ``\`` joins it with the next; every byte keeps its place."""
    start = 0
    joined = re.sub(rb"\\\r?\n", lambda match: b" " * len(match[0]), utf8)
    for line in joined.splitlines(keepends=True):
        yield start, line
        start += len(line)


def installed_by(line: str) -> Iterator[str]:
    """The requirements that the commands of a line install, those in quoted arguments too, as of ``sh -c``."""
    for words in _commands(line) if _INSTALLS.search(line) else ():
        for _, wanted in installed(words):
            yield wanted


def installed(words: list[str]) -> Iterator[tuple[int, str]]:
    """The requirements among the arguments of one command, if it is an installing one, each with its place."""
    start = next((place for place, word in enumerate(words) if _INSTALLERS.match(word)), None)
    verb = next((place for place, word in enumerate(words) if word in ("install", "add")), None)
    if start is not None and verb is not None and verb > start and words[0] not in _TALKERS:
        yield from arguments(words, verb + 1)


def arguments(words: list[str], start: int = 0) -> Iterator[tuple[int, str]]:
    """The requirements among the arguments of an installing command, which begin at ``start``."""
    rest = enumerate(words[start:], start)
    for place, word in rest:
        if word in _WITH_VALUE or word.startswith((">", "<")):
            next(rest, None)
        elif not word.startswith("-"):
            # conda's own form: channel::name=version
            plain = word if "://" in word else re.sub(r"(?<![=<>!~])=(?!=)", "==", word.rpartition("::")[2])
            if distribution(plain) is not None:
                yield place, plain


def _commands(line: str) -> Iterator[list[str]]:
    import shlex

    lexer = shlex.shlex(re.sub(r"^\s*RUN\s+\[(.*)\]\s*$", _exec_form, line), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    words: list[str] = []
    try:
        tokens = list(lexer)
    except ValueError:
        # The quotation ends on a later line; what stands on this one still names what it installs.
        tokens = re.sub("[\"']", " ", line).split()
    for token in tokens:
        if token.startswith("#"):
            break
        if re.fullmatch(r"[();<>|&]+|`", token) and not token.startswith(("<", ">")):
            yield words
            words = []
        elif " " in token.strip() and _INSTALLS.search(token):
            yield from _commands(token)
        else:
            words.append(token)
    yield words


def _exec_form(match: re.Match[str]) -> str:
    return match[1].replace(",", " ")

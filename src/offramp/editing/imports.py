"""The import lines of a converted file: what nothing uses any more goes, what the new code needs comes."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterable, Mapping

from offramp.editing.layout import comments_on
from offramp.editing.text import WIDTH
from offramp.finding.operators import Module
from offramp.model import Blocked, Edit, Span
from offramp.python.names import Binding
from offramp.reading.source import Source
from offramp.record import NamedTuple

AIRFLOW_PACKAGES = ("airflow", "astronomer", "airflow_dbt", "airflow_dbt_python", "cosmos")


def import_edits(
    module: Module,
    source: Source,
    edits: Iterable[Edit],
    needed: frozenset[tuple[str, str]],
    *,
    after_imports: str = "",
    leaves_airflow: bool = True,
    reads: frozenset[str] | None = None,
    goes: Callable[[Binding], bool] = lambda _binding: False,
) -> list[Edit]:
    """Edits of the module's import statements, given the other ``edits`` to it.

    ``needed`` are pairs of module and name; ``("", "json")`` is ``import json``.
    ``after_imports`` is text to put behind them; ``leaves_airflow`` whether imports of
    Airflow go; ``reads`` are the names that the new text reads, where they are known;
    ``goes`` tells the bindings that no code is left for. Raises Blocked where a
    needed name means something else in the file.
    """
    edits = list(edits)
    statements = [node for node in module.tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    reads = _words("\n".join(edit.text for edit in edits) + after_imports) if reads is None else reads
    missing = sorted(pair for pair in needed if not _present(module, pair, goes))
    kept = {
        statement: [
            alias
            for alias in statement.names
            if (not leaves_airflow and _of_airflow(statement, alias))
            or _stays(module, source, statement, alias, edits, reads)
        ]
        for statement in statements
    }
    block = _block(module)
    found = _added(module, source, block, kept, _written(missing))
    found += [
        Edit(_lines(source, statement, module), _left(statement, kept[statement], source))
        for statement in statements
        if statement not in block and len(kept[statement]) < len(statement.names)
    ]
    if after_imports:
        found = _append(source, module, found, edits, after_imports)
    return found


def _added(
    module: Module,
    source: Source,
    block: list[ast.stmt],
    kept: Mapping[ast.Import | ast.ImportFrom, list[ast.alias]],
    lines: list[_Line],
) -> list[Edit]:
    """The edit that adds imports: to those at the top, or below the docstring where there are none."""
    if block:
        return [_block_edit(module, source, block, kept, lines)]
    if not lines:
        return []
    row = _docstring_end(module)
    offset = source.positions.offset(row + 1, 0) if row < source.positions.rows() else len(source.utf8)
    return [Edit(Span(offset, offset), "".join(line.text for line in lines))]


class _Line(NamedTuple):
    """An import statement to add, and where sorted imports have it."""

    key: tuple[int, bool, str]
    text: str


def _block(module: Module) -> list[ast.stmt]:
    """The import statements at the top of the file, up to the first other code."""
    found: list[ast.stmt] = []
    for statement in module.tree.body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            found.append(statement)
        elif found:
            break
    return found


def _block_edit(
    module: Module,
    source: Source,
    block: list[ast.stmt],
    kept: Mapping[ast.Import | ast.ImportFrom, list[ast.alias]],
    added: list[_Line],
) -> Edit:
    """One edit of the imports at the top: each new one where sorted imports have it."""
    spans = [_lines(source, statement, module) for statement in block]
    keys = [_key(statement) for statement in block]
    before: list[str] = [""] * len(block)
    after: list[str] = [""] * len(block)
    begun: set[int] = set()
    for line in added:
        section = [index for index, key in enumerate(keys) if key[0] == line.key[0]]
        smaller = [index for index in section if keys[index] < line.key]
        if smaller:
            after[smaller[-1]] += line.text
        elif section:
            before[section[0]] += line.text
        else:
            earlier = [index for index, key in enumerate(keys) if key[0] < line.key[0]]
            if earlier:
                after[earlier[-1]] += line.text if line.key[0] in begun else f"\n{line.text}"
                begun.add(line.key[0])
            else:
                before[0] = f"{before[0].rstrip()}\n{line.text}\n".lstrip()
    text = ""
    for index, statement in enumerate(block):
        assert isinstance(statement, ast.Import | ast.ImportFrom)
        if index:
            between = source.utf8[spans[index - 1].end : spans[index].start].decode().replace("\r\n", "\n")
            text += between.lstrip("\n") if not text or text.endswith("\n\n") else between
        text += before[index]
        if len(kept[statement]) == len(statement.names):
            text += source.utf8[spans[index].start : spans[index].end].decode().replace("\r\n", "\n")
        else:
            text += _left(statement, kept[statement], source)
        text += after[index]
    return Edit(Span(spans[0].start, spans[-1].end), text.rstrip("\n") + "\n")


def _key(statement: ast.stmt) -> tuple[int, bool, str]:
    """Section, form and module, by which sorted imports are in order."""
    if isinstance(statement, ast.Import):
        return _section(statement.names[0].name), False, statement.names[0].name
    assert isinstance(statement, ast.ImportFrom)
    where = statement.module or ""
    return 3 if statement.level else _section(where), True, where


def _section(name: str) -> int:
    root = name.partition(".")[0]
    return 0 if root == "__future__" else 1 if root in sys.stdlib_module_names else 2


def _left(statement: ast.Import | ast.ImportFrom, kept: list[ast.alias], source: Source) -> str:
    """Return what is left of a statement of which not every name stays."""
    text = "".join(f"{comment}\n" for comment in comments_on(source, statement).values())
    return text + (_rebuilt(statement, kept) if kept else "")


def _append(source: Source, module: Module, found: list[Edit], others: Iterable[Edit], text: str) -> list[Edit]:
    """Put ``text`` behind the last import statement; blank lines that stay there count as those that it begins with."""
    statements = [node for node in module.tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    row = max((statement.end_lineno or 0 for statement in statements), default=_docstring_end(module))
    offset = source.positions.offset(row + 1, 0) if row < source.positions.rows() else len(source.utf8)
    for edit in found:
        if edit.span.end == offset:
            found.remove(edit)
            if not edit.text:
                blank = _blank_lines_before(source, edit.span.start, [*found, *others])
                text = text[min(blank, len(text) - len(text.lstrip("\n"))) :]
            return [*found, Edit(edit.span, edit.text + text)]
    return [*found, Edit(Span(offset, offset), text)]


def _blank_lines_before(source: Source, offset: int, edits: Iterable[Edit]) -> int:
    """Return how many blank lines stay right before an offset, across what the edits remove."""
    removed = {edit.span.end: edit.span.start for edit in edits if not edit.text}
    found = 0
    while True:
        if removed.get(offset, offset) < offset:
            offset = removed[offset]
        elif source.utf8[max(0, offset - 2) : offset] == b"\n\n":
            found += 1
            offset -= 1
        else:
            return found


def _present(module: Module, pair: tuple[str, str], goes: Callable[[Binding], bool]) -> bool:
    """Return whether the file imports a needed name already; Blocked when the name is something else there."""
    where, name = pair
    target = f"{where}.{name}" if where else name
    bindings = module.names.module.bindings.get(name, [])
    for binding in bindings:
        stays = module.names.parents.get(binding.node) in module.tree.body if binding.node is not None else False
        if binding.kind == "import" and binding.target == target and not binding.path:
            if stays:
                return True
            continue
        if not (goes(binding) or (binding.kind == "import" and binding.target.partition(".")[0] in AIRFLOW_PACKAGES)):
            reason = f"the name `{name}` is needed for Prefect and means something else here"
            raise Blocked(reason, binding.node or module.tree.body[0])
    return False


def _stays(
    module: Module,
    source: Source,
    statement: ast.Import | ast.ImportFrom,
    alias: ast.alias,
    edits: list[Edit],
    reads: frozenset[str],
) -> bool:
    if _of_airflow(statement, alias):
        return False
    if alias.name == "*" or getattr(statement, "module", "") == "__future__":
        return True
    name = alias.asname or alias.name.partition(".")[0]
    loads = module.names.loads.get(name, [])
    if not loads:
        return True
    if name in reads:
        return True
    spans = [source.positions.span(load) for load in loads]
    return any(not any(edit.span.start <= span.start and span.end <= edit.span.end for edit in edits) for span in spans)


def _words(text: str) -> frozenset[str]:
    """All that may be a name in a text."""
    return frozenset(re.findall(r"\w+", text))


def _of_airflow(statement: ast.Import | ast.ImportFrom, alias: ast.alias) -> bool:
    root = alias.name if isinstance(statement, ast.Import) else (statement.module or "")
    return root.partition(".")[0] in AIRFLOW_PACKAGES and not getattr(statement, "level", 0)


def _written(pairs: list[tuple[str, str]]) -> list[_Line]:
    """The statements that import pairs of module and name, in order."""
    modules: dict[str, list[str]] = {}
    for where, name in pairs:
        if where:
            modules.setdefault(where, []).append(name)
    lines = [_Line((_section(name), False, name), f"import {name}\n") for where, name in pairs if not where]
    lines += [_Line((_section(where), True, where), _from(where, sorted(names))) for where, names in modules.items()]
    return sorted(lines)


def _from(where: str, names: list[str]) -> str:
    line = f"from {where} import {', '.join(names)}\n"
    if len(line) <= WIDTH + 1:
        return line
    return f"from {where} import (\n" + "".join(f"    {name},\n" for name in names) + ")\n"


def _rebuilt(statement: ast.Import | ast.ImportFrom, kept: list[ast.alias]) -> str:
    names = [f"{alias.name} as {alias.asname}" if alias.asname else alias.name for alias in kept]
    if isinstance(statement, ast.Import):
        return f"import {', '.join(names)}\n"
    return _from("." * statement.level + (statement.module or ""), names)


def _lines(source: Source, statement: ast.stmt, module: Module) -> Span:
    row = statement.end_lineno or statement.lineno
    others = [other for other in module.tree.body if other is not statement]
    if any(other.lineno <= row <= (other.end_lineno or 0) for other in others):
        raise Blocked("shares its line with another statement", statement)
    start = source.positions.offset(statement.lineno, 0)
    end = source.positions.offset(row + 1, 0) if row < source.positions.rows() else len(source.utf8)
    return Span(start, end)


def _docstring_end(module: Module) -> int:
    first = module.tree.body[0] if module.tree.body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return first.end_lineno or 0
    return 0

"""The import lines of a converted file: what nothing uses any more goes, what the new code needs comes."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable

from offramp.finding.operators import Module
from offramp.fixing.expressions import Blocked
from offramp.fixing.layout import comments_by_row
from offramp.model import Edit, Span
from offramp.reading.source import Source

_AIRFLOW = ("airflow", "astronomer", "airflow_dbt")


def import_edits(
    module: Module,
    source: Source,
    edits: Iterable[Edit],
    needed: frozenset[tuple[str, str]],
    *,
    after_imports: str = "",
) -> list[Edit]:
    """Edits of the module's import statements, given the other ``edits`` to it.

    ``needed`` are pairs of module and name; ``("", "json")`` is ``import json``.
    ``after_imports`` is text to put behind them. Raises Blocked where a needed name
    means something else in the file.
    """
    edits = list(edits)
    statements = [node for node in module.tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    generated = "\n".join(edit.text for edit in edits) + after_imports
    missing = sorted(pair for pair in needed if not _present(module, pair))
    found: list[Edit] = []
    place: Span | None = None
    comments = comments_by_row(source)
    for statement in statements:
        kept = [alias for alias in statement.names if _stays(module, source, statement, alias, edits, generated)]
        if len(kept) == len(statement.names):
            continue
        span = _lines(source, statement, module)
        if place is None:
            place = span
            text = _written(missing)
        else:
            text = ""
        rows = range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)
        text += "".join(f"{comments[row]}\n" for row in rows if row in comments)
        if kept:
            text += _rebuilt(statement, kept)
        found.append(Edit(span, text))
    if place is None and missing:
        row = max([_docstring_end(module), *(statement.end_lineno or 0 for statement in statements)])
        offset = source.positions.offset(row + 1, 0) if row < source.positions.rows() else len(source.utf8)
        found.append(Edit(Span(offset, offset), _written(missing)))
    if after_imports:
        found = _append(source, module, found, after_imports)
    return found


def _append(source: Source, module: Module, found: list[Edit], text: str) -> list[Edit]:
    """Put ``text`` behind the last import statement."""
    statements = [node for node in module.tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    row = max((statement.end_lineno or 0 for statement in statements), default=_docstring_end(module))
    offset = source.positions.offset(row + 1, 0) if row < source.positions.rows() else len(source.utf8)
    for edit in found:
        if edit.span.end == offset:
            found.remove(edit)
            return [*found, Edit(edit.span, edit.text + text)]
    return [*found, Edit(Span(offset, offset), text)]


def _present(module: Module, pair: tuple[str, str]) -> bool:
    """Whether the file imports a needed name already; Blocked when the name is something else there."""
    where, name = pair
    target = f"{where}.{name}" if where else name
    bindings = module.names.module.bindings.get(name, [])
    for binding in bindings:
        if binding.kind == "import" and binding.target == target and not binding.path:
            return True
        if not (binding.kind == "import" and binding.target.partition(".")[0] in _AIRFLOW):
            raise Blocked(f"the name `{name}` is needed for Prefect and means something else here", binding.node or module.tree.body[0])
    return False


def _stays(
    module: Module,
    source: Source,
    statement: ast.Import | ast.ImportFrom,
    alias: ast.alias,
    edits: list[Edit],
    generated: str,
) -> bool:
    root = alias.name if isinstance(statement, ast.Import) else (statement.module or "")
    airflow = root.partition(".")[0] in _AIRFLOW and not getattr(statement, "level", 0)
    if airflow:
        return False
    if alias.name == "*" or root == "__future__":
        return True
    name = alias.asname or alias.name.partition(".")[0]
    loads = module.names.loads.get(name, [])
    if not loads:
        return True
    if re.search(rf"\b{re.escape(name)}\b", generated):
        return True
    spans = [source.positions.span(load) for load in loads]
    return any(
        not any(edit.span.start <= span.start and span.end <= edit.span.end for edit in edits) for span in spans
    )


def _written(pairs: list[tuple[str, str]]) -> str:
    plain = [name for where, name in pairs if not where]
    modules: dict[str, list[str]] = {}
    for where, name in pairs:
        if where:
            modules.setdefault(where, []).append(name)
    standard = [f"import {name}\n" for name in plain]
    others: list[str] = []
    for where, names in sorted(modules.items()):
        line = f"from {where} import {', '.join(sorted(names))}\n"
        if len(line) > 89:
            line = f"from {where} import (\n" + "".join(f"    {name},\n" for name in sorted(names)) + ")\n"
        (standard if where.partition(".")[0] in sys.stdlib_module_names else others).append(line)
    return "".join(standard) + ("\n" if standard and others else "") + "".join(others)


def _rebuilt(statement: ast.Import | ast.ImportFrom, kept: list[ast.alias]) -> str:
    names = ", ".join(f"{alias.name} as {alias.asname}" if alias.asname else alias.name for alias in kept)
    if isinstance(statement, ast.Import):
        return f"import {names}\n"
    return f"from {'.' * statement.level}{statement.module or ''} import {names}\n"


def _lines(source: Source, statement: ast.stmt, module: Module) -> Span:
    row = statement.end_lineno or statement.lineno
    shared = [other for other in module.tree.body if other is not statement and other.lineno <= row <= (other.end_lineno or 0)]
    if shared:
        raise Blocked("shares its line with another statement", statement)
    start = source.positions.offset(statement.lineno, 0)
    end = source.positions.offset(row + 1, 0) if row < source.positions.rows() else len(source.utf8)
    return Span(start, end)


def _docstring_end(module: Module) -> int:
    first = module.tree.body[0] if module.tree.body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return first.end_lineno or 0
    return 0

"""Proves that a fixed file compiles and keeps its comments, that its names mean something, and needs no Airflow."""

from __future__ import annotations

import ast
import builtins
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from offramp.editing.layout import comments_in, is_pragma
from offramp.model import Edit
from offramp.project.imported import imported_by, is_airflow
from offramp.python.names import FunctionNode, Names
from offramp.python.nodes import walk
from offramp.reading.source import Source
from offramp.record import NamedTuple

if TYPE_CHECKING:
    from offramp.project.index import Project

# What a module has without binding it.
_OF_A_MODULE = frozenset(
    "__file__ __name__ __doc__ __package__ __spec__ __loader__ __path__ __builtins__ __annotations__".split()
)


def broken(old: Names, tree: ast.Module, new: Names) -> str:
    """Return what a fix broke in a file, whose names and new tree are given, in one sentence; empty when nothing."""
    try:
        compile(tree, "<fixed>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        return f"the result does not compile: {error}"
    if new.module.stars:
        return ""
    undefined = sorted(_undefined(new) - _undefined(old))
    if undefined:
        return f"`{undefined[0]}` is not defined afterwards"
    twice = sorted(_defined_twice(new) - _defined_twice(old))
    if twice:
        return f"`{twice[0]}` is defined twice afterwards"
    missing = _unexported(old, new)
    if missing:
        return f"`__all__` names `{missing[0]}`, which is not defined afterwards"
    return ""


class Need(NamedTuple):
    """The reason why a file needs Airflow, in one sentence; ``guarded`` where it would go on without."""

    sentence: str
    guarded: bool


def airflow_after(source: Source, project: Project | None) -> Need | None:
    """The reason why a file of flows would still need Airflow; None when it does not.

    Its own imports count, and those of the project's modules that it imports, all the
    way down. An import that may fail counts only where there is no other.
    """
    imports = imported_by(source.tree, source.utf8, as_script=True)
    for one in imports:
        if is_airflow(one) and not one.guarded:
            does = "runs Airflow's command" if one.command else "imports Airflow"
            return Need(f"{does}, and this code stays", guarded=False)
    way = project.way_to_airflow(source.path, imports) if project is not None else None
    if way is None:
        return None
    first, last = way.files[0], way.files[-1]
    modules = first if first == last else f"{first}, and with it {last}"
    does = "may do something else where Airflow is missing" if way.guarded else "needs Airflow"
    return Need(f"imports {modules}, which {does} (its line {way.row})", way.guarded)


def unexported(before: ast.Module, after: ast.Module) -> list[str]:
    """The names that ``__all__`` has and that a fix took away."""
    return _unexported(Names(before), Names(after))


def _unexported(old: Names, new: Names) -> list[str]:
    bound = new.module.bindings
    return [name for name in exported(new) if name in old.module.bindings and name not in bound]


def exported(names: Names) -> list[str]:
    """The strings that make up ``__all__``, however it is put together."""
    scope = names.module
    nodes = [binding.node for binding in scope.bindings.get("__all__", ())]
    nodes += [names.statement(change.node) for change in names.mutations.get((scope, "__all__"), ())]
    parts = [part for node in nodes if node is not None for part in walk(node)]
    return list(
        dict.fromkeys(part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str))
    )


def lost_comments(before: Source, edits: Iterable[Edit], after: Source) -> str:
    """Return which comment a fix lost, in one sentence; empty for none.

    Pragmas speak of lines, which may be gone.
    """
    if all("#" not in before.segment(edit.span) for edit in edits):
        return ""
    lost = Counter(comments_in(before)) - Counter(comments_in(after))
    comment = next((text for text in lost if not is_pragma(text)), None)
    return f"the comment `{comment}` would be lost" if comment is not None else ""


def _undefined(names: Names) -> set[str]:
    """The names that are read where nothing binds them."""
    return {
        name
        for name, loads in names.loads.items()
        if name not in _OF_A_MODULE and not hasattr(builtins, name)
        if any(not names.lookup(name, load) for load in loads)
    }


def _defined_twice(names: Names) -> set[str]:
    """The module's functions whose name another of its statements binds."""
    return {
        name
        for name, bindings in names.module.bindings.items()
        if len(bindings) > 1 and any(isinstance(binding.node, FunctionNode) for binding in bindings)
    }

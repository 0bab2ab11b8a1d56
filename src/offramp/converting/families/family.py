"""The interface of a family: all that the conversion of some operators needs beyond their notes."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Mapping

from offramp.converting.argument_text import Expressions
from offramp.converting.connections import BlockKind
from offramp.converting.recipes.body import Body, Job
from offramp.finding.operators import Module
from offramp.model import Blocker, Edit
from offramp.python.names import FunctionNode
from offramp.reading.source import Source
from offramp.reading.versions import Versions
from offramp.record import NamedTuple


class HookCalls(NamedTuple):
    """The way in which a callable does without the hooks that it calls.

    ``edits`` rewrite it, ``names`` are the names of Airflow's that go with them, ``helpers`` the functions
    that they call, ``imports`` what they import; ``blockers`` are why a call has no equal.
    """

    edits: tuple[Edit, ...]
    names: frozenset[ast.AST]
    helpers: frozenset[str]
    imports: frozenset[tuple[str, str]]
    blockers: tuple[Blocker, ...]


class HookOptions(NamedTuple):
    """The blocks by connection ids, and the versions that a hook's meaning depends on."""

    blocks: Mapping[str, str]
    versions: Versions


def _no_hooks(*_asked: object) -> None:
    """Stand in for the hook calls of a family that has none."""


class Family(NamedTuple):
    """All that one family brings.

    ``recipes`` are by the names that the ``rewrite`` fields of notes have for them, followed by a pattern where that
    chooses another one (``run_job job-block``). ``results`` are the arguments for which they take results of other
    tasks, ``choosing`` those that choose what they write. ``names`` are what the code imports or defines that they
    write, each with the argument without which it does not (empty: none). ``hook_calls`` takes hooks out of a callable,
    and gives None where there are none; ``helpers`` are the functions that it may call, by name. ``blocks`` are the
    classes of credentials; ``differences`` are said of migrations with one of these texts in a module.
    """

    recipes: Mapping[str, Callable[[Job], Body]]
    results: Collection[str]
    choosing: Collection[str]
    names: Mapping[str, str]
    hook_calls: Callable[[Module, Source, FunctionNode, Expressions, HookOptions], HookCalls | None] = _no_hooks
    helpers: Callable[[], Mapping[str, str]] = dict
    blocks: Mapping[str, BlockKind] = {}
    differences: tuple[tuple[tuple[bytes, ...], str], ...] = ()

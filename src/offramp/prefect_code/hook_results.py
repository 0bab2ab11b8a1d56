"""Tells what becomes of the result of a wait by hand."""

from __future__ import annotations

import ast

from offramp.finding.operators import Module
from offramp.prefect_code.context import prefect_of
from offramp.prefect_code.truth_values import TruthPaths
from offramp.python.names import Binding
from offramp.python.paths import DROPPED, UNSEEN
from offramp.reading.versions import Versions


def is_dropped(module: Module, call: ast.Call, versions: Versions) -> bool:
    """Return whether nothing depends on what a call returns."""
    result = _HookResult(prefect_of(module, versions))
    result.follow(call)
    return not result.kinds() - {DROPPED}


class _HookResult(TruthPaths):
    """Follows what the wait of a hook returns."""

    def _bindings(self, bindings: list[Binding], node: ast.AST, level: int) -> None:
        if any(isinstance(binding.scope.node, ast.Module) for binding in bindings):
            # Other files may read it.
            self.end(UNSEEN, node, level)
        else:
            super()._bindings(bindings, node, level)

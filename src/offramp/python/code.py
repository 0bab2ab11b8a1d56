"""The code of one file: its names, what its expressions are, and what changes that."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from offramp.python.evaluation import Values
from offramp.python.libraries import NO_LIBRARIES, Libraries
from offramp.python.names import Names

if TYPE_CHECKING:
    from offramp.python.objects import Objects


class Code:
    """The code of a file; ``names`` are its scopes and bindings, ``values`` what is known of its expressions."""

    def __init__(self, tree: ast.Module, libraries: Libraries = NO_LIBRARIES) -> None:
        self.tree = tree
        self.names = Names(tree)
        self.values = values_of(self.names, libraries)


def values_of(names: Names, libraries: Libraries = NO_LIBRARIES) -> Values:
    """The values of a file's expressions, with all that may change them."""

    def objects() -> Objects:
        from offramp.python.objects import Objects  # few files hold what could be changed

        return Objects(names, Values(names, libraries))

    return Values(names, libraries, objects=objects)

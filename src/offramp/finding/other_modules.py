"""What a file is told about the other modules of its project; reads none of them itself."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Protocol

from offramp.python.names import FunctionNode
from offramp.python.values import Value
from offramp.record import NamedTuple

if TYPE_CHECKING:
    from offramp.finding.operators import Module


class Definition(NamedTuple):
    """A class or function of another module: its node, its name and the module's analysis, and the path of the file."""

    node: ast.ClassDef | FunctionNode
    module: Module
    file: str


class Written(NamedTuple):
    """A value of another module, and the module's analysis, in which its parts stand."""

    value: Value
    module: Module


class OtherModules(Protocol):
    """The modules of the project that a file imports."""

    @property
    def texts(self) -> tuple[bytes, ...]:
        """The texts of the modules that a noted operator may come from."""

    def stands_for(self, path: str) -> str:
        """The dotted path that one leads to, through the names that modules of the project only hand on."""

    def offers(self, path: str) -> bool:
        """Return whether ``from module import *`` surely gives the name that a dotted path ends with."""

    def data(self, path: str) -> tuple[Value, ...]:
        """Return what a dotted path may be, constants, lists and dicts alone; empty where not all of it is known."""

    def written(self, path: str) -> Written | None:
        """Return what a dotted path surely is, as its module writes it; None where it is not known, or may be changed.

        That is a constant, list, dict or function, or an object of a library that does nothing when it is made.
        """

    def only_defines(self, path: str) -> bool:
        """Return whether the module of a dotted path, and all that it imports, do nothing but define and import."""

    def leads_into_project(self, path: str) -> bool:
        """Return whether a dotted path is that of a module of the project, or of something in one."""

    def definition(self, path: str) -> Definition | None:
        """The class or function of the project that a dotted path leads to; None for all else."""

    def for_fixes(self) -> OtherModules:
        """The modules as fixes see them, which take imports away: by names that they do nothing but hand on."""

"""Plans the fixes of one file's traps: what they start from, and what they share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from offramp.finding.operators import Module, module_to_fix
from offramp.knowledge.rulebook import Rulebook
from offramp.model import Finding
from offramp.reading.source import Source
from offramp.reading.versions import Versions

if TYPE_CHECKING:
    from offramp.editing.insertions import Insertions
    from offramp.project.index import Project

_T = TypeVar("_T")


class Planning:
    """One file whose findings get their fixes; ``project`` tells what other files need of it."""

    def __init__(
        self,
        source: Source,
        rulebook: Rulebook,
        findings: Sequence[Finding],
        versions: Versions,
        project: Project | None,
    ) -> None:
        self.source = source
        self.module: Module = module_to_fix(source, rulebook)
        self.versions = versions
        self.project = project
        self._rulebook = rulebook
        self._findings = findings
        self._shared: dict[object, Any] = {}

    def insertions(self) -> Insertions:
        """The edits of a new fix."""
        from offramp.editing.insertions import Insertions  # conversions have none

        return Insertions(self.module, self.source)

    def learned(self, *names: str) -> list[Any]:
        """The starting points of the fixes of some rules' findings."""
        codes = self.codes(*names)
        return [found.trap.learned for found in self._findings if found.code in codes and found.trap is not None]

    def codes(self, *names: str) -> tuple[str, ...]:
        """The codes of rules."""
        return tuple(map(self._rulebook.code, names))

    def shared(self, make: Callable[[Planning], _T]) -> _T:
        """The object that fixes of several findings have in common, made once."""
        if make not in self._shared:
            self._shared[make] = make(self)
        made: _T = self._shared[make]
        return made

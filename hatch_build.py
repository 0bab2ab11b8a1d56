"""Compiles the shipped notes into the wheel, so that a fresh installation need not parse Markdown."""

from __future__ import annotations

import os
import sys
import tempfile
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompiledNotes(BuildHookInterface[Any]):
    """Adds the compiled rulebook beside the notes; a checkout's notes may change, so it has none."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile before the wheel is written; a note at fault ends the build with its sentence."""
        if version == "editable":
            return
        sys.path.insert(0, os.path.join(self.root, "src"))
        from offramp.knowledge.assembly import assemble
        from offramp.knowledge.compiled import PACKAGED, encode_packaged, stamp
        from offramp.knowledge.rulebook import shipped_notes

        notes = shipped_notes()
        current = stamp(notes, [])
        assert current, "the notes were just listed"
        rulebook, _ = assemble(notes, [])
        handle, self._file = tempfile.mkstemp()
        with os.fdopen(handle, "wb") as file:
            file.write(encode_packaged(current, rulebook))
        build_data["force_include"][self._file] = f"offramp/rules/{PACKAGED}"

    def finalize(self, version: str, _build_data: dict[str, Any], _artifact: str) -> None:
        """Remove what ``initialize`` wrote."""
        if version != "editable":
            os.unlink(self._file)

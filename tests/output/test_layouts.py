"""Layouts are modules, found by the names that the settings take."""

from __future__ import annotations

import pkgutil

from offramp.output import layouts
from offramp.output.formats import TERMINAL_LAYOUTS
from offramp.settings import OUTPUT_FORMATS


def test_every_format_is_a_module_or_is_read_in_a_terminal() -> None:
    modules = [module.name for module in pkgutil.iter_modules(layouts.__path__)]
    assert sorted([*modules, *TERMINAL_LAYOUTS]) == sorted(OUTPUT_FORMATS)

"""Each trap is one room: its section, its module, its cases, its page and its line in the changelog go together."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from markdown_cases import cases, marks

import offramp.traps
from offramp.knowledge.note_format import slots
from offramp.knowledge.rulebook import load_rulebook

ROOT = Path(__file__).parents[2]
RULES = {rule.detector: rule for rule in load_rulebook([], pytest.fail).rules.values() if rule.detector}
_CODES = re.compile(r"OFR(\d{3})(?: to OFR(\d{3}))?")


def modules() -> dict[str, ModuleType]:
    (folder,) = offramp.traps.__path__
    names = [path.stem for path in Path(folder).glob("*.py") if path.stem != "__init__"]
    return {name.replace("_", "-"): import_module(f"offramp.traps.{name}") for name in names}


def codes_in(text: str) -> set[str]:
    """The codes that a text names, with those between the ends of a range."""
    return {
        f"OFR{number}" for first, last in _CODES.findall(text) for number in range(int(first), int(last or first) + 1)
    }


def test_every_section_that_names_a_trap_has_a_module_of_its_name() -> None:
    assert RULES.keys() == modules().keys()
    assert {name: rule.name for name, rule in RULES.items()} == {name: name for name in RULES}


@pytest.mark.parametrize("name", sorted(RULES))
def test_a_module_fills_what_its_message_needs(name: str) -> None:
    assert set(modules()[name].SLOTS) == set(slots(RULES[name].message))


def test_every_section_that_shows_a_fix_has_one_in_its_module() -> None:
    notes = load_rulebook([], pytest.fail).notes
    shown = {name for name, rule in RULES.items() if "rewrite" in notes[rule.section].fields}
    assert shown
    assert shown <= {name for name, module in modules().items() if hasattr(module, "fix")}


@pytest.mark.parametrize("name", sorted(RULES))
def test_a_module_begins_with_its_code(name: str) -> None:
    assert RULES[name].code in codes_in((modules()[name].__doc__ or "").partition(": ")[0])


def test_every_trap_that_is_searched_for_has_cases() -> None:
    searched = {RULES[name].code for name, module in modules().items() if hasattr(module, "find")}
    operators = {rule.code for rule in RULES.values() if rule.is_operator}
    manifests = {rule.code for rule in RULES.values() if rule.manifests == "only"}
    assert searched - manifests - operators <= {
        code for case in cases(ROOT / "tests" / "finding" / "cases") for mark in marks(case.code) for code in mark.codes
    }
    written = [ROOT / "tests" / name for name in ("gate/test_manifests.py", "frontends/test_extras.py")]
    assert manifests <= codes_in("".join(path.read_text("utf-8") for path in written))


def test_every_rule_has_its_page_and_its_place_in_the_changelog() -> None:
    codes = {rule.code for rule in load_rulebook([], pytest.fail).rules.values()}
    assert codes == {path.stem for path in (ROOT / "docs" / "rules").glob("OFR*.md")}
    assert codes <= codes_in((ROOT / "CHANGELOG.md").read_text("utf-8"))

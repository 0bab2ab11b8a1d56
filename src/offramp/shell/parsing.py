"""Parses shell texts by tree-sitter's grammar of Bash, which is loaded only when a text is parsed."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

# Stands in a text for a part that is not known: a letter that no text of people has, so that it is part of a word.
UNKNOWN = "\ue000"


def parse(text: str) -> Node:
    """The tree of a shell text; ``has_error`` tells where it is not one of Bash."""
    return _parser().parse(text.encode("utf-8", "replace")).root_node


@lru_cache(maxsize=1)
def _parser() -> Parser:
    from importlib.machinery import PathFinder
    from importlib.util import find_spec, module_from_spec

    from tree_sitter import Language, Parser

    # The package itself imports what reads its queries, for as long as all else takes.
    package = find_spec("tree_sitter_bash")
    spec = PathFinder.find_spec("_binding", package.submodule_search_locations) if package is not None else None
    assert spec is not None
    assert spec.loader is not None
    grammar = module_from_spec(spec)
    spec.loader.exec_module(grammar)
    return Parser(Language(grammar.language()))

"""The texts that an expression may be, where its parts are known one by one; knows no rules."""

from __future__ import annotations

import ast
from itertools import product

from offramp.python.evaluation import Values
from offramp.python.values import Constant, Items

# Stands in a text for a part that is not known.
WILD = "\0"
_MOST_TEXTS = 200


def texts(values: Values, node: ast.expr) -> list[str]:
    """The texts of an expression, or of the items of a list; none where nothing of it is known."""
    found: list[str] = []
    for value in values.evaluate(node):
        if isinstance(value, Constant):
            found += [value.value] if isinstance(value.value, str) else []
        elif isinstance(value, Items):
            found += [text for item in value.nodes if item is not node for text in texts(values, item)]
        else:
            found += _put_together(values, node)
    return list(dict.fromkeys(found))


def _put_together(values: Values, node: ast.expr) -> list[str]:
    choices = [[part] if isinstance(part, str) else _known(values, part) for part in values.text(node) or ()]
    count = 1
    for choice in choices:
        count *= len(choice)
    if count > _MOST_TEXTS:
        choices = [choice if len(choice) == 1 else [WILD] for choice in choices]
    return [text for text in map("".join, product(*choices)) if text.strip(WILD)]


def _known(values: Values, node: ast.AST) -> list[str]:
    known = values.evaluate(node.value if isinstance(node, ast.FormattedValue) else node)
    if all(isinstance(value, Constant) for value in known):
        return [str(value.value) for value in known if isinstance(value, Constant)]
    return [WILD]

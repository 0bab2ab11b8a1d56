"""The commands of dbt by all their names; knowledge layer.

The data is ``dbt_commands.json``, which ``scripts/snapshot_dbt_commands.py`` reads from dbt's own parser. It is loaded
when first asked for.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

_DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "dbt_commands.json")


def command_of(words: Sequence[str]) -> str:
    """The command that the words after ``dbt`` name, as dbt calls it today; else the first that is not an option."""
    data = _data()
    plain = [word for before, word in zip(["", *words], words, strict=False) if before not in data["options"]]
    plain = [word for word in plain if not word.startswith("-")]
    names = (" ".join(plain[:count]) for count in (2, 1))
    known = (data["commands"][name] for name in names if name in data["commands"])
    return next(known, "".join(plain[:1]))


def is_command(words: Sequence[str]) -> bool:
    """Return whether the words after ``dbt`` name a command that it has."""
    return command_of(words) in _data()["commands"].values()


@lru_cache(maxsize=1)
def _data() -> Any:
    import json  # the command line needs it only now

    with open(_DATA, encoding="utf-8") as file:
        return json.load(file)

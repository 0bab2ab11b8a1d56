"""Runs the real dbt, and writes into the journal which command ran, where and how it ended.

``python recording_dbt.py DBT ARGUMENTS``, which stands on PATH under the name of dbt.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from typing import Any


def main(program: str, arguments: list[str]) -> int:
    facts = {
        "dbt": " ".join(map(_told, arguments)),
        "directory": _directory(),
        "environment": {name: _told(value) for name, value in os.environ.items() if name.startswith("DBT_")},
        "task": os.environ.get("AIRFLOW_CTX_TASK_ID"),
    }
    _write(facts)
    code = subprocess.run([program, *arguments], check=False).returncode
    _write({**facts, "code": code})
    return code


def _told(text: str) -> str:
    """The text without what is another one in each copy of the project."""
    return text.replace(os.environ["JAFFLE"], "$JAFFLE")


def _directory() -> str:
    here = os.getcwd()
    if here.startswith(os.environ["JAFFLE"]):
        return _told(here)
    if here == os.environ["WORKING_DIRECTORY"]:
        return "."
    return "a temporary one" if here.startswith(tempfile.gettempdir()) else here


def _write(line: dict[str, Any]) -> None:
    with open(os.environ["JOURNAL"], "a") as journal:
        journal.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))

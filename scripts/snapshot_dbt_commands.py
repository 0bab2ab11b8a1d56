"""Write src/offramp/knowledge/dbt_commands.json: the commands of dbt by all their names, as its own parser has them.

Beside them are the options before a command that take a value. Needs a Python that has dbt-core:
``python scripts/snapshot_dbt_commands.py .cache/equivalence/prefect3/bin/python``.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

COMMANDS = Path(__file__).resolve().parent.parent / "src" / "offramp" / "knowledge" / "dbt_commands.json"
PROGRAM = """
import json
from dbt.cli.main import cli
from dbt.version import __version__

def commands(group, path, named):
    for name, command in sorted(group.commands.items()):
        # A group keeps a command under its other names too.
        other, own = [*path, name], [*named, command.name]
        if hasattr(command, "commands"):
            yield from commands(command, other, own)
        else:
            yield " ".join(other), " ".join(own)

valued = sorted(name for option in cli.params if not option.is_flag for name in option.opts)
named = dict(commands(cli, [], []))
print("\\n" + json.dumps({"dbt-core": __version__, "options": valued, "commands": named}, indent=1))
"""


def main() -> None:
    """Ask the parser of an installed dbt."""
    done = subprocess.run([sys.argv[1], "-c", PROGRAM], capture_output=True, text=True, check=True)
    COMMANDS.write_text(done.stdout[done.stdout.index("{") :], encoding="utf-8")


if __name__ == "__main__":
    main()

"""Names of the functions that run commands in files of flows, and what the one without a shell imports."""

from __future__ import annotations

RUN_BASH = "run_bash"
RUN_COMMAND = "run_command"
# Code that has the function of that name needs these.
RUN_COMMAND_IMPORTS = frozenset({("", "os"), ("", "signal"), ("", "subprocess"), ("", "sys")})
RUN_COMMAND_NAMES = frozenset({RUN_COMMAND, *(name for _, name in RUN_COMMAND_IMPORTS)})


def below_worker(argument: str) -> str:
    """The difference that a relative path makes as a working directory."""
    return f"`{argument}` is looked for below the directory of Airflow's worker, here below that of the flow"

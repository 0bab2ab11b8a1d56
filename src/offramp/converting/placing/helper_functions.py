"""The functions that a file of flows gets beside its tasks, as text."""

from __future__ import annotations

from collections.abc import Set

from offramp.converting.families import FAMILIES
from offramp.converting.tasks.bash_tasks import RUN_BASH

_BASH_HELPER = '''\
def run_bash(command, env=None, cwd=None):
    """Run a Bash command, in a new directory unless told otherwise; return its last line of output."""
    line = ""
    with TemporaryDirectory() as directory:
        process = subprocess.Popen(
            ["bash", "-c", command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=cwd or directory,
            env=env,
            start_new_session=True,
        )
        for output in process.stdout:
            line = output.decode(errors="backslashreplace").rstrip()
            print(line)
        if process.wait() != 0:
            raise RuntimeError(f"the command ended with exit code {process.returncode}")
    return line
'''


def helper_functions(names: Set[str]) -> str:
    """The text of the functions of these names, that of Bash first."""
    text = f"\n\n{_BASH_HELPER}" if RUN_BASH in names else ""
    others = sorted(names - {RUN_BASH})
    if not others:
        return text
    texts = {name: own for family in FAMILIES for name, own in family.helpers().items()}
    return text + "".join(f"\n\n{texts[name]}" for name in others)

"""The functions that a file of flows gets beside its tasks, as text."""

from __future__ import annotations

from collections.abc import Set

from offramp.converting.families import FAMILIES
from offramp.converting.recipes.run_functions import RUN_BASH, RUN_COMMAND

_COMMAND_HELPER = '''\
def run_command(arguments, env=None, cwd=None):
    """Run a command without a shell, and end with it what it started; return its last line of output."""
    # Prefect kills the process of a flow run that is cancelled: then the guard ends the command.
    guard = "import os, signal, sys; sys.stdin.read(); os.killpg(int(sys.argv[1]), signal.SIGTERM)"
    line = ""
    with (
        subprocess.Popen(
            arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=cwd, env=env, start_new_session=True
        ) as process,
        subprocess.Popen(
            [sys.executable, "-I", "-c", guard, str(process.pid)], stdin=subprocess.PIPE, start_new_session=True
        ) as guarding,
    ):
        try:
            for output in process.stdout:
                line = output.decode(errors="backslashreplace").rstrip()
                print(line)
            code = process.wait()
        finally:
            guarding.kill()
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGTERM)
    if code != 0:
        raise RuntimeError(f"the command ended with exit code {code}")
    return line
'''

_BASH_HELPER = '''\
def run_bash(command, env=None, cwd=None):
    """Run a Bash command, in a new directory unless told otherwise; return its last line of output."""
    with TemporaryDirectory() as directory:
        # A PATH in env is the command's: Bash itself is looked for on that of this process.
        return run_command([shutil.which("bash") or "bash", "-c", command], env, cwd or directory)
'''
_OWN = {RUN_COMMAND: _COMMAND_HELPER, RUN_BASH: _BASH_HELPER}


def helper_functions(names: Set[str]) -> str:
    """The text of the functions of these names, those of commands and Bash first."""
    text = "".join(f"\n\n{own}" for name, own in _OWN.items() if name in names)
    others = sorted(names - _OWN.keys())
    if not others:
        return text
    texts = {name: own for family in FAMILIES for name, own in family.helpers().items()}
    return text + "".join(f"\n\n{texts[name]}" for name in others)

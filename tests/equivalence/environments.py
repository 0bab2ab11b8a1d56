"""Builds the virtual environments that the equivalence tests run Airflow and Prefect in.

One environment per text of a lock file in ``environments/``, so that branches with other locks keep theirs.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from uv import find_uv_bin

LOCKS = Path(__file__).resolve().parent / "environments"
CACHE = Path(__file__).resolve().parents[2] / ".cache" / "equivalence"
# Airflow 2.10 does not install on 3.13; the newest provider does not install on 3.10.
PYTHONS = ("3.11", "3.12", "3.10")


def python(name: str) -> Path:
    """The interpreter of environment ``name``, which is built first where needed.

    Raises RuntimeError with uv's own words when no Python fits or a package cannot be installed.
    """
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as held:
        # Whoever comes while it is built waits, and does not build it a second time into the same folder.
        fcntl.flock(held, fcntl.LOCK_EX)
        return _built(name)


def _built(name: str) -> Path:
    lock = LOCKS / f"{name}.txt"
    home = CACHE / f"{name}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:8]}"
    interpreter = home / "bin" / "python"
    stamp = home / "built"
    if stamp.exists() and interpreter.exists():
        return interpreter
    shutil.rmtree(home, ignore_errors=True)
    if not any(_uv("venv", "--python", version, str(home)).returncode == 0 for version in PYTHONS):
        raise RuntimeError(f"no Python of {', '.join(PYTHONS)} for {home}")
    # Compiled now: where PYTHONDONTWRITEBYTECODE is set, each start would compile all of Airflow or Prefect again.
    synced = _uv("pip", "sync", "--compile-bytecode", "--python", str(interpreter), str(lock))
    if synced.returncode:
        raise RuntimeError(synced.stderr)
    stamp.touch()
    return interpreter


def _uv(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([find_uv_bin(), *arguments], check=False, capture_output=True, text=True)


if __name__ == "__main__":
    for environment in sys.argv[1:] or sorted(lock.stem for lock in LOCKS.glob("*.txt")):
        print(python(environment))

"""The extension for VS Code: built from its lock file, checked strictly, and its tests against the installed server."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

from offramp import __version__

ROOT = Path(__file__).resolve().parents[2]
EXTENSION = ROOT / "editors" / "vscode"
COMMAND = str(Path(sysconfig.get_path("scripts")) / "offramp")
OLDEST_NODE = (20, 19)


def npm(directory: Path, *arguments: str, timeout: float = 600) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["npm", *arguments],
        cwd=directory,
        env={**os.environ, "OFFRAMP": COMMAND},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=timeout,
    )


def why_not() -> str:
    """Why the extension cannot be built here; empty where it can."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return "there is no Node with npm here"
    version = subprocess.run(["node", "--version"], capture_output=True, encoding="utf-8", check=True).stdout.strip()
    if tuple(map(int, re.findall(r"\d+", version)[:2])) < OLDEST_NODE:
        return f"Node {version} is older than the build tools take"
    try:
        reached = npm(ROOT, "ping", timeout=60).returncode == 0
    except subprocess.TimeoutExpired:
        reached = False
    return "" if reached else "npm's registry is out of reach"


def test_it_builds_and_its_tests_pass(tmp_path: Path) -> None:
    if reason := why_not():
        pytest.skip(reason)
    copy = tmp_path / "vscode"
    shutil.copytree(EXTENSION, copy, ignore=shutil.ignore_patterns("node_modules", "dist"))
    for arguments in (["ci", "--no-audit", "--no-fund"], ["run", "build"], ["test"]):
        done = npm(copy, *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
    assert (copy / "dist" / "extension.js").stat().st_size < 1_000_000
    assert "# fail 0" in done.stdout
    assert "# skipped 0" in done.stdout


def test_it_has_the_version_and_the_license_of_offramp() -> None:
    assert json.loads((EXTENSION / "package.json").read_text())["version"] == __version__
    assert (EXTENSION / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_the_readme_names_every_setting_and_its_default() -> None:
    properties = json.loads((EXTENSION / "package.json").read_text())["contributes"]["configuration"]["properties"]
    rows = re.findall(r"^\| `(offramp\.[a-z.]+)` \| `([^`]*)` \|", (EXTENSION / "README.md").read_text(), re.MULTILINE)
    defaults = {name: value["default"] for name, value in properties.items()}
    assert rows == [(name, value if isinstance(value, str) else json.dumps(value)) for name, value in defaults.items()]

"""Where imports lead, held against Python's own finder: what is said to be imported is so, in any order of the path."""

from __future__ import annotations

import itertools
import os
import sys
from importlib.machinery import PathFinder
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from offramp.project.import_paths import ImportPaths
from offramp.settings import Settings, load

NAMES = st.sampled_from(["a", "b"])
MODULES = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
ENDINGS = st.sampled_from([".py", "/__init__.py"])
FILES = st.sets(st.builds("{}{}{}".format, st.sampled_from(["", "dags/", "plugins/", "dags/x/"]), MODULES, ENDINGS))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=FILES, parts=st.lists(NAMES, min_size=1, max_size=3))
def test_agrees_with_python(tmp_path_factory: pytest.TempPathFactory, files: set[str], parts: list[str]) -> None:
    root = tmp_path_factory.mktemp("project")
    for name in [".git/HEAD", "dags/x/dag.py", "plugins/plugin.py", *files]:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    directory = root / "dags/x"
    target = ImportPaths(str(directory), load(str(directory), {})).target(".".join(parts), str(directory / "dag.py"))
    if target is None:
        return
    depth = len(parts) - len(target.rest)
    for path in itertools.permutations([root, root / "dags", root / "plugins", directory]):
        found = _imported(parts[:depth], [str(one) for one in path])
        assert found == target.file
        if target.rest:
            assert _imported(parts[: depth + 1], [str(one) for one in path]) == ""


def _imported(parts: list[str], path: list[str]) -> str:
    """The file that Python would run for a module."""
    sys.path_importer_cache.clear()
    found = ""
    for part in parts:
        spec = PathFinder.find_spec(part, path)
        if spec is None:
            return ""
        found = spec.origin or ""
        path = list(spec.submodule_search_locations or [])
    return found


def test_never_leaves_the_project(tmp_path: Path) -> None:
    outside = tmp_path / "outside.py"
    outside.touch()
    project = tmp_path / "project"
    (project / ".git").mkdir(parents=True)
    os.symlink(outside, project / "linked.py")
    (project / "inside.py").touch()
    paths = ImportPaths(str(project), Settings(root=str(project)))
    file = str(project / "dag.py")
    assert paths.target("linked", file) is None
    assert paths.target("..outside", file) is None
    assert paths.target("json", file) is None
    assert paths.target("inside", file) is not None


@pytest.mark.parametrize(
    ("importing", "path", "leads"),
    [
        ("pkg/sub/dag.py", ".ops.X", "pkg/sub/ops.py"),
        ("pkg/sub/dag.py", "..base.X", "pkg/base.py"),
        ("pkg/sub/dag.py", ".X", "pkg/sub/__init__.py"),
        ("pkg/sub/dag.py", "....X", ""),
    ],
)
def test_relative_imports(tmp_path: Path, importing: str, path: str, leads: str) -> None:
    for name in (".git/HEAD", "pkg/__init__.py", "pkg/base.py", "pkg/sub/__init__.py", "pkg/sub/ops.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    file = tmp_path / importing
    target = ImportPaths(str(file.parent), load(str(file), {})).target(path, str(file))
    assert (target.file if target is not None else "") == (str(tmp_path / leads) if leads else "")

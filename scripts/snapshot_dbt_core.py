"""Write tests/fixtures/dbt_core_signatures.json: what the classes that run dbt Core from Airflow take, in any release.

Unpacks every published wheel of Cosmos, airflow-dbt and airflow-dbt-python, without dependencies, and reads it with
``ast``; nothing of them is imported or run. Needs ``uv`` or ``pip`` and a package index:
``python scripts/snapshot_dbt_core.py [FOLDER OF UNPACKED WHEELS]``.
"""

from __future__ import annotations

import ast
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from snapshot_signatures import Code, imports, unpack

SNAPSHOT = Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "dbt_core_signatures.json"


class Package(NamedTuple):
    """A distribution: its top module, the names of its classes that people use, and its releases with wheels."""

    distribution: str
    module: str
    classes: str
    releases: tuple[str, ...]


_COSMOS = """
0.1.2 0.2.0 0.2.1 0.3.0 0.3.1 0.3.2 0.4.0 0.4.1 0.4.2 0.5.1 0.5.2 0.6.0 0.6.1 0.6.2 0.6.4 0.6.5 0.6.6 0.6.7 0.7.1 0.7.2
0.7.3 0.7.4 0.7.5 1.0.0 1.0.1 1.0.2 1.0.3 1.0.4 1.0.5 1.1.0 1.1.1 1.1.2 1.1.3 1.2.0 1.2.1 1.2.2 1.2.3 1.2.4 1.2.5 1.3.0
1.3.1 1.3.2 1.4.0 1.4.1 1.4.2 1.4.3 1.5.0 1.5.1 1.6.0 1.7.0 1.7.1 1.8.0 1.8.1 1.8.2 1.9.0 1.9.1 1.9.2 1.10.0 1.10.1
1.10.2 1.10.3 1.11.0 1.11.1 1.11.2 1.11.3 1.12.0 1.12.1 1.13.0 1.13.1 1.14.0 1.14.1 1.14.2 1.15.0 1.15.1
"""
_AIRFLOW_DBT = "0.0.1 0.1.0 0.1.1 0.1.2 0.2.0 0.3.0 0.4.0"
_AIRFLOW_DBT_PYTHON = """
0.2.0 0.2.1 0.3.0 0.3.1 0.3.2 0.3.3 0.3.4 0.3.5 0.4.1 0.4.2 0.5.0 0.5.1 0.5.2 0.5.3 0.6.0 0.7.0 0.7.1 0.7.2 0.8.0 0.8.1
0.9.1 0.9.2 0.9.3 0.9.4 0.9.5 0.9.6 0.10.2 0.11.0 0.12.0 0.13.0 0.13.1 0.13.2 1.0.0 1.0.1 1.0.2 1.0.3 1.0.5 2.0.0 2.0.1
2.1.0 2.2.0 3.0.0 3.0.1 3.0.2 3.0.3 3.0.4 3.1.0 3.2.0 3.2.2 3.2.3 3.3.0 3.4.0 3.5.0 3.6.0 3.6.1 3.6.2
"""
PACKAGES = (
    Package(
        "astronomer-cosmos",
        "cosmos",
        r"DbtDag|DbtTaskGroup|Dbt(?!.*Base)\w+(?:Operator|Sensor)(?:Async)?",
        tuple(_COSMOS.split()),
    ),
    Package("airflow-dbt", "airflow_dbt", r"Dbt(?!Base)\w+Operator|DbtCliHook", tuple(_AIRFLOW_DBT.split())),
    Package(
        "airflow-dbt-python",
        "airflow_dbt_python",
        r"Dbt(?!Base)\w+Operator|Dbt\w*Hook",
        tuple(_AIRFLOW_DBT_PYTHON.split()),
    ),
)


def main(folders: Path | None) -> None:
    """Read every release and replace the snapshot."""
    found = {package.distribution: _read(package, folders) for package in PACKAGES}
    SNAPSHOT.write_text(_lines(found), encoding="utf-8")


def _lines(found: dict[str, Any]) -> str:
    """The snapshot as JSON, a class a line."""
    parts = []
    for distribution, about in sorted(found.items()):
        classes = (f"   {json.dumps(path)}: {json.dumps(known)}" for path, known in sorted(about["classes"].items()))
        releases = json.dumps(about["releases"])
        joined = ",\n".join(classes)
        parts.append(
            f' {json.dumps(distribution)}: {{\n  "releases": {releases},\n  "classes": {{\n{joined}\n  }}\n }}'
        )
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _read(package: Package, folders: Path | None) -> dict[str, Any]:
    """The classes of all releases: where each can be imported from, its parameters, and its first and last release."""
    classes: dict[str, dict[str, Any]] = {}
    for release in package.releases:
        print("reading", package.distribution, release, file=sys.stderr)
        with tempfile.TemporaryDirectory() as temporary:
            folder = str(folders / f"{package.distribution}-{release}") if folders else temporary
            if not folders:
                unpack([f"{package.distribution}=={release}"], folder)
            reader = _Wheel(Path(folder), package.module)
            for path in reader.classes(package.classes):
                known = classes.setdefault(path, {"paths": [], "parameters": [], "releases": [release, release]})
                known["paths"] = sorted({*known["paths"], path, *reader.paths(path)})
                known["parameters"] = sorted({*known["parameters"], *reader.parameters(path)})
                known["releases"][1] = release
    return {"releases": list(package.releases), "classes": classes}


class _Wheel:
    """The classes of one package in one release."""

    def __init__(self, root: Path, package: str) -> None:
        self._code = Code(root)
        self._defined: dict[str, ast.ClassDef] = {}
        self._leads_to: dict[str, str] = {}
        for file in sorted((root / package).rglob("*.py")):
            module = ".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
            tree = self._code.tree(file)
            self._leads_to.update((f"{module}.{name}", to) for name, to in imports(module, file, tree).items())
            for node in ast.walk(tree):
                if isinstance(node, ast.ClassDef):
                    self._defined.setdefault(f"{module}.{node.name}", node)
            self._leads_to.update((f"{module}.{name}", f"{module}.{to}") for name, to in _second_names(tree))

    def classes(self, names: str) -> Iterator[str]:
        """Dotted paths of the public classes whose names match."""
        for path in self._defined:
            public = not any(part.startswith("_") or part in {"examples", "tests"} for part in path.split("."))
            if public and re.fullmatch(names, path.rpartition(".")[2]):
                yield path

    def paths(self, path: str) -> set[str]:
        """Every public dotted path by which the class can be imported."""
        public = (name for name in self._leads_to if not any(part.startswith("_") for part in name.split(".")))
        return {name for name in public if self._end(name) == path}

    def parameters(self, path: str) -> set[str]:
        """The named parameters of the class's constructor and of those of its bases in this package."""
        found: set[str] = set()
        waiting, seen = [path], set()
        while waiting:
            current = self._end(waiting.pop())
            node = self._defined.get(current)
            if node is None or current in seen:
                continue
            seen.add(current)
            module = current.rpartition(".")[0]
            for item in node.body:
                if isinstance(item, ast.FunctionDef) and item.name in {"__init__", "__new__"}:
                    plain = [*item.args.posonlyargs, *item.args.args, *item.args.kwonlyargs]
                    found.update(one.arg for one in plain if one.arg not in {"self", "cls"})
                    found.update(_taken_from_kwargs(item))
            waiting += [f"{module}.{ast.unparse(base)}" for base in node.bases]
        return {name for name in found if not name.startswith("_")}

    def _end(self, path: str) -> str:
        seen = {path}
        while (following := self._leads_to.get(path)) and following not in seen:
            path = following
            seen.add(path)
        return path


def _second_names(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """The names that a module gives something that has one, with that one."""
    for item in tree.body:
        if isinstance(item, ast.Assign) and isinstance(item.value, ast.Name):
            yield from ((target.id, item.value.id) for target in item.targets if isinstance(target, ast.Name))


def _taken_from_kwargs(constructor: ast.FunctionDef) -> Iterator[str]:
    """The names that a constructor takes out of its ``**kwargs``."""
    extra = constructor.args.kwarg.arg if constructor.args.kwarg else ""
    for node in ast.walk(constructor):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or not node.args:
            continue
        owner, name = node.func.value, node.args[0]
        taken = node.func.attr in {"pop", "get"} and isinstance(owner, ast.Name) and owner.id == extra
        if taken and isinstance(name, ast.Constant) and isinstance(name.value, str):
            yield name.value


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)

"""Write src/offramp/knowledge/prefect_dbt.json: what prefect-dbt offers in each release, and Prefect's names.

Unpacks published wheels without their dependencies and reads them with ``ast``; nothing of them is
imported or run. Needs ``uv`` or ``pip`` and a package index: ``python scripts/snapshot_prefect_dbt.py``.
Wheels that are unpacked already are read from ``--wheels FOLDER`` (``FOLDER/0.7.25/prefect_dbt/…``).
"""

from __future__ import annotations

import argparse
import ast
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

SNAPSHOT = Path(__file__).resolve().parent.parent / "src" / "offramp" / "knowledge" / "prefect_dbt.json"
RELEASES = (
    *(f"0.4.{patch}" for patch in range(4)),
    *(f"0.5.{patch}" for patch in range(6)),
    *(f"0.6.{patch}" for patch in range(8)),
    *(f"0.7.{patch}" for patch in range(26)),
)
# prefect-dbt 0.4 names no upper bound, but stands on the pydantic of Prefect 2.
FIRST_ON_PREFECT_3 = "0.6.0"
PREFECT_RELEASES = ("2.20.16", "3.8.8")
PREFECT_MODULES = (
    "prefect",
    "prefect.artifacts",
    "prefect.automations",
    "prefect.blocks.core",
    "prefect.blocks.system",
    "prefect.cache_policies",
    "prefect.client.schemas.schedules",
    "prefect.concurrency.asyncio",
    "prefect.concurrency.sync",
    "prefect.context",
    "prefect.deployments",
    "prefect.events",
    "prefect.exceptions",
    "prefect.flows",
    "prefect.futures",
    "prefect.logging",
    "prefect.runtime",
    "prefect.schedules",
    "prefect.states",
    "prefect.task_runners",
    "prefect.tasks",
    "prefect.transactions",
    "prefect.utilities.asyncutils",
    "prefect.variables",
)
# What bases that are not prefect-dbt's do with a keyword that is no field of theirs.
OUTER_BASES = {
    "Block": "block",
    "CredentialsBlock": "block",
    "JobBlock": "block",
    "BaseModel": "model",
    "BaseSettings": "settings",
    "ABC": "",
    "JobRun": "",
    "Exception": "class",
    "ImportError": "class",
    "Enum": "enum",
}


def main() -> None:
    """Read every release and replace the snapshot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheels", type=Path, help="folder with unpacked wheels, one folder per release")
    wheels: Path | None = parser.parse_args().wheels
    surfaces = []
    with tempfile.TemporaryDirectory() as temporary:
        shell = _unpacked("prefect-shell", "0.3.7", None, Path(temporary))
        for release in RELEASES:
            print("reading prefect-dbt", release, file=sys.stderr)
            surfaces.append(Package(_unpacked("prefect-dbt", release, wheels, Path(temporary)), shell).surface())
        prefect = {
            release: _prefect_names(_unpacked("prefect", release, None, Path(temporary)))
            for release in PREFECT_RELEASES
        }
    snapshot = {
        "releases": list(RELEASES),
        "requires": _changes([surface["requires"] for surface in surfaces]),
        "extras": _changes([surface["extras"] for surface in surfaces]),
        "deprecated": _by_key([surface["deprecated"] for surface in surfaces]),
        "names": _by_key([surface["names"] for surface in surfaces]),
        "definitions": _by_key([surface["definitions"] for surface in surfaces]),
        "others": _union([surface["others"] for surface in surfaces]),
        "prefect": prefect,
    }
    lines = [f'"{key}": {_compact(value)}' for key, value in snapshot.items()]
    SNAPSHOT.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _compact(value: Any) -> str:
    """JSON with one line per entry of a table, so that a change shows as the lines that it touches."""
    if not isinstance(value, dict):
        return json.dumps(value, separators=(",", ":"))
    entries = (f"{json.dumps(key)}:{json.dumps(entry, separators=(',', ':'))}" for key, entry in sorted(value.items()))
    return "{\n" + ",\n".join(entries) + "\n}"


def _unpacked(distribution: str, release: str, wheels: Path | None, temporary: Path) -> Path:
    if wheels is not None and distribution == "prefect-dbt":
        return wheels / release
    folder = temporary / f"{distribution}-{release}"
    installer = ["uv", "pip"] if shutil.which("uv") else ["pip"]
    options = ["--quiet", "--no-deps", "--only-binary", ":all:", "--python-version", "3.11", "--target", str(folder)]
    subprocess.run([*installer, "install", *options, f"{distribution}=={release}"], check=True)
    return folder


def _changes(values: list[Any]) -> list[list[Any]]:
    """The values by release as pairs of the first release's index and the value that holds from there."""
    changes: list[list[Any]] = []
    for index, value in enumerate(values):
        if not changes or changes[-1][1] != value:
            changes.append([index, value])
    return changes


def _by_key(tables: list[dict[str, Any]]) -> dict[str, list[list[Any]]]:
    keys = {key for table in tables for key in table}
    return {key: _changes([table.get(key) for table in tables]) for key in sorted(keys)}


def _union(tables: list[dict[str, set[str]]]) -> dict[str, str]:
    modules = {module for table in tables for module in table}
    found = {module: set().union(*(table.get(module, set()) for table in tables)) for module in modules}
    return {module: " ".join(sorted(names)) for module, names in found.items()}


def _prefect_names(root: Path) -> dict[str, str]:
    found = {}
    for module in PREFECT_MODULES:
        file = _module_file(root, module)
        if file is not None:
            names = set(_bound(ast.parse(file.read_text(encoding="utf-8")), module, file))
            names |= {inner.stem for inner in file.parent.glob("*.py")} if file.name == "__init__.py" else set()
            found[module] = " ".join(sorted(name for name in names if not name.startswith("_")))
    return found


def _module_file(root: Path, module: str) -> Path | None:
    base = root.joinpath(*module.split("."))
    return next((file for file in (base.with_suffix(".py"), base / "__init__.py") if file.exists()), None)


class Package:
    """The modules of one unpacked prefect-dbt; ``shell`` is prefect-shell, which has a base of one of its classes."""

    def __init__(self, root: Path, shell: Path) -> None:
        self.root = root
        self.trees: dict[str, ast.Module] = {}
        self.bound: dict[str, dict[str, str]] = {}
        for place in (root / "prefect_dbt", shell / "prefect_shell"):
            for file in sorted(place.rglob("*.py")):
                module = ".".join(file.relative_to(place.parent).with_suffix("").parts).removesuffix(".__init__")
                self.trees[module] = ast.parse(file.read_text(encoding="utf-8"))
                self.bound[module] = _bound(self.trees[module], module, file)

    def surface(self) -> dict[str, Any]:
        """What can be imported, and what each function and class takes."""
        names: dict[str, str] = {}
        definitions: dict[str, Any] = {}
        others: dict[str, set[str]] = {}
        for module, bound in self.bound.items():
            if not module.startswith("prefect_dbt"):
                continue
            names[module] = "module"
            for name in bound:
                path = self.origin(f"{module}.{name}")
                definition = self.definition(path) if path.startswith("prefect_dbt.") else None
                hidden = any(part.startswith("_") for part in (*module.split("."), name))
                if definition is None or (hidden and (name.startswith("_") or path != f"{module}.{name}")):
                    others.setdefault(module, set()).add(name)
                elif path == f"{module}.{name}":
                    definitions[path] = definition
                else:
                    names[f"{module}.{name}"] = path
        return {
            "names": names,
            "definitions": definitions,
            "others": others,
            "deprecated": self._deprecated(),
            **self._metadata(),
        }

    def _metadata(self) -> dict[str, Any]:
        (file,) = self.root.glob("prefect_dbt-*.dist-info/METADATA")
        metadata = HeaderParser().parsestr(file.read_text(encoding="utf-8"))
        version = metadata["Version"]
        needed = metadata.get_all("Requires-Dist", [])
        requires = next(line for line in needed if line.startswith("prefect") and line[7] in " <>=~!")
        on_prefect_2 = RELEASES.index(version) < RELEASES.index(FIRST_ON_PREFECT_3)
        return {
            "requires": _lowest(requires) + (["3"] if on_prefect_2 else []),
            "extras": " ".join(sorted(metadata.get_all("Provides-Extra", []))),
        }

    def _deprecated(self) -> dict[str, str]:
        """The modules that warn about themselves when they are imported, with what they say."""
        found = {}
        for module, tree in self.trees.items():
            for statement in tree.body:
                call = statement.value if isinstance(statement, ast.Expr) else None
                if not isinstance(call, ast.Call) or ast.unparse(call.func) != "warnings.warn":
                    continue
                sentence = ast.literal_eval(call.args[0])
                if "deprecated" in sentence:
                    found[module] = sentence
        return found

    def origin(self, path: str) -> str:
        """Where the thing that a path leads to is defined."""
        seen = set()
        while path not in seen:
            seen.add(path)
            module, _, name = path.rpartition(".")
            path = self.bound.get(module, {}).get(name) or path
        return path

    def definition(self, path: str) -> Any:
        """The function or class at ``path``; None for anything else."""
        module, _, name = path.rpartition(".")
        found: Any = None
        for node in _module_level(self.trees[module].body) if module in self.trees else ():
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
                found = _function(node, method=False)
            elif isinstance(node, ast.ClassDef) and node.name == name:
                found = self._class(module, node)
        return found

    def _class(self, module: str, node: ast.ClassDef) -> dict[str, Any]:
        line = list(self._bases(module, node))
        kinds = {OUTER_BASES.get(base, "open") for base in line if isinstance(base, str)}
        kind = next((kind for kind in ("open", "block", "settings", "model", "enum") if kind in kinds), "class")
        body = _Body()
        for owner in reversed([base for base in line if isinstance(base, ast.ClassDef)]):
            for item in owner.body:
                body.take(item)
        if body.is_open:
            kind = "open"
        if any("dataclass" in ast.unparse(decorator) for decorator in node.decorator_list):
            taken = ", ".join(body.fields.values())
        elif node.decorator_list:
            kind, taken = "open", ""
        elif body.init is not None:
            taken = _signature(body.init.args, method=True)
        elif kind in ("block", "settings", "model"):
            taken = ", ".join(["*", *body.fields.values()]) if body.fields else ""
        else:
            kind, taken = ("open" if kind == "class" and len(line) > 1 else kind), ""
        return {"kind": kind, "takes": taken, "methods": body.methods}

    def _bases(self, module: str, node: ast.ClassDef) -> Iterator[ast.ClassDef | str]:
        """A class and its bases, from the nearest up; the outer ones by name."""
        yield node
        for base in node.bases:
            name = ast.unparse(base.value if isinstance(base, ast.Subscript) else base)
            path = self.origin(f"{module}.{name}")
            where, _, own = path.rpartition(".")
            body = _module_level(self.trees[where].body) if where in self.trees else ()
            inner = [item for item in body if isinstance(item, ast.ClassDef) and item.name == own]
            if inner:
                yield from self._bases(where, inner[-1])
            else:
                yield own


class _Body:
    """Fields and methods of a class and its bases; ``is_open`` where a validator may take anything."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}
        self.methods: dict[str, str] = {}
        self.init: ast.FunctionDef | ast.AsyncFunctionDef | None = None
        self.is_open = False

    def take(self, item: ast.stmt) -> None:
        """Take a statement of a class's body."""
        if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef):
            if item.name == "__init__":
                self.init = item
            elif not item.name.startswith("_"):
                self.methods[item.name] = _function(item, method=True)
            decorators = " ".join(ast.unparse(decorator) for decorator in item.decorator_list)
            self.is_open |= "'before'" in decorators or "pre=True" in decorators
        elif isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
            is_field = not item.target.id.startswith("_") and "ClassVar" not in ast.unparse(item.annotation)
            self.fields.update([_field(item.target.id, item.value)] if is_field else [])


def _field(name: str, value: ast.expr | None) -> tuple[str, str]:
    """A field of a pydantic class as a keyword parameter; ``alias`` is how it is given then."""
    default = value
    if isinstance(value, ast.Call) and ast.unparse(value.func) == "Field":
        given = {keyword.arg: keyword.value for keyword in value.keywords}
        if alias := given.get("alias"):
            name = ast.literal_eval(alias)
        default = given.get("default", value.args[0] if value.args else given.get("default_factory"))
    if default is None or ast.unparse(default) == "...":
        return name, name
    return name, f"{name}={_default(default)}"


def _function(node: ast.FunctionDef | ast.AsyncFunctionDef, *, method: bool) -> str:
    """A function as ``async task(job_id, options=None)``."""
    decorators = [ast.unparse(d.func if isinstance(d, ast.Call) else d).rpartition(".")[2] for d in node.decorator_list]
    plain = "method" if method else "function"
    kind = next((known for known in ("flow", "task", "property") if known in decorators), plain)
    words = ["async"] if isinstance(node, ast.AsyncFunctionDef) else []
    words += [known for known in ("sync_compatible", "async_dispatch") if known in decorators]
    bound = method and "staticmethod" not in decorators
    return f"{' '.join([*words, kind])}({_signature(node.args, method=bound)})"


def _signature(arguments: ast.arguments, *, method: bool) -> str:
    """Parameters without annotations and, for a method, without the first."""
    plain = ast.parse(f"def f({ast.unparse(arguments)}): ...").body[0]
    assert isinstance(plain, ast.FunctionDef)
    taken = plain.args
    everything = [*taken.posonlyargs, *taken.args, *taken.kwonlyargs, taken.vararg, taken.kwarg]
    for parameter in everything:
        if parameter is not None:
            parameter.annotation = None
    taken.defaults = [ast.parse(_default(default), mode="eval").body for default in taken.defaults]
    taken.kw_defaults = [ast.parse(_default(d), mode="eval").body if d is not None else None for d in taken.kw_defaults]
    if method:
        (taken.posonlyargs or taken.args).pop(0)
    return ast.unparse(taken)


def _default(node: ast.expr) -> str:
    """A default as text; what is worked out when it is needed is an ellipsis."""
    try:
        return repr(ast.literal_eval(node))
    except ValueError:
        return "..."


def _lowest(requirement: str) -> list[str]:
    text = requirement.removeprefix("prefect").strip(" ()")
    return next(part.strip(" >=").removesuffix("rc1") for part in text.split(",") if ">=" in part).split(";")[:1]


def _module_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for item in body:
        if isinstance(item, ast.If):
            if "TYPE_CHECKING" not in ast.unparse(item.test):
                yield from _module_level([*item.body, *item.orelse])
        elif isinstance(item, ast.Try):
            caught = (line for handler in item.handlers for line in handler.body)
            yield from _module_level([*item.body, *caught, *item.orelse])
        else:
            yield item


def _bound(tree: ast.Module, module: str, file: Path) -> dict[str, str]:
    """The names of a module, with the path of what is imported or handed out lazily, else empty."""
    package = module.split(".") if file.stem == "__init__" else module.split(".")[:-1]
    names: dict[str, str] = {}
    for item in _module_level(tree.body):
        match item:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                names[item.name] = ""
            case ast.ImportFrom():
                parts = package[: len(package) - item.level + 1] if item.level else []
                source = ".".join([*parts, *([item.module] if item.module else [])])
                names.update({alias.asname or alias.name: f"{source}.{alias.name}" for alias in item.names})
            case ast.Import():
                names.update({alias.asname or alias.name.partition(".")[0]: "" for alias in item.names})
            case ast.Assign() | ast.AnnAssign():
                targets = item.targets if isinstance(item, ast.Assign) else [item.target]
                assigned = [name for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]
                names = {name.id: "" for name in assigned} | names
                names.update(_lazy(item, module))
    return names


def _lazy(item: ast.Assign | ast.AnnAssign, module: str) -> Iterator[tuple[str, str]]:
    target = item.targets[0] if isinstance(item, ast.Assign) else item.target
    if not isinstance(target, ast.Name) or target.id != "_public_api" or not isinstance(item.value, ast.Dict):
        return
    for key, entry in zip(item.value.keys, item.value.values, strict=True):
        if key is not None:
            name = ast.literal_eval(key)
            where = ast.literal_eval(entry.elts[1]) if isinstance(entry, ast.Tuple) else ""
            yield name, f"{module}.{where.lstrip('.')}.{name}" if where else ""


if __name__ == "__main__":
    main()

"""Write src/offramp/knowledge/airflow_names.json: what Airflow calls one thing in its releases, and its context's keys.

Reads published wheels with ``ast``, as ``snapshot_signatures.py`` does; nothing of them is imported or run. A name is
followed from the places that `apache-airflow-providers-common-compat` looks for it in, release by release. Needs
``uv`` or ``pip`` and a package index: ``python scripts/snapshot_airflow_names.py``.
"""

from __future__ import annotations

import ast
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from snapshot_signatures import RELEASES, Code, forwarded, imports, unpack

NAMES = Path(__file__).resolve().parent.parent / "src" / "offramp" / "knowledge" / "airflow_names.json"
COMPAT = "airflow.providers.common.compat"
COMPAT_RELEASE = "1.23.0"
# What the files of a provider, of Airflow's server and of its examples hold is nothing that users import from there.
_INSIDE = frozenset(
    "api api_connexion api_fastapi api_internal auth cli dag_processing example_dags executors jobs migrations "
    "providers serialization tests ti_deps ui www".split()
)
_OPEN_PROVIDERS = ("airflow.providers.standard", COMPAT)


def main() -> None:
    """Read every release of Airflow and replace the snapshot."""
    links = _compat_links()
    context: dict[str, list[str]] = {}
    for release in RELEASES:
        version = release.distributions.get("apache-airflow") or release.distributions.get("apache-airflow-core")
        if version is None:
            continue
        with tempfile.TemporaryDirectory() as folder:
            requirements = [f"{name}=={release}" for name, release in release.distributions.items()]
            print("reading", *requirements, file=sys.stderr)
            unpack(requirements, folder)
            code = Code(Path(folder))
            context[version] = sorted(_context_keys(code))
            links += _release_links(code)
    same = _classes(links)
    NAMES.write_text(json.dumps({"context": context, "same": same}, indent=1) + "\n", encoding="utf-8")


def _context_keys(code: Code) -> Iterable[str]:
    """The keys of the context that a task is run with, as Airflow itself lists them."""
    for module in ("airflow.sdk.definitions.context", "airflow.utils.context"):
        file = code.module_file(module)
        for item in code.tree(file).body if file is not None else ():
            target = getattr(item, "target", None)
            known = isinstance(item, ast.AnnAssign) and isinstance(item.value, ast.Set)
            if known and isinstance(target, ast.Name) and target.id == "KNOWN_CONTEXT_KEYS":
                return {str(key) for key in ast.literal_eval(ast.unparse(item.value))}  # type: ignore[attr-defined]
            if isinstance(item, ast.ClassDef) and item.name == "Context" and item.body[1:]:
                return {part.target.id for part in item.body if isinstance(part, ast.AnnAssign)}  # type: ignore[union-attr]
    raise LookupError("no release without a list of the context's keys is known")


# -- what is one thing ------------------------------------------------------------


def _compat_links() -> list[tuple[str, str]]:
    """Pairs of paths that the compatibility provider takes for one thing, its own among them."""
    with tempfile.TemporaryDirectory() as folder:
        unpack([f"apache-airflow-providers-common-compat=={COMPAT_RELEASE}"], folder)
        root = Path(folder)
        found: list[tuple[str, str]] = []
        for file in sorted((root / COMPAT.replace(".", "/")).rglob("*.py")):
            module = ".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
            tree = ast.parse(file.read_text(encoding="utf-8"))
            found += [(f"{module}.{name}", path) for name, path in _mapped(tree)]
            if file.stem == "__init__":
                found += [(f"{module}.{name}", path) for name, path in _tried(tree) if path.startswith("airflow.")]
        return found


def _mapped(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """The name and each place of it, in the tables that a module's ``__getattr__`` looks into."""
    for item in ast.walk(tree):
        target = item.targets[0] if isinstance(item, ast.Assign) else getattr(item, "target", None)
        value = getattr(item, "value", None)
        if not isinstance(target, ast.Name) or not isinstance(value, ast.Dict):
            continue
        table = ast.literal_eval(value) if target.id.endswith(("_MAP", "_RENAMES", "_EXCEPTIONS", "_POLICIES")) else {}
        for name, places in table.items():
            if target.id == "_RENAME_MAP":
                yield name, f"{places[0]}.{name}"
                yield name, f"{places[1]}.{places[2]}"
            else:
                for place in [places] if isinstance(places, str) else places:
                    yield name, place if target.id == "_MODULE_MAP" else f"{place}.{name}"


def _tried(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """The names that a module imports from one place or another, in the arms of its conditions and attempts."""
    for item in tree.body:
        if isinstance(item, ast.If | ast.Try):
            for inner in ast.walk(item):
                if isinstance(inner, ast.ImportFrom) and not inner.level:
                    named = (alias for alias in inner.names if alias.asname in (None, alias.name))
                    yield from ((alias.name, f"{inner.module}.{alias.name}") for alias in named)


def _release_links(code: Code) -> list[tuple[str, str]]:
    """Pairs of paths where one of Airflow's public modules hands on what another one defines."""
    found: list[tuple[str, str]] = []
    for file in sorted(code.root.rglob("*.py")):
        module = ".".join(file.relative_to(code.root).with_suffix("").parts).removesuffix(".__init__")
        if not _is_open(module):
            continue
        tree = code.tree(file)
        defines = any(isinstance(item, ast.ClassDef | ast.FunctionDef) for item in tree.body)
        links = list(forwarded(module, tree))
        if file.stem == "__init__" or not defines:
            links += [(f"{module}.{name}", path) for name, path in imports(module, file, tree).items()]
        found += [(one, other) for one, other in links if one.rpartition(".")[2] == other.rpartition(".")[2] != "*"]
    return found


def _is_open(module: str) -> bool:
    provider = next((name for name in _OPEN_PROVIDERS if f"{module}.".startswith(f"{name}.")), "")
    parts = module.removeprefix(provider).strip(".").split(".")
    of_airflow = module.partition(".")[0] == "airflow"
    return of_airflow and not any(part.startswith("_") or part in _INSIDE for part in parts)


def _classes(links: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Every path that a name of the compatibility provider is known under, by the one that Airflow 3 says to use."""
    near: dict[str, set[str]] = {}
    for one, other in links:
        near.setdefault(one, set()).add(other)
        near.setdefault(other, set()).add(one)
    classes: dict[str, list[str]] = {}
    seen: set[str] = set()
    for start in sorted(path for path in near if path.startswith(f"{COMPAT}.")):
        if start in seen:
            continue
        reached, waiting = set(), [start]
        while waiting:
            path = waiting.pop()
            if path not in reached:
                reached.add(path)
                waiting.extend(near[path])
        seen |= reached
        public = sorted((path for path in reached if _is_open(path.rpartition(".")[0])), key=_preference)
        if len(public) > 1:
            classes[public[0]] = public[1:]
    return dict(sorted(classes.items()))


def _preference(path: str) -> tuple[int, int, str]:
    """Airflow 3's own name first, then the standard provider's, the compatibility provider's last."""
    places = ("airflow.sdk.", "airflow.providers.standard.", "airflow.", f"{COMPAT}.")
    where = max((place for place in places if path.startswith(place)), key=len)
    return places.index(where), path.count("."), path


if __name__ == "__main__":
    main()

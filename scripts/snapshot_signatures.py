"""Write tests/fixtures/signatures.json: what the classes that the notes cover really take, by release.

Unpacks published wheels without their dependencies and reads them with ``ast``; nothing of them is
imported or run. Needs ``uv`` or ``pip`` and a package index: ``python scripts/snapshot_signatures.py``.
"""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

SNAPSHOT = Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "signatures.json"

DBT = "airflow.providers.dbt.cloud"
DBT_CLASSES = (
    f"{DBT}.operators.dbt.DbtCloudRunJobOperator",
    f"{DBT}.operators.dbt.DbtCloudGetJobRunArtifactOperator",
    f"{DBT}.operators.dbt.DbtCloudListJobsOperator",
    f"{DBT}.operators.dbt.DbtCloudListJobRunsOperator",
    f"{DBT}.sensors.dbt.DbtCloudJobRunSensor",
    f"{DBT}.sensors.dbt.DbtCloudJobRunAsyncSensor",
    f"{DBT}.hooks.dbt.DbtCloudHook",
)
ASTRONOMER_CLASSES = (
    "astronomer.providers.dbt.cloud.operators.dbt.DbtCloudRunJobOperatorAsync",
    "astronomer.providers.dbt.cloud.sensors.dbt.DbtCloudJobRunSensorAsync",
)
SQL_CLASSES = tuple(
    f"airflow.providers.common.sql.operators.sql.{name}" for name in ("BaseSQLOperator", "SQLExecuteQueryOperator")
)
HTTP_CLASSES = tuple(f"airflow.providers.http.operators.http.{name}" for name in ("HttpOperator", "SimpleHttpOperator"))
CORE_OPERATORS = (
    "python.PythonOperator",
    "python.BranchPythonOperator",
    "python.ShortCircuitOperator",
    "bash.BashOperator",
    "empty.EmptyOperator",
    "trigger_dagrun.TriggerDagRunOperator",
    "latest_only.LatestOnlyOperator",
)
DECORATORS = ("python", "branch", "short_circuit", "bash")
AIRFLOW_2_CLASSES = (
    "airflow.models.baseoperator.BaseOperator",
    "airflow.sensors.base.BaseSensorOperator",
    "airflow.models.dag.DAG",
    "airflow.models.dag.dag",
    "airflow.utils.task_group.TaskGroup",
    "airflow.decorators.task_group.task_group",
    *(f"airflow.decorators.TaskDecoratorCollection.{name}" for name in DECORATORS),
    *(f"airflow.operators.{name}" for name in CORE_OPERATORS),
    "airflow.operators.python.task",
    "airflow.operators.branch.BaseBranchOperator",
    "airflow.sensors.external_task.ExternalTaskSensor",
)
SDK = "airflow.sdk"
AIRFLOW_3_CLASSES = (
    f"{SDK}.bases.operator.BaseOperator",
    f"{SDK}.bases.sensor.BaseSensorOperator",
    f"{SDK}.definitions.dag.DAG",
    f"{SDK}.definitions.dag.dag",
    f"{SDK}.definitions.taskgroup.TaskGroup",
    f"{SDK}.definitions.decorators.task_group.task_group",
    *(f"{SDK}.definitions.decorators.TaskDecoratorCollection.{name}" for name in DECORATORS),
    *(f"airflow.providers.standard.operators.{name}" for name in CORE_OPERATORS),
    "airflow.providers.standard.operators.branch.BaseBranchOperator",
    "airflow.sdk.bases.branch.BaseBranchOperator",
    "airflow.providers.standard.sensors.external_task.ExternalTaskSensor",
    "airflow.models.dag.DAG",
    "airflow.models.baseoperator.BaseOperator",
)


class Release(NamedTuple):
    """Distributions that are installed together, and the classes to read from them."""

    distributions: dict[str, str]
    classes: tuple[str, ...]


def _airflow_3(core: str, task_sdk: str, standard: str) -> Release:
    return Release(
        {
            "apache-airflow-core": core,
            "apache-airflow-task-sdk": task_sdk,
            "apache-airflow-providers-standard": standard,
        },
        AIRFLOW_3_CLASSES,
    )


RELEASES = (
    *(
        Release({"apache-airflow-providers-dbt-cloud": version}, DBT_CLASSES)
        for version in (
            "3.11.2",
            "4.0.0",
            "4.2.1",
            "4.4.4",
            "4.5.0",
            "4.7.0",
            "4.8.2",
            "4.9.3",
            "4.10.0",
            "4.11.1",
        )
    ),
    # 1.18 is the last series with code of its own; from 1.19 the classes wrap the dbt Cloud provider's. The
    # modules of both hold the provider's classes as well, and people import them from there.
    *(
        Release(
            {"astronomer-providers": version, "apache-airflow-providers-dbt-cloud": "4.0.0"},
            (*ASTRONOMER_CLASSES, *DBT_CLASSES),
        )
        for version in ("1.18.4", "1.19.4")
    ),
    *(Release({"apache-airflow": version}, AIRFLOW_2_CLASSES) for version in ("2.10.5", "2.11.2")),
    *(
        Release({"apache-airflow-providers-common-sql": version}, SQL_CLASSES)
        for version in ("1.20.0", "1.23.0", "2.4.0")
    ),
    *(Release({"apache-airflow-providers-http": version}, HTTP_CLASSES) for version in ("4.13.3", "5.0.0", "6.3.0")),
    _airflow_3("3.0.6", "1.0.6", "1.0.0"),
    _airflow_3("3.1.8", "1.1.8", "1.9.2"),
    _airflow_3("3.3.2", "1.3.2", "1.21.0"),
)

# Where users import core names from; other modules merely happen to hold them.
PUBLIC = (
    "airflow",
    "airflow.decorators",
    "airflow.models",
    "airflow.models.baseoperator",
    "airflow.models.dag",
    "airflow.operators",
    "airflow.sdk",
    "airflow.sensors",
    "airflow.utils.task_group",
)
PUBLIC_PACKAGES = (
    "airflow.decorators.",
    "airflow.operators.",
    "airflow.providers.",
    "airflow.sdk.bases.",
    "airflow.sdk.definitions.",
    "airflow.sensors.",
    "astronomer.",
)


def main() -> None:
    """Read every release and replace the snapshot."""
    releases = []
    for release in RELEASES:
        with tempfile.TemporaryDirectory() as folder:
            requirements = [f"{name}=={version}" for name, version in release.distributions.items()]
            print("reading", *requirements, file=sys.stderr)
            unpack(requirements, folder)
            code = Code(Path(folder))
            classes = {path: code.describe(path) for path in sorted(release.classes) if code.has(path)}
        releases.append({"distributions": release.distributions, "classes": classes})
    SNAPSHOT.write_text(json.dumps(releases, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def unpack(requirements: list[str], folder: str) -> None:
    """Unpack wheels into a folder, without what they need."""
    installer = ["uv", "pip"] if shutil.which("uv") else ["pip"]
    options = ["--quiet", "--no-deps", "--only-binary", ":all:", "--python-version", "3.11", "--target", folder]
    subprocess.run([*installer, "install", *options, *requirements], check=True)


class Code:
    """The Python files below ``root``, read on demand."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._trees: dict[Path, ast.Module] = {}
        self._reached: dict[str, set[str]] | None = None

    def has(self, path: str) -> bool:
        """Whether a class or function is defined at this dotted path."""
        return self._find(path) is not None

    def describe(self, path: str) -> dict[str, Any]:
        """What the class or function at ``path`` takes, derives from and can be imported as."""
        found = self._find(path)
        assert found is not None
        module, nodes = found
        if isinstance(nodes[0], ast.ClassDef):
            description = self._describe_class(module, nodes[0])
        else:
            overloads = [_parameters(node) for node in nodes if isinstance(node, ast.FunctionDef)]
            parameters, takes_kwargs = max(overloads, key=lambda overload: len(overload[0]))
            description = {"bases": [], "parameters": parameters, "takes_kwargs": takes_kwargs}
        description["paths"] = sorted(self._names_of(path))
        return description

    def _describe_class(self, module: str, node: ast.ClassDef) -> dict[str, Any]:
        imported = imports(module, self.module_file(module), self.tree(self.module_file(module)))
        bases = [ast.unparse(base) for base in node.bases]
        description: dict[str, Any] = {"bases": [imported.get(base, base) for base in bases]}
        init = next((item for item in node.body if isinstance(item, ast.FunctionDef) and item.name == "__init__"), None)
        if init is not None:
            description["parameters"], description["takes_kwargs"] = _parameters(init)
        elif define := [text for item in node.decorator_list if "define" in (text := ast.unparse(item))]:
            # The SDK's DAG makes its fields keyword-only by a field transformer with a telling name.
            description["parameters"] = _attrs_fields(node, keyword_only_after_first="to_kw_only" in define[0])
            description["takes_kwargs"] = False
        else:
            description["parameters"], description["takes_kwargs"] = {}, True
        for item in node.body:
            targets = item.targets if isinstance(item, ast.Assign) else [getattr(item, "target", None)]
            if any(isinstance(target, ast.Name) and target.id == "template_fields" for target in targets):
                value = item.value  # type: ignore[attr-defined]
                listed = isinstance(value, ast.Tuple | ast.List) and not any(
                    isinstance(element, ast.Starred) for element in value.elts
                )
                description["template_fields"] = list(ast.literal_eval(value)) if listed else ast.unparse(value)
        return description

    def _find(self, path: str) -> tuple[str, list[ast.AST]] | None:
        module, _, name = path.rpartition(".")
        owner = ""
        if module.rpartition(".")[2][:1].isupper():
            module, _, owner = module.rpartition(".")
        file = self.module_file(module, stub=bool(owner))
        if file is None:
            return None
        body: list[ast.stmt] = list(_module_level(self.tree(file).body, type_checking=True))
        if owner:
            classes = [item for item in body if isinstance(item, ast.ClassDef) and item.name == owner]
            body = classes[0].body if classes else []
        nodes: list[ast.AST] = [
            item for item in body if isinstance(item, ast.ClassDef | ast.FunctionDef) and item.name == name
        ]
        return (module, nodes) if nodes else None

    def module_file(self, module: str, stub: bool = False) -> Path | None:
        """The file of a module, if it is there."""
        base = self.root.joinpath(*module.split("."))
        suffix = ".pyi" if stub else ".py"
        for file in (base.with_suffix(suffix), base / f"__init__{suffix}"):
            if file.exists():
                return file
        return None

    def tree(self, file: Path | None) -> ast.Module:
        """The tree of a file, parsed once."""
        assert file is not None
        if file not in self._trees:
            self._trees[file] = ast.parse(file.read_text(encoding="utf-8"))
        return self._trees[file]

    def _names_of(self, path: str) -> set[str]:
        """Every public dotted path that leads to the definition at ``path``."""
        module, _, name = path.rpartition(".")
        if module.endswith(".TaskDecoratorCollection"):
            tasks = self._names_of(f"{module.rpartition('.')[0]}.task")
            return {f"{task}.{name}" for task in tasks} | (tasks if name == "python" else set())
        return {path for path in self._origins().get(path, {path}) if _is_public(path)} | {path}

    def _origins(self) -> dict[str, set[str]]:
        if self._reached is None:
            leads_to: dict[str, str] = {}
            for file in self.root.rglob("*.py"):
                module = ".".join(file.relative_to(self.root).with_suffix("").parts).removesuffix(".__init__")
                if not _is_public(f"{module}.x"):
                    continue
                tree = self.tree(file)
                leads_to.update((f"{module}.{name}", path) for name, path in imports(module, file, tree).items())
                leads_to.update(forwarded(module, tree))
            self._reached = {}
            for name in leads_to:
                end, seen = name, {name}
                while end in leads_to and leads_to[end] not in seen:
                    end = leads_to[end]
                    seen.add(end)
                self._reached.setdefault(end, set()).add(name)
        return self._reached


def _is_public(path: str) -> bool:
    module = path.rpartition(".")[0]
    if any(part.startswith("_") or part in {"example_dags", "tests"} for part in path.split(".")):
        return False
    return module in PUBLIC or module.startswith(PUBLIC_PACKAGES)


def _module_level(body: list[ast.stmt], type_checking: bool) -> Iterator[ast.stmt]:
    for item in body:
        if isinstance(item, ast.If):
            if type_checking or "TYPE_CHECKING" not in ast.unparse(item.test):
                yield from _module_level(item.body, type_checking)
            yield from _module_level(item.orelse, type_checking)
        elif isinstance(item, ast.Try):
            yield from _module_level([*item.body, *(line for h in item.handlers for line in h.body)], type_checking)
        else:
            yield item


def imports(module: str, file: Path | None, tree: ast.Module) -> dict[str, str]:
    """Local name -> dotted path for the ``from`` imports of a module; of two fallbacks the first counts."""
    names: dict[str, str] = {}
    package = module.split(".") if file is not None and file.stem == "__init__" else module.split(".")[:-1]
    for item in _module_level(tree.body, type_checking=False):
        if isinstance(item, ast.ImportFrom):
            parts = package[: len(package) - item.level + 1] if item.level else []
            source = ".".join([*parts, *([item.module] if item.module else [])])
            for alias in item.names:
                names.setdefault(alias.asname or alias.name, f"{source}.{alias.name}")
    return names


def forwarded(module: str, tree: ast.Module) -> Iterator[tuple[str, str]]:
    """The names that Airflow's lazy-import and deprecated-class tables give out."""
    for item in tree.body:
        target = item.targets[0] if isinstance(item, ast.Assign) else getattr(item, "target", None)
        value = getattr(item, "value", None)
        if not isinstance(target, ast.Name) or not isinstance(value, ast.Dict):
            continue
        table = ast.literal_eval(ast.unparse(value).replace("__name__", repr(module))) if _is_table(target.id) else {}
        for name, entry in table.items():
            if isinstance(entry, dict):
                owner = name if name == module else f"{module}.{name}"
                yield from ((f"{owner}.{inner}", path) for inner, path in entry.items())
            elif isinstance(entry, tuple):
                yield f"{module}.{name}", _absolute(module, f"{entry[0]}.{entry[1]}")
            else:
                yield f"{module}.{name}", _absolute(module, f"{entry}.{name}")


def _is_table(name: str) -> bool:
    return name.strip("_") in {"lazy_imports", "deprecated_classes", "deprecated_imports"}


def _absolute(module: str, path: str) -> str:
    return f"{module}{path}" if path.startswith(".") else path


def _parameters(node: ast.FunctionDef) -> tuple[dict[str, Any], bool]:
    """Parameters by name (``default`` as source text, absent when required), and whether ``**kwargs`` follows."""
    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults)) + list(arguments.defaults)
    rows = [(item, default, False) for item, default in zip(positional, defaults, strict=True)]
    rows += [(item, default, True) for item, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
    parameters: dict[str, Any] = {}
    for item, default, keyword_only in rows:
        if item.arg == "self" or item.arg.startswith("_"):
            continue
        parameters[item.arg] = _parameter(default, keyword_only)
    return parameters, arguments.kwarg is not None


def _attrs_fields(node: ast.ClassDef, *, keyword_only_after_first: bool) -> dict[str, Any]:
    parameters: dict[str, Any] = {}
    for item in node.body:
        if not isinstance(item, ast.AnnAssign) or not isinstance(item.target, ast.Name):
            continue
        if "ClassVar" in ast.unparse(item.annotation):
            continue
        options: dict[str | None, ast.expr] = {}
        default = item.value
        if isinstance(default, ast.Call) and ast.unparse(default.func).endswith(("field", "ib")):
            options = {keyword.arg: keyword.value for keyword in default.keywords}
            default = options.get("default") or options.get("factory")
        if _is(options.get("init"), False):
            continue
        alias = options.get("alias")
        name = alias.value if isinstance(alias, ast.Constant) else item.target.id.lstrip("_")
        keyword_only = _is(options.get("kw_only"), True) or (keyword_only_after_first and bool(parameters))
        parameters[str(name)] = _parameter(default, keyword_only)
    return parameters


def _is(node: ast.expr | None, value: bool) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def _parameter(default: ast.expr | None, keyword_only: bool) -> dict[str, Any]:
    parameter: dict[str, Any] = {"keyword_only": keyword_only}
    if default is not None:
        parameter["default"] = ast.unparse(default)
    return parameter


if __name__ == "__main__":
    main()

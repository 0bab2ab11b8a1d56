"""How a file of flows would come to need Airflow, by way of the modules of the project that it imports."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from offramp.project.imported import imported_by
from offramp.project.index import Project, Way

_LEADING: dict[str, tuple[str, dict[str, str]]] = {
    "a module": ("from helpers import notify", {"helpers.py": "from airflow.models import Variable"}),
    "a module of a package": (
        "from helpers.alerts import notify",
        {"helpers/__init__.py": "", "helpers/alerts.py": "from airflow.exceptions import AirflowSkipException"},
    ),
    "a package's own module": (
        "from helpers.alerts import notify",
        {"helpers/__init__.py": "import airflow", "helpers/alerts.py": ""},
    ),
    "a namespace package": ("from helpers import alerts", {"helpers/alerts.py": "import airflow"}),
    "a dotted import": ("import helpers.alerts as a", {"helpers/alerts.py": "import airflow"}),
    "src": ("from ours.alerts import notify", {"../src/ours/alerts.py": "import airflow"}),
    "plugins": ("from ours.alerts import notify", {"../plugins/ours/alerts.py": "import airflow"}),
    "the folder of DAGs": ("from dags.helpers import notify", {"helpers.py": "import airflow"}),
    "by way of another": (
        "from helpers import notify",
        {"helpers.py": "from common.hooks import H", "common/hooks.py": "from airflow.hooks.base import BaseHook"},
    ),
    "by way of a relative import": (
        "from ours.helpers import notify",
        {"ours/helpers.py": "from .hooks import H", "ours/hooks.py": "import airflow"},
    ),
    "by way of a relative import of a module": (
        "from ours.helpers import notify",
        {"ours/helpers.py": "from . import hooks", "ours/hooks.py": "import airflow"},
    ),
    "by way of the package above": (
        "from ours.deep.helpers import notify",
        {"ours/deep/helpers.py": "from ..hooks import H", "ours/hooks.py": "import airflow"},
    ),
    "in a circle": (
        "import one",
        {"one.py": "import two", "two.py": "import one\nimport three", "three.py": "import airflow"},
    ),
    "in a function": ("import helpers", {"helpers.py": "def notify():\n    from airflow.models import Variable"}),
    "in the flow's function": ("def f():\n    from helpers import g", {"helpers.py": "import airflow"}),
    "in a class": ("import helpers", {"helpers.py": "class A:\n    import airflow"}),
    "the other arm of TYPE_CHECKING": (
        "import helpers",
        {"helpers.py": "if TYPE_CHECKING:\n    pass\nelse:\n    import airflow"},
    ),
    "not TYPE_CHECKING": ("import helpers", {"helpers.py": "if not TYPE_CHECKING:\n    import airflow"}),
    "a guard that only renames": (
        "import helpers",
        {"helpers.py": "try:\n    import airflow.sdk\nexcept ImportError:\n    import airflow.models"},
    ),
    "a guard that raises": (
        "import helpers",
        {"helpers.py": "try:\n    import airflow\nexcept ImportError as e:\n    raise RuntimeError from e"},
    ),
    "a guard that ends": (
        "import helpers",
        {"helpers.py": "import sys\ntry:\n    import airflow\nexcept ImportError:\n    sys.exit(1)"},
    ),
    "a guard for something else": (
        "import helpers",
        {"helpers.py": "try:\n    import airflow\nexcept KeyError:\n    pass"},
    ),
    "in a guard's other parts": (
        "import helpers",
        {"helpers.py": "try:\n    import x\nexcept ImportError:\n    pass\nelse:\n    import airflow"},
    ),
    "import_module": (
        "import helpers",
        {"helpers.py": 'import importlib\nimportlib.import_module("airflow.models")'},
    ),
    "import_module of a module": (
        'from importlib import import_module as load\nload("helpers.alerts")',
        {"helpers/alerts.py": "import airflow"},
    ),
    "import_module, a part known": (
        "import helpers",
        {"helpers.py": 'from importlib import import_module\ndef f(x):\n    import_module(f"airflow.providers.{x}")'},
    ),
    "__import__": ("import helpers", {"helpers.py": '__import__("airflow.models")'}),
    "run_module": ("import helpers", {"helpers.py": 'from runpy import run_module\nrun_module("airflow")'}),
    "run_path": ('import runpy\nrunpy.run_path("dags/helpers.py")', {"helpers.py": "import airflow"}),
    "executed text": ("import helpers", {"helpers.py": 'exec("from airflow import DAG")'}),
    "executed text of a name": ("import helpers", {"helpers.py": 'T = "import airflow"\nexec(T)'}),
    "evaluated text": ("import helpers", {"helpers.py": "eval(\"__import__('airflow')\")"}),
    "what needs Airflow": ("import helpers", {"helpers.py": "from cosmos import DbtDag"}),
}
_FREE: dict[str, tuple[str, dict[str, str]]] = {
    "nothing of it": ("from helpers import notify", {"helpers.py": "import json"}),
    "no module of the project": ("import pandas", {"helpers.py": "import airflow"}),
    "TYPE_CHECKING": (
        "import helpers",
        {"helpers.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from airflow.models import DAG"},
    ),
    "typing.TYPE_CHECKING": (
        "import helpers",
        {"helpers.py": "import typing\nif typing.TYPE_CHECKING:\n    from airflow.models import DAG"},
    ),
    "a script's part": ("import helpers", {"helpers.py": 'if __name__ == "__main__":\n    import airflow'}),
    "a name that is like it": (
        "import helpers",
        {"helpers.py": "import airflow_client.client\nfrom ours import airflow"},
    ),
    "a text": ("import helpers", {"helpers.py": 'X = "import airflow"'}),
    "the standard library": ("import calendar", {"calendar.py": "import airflow"}),
    "a module of another's name": ("from ours.alerts import x", {"alerts.py": "import airflow"}),
    "a stub": ("import helpers", {"helpers.pyi": "import airflow", "helpers.py": ""}),
}


def _way(folder: Path, text: str, modules: dict[str, str]) -> Way | None:
    flow = folder / "dags" / "flow.py"
    flow.parent.mkdir()
    flow.write_text(text, encoding="utf-8")
    paths = [flow]
    for name, code in modules.items():
        path = (flow.parent / name).resolve()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{code}\n", encoding="utf-8")
        paths.append(path)
    project = Project([str(path) for path in paths])
    return project.way_to_airflow(str(flow), imported_by(ast.parse(text), text.encode(), as_script=True))


@pytest.mark.parametrize(("text", "modules"), _LEADING.values(), ids=_LEADING)
def test_a_way_to_airflow(text: str, modules: dict[str, str], tmp_path: Path) -> None:
    way = _way(tmp_path, text, modules)
    assert way is not None
    assert not way.guarded


@pytest.mark.parametrize(("text", "modules"), _FREE.values(), ids=_FREE)
def test_no_way_to_airflow(text: str, modules: dict[str, str], tmp_path: Path) -> None:
    assert _way(tmp_path, text, modules) is None


@pytest.mark.parametrize(
    "guard",
    [
        "try:\n    import airflow\nexcept ImportError:\n    airflow = None",
        "try:\n    from airflow.models import Variable\nexcept Exception:\n    Variable = None",
        "try:\n    import airflow\nexcept (KeyError, ModuleNotFoundError):\n    pass",
        "try:\n    import airflow\nexcept:\n    pass",
        "from contextlib import suppress\nwith suppress(ImportError):\n    import airflow",
    ],
)
def test_a_module_that_goes_on_without_airflow(guard: str, tmp_path: Path) -> None:
    way = _way(tmp_path, "import helpers", {"helpers.py": guard})
    assert way is not None
    assert way.guarded


def test_the_way_is_said(tmp_path: Path) -> None:
    modules = {"helpers.py": "from common.hooks import H", "common/hooks.py": "import os\nimport airflow"}
    way = _way(tmp_path, "import json\nfrom helpers import notify", modules)
    assert way is not None
    assert [Path(file).name for file in way.files] == ["helpers.py", "hooks.py"]
    assert (way.row, way.begin.node.lineno) == (2, 2)

"""Every way in which a key comes to credentials, and no output that shows it: each spelling has a key of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from offramp.settings import OUTPUT_FORMATS

from .conftest import COMMAND

HEAD = """\
import base64, enum, functools, os
from prefect import flow
from pydantic import SecretStr
from prefect_dbt.cloud import DbtCloudCredentials
from prefect_dbt.cloud.jobs import trigger_dbt_cloud_job_run_and_wait_for_completion as run

"""
FLOW = """

@flow
def nightly(x):
    run(DbtCloudCredentials(api_key=GIVEN, account_id=1), 5)
    run(DbtCloudCredentials(api_key=GIVEN, account_id=1), 5, trigger_reason="again")
"""
WHOLE_FLOW = """

@flow
def nightly(x):
    run(MADE, 5)
    run(MADE, 6)
"""
# What stands before the flow and what its `api_key` is given. KEY is the key; ONE and TWO are its halves.
GIVEN = {
    "string": ("", '"KEY"'),
    "environ get": ("", 'os.environ.get("K", "KEY")'),
    "getenv keyword": ("", 'os.getenv("K", default="KEY")'),
    "getenv keywords": ("", 'os.getenv(key="K", default="KEY")'),
    "pop": ("", 'os.environ.pop("K", "KEY")'),
    "setdefault": ("", 'os.environ.setdefault("K", "KEY")'),
    "or": ("", 'load() or "KEY"'),
    "and": ("", 'x and "KEY"'),
    "conditional": ("", '"KEY" if x else load()'),
    "f-string": ("", 'f"ONE{x}TWO"'),
    "f-string inside": ("", "f\"{'KEY'}\""),
    "sum": ("", '"ONE" + x + "TWO"'),
    "neighbours": ("", '"ONE" "TWO"'),
    "format": ("", '"{}TWO".format("ONE")'),
    "percent": ("", '"%sTWO" % "ONE"'),
    "join": ("", '"".join(["ONE", "TWO"])'),
    "tuple": ("", '("KEY", 1)[0]'),
    "list": ('ALL = ["KEY", "x"]', "ALL[0]"),
    "dict": ('CFG = {"k": "KEY"}', 'CFG["k"]'),
    "nested dict": ('CFG = {"a": {"k": "KEY"}}', 'CFG["a"]["k"]'),
    "dict call": ('CFG = dict(k="KEY")', 'CFG["k"]'),
    "dict pairs": ('CFG = dict([("k", "KEY")])', 'CFG["k"]'),
    "dict default": ("CFG = {}", 'CFG.get("k", "KEY")'),
    "dict by variable": ('CFG = {"a": "KEY"}', "CFG[x]"),
    "assigned item": ('CFG = {}\nCFG["k"] = "KEY"', 'CFG["k"]'),
    "walrus": ("", '(k := "KEY")'),
    "bytes": ("", 'b"KEY".decode("ascii")'),
    "method": ("", '" KEY ".strip()'),
    "encoded": ("", 'base64.b64decode("KEY").decode()'),
    "secret": ("", 'SecretStr("KEY")'),
    "secret keyword": ("", 'SecretStr(secret_value="KEY")'),
    "call of the unknown": ("", 'fetch(vault, "KEY")'),
    "variable": ('X = "KEY"', "X"),
    "annotated": ('X: str = "KEY"', "X"),
    "two variables": ('X = "KEY"\nY = X', "Y"),
    "unpacked": ('X, Y = "KEY", 1', "X"),
    "starred": ('X, *Y = ["KEY", 1]', "X"),
    "if": ('if (k := "KEY"):\n    pass', "k"),
    "try": ('try:\n    k = load()\nexcept Exception:\n    k = "KEY"', "k"),
    "match": ('match os.name:\n    case "nt":\n        k = None\n    case _:\n        k = "KEY"', "k"),
    "with": ('with opened("KEY") as k:\n    pass', "k"),
    "loop": ('for k in ("KEY",):\n    pass', "k"),
    "global": ('def set_up():\n    global k\n    k = "KEY"', "k"),
    "class attribute": ('class C:\n    K = "KEY"', "C.K"),
    "enumeration": ('class C(enum.Enum):\n    K = "KEY"', "C.K.value"),
    "instance": ('class C:\n    def __init__(self):\n        self.k = "KEY"', "C().k"),
    "function": ('def key():\n    return "KEY"', "key()"),
    "lambda": ('key = lambda: "KEY"', "key()"),
    "comprehension": ("", '[k for k in ["KEY"]][0]'),
    "generator": ("", 'next(k for k in ["KEY"])'),
    "escapes": ("# KEY", '"ESCAPED"'),
    "comment": ("# it is KEY", '"KEY"'),
    "part in a comment": ("# it ends in TWO", '"KEY"'),
    "docstring": ('"""It is KEY."""', '"KEY"'),
    "name of the task": ('@flow(name="KEY")\ndef other(): ...', '"KEY"'),
}  # fmt: skip
# What stands before the flow, and what makes its credentials.
MADE = {
    "misspelt": ("", 'DbtCloudCredentials(apikei="KEY", account_id=1)'),
    "misspelt entirely": ("", 'DbtCloudCredentials(pass_="KEY", account_id=1)'),
    "position": ("", 'DbtCloudCredentials("KEY", 1)'),
    "starred": ('A = ["KEY"]', "DbtCloudCredentials(*A)"),
    "spread": ('KW = {"api_key": "KEY", "account_id": 1}', "DbtCloudCredentials(**KW)"),
    "misspelt spread": ('KW = {"api_kei": "KEY", "account_id": 1}', "DbtCloudCredentials(**KW)"),
    "assigned spread": ('KW = {}\nKW["api_key"] = "KEY"', "DbtCloudCredentials(**KW)"),
    "misspelt assigned spread": ('KW = {}\nKW["kee"] = "KEY"', "DbtCloudCredentials(**KW)"),
    "updated spread": ('KW = dict(account_id=1)\nKW.update(api_key="KEY")', "DbtCloudCredentials(**KW)"),
    "merged spread": ('KW = {"account_id": 1} | {"kee": "KEY"}', "DbtCloudCredentials(**KW)"),
    "dict call": ("", 'DbtCloudCredentials(**dict(api_kee="KEY"))'),
    "subclass": ("class Mine(DbtCloudCredentials):\n    pass", 'Mine(ky="KEY", account_id=1)'),
    "default of a subclass": ('class Mine(DbtCloudCredentials):\n    api_key: SecretStr = SecretStr("KEY")', "Mine()"),
    "partial": ("", 'functools.partial(DbtCloudCredentials, apikei="KEY")()'),
    "partial before": ('P = functools.partial(DbtCloudCredentials, apikei="KEY")', "P()"),
    "copy": ("C = DbtCloudCredentials()", 'C.model_copy(update={"api_key": "KEY"})'),
    "constructed": ("", 'DbtCloudCredentials.model_construct(api_key="KEY")'),
    "parsed": ("", 'DbtCloudCredentials.parse_obj({"api_key": "KEY"})'),
    "setattr": ('C = DbtCloudCredentials()\nsetattr(C, "api_key", "KEY")', "C"),
    "attribute": ('C = DbtCloudCredentials()\nC.api_key = "KEY"', "C"),
    "alias": ("C = DbtCloudCredentials", 'C(kee="KEY")'),
    "import": ("from prefect_dbt.cloud import DbtCloudCredentials as C", 'C(kee="KEY")'),
    "module": ("import prefect_dbt.cloud as dbt", 'dbt.DbtCloudCredentials(kee="KEY")'),
    "getattr": ('import prefect_dbt.cloud as dbt\nC = getattr(dbt, "DbtCloudCredentials")', 'C(kee="KEY")'),
    "function": ("def make(k, j=1):\n    return DbtCloudCredentials(api_key=k)", 'make("KEY")'),
    "function with keywords": ("def make(*, k):\n    return DbtCloudCredentials(api_key=k)", 'make(k="KEY")'),
    "method": ("class M:\n    def make(self, k):\n        return DbtCloudCredentials(api_key=k)", 'M().make("KEY")'),
    "default of a parameter": ('def make(k="KEY"):\n    return DbtCloudCredentials(api_key=k)', "make()"),
    "project's own block": ("from blocks import Cloud", 'Cloud(api_key="KEY")'),
}
WHOLE = {
    "bash": """\
from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator

with DAG("d"):
    DbtCloudRunJobOperator(
        task_id="KEY", job_id="KEY", additional_run_config={"api_key": "KEY"}, wait_for_termination=False
    )
    # export DBT_TOKEN=KEY
    BashOperator(task_id="b", bash_command="DBT_API_KEY=KEY dbt run", env={"DBT_CLOUD_TOKEN": "KEY"})
""",
    "connection": """\
from airflow.models import Connection
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator

Connection(conn_id="dbt", password="KEY")
DbtCloudRunJobOperator(task_id="KEY", job_id="KEY", wait_for_termination=False, deferrable=True)
""",
}


def codes() -> Iterator[tuple[str, str]]:
    for name, (before, given) in GIVEN.items():
        yield f"given {name}", HEAD + before + FLOW.replace("GIVEN", given)
    for name, (before, made) in MADE.items():
        yield f"made {name}", HEAD + before + WHOLE_FLOW.replace("MADE", made)
    yield from WHOLE.items()


COMMON_END = "-mX4vR9y"


def key_of(number: int) -> str:
    """A key that looks like none of dbt Cloud's, and like no other one."""
    return f"q{number:02}zT7Jw.{number:02}{COMMON_END}"


def placed(code: str, number: int) -> str:
    key = key_of(number)
    escaped = "".join(f"\\x{ord(one):02x}" for one in key)
    pieces = {"ESCAPED": escaped, '"KEY': f'"{key}', "KEY": key, "ONE": key[:9], "TWO": key[9:]}
    for name, piece in pieces.items():
        code = code.replace("DBT_API_KEY", "\0").replace(name, piece).replace("\0", "DBT_API_KEY")
    return code


def offramp(folder: Path, *arguments: str) -> str:
    kept = {name: value for name, value in os.environ.items() if name != "CI"}
    done = subprocess.run(
        [COMMAND, *arguments], cwd=folder, env=kept, capture_output=True, encoding="utf-8", check=False
    )
    assert "internal error" not in done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """All that was said about a project with every spelling, by where."""
    top = tmp_path_factory.mktemp("keys")
    project = top / "project"
    project.mkdir()
    for number, (_, code) in enumerate(codes()):
        (project / f"a{number:02}.py").write_text(placed(code, number))
        broken = placed(code, number).rstrip("\n") + "\n)\n"
        (project / f"b{number:02}.py").write_text(broken)
    outputs = [f"--output={layout}=../{layout}" for layout in OUTPUT_FORMATS]
    said = {"check": offramp(project, "check", "--select=ALL", *outputs)}
    said |= {layout: (top / layout).read_text(encoding="utf-8") for layout in OUTPUT_FORMATS}
    said["diff"] = offramp(project, "check", "--diff", "--unsafe-fixes")
    for path in project.glob("b*.py"):
        path.unlink()
    gate = ("gate", "--select=ALL", "--no-locked")
    said["accepted"] = offramp(project, *gate, "--accept-new")
    baseline = project / "offramp-baseline.json"
    said["baseline"] = baseline.read_text(encoding="utf-8")
    said["migrate"] = offramp(project, "migrate", ".", "--out", "../out", "--unsafe-fixes")
    said["MIGRATION.md"] = (top / "out" / "MIGRATION.md").read_text(encoding="utf-8")
    for path in project.glob("a*.py"):
        path.write_text("")
    said["gone"] = offramp(project, *gate, "--strict")
    said["gone in SARIF"] = offramp(project, *gate, "--output-format=sarif")
    return said


def shown(text: str) -> list[str]:
    """The spellings of which a text shows a piece of the key."""
    found = []
    for number, (name, _) in enumerate(codes()):
        key = key_of(number)
        pieces = {key[start : start + 8] for start in range(len(key) - 8)}
        found += [name] if any(piece in text for piece in pieces if f"{number:02}" in piece) else []
    return found if COMMON_END not in text else [*found, "the end of one"]


PLACES = (*OUTPUT_FORMATS, "check", "diff", "accepted", "baseline", "migrate", "MIGRATION.md", "gone", "gone in SARIF")


@pytest.mark.parametrize("place", PLACES)
def test_no_spelling_of_a_key_is_shown(place: str, said: dict[str, str]) -> None:
    assert shown(said[place]) == []


def test_every_spelling_is_in_the_outputs(said: dict[str, str]) -> None:
    assert said.keys() == set(PLACES)
    for number, _ in enumerate(codes()):
        assert f"a{number:02}.py" in said["concise"]
        assert f"b{number:02}.py" in said["concise"]
        assert f"a{number:02}.py" in said["baseline"]
        assert f"a{number:02}.py" in said["gone in SARIF"]


def test_a_text_that_shows_a_key_is_noticed() -> None:
    assert shown(f"it is {key_of(3)}") == ["given getenv keywords", "the end of one"]
    assert shown(key_of(3)[:8]) == ["given getenv keywords"]


def test_what_is_no_key_is_shown(tmp_path: Path) -> None:
    code = HEAD + FLOW.replace("GIVEN", 'os.environ.get("DBT_CLOUD_PROD_01", fetch("warehouse-team"))')
    (tmp_path / "a.py").write_text(code)
    assert 'os.environ.get("DBT_CLOUD_PROD_01", fetch("warehouse-team"))' in offramp(tmp_path, "check")
    (tmp_path / "a.py").write_text(
        "from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator\n"
        "SECRET_NAME = 'warehouse-2024'\n"
        "DbtCloudRunJobOperator(task_id='warehouse-2024', job_id=1, wait_for_termination=False)\n"
    )
    text = offramp(tmp_path, "check")
    assert "SECRET_NAME = 'warehouse-2024'" in text
    assert "DbtCloudRunJobOperator(task_id='warehouse-2024', job_id=1" in text

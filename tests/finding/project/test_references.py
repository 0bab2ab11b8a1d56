"""What refers to a DAG, and what only has an equal string."""

from __future__ import annotations

from pathlib import Path

import pytest

from offramp.project.index import Mention, Project

_REFERRING = {
    "sensor": 'ExternalTaskSensor(task_id="w", external_dag_id="up")',
    "sensor of a library not seen": 'from ours import Sensor\nSensor(task_id="w", external_dag_id="up")',
    "marker": 'ExternalTaskMarker(task_id="w", external_dag_id="up", external_task_id="t")',
    "trigger": 'TriggerDagRunOperator(task_id="w", trigger_dag_id="up")',
    "a constant": 'UP = "up"\nExternalTaskSensor(external_dag_id=UP)',
    "a loop": 'for n in ("down", "up"):\n    ExternalTaskSensor(external_dag_id=n)',
    "a loop and a text": 'for n in ("d", "u"):\n    ExternalTaskSensor(external_dag_id=f"{n}p")',
    "a comprehension": 'ALL = ["down", "up"]\n[ExternalTaskSensor(external_dag_id=n) for n in ALL]',
    "a table": 'for c in [{"id": "down"}, {"id": "up"}]:\n    ExternalTaskSensor(external_dag_id=c["id"])',
    "added up": 'ExternalTaskSensor(external_dag_id="u" + "p")',
    "formatted": 'ExternalTaskSensor(external_dag_id="{}p".format("u"))',
    "either": 'ExternalTaskSensor(external_dag_id="up" if PROD else "up_dev")',
    "a class's constant": 'class C:\n    UP = "up"\nExternalTaskSensor(external_dag_id=C.UP)',
    "spread": 'ARGS = {"external_dag_id": "up"}\nExternalTaskSensor(task_id="w", **ARGS)',
    "default_args": 'default_args = dict(external_dag_id="up")',
    "an item set": 'args = {}\nargs["trigger_dag_id"] = "up"',
    "an attribute set": 'sensor.external_dag_id = "up"',
    "a subclass": 'class S(Sensor):\n    def __init__(self):\n        super().__init__(external_dag_id="up")',
    "a default": 'def wait(external_dag_id="up"):\n    return ExternalTaskSensor(external_dag_id=external_dag_id)',
    "mapped": 'TriggerDagRunOperator.partial(task_id="t").expand(trigger_dag_id=["down", "up"])',
    "mapped by a table": 'TriggerDagRunOperator.partial(task_id="t").expand_kwargs([{"trigger_dag_id": "up"}])',
    "a function of the file": 'def wait(name):\n    return ExternalTaskSensor(external_dag_id=name)\nwait("up")',
    "walrus": 'ExternalTaskSensor(external_dag_id=(u := "up"))',
    "deferred": 'self.defer(trigger=WorkflowTrigger(external_dag_id="up"), method_name="x")',
    "pulled": 'def f(ti):\n    return ti.xcom_pull(task_ids="t", dag_id="up")',
    "pulled by position": 'def f(ti):\n    return ti.xcom_pull("t", "up")',
    "pulled in a template": "BashOperator(bash_command=\"echo {{ ti.xcom_pull(task_ids='t', dag_id='up') }}\")",
    "XCom": 'XCom.get_one(run_id=r, task_id="t", dag_id="up")',
    "runs": 'DagRun.find(dag_id="up")',
    "runs by position": 'DagRun.find("up")',
    "model": 'DagModel.get_dagmodel("up")',
    "query": 'session.query(DagModel).filter(DagModel.dag_id == "up")',
    "query of several": 'session.query(DagRun).filter(DagRun.dag_id.in_(["down", "up"]))',
    "query by keyword": 'session.query(DagModel).filter_by(dag_id="up")',
    "compared": 'def policy(task):\n    if task.dag_id == "up":\n        task.queue = "q"',
    "compared with several": 'def policy(task):\n    if task.dag_id in ("down", "up"):\n        task.queue = "q"',
    "DagBag": 'DagBag().get_dag("up")',
    "DagBag by keyword": 'def test(bag):\n    assert bag.get_dag(dag_id="up")',
    "DagBag's table": 'def test(bag):\n    assert bag.dags["up"]',
    "DagBag's table, asked": 'def test(bag):\n    assert bag.dags.get("up")',
    "started": 'from airflow.api.common.trigger_dag import trigger_dag\ntrigger_dag("up", run_id="r")',
    "started by keyword": 'trigger_dag(dag_id="up")',
    "client": 'api.trigger_dag_run("up", body)',
    "REST": 'requests.post("http://a/api/v1/dags/up/dagRuns", json={})',
    "REST of Airflow 3": 'httpx.post(f"{URL}/api/v2/dags/up/dagRuns", json={})',
    "REST, joined": 'requests.post(BASE + "/dags/up/dagRuns")',
    "REST, name apart": 'NAME = "up"\nrequests.post(f"{BASE}/dags/{NAME}/dagRuns")',
    "REST, formatted": 'requests.post("{}/api/v1/dags/{}/dagRuns".format(BASE, "up"))',
    "REST, the DAG itself": 'requests.patch(f"{API}/dags/up", json={"is_paused": False})',
    "REST by operator": 'HttpOperator(task_id="t", endpoint="api/v1/dags/up/dagRuns", method="POST")',
    "REST, experimental": 'ENDPOINT = "/api/experimental/dags/up/dag_runs"',
    "command": 'BashOperator(task_id="t", bash_command="airflow dags trigger up")',
    "command with options": "BashOperator(bash_command=\"set -e; airflow dags trigger --conf '{}' up && echo\")",
    "command over lines": 'BashOperator(bash_command=r"""\nairflow dags trigger \\\n  up\n""")',
    "command with a name": 'D = "up"\nBashOperator(bash_command=f"airflow dags unpause {D}")',
    "backfill": 'os.system("airflow backfill create --dag-id up --from-date x")',
    "backfill of Airflow 2": 'os.system("airflow dags backfill up -s x")',
    "old command": 'os.system("airflow trigger_dag up")',
    "tasks": 'os.system("airflow tasks run up extract 2024-01-01")',
    "list": 'subprocess.run(["airflow", "dags", "trigger", "up"], check=True)',
    "list with a name": 'D = "up"\nsubprocess.run(["airflow", "dags", "trigger", D])',
    "positional sensor kw spread dict()": 'S(**dict(external_dag_id="up"))',
    "partial functools": (
        'from functools import partial\nW=partial(ExternalTaskSensor, external_dag_id="up")\nW(task_id="x")'
    ),
    "partial positional wrapper": (
        "def mk(t, d):\n"
        "    return TriggerDagRunOperator(task_id=t, trigger_dag_id=d)\n"
        'for x in ["a","up"]:\n'
        '    mk("t", x)'
    ),
    "lambda": 'mk = lambda d: TriggerDagRunOperator(task_id="t", trigger_dag_id=d)\nmk("up")',
    "class attr": 'class W(ExternalTaskSensor):\n    external_dag_id = "up"',
    "match": (
        "match env:\n"
        '    case "p":\n'
        '        D = "up"\n'
        "    case _:\n"
        '        D = "dev"\n'
        "TriggerDagRunOperator(trigger_dag_id=D)"
    ),
    "global": 'def f():\n    global D\n    D = "up"\nf()\nTriggerDagRunOperator(trigger_dag_id=D)',
    "nested dict": 'C={"x":{"dag":"up"}}\nTriggerDagRunOperator(trigger_dag_id=C["x"]["dag"])',
    "enum": 'from enum import Enum\nclass D(Enum):\n    UP="up"\nTriggerDagRunOperator(trigger_dag_id=D.UP.value)',
    "enumerate": 'for i, n in enumerate(["up","b"]):\n    TriggerDagRunOperator(trigger_dag_id=n)',
    "zip": 'for i, n in zip([1,2],["up","b"]):\n    TriggerDagRunOperator(trigger_dag_id=n)',
    "dict items": 'for k,v in {"t":"up"}.items():\n    TriggerDagRunOperator(trigger_dag_id=v)',
    "setattr": 'setattr(op, "trigger_dag_id", "up")',
    "update": 'args.update(trigger_dag_id="up")',
    "setdefault": 'args.setdefault("external_dag_id", "up")',
    "xcom_pull kwargs ti": 'context["ti"].xcom_pull(task_ids=["a"], dag_id="up", key="k")',
    "xcom task_instance in fstring jinja": (
        "BashOperator(bash_command=f\"echo {{{{ task_instance.xcom_pull(dag_id='up', task_ids='t') }}}}\")"
    ),
    "xcom_pull double quotes": 'BashOperator(bash_command=\'{{ ti.xcom_pull(task_ids="t", dag_id="up") }}\')',
    "xcom positional template": "BashOperator(bash_command=\"{{ ti.xcom_pull('t', 'up') }}\")",
    "get_task_instance": 'TaskInstance.get_task_instance(dag_id="up", run_id="r", task_id="t", map_index=-1)',
    "trigger local client": 'from airflow.api.client.local_client import Client as C\nC(1).trigger_dag(dag_id="up")',
    "sql": "hook.get_first(\"select state from dag_run where dag_id = 'up'\")",
    "sql f": 'D="up"\nhook.get_first(f"select * from dag_run where dag_id = \'{D}\'")',
    "os.system": 'import os\nos.system("airflow dags trigger up")',
    "subprocess shell": 'subprocess.run("airflow dags trigger up", shell=True)',
    "shlex": 'subprocess.run(shlex.split("airflow dags trigger up"))',
    "list concat": 'BASE=["airflow","dags"]\nsubprocess.run(BASE+["trigger","up"])',
    "star list": 'BASE=["airflow","dags"]\nsubprocess.run([*BASE,"trigger","up"])',
    "varargs": 'run("airflow", "dags", "trigger", "up")',
    "abs airflow": 'BashOperator(bash_command="/usr/local/bin/airflow dags trigger up")',
    "kubectl": "BashOperator(bash_command=\"kubectl exec pod -- airflow dags trigger 'up' \")",
    "docker exec list": 'subprocess.run(["docker","exec","x","airflow","dags","trigger","up"])',
    "abs list": 'subprocess.run(["/usr/bin/airflow","dags","trigger","up"])',
    "curl": 'BashOperator(bash_command="curl -X POST http://af/api/v1/dags/up/dagRuns -d {}")',
    "urllib": 'urllib.request.Request(f"{U}/api/v1/dags/up/dagRuns")',
    "urljoin": 'requests.post(urljoin(BASE, "dags/up/dagRuns"))',
    "endpoint fstring const": 'D="up"\nE=f"/api/v1/dags/{D}/dagRuns"',
    "percent": 'requests.post("%s/api/v1/dags/%s/dagRuns" % (B, "up"))',
    "format kw": 'requests.post("{b}/dags/{d}/dagRuns".format(b=B, d="up"))',
    "format late": 'U="http://x/api/v1/dags/{}/dagRuns"\nrequests.post(U.format("up"))',
    "format function": 'def go(d):\n    requests.post(f"http://x/api/v1/dags/{d}/dagRuns")\ngo("up")',
    "timetable": 'ExternalTaskSensor.partial(task_id="x", external_dag_id="up").expand(external_task_id=["a"])',
    "expand_kwargs list": 'L=[{"external_dag_id": d} for d in ("a","up")]\nX.expand_kwargs(L)',
    "task decorator trigger": '@task\ndef f():\n    from a.trigger import trigger_dag as td\n    td("up", run_id="x")',
    "dag_run find alias": 'from airflow.models import DagRun as DR\nDR.find("up")',
    "dag_id var": 'dag_id = "up"\nDagRun.find(dag_id=dag_id)',
    "in set": 'if dag.dag_id in {"up"}: x()',
    "not in": 'if ctx["dag"].dag_id not in ["up"]: x()',
    "reversed compare": 'if "up" == dr.dag_id: x()',
    "like": 'session.query(DagModel).filter(DagModel.dag_id.like("up"))',
    "match dag_id": 'match dag.dag_id:\n    case "up":\n        x()',
    "typed": 'external_dag_id: str = "up"',
    "dataclass": '@dataclass\nclass C:\n    external_dag_id: str = "up"',
    "kw in call of dict get": 'S(external_dag_id=CFG.get("k", "up"))',
    "or": 'S(external_dag_id=os.environ.get("D") or "up")',
    "environ default": 'S(external_dag_id=os.environ.get("D", "up"))',
    "var default": 'S(external_dag_id=Variable.get("D", default_var="up"))',
    "await": 'async def f():\n    await client.trigger_dag("up")',
    "nested functions": 'def a():\n    def b(d):\n        return S(external_dag_id=d)\n    return b\na()("up")',
    "yield": 'def ids():\n    yield "up"\nfor d in ids():\n    S(external_dag_id=d)',
    "sorted": 'for d in sorted({"up","a"}):\n    S(external_dag_id=d)',
    "list of tuples star": 'for t,*d in [("x","up")]:\n    S(external_dag_id=d[0])',
    "list with python -m": 'subprocess.run([sys.executable, "-m", "airflow", "dags", "test", "up"])',
}
_EQUAL = {
    "a request to something else": 'requests.post("http://a/dags/up/files")',
    "a default of something else": 'ExternalTaskSensor(external_dag_id=x.get("up"))',
    "a list of words": 'subprocess.run(["airflow", "variables", "get", "up"])',
    "a query of something else": "hook.run(\"select * from t where task_id = 'up'\")",
    "matched": 'match state:\n    case "up":\n        get_dag("third")',
    "printed": 'print("up")',
    "logged": 'log.info("up")',
    "a tag": 'with DAG("other", tags=["up"]):\n    ExternalTaskSensor(external_dag_id="third")',
    "a connection": 'DbtCloudRunJobOperator(dbt_cloud_conn_id="up", trigger_dag_id=None)',
    "a task id": 'BashOperator(task_id="up")\nti.xcom_pull(task_ids="up")',
    "an external task": 'ExternalTaskSensor(external_dag_id="third", external_task_id="up")',
    "a value": 'STATE = "up"',
    "compared": 'if state == "up":\n    TriggerDagRunOperator(trigger_dag_id="third")',
    "a key": 'CONFIG = {"up": 1}',
    "a DAG": 'DAG(dag_id="up")',
    "a factory's DAG": 'create_dag(dag_id="up")',
    "a decorated DAG": '@dag(dag_id="up")\ndef f(): ...',
    "a path": 'SEARCH = "/opt/airflow/dags/up"',
    "a path that is opened": 'open("/opt/airflow/dags/up/profiles.yml")',
    "another DAG's path": 'requests.post("http://a/api/v1/dags/upper/dagRuns")',
    "a comment": '# ExternalTaskSensor(external_dag_id="up")\nX = 1',
    "a docstring": '"""Run `airflow dags trigger up` first."""',
    "said": 'print("run: airflow dags trigger up")',
    "another command": 'BashOperator(bash_command="airflow variables get up")',
    "a command of something else": 'BashOperator(bash_command="airflow dags list; dbt run -s up")',
    "an asset": 'Asset("up")\nDataset("s3://up")',
    "a variable": 'TriggerDagRunOperator(trigger_dag_id=Variable.get("up"))',
    "an environment variable": 'ExternalTaskSensor(external_dag_id=os.environ["up"])',
    "a part of another id": 'ExternalTaskSensor(external_dag_id="up_stream")',
    "a tag, beside an id from elsewhere": 'def w(d):\n    Sensor(external_dag_id=d)\nDAG("x", tags=["up"])',
}


def _project(folder: Path, texts: dict[str, str]) -> Project:
    (folder / "up.py").write_text('DAG("up")\n', encoding="utf-8")
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"{text}\n", encoding="utf-8")
    return Project([str(folder / name) for name in ("up.py", *texts)])


@pytest.mark.parametrize("text", _REFERRING.values(), ids=_REFERRING)
def test_a_file_refers_to_a_dag(text: str, tmp_path: Path) -> None:
    found = _project(tmp_path, {"down.py": text}).referring("up", str(tmp_path / "up.py"))
    assert found is not None
    assert found.path == str(tmp_path / "down.py")
    assert found.certain


@pytest.mark.parametrize("text", _EQUAL.values(), ids=_EQUAL)
def test_an_equal_string_is_no_reference(text: str, tmp_path: Path) -> None:
    assert _project(tmp_path, {"down.py": text}).referring("up", str(tmp_path / "up.py")) is None


def test_a_file_does_not_need_its_own_dag(tmp_path: Path) -> None:
    project = _project(tmp_path, {"up.py": 'TriggerDagRunOperator(trigger_dag_id="up")'})
    assert project.referring("up", str(tmp_path / "up.py")) is None


def test_what_is_known_of_an_id_in_part(tmp_path: Path) -> None:
    text = 'for name in names():\n    ExternalTaskSensor(external_dag_id=f"load_{name}")'
    project = _project(tmp_path, {"down.py": text})
    down = str(tmp_path / "down.py")
    assert project.referring("load_orders", str(tmp_path / "up.py")) == Mention(down, 2, certain=False)
    assert project.referring("up", str(tmp_path / "up.py")) is None


def test_a_template_is_known_in_part(tmp_path: Path) -> None:
    project = _project(tmp_path, {"down.py": 'TriggerDagRunOperator(trigger_dag_id="load_{{ params.what }}")'})
    assert project.referring("load_orders", str(tmp_path / "up.py"))
    assert not project.referring("up", str(tmp_path / "up.py"))


def test_a_constant_of_another_module(tmp_path: Path) -> None:
    texts = {
        "common/names.py": 'PREFIX = "u"\nUPSTREAM = PREFIX + "p"',
        "down.py": "from common.names import UPSTREAM\nExternalTaskSensor(external_dag_id=UPSTREAM)",
        "third.py": "from common import names\nprint(names)",
    }
    found = _project(tmp_path, texts).referring("up", str(tmp_path / "up.py"))
    assert found == Mention(str(tmp_path / "down.py"), 2)


def test_an_id_that_is_handed_to_another_module(tmp_path: Path) -> None:
    texts = {
        "common/waiting.py": "def wait_for(name):\n    return ExternalTaskSensor(external_dag_id=name)",
        "down.py": 'from common.waiting import wait_for\nwait_for("up")',
    }
    found = _project(tmp_path, texts).referring("up", str(tmp_path / "up.py"))
    assert found == Mention(str(tmp_path / "down.py"), 2)


def test_what_is_handed_to_other_modules_is_no_id(tmp_path: Path) -> None:
    texts = {
        "common/waiting.py": "def wait_for(name):\n    return ExternalTaskSensor(external_dag_id=name)",
        "common/other.py": "def wait_for(name): ...",
        "down.py": 'from common.other import wait_for\nwait_for("up")',
        "third.py": 'from common.waiting import wait_for\nwait_for("third")\nBashOperator(task_id="up")',
    }
    assert _project(tmp_path, texts).referring("up", str(tmp_path / "up.py")) is None


def test_a_file_that_is_not_python_any_more_refers_to_nothing(tmp_path: Path) -> None:
    assert _project(tmp_path, {"down.py": 'wait(external_dag_id="up"'}).referring("up", str(tmp_path / "up.py")) is None

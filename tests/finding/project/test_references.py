"""What refers to a DAG, and what only has an equal string."""

from __future__ import annotations

from pathlib import Path

import pytest

from offramp.finding.project.index import Mention, Project

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
    "list with python -m": 'subprocess.run([sys.executable, "-m", "airflow", "dags", "test", "up"])',
}
_EQUAL = {
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

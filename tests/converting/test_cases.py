"""Cases: what is known of a file of DAGs before anything is planned."""

from __future__ import annotations

import ast

from converting.dag_files import IMPORTS, case, case_of_text, task
from offramp.python.values import Constant

DEFAULTS = 'DEFAULTS = {"retries": 1}\nLIMITS = {"retries": 2}\n'


def test_ids_are_those_that_are_written_or_the_names_of_functions() -> None:
    text = (
        "from airflow.decorators import dag\nimport os\n"
        "@dag(schedule=None)\ndef orders():\n    pass\n"
        '@dag(dag_id="sales", schedule=None)\ndef other():\n    pass\n'
        '@dag(dag_id=os.environ["DAG"], schedule=None)\ndef third():\n    pass\n'
        "orders()\nother()\nthird()\n"
    )
    assert list(case_of_text(text).ids.values()) == ["orders", "sales", ""]


def test_tasks_and_dags_are_gone() -> None:
    found = case('first = EmptyOperator(task_id="a")\nsecond = EmptyOperator(task_id="b")')
    assert found.leaving.gone == {"first", "second", "dag"}


def test_code_of_a_dags_function_moves_to_module_level_and_its_tasks_do_not() -> None:
    text = (
        f"{IMPORTS}from airflow.decorators import dag\n"
        '@dag(schedule=None)\ndef orders():\n    NAME = "x"\n    a = EmptyOperator(task_id="a")\n\norders()\n'
    )
    found = case_of_text(text)
    assert found.leaving.local == {"NAME"}
    scope = found.leaving.scopes[0]
    goes = {name: found.leaving.goes(bindings[0]) for name, bindings in scope.bindings.items()}
    assert goes == {"NAME": False, "a": True}


def test_default_args_go_where_nothing_else_reads_them() -> None:
    dag = 'with DAG("orders", schedule=None, default_args=DEFAULTS) as dag:\n'
    found = case('EmptyOperator(task_id="a")', DEFAULTS, dag)
    assert [ast.unparse(one) for one in found.default_args] == ["DEFAULTS = {'retries': 1}"]
    assert not case('EmptyOperator(task_id="a")', f"{DEFAULTS}print(DEFAULTS)\n", dag).default_args
    params = 'with DAG("orders", schedule=None, params=DEFAULTS) as dag:\n'
    assert not case('EmptyOperator(task_id="a")', DEFAULTS, params).default_args


def test_what_looks_for_airflows_version_goes_and_what_code_reads_of_it_does_not() -> None:
    looks = "import airflow\nIS_NEW = airflow.__version__.startswith('3')\n"
    uses = 'with DAG("orders", schedule=None, catchup=IS_NEW) as dag:\n'
    assert len(case('EmptyOperator(task_id="a")', looks, uses).lookups) == 1
    assert not case('EmptyOperator(task_id="a")', f"{looks}print(IS_NEW)\n", uses).lookups


def test_callables_that_pull_results_take_them_as_parameters() -> None:
    before = 'def load():\n    return 1\n\ndef show(ti):\n    print(ti.xcom_pull(task_ids="load"))\n\n'
    found = case(
        'a = PythonOperator(task_id="load", python_callable=load)\n'
        'b = PythonOperator(task_id="show", python_callable=show)\na >> b',
        before,
    )
    pulls = found.pulls[task(found, "show")]
    assert pulls.sources == {"load_result": task(found, "load")}
    assert pulls.replaced == {"ti"}
    assert task(found, "load") not in found.pulls


def test_flows_take_the_params_of_their_dags() -> None:
    dag = 'with DAG("orders", schedule=None, params={"day": "monday", "print": 1}) as dag:\n'
    found = case('EmptyOperator(task_id="a")', dag=dag)
    parameters = found.parameters[found.graph.dags[0]]
    assert parameters.defaults == {"day": Constant("monday")}
    assert list(parameters.problems) == ["print"]

"""Values that grow with each line by as much as there is already: what is worked out of them has a limit."""

from __future__ import annotations

import time

import pytest

from fixing.flows import fixed

_HEAD = """\
from functools import partial
from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.python import PythonOperator
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator


def show(x=None, **more):
    print(x)


"""
_TASKS = """
def work():
    print({value})
    return {value}


with DAG("d", schedule=None, default_args={{"owner": {value}}}, tags={value}, params={value}):
    DbtCloudRunJobOperator(task_id="a", job_id={value}, steps_override={value}, trigger_reason={value})
    DbtCloudRunJobOperator(task_id="b", job_id=1, additional_run_config={{"git_sha": {value}}}, **{value})
    DbtCloudRunJobOperator(task_id={value}, job_id=1, wait_for_termination=False, additional_run_config={value})
    DbtCloudRunJobOperator.partial(task_id="m").expand(job_id={value})
    BashOperator(task_id="c", bash_command={value}, env={value}, cwd={value})
    BashOperator(task_id="p", bash_command="{{{{ ti.xcom_pull('" + {value} + "') }}}}")
    PythonOperator(task_id="e", python_callable=show, op_args=[{value}], op_kwargs={{"z": {value}}}, retries=2)
    PythonOperator(task_id="f", python_callable=show, op_args={value}, op_kwargs={value}, retries={value})
    PythonOperator(task_id="g", python_callable=work, retries=2)
    PythonOperator(task_id="h", python_callable=work)
    for one in {value}:
        for two in one:
            DbtCloudRunJobOperator(task_id=f"r{{one}}{{two}}", job_id=two)
"""
# What the first name is, and what each one is made of the one before.
_GROWING = {
    "texts that are added": ("'x'", "{0} + {0}"),
    "f-strings": ("'x'", "f'{{{0}}}{{{0}}}'"),
    "f-strings with formats": ("1", "f'{{{0}}}{{{0}!r:>{{{0}}}}}'"),
    "percent formats": ("'x'", "'%s%s' % ({0}, {0})"),
    "percent formats of a dict": ("'x'", "'%(a)s%(a)s' % {{'a': {0}}}"),
    "str.format": ("'x'", "'{{}}{{}}'.format({0}, {0})"),
    "str.join": ("'x'", "{0}.join([{0}, {0}])"),
    "str.replace": ("'x'", "{0}.replace('x', 'xx')"),
    "lists that are added": ("['x']", "{0} + {0}"),
    "lists in displays": ("['x']", "[*{0}, *{0}]"),
    "lists in lists": ("['x']", "[{0}, {0}]"),
    "tuples in tuples": ("('x',)", "({0}, {0})"),
    "dicts in dicts": ("{{'x': 'y'}}", "{{'a': {0}, 'b': {0}}}"),
    "dicts with numbers for keys": ("{{1: 'y'}}", "{{**{0}, **{0}}}"),
    "dicts that are merged": ("{{1: 'y'}}", "{0} | {0}"),
    "calls of dict": ("{{1: 'y'}}", "dict({0}, **{0})"),
    "choices": ("UNKNOWN", "{0} if OTHER else [{0}]"),
    "alternatives": ("UNKNOWN", "{0} or {0}"),
    "a text that is repeated": ("'x' * 10**9", "{0} * 10"),
    "powers": ("2", "{0} ** {0}"),
    "shifts": ("2", "{0} << {0}"),
    "products": ("10", "{0} * {0}"),
    "products of floats": ("10.0", "{0} * {0}"),
    "numbers as texts": ("10", "int(str({0}) + str({0}))"),
    "widths": ("'x'", "f'{{{0}:>1000000000}}' + '%1000000000s' % {0} + {0}.zfill(10**9)"),
    "comprehensions": ("['x']", "[one + two for one in {0} for two in {0}]"),
    "dict comprehensions": ("{{'x': 'x'}}", "{{one + two: three for one, three in {0}.items() for two in {0}}}"),
    "ranges": ("range(10**9)", "list({0})"),
    "zip": ("['x']", "list(zip({0}, {0}))"),
    "lambdas": ("lambda: 'x'", "lambda: {0}() + {0}()"),
    "partials": ("partial(print, x=1)", "partial({0}, y={0})"),
    "copies that are changed": ("{{'x': 'y'}}", "dict({0}); {1}.update({0}); {1}['k'] = {0}"),
}
_OTHERWISE = {
    "added in place": "value = 'x'\n" + "value += value\n" * 30,
    "lists extended in place": "value = ['x']\n" + "value += value\n" * 30,
    "dicts merged in place": "value = {1: 'x'}\n" + "value |= {**value, 'b': value}\n" * 30,
    "added in a loop": "value = 'x'\nfor number in range(60):\n    value = value + value\n",
    "functions": "def f0(): return 'x'\n"
    + "".join(f"def f{number}(): return f{number - 1}() + f{number - 1}()\n" for number in range(1, 30))
    + "value = f29()\n",
    "classes": "class C0: x = 'x'\n"
    + "".join(f"class C{number}(C{number - 1}): x = C{number - 1}.x + C{number - 1}.x\n" for number in range(1, 30))
    + "value = C29.x\n",
    "classes of two": "class C0: x = 'x'\nclass D0: x = 'y'\n"
    + "".join(
        f"class C{number}(C{number - 1}, D{number - 1}): pass\nclass D{number}(D{number - 1}, C{number - 1}): pass\n"
        for number in range(1, 30)
    )
    + "value = C29.x\n",
}


def _grown(first: str, step: str) -> str:
    lines = [f"v0 = {first.format()}"]
    lines += [f"v{number} = {step.format(f'v{number - 1}', f'v{number}')}" for number in range(1, 31)]
    return "\n".join([*lines, "value = v30\n"])


@pytest.mark.parametrize(
    "text",
    [*(pytest.param(_grown(*pair), id=name) for name, pair in _GROWING.items())]
    + [pytest.param(text, id=name) for name, text in _OTHERWISE.items()],
)
def test_a_value_that_doubles_with_each_line_takes_no_time(text: str) -> None:
    begin = time.process_time()
    result = fixed(_HEAD + text + _TASKS.format(value="value"), "3.0.6")
    assert time.process_time() - begin < 2
    assert not result.problem
    assert sum(finding.code == "OFR101" for finding in result.findings) == 5

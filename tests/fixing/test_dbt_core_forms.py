"""The form in which flows run dbt Core is the one that ``dbt-core-pattern`` asks for, or there is a reason why not."""

import pytest

from offramp.engine import Context, fix_bytes
from offramp.knowledge.rulebook import load_rulebook
from offramp.model import FileResult
from offramp.reading.versions import find_versions
from offramp.settings import enabled_codes, load

_DAG = """\
import os
from airflow.sdk import DAG
from cosmos import DbtTaskGroup, ProfileConfig, ProjectConfig, RenderConfig
from cosmos.operators.local import DbtRunLocalOperator, DbtTestLocalOperator
PROFILE = ProfileConfig("shop", "prod", profiles_yml_filepath="/opt/shop/profiles.yml")
with DAG("d", schedule=None):
    {}
"""
_GROUP = 'DbtTaskGroup(group_id="g", project_config=ProjectConfig("/opt/shop"), profile_config=PROFILE)'
_RUN = 'DbtRunLocalOperator(task_id="run", project_dir="/opt/shop", profile_config=PROFILE{})'
_TEST = 'DbtTestLocalOperator(task_id="test", project_dir="/opt/shop", profile_config=PROFILE)'
_RUNNER, _COMMAND = "runner.invoke([", "run_command(["


def _fixed(code: str, pattern: str, **versions: str) -> FileResult:
    given = {"dbt-core-pattern": pattern, "airflow-version": "3.3", **versions}
    settings = load("/", given, isolated=True)
    rulebook = load_rulebook((), print)
    codes = enabled_codes(settings, rulebook.rules.values())
    context = Context(settings, rulebook, codes, find_versions(settings))
    return fix_bytes("dags/d.py", _DAG.format(code).encode(), context, unsafe=True, named=True)


@pytest.mark.parametrize(
    ("code", "pattern", "form"),
    [
        (_GROUP, "auto", _RUNNER),
        (_GROUP, "command", _COMMAND),
        (_GROUP, "runner", _RUNNER),
        (_RUN.format(""), "auto", _COMMAND),
        (_RUN.format(""), "runner", _RUNNER),
        (f"{_RUN.format('')} >> {_TEST}", "runner", _RUNNER),
        # Of two forms in one flow, the runner's would lock DuckDB's file for the command.
        (f"{_RUN.format('')} >> {_GROUP}", "auto", _COMMAND),
    ],
)
def test_the_form_is_the_one_that_is_asked_for(code: str, pattern: str, form: str) -> None:
    result = _fixed(code, pattern)
    assert result.new_text is not None
    text = result.new_text.decode()
    assert [one for one in (_RUNNER, _COMMAND) if one in text.replace("(\n        [", "([")] == [form]


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (f"[{_RUN.format('')}, {_TEST}]", "may run dbt at the same time"),
        (_RUN.format(', env={"A": "b"}'), "`env` sets its environment"),
        (_RUN.format(', dbt_executable_path="/venv/bin/dbt"'), "`dbt_executable_path` names another program"),
        (_RUN.format(', dbt_cmd_flags=["--select", "a"]'), "`dbt_cmd_flags` may give an option twice"),
    ],
)
def test_a_runner_that_is_asked_for_is_refused_where_it_cannot_be(code: str, why: str) -> None:
    result = _fixed(code, "runner")
    assert result.new_text is None
    reasons = {refusal.reason for finding in result.findings for refusal in finding.refusals}
    assert any('`dbt-core-pattern = "runner"` is not for this' in reason and why in reason for reason in reasons)


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        # `dbt ls --select s t g` is what Cosmos 1.15.1 runs for "stg".
        ('render_config=RenderConfig(select="stg")', "`render_config.select` has to be a list"),
        ('render_config=RenderConfig(exclude=os.environ["OUT"])', "`render_config.exclude` has to be a list"),
        # `dbt run --select fqn:shop.stg --select orders` runs both, and so does each other node's command.
        ('operator_args={"dbt_cmd_flags": ["--select", "orders"]}', "to every node's command"),
        ('operator_args={"dbt_cmd_flags": ["--exclude=orders"]}', "to every node's command"),
        # dbt ends with 1 where a node fails: Airflow skips the task, and the run goes on.
        ('operator_args={"skip_exit_code": 1}', "`skip_exit_code`: the code that skips the task"),
    ],
)
def test_a_group_is_refused_where_one_command_would_do_other_things(settings: str, why: str) -> None:
    result = _fixed(_GROUP[:-1] + f", {settings})", "auto")
    assert result.new_text is None
    reasons = {refusal.reason for finding in result.findings for refusal in finding.refusals}
    assert any(why in reason for reason in reasons), reasons


def test_variables_that_are_given_twice_are_refused() -> None:
    """Cosmos takes those of ``operator_args`` alone, a command both or the last."""
    project = 'ProjectConfig("/opt/shop", dbt_vars={"a": 1})'
    group = _GROUP.replace('ProjectConfig("/opt/shop")', project)
    result = _fixed(group[:-1] + ', operator_args={"vars": {"b": 2}})', "auto")
    assert result.new_text is None
    reasons = {refusal.reason for finding in result.findings for refusal in finding.refusals}
    assert any("are both given" in reason for reason in reasons), reasons


def test_there_is_no_runner_for_prefect_2() -> None:
    result = _fixed(_GROUP, "auto", **{"prefect-version": "2.20"})
    assert result.new_text is None or b"PrefectDbtRunner" not in result.new_text


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ('env={"A": "b"}', 'env={**os.environ, "A": "b"}'),
        ('env={"A": "b"}, append_env=False', 'env={"A": "b"}'),
        ("env={}", "env=os.environ"),
        (
            'dbt_cmd_global_flags=["--no-use-colors"], quiet=True',
            '"dbt", "--no-use-colors", "run"',
        ),
        ('select=["a", "b"]', '"--select", "a", "b"'),
        ('exclude="a b"', '"--exclude", "a b"'),
        ('vars={"a": [1, None]}', 'json.dumps({"a": [1, None]})'),
        ('vars={"a": 1}', """'{"a": 1}'"""),
        ("full_refresh=True", '"--full-refresh"'),
    ],
)
def test_arguments_become_words_of_the_command(given: str, written: str) -> None:
    result = _fixed(_RUN.format(f", {given}"), "auto")
    assert result.new_text is not None
    assert written in " ".join(result.new_text.decode().split())


def test_a_test_takes_no_full_refresh() -> None:
    """Cosmos's operators for tests leave it out, as dbt has no such option there."""
    result = _fixed(_TEST.replace(")", ", full_refresh=True)"), "auto")
    assert result.new_text is not None
    assert b"--full-refresh" not in result.new_text

"""Fixes texts, and reads the graph of a generated flow: its tasks, what each waits for, and its retries."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Set
from functools import cache
from typing import NamedTuple

from offramp.engine import Context, fix_bytes
from offramp.knowledge.rulebook import load_rulebook
from offramp.model import FileResult
from offramp.reading.versions import find_versions
from offramp.settings import enabled_codes, load


class Node(NamedTuple):
    """One task of a flow: the tasks it waits for or takes results of, its retries and their delay in seconds."""

    after: frozenset[str]
    retries: int
    delay: float
    all_done: bool


def fixed(text: str | bytes, airflow: str = "", provider: str = "", pattern: str = "") -> FileResult:
    """What ``check --fix --unsafe-fixes`` makes of a file of its own; nothing is written."""
    raw = text.encode() if isinstance(text, str) else text
    return fix_bytes("dags/case.py", raw, context(airflow, provider, pattern), unsafe=True, named=True)


@cache
def context(airflow: str, provider: str, pattern: str = "") -> Context:
    given = {"airflow-version": airflow, "dbt-cloud-provider-version": provider, "dbt-cloud-pattern": pattern}
    settings = load("/", {name: value for name, value in given.items() if value}, isolated=True)
    rulebook = load_rulebook([], _no_sentence)
    return Context(settings, rulebook, enabled_codes(settings, rulebook.rules.values()), find_versions(settings))


def _no_sentence(sentence: str) -> None:
    raise AssertionError(sentence)


def graphs(text: str) -> dict[str, dict[str, Node]]:
    """The tasks of every flow of a module by their names, by the flows' names."""
    tree = ast.parse(text)
    tasks: dict[str, dict[str, object]] = {}
    found: dict[str, dict[str, Node]] = {}
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            decorator = next((one for one in statement.decorator_list if isinstance(one, ast.Call)), None)
            kind = decorator.func.id if decorator is not None and isinstance(decorator.func, ast.Name) else ""
            if decorator is not None and kind == "task":
                tasks[statement.name] = _options(decorator)
            elif decorator is not None and kind == "flow":
                name = str(_options(decorator)["name"])
                assert name not in found
                found[name] = _flow(statement, tasks)
        elif isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call):
            target = statement.targets[0]
            if isinstance(target, ast.Name) and ast.unparse(statement.value.func) == "task":
                tasks[target.id] = _options(statement.value)
    return found


def _options(call: ast.Call) -> dict[str, object]:
    return {
        keyword.arg: keyword.value.value
        for keyword in call.keywords
        if keyword.arg is not None and isinstance(keyword.value, ast.Constant)
    }


def _flow(function: ast.FunctionDef | ast.AsyncFunctionDef, tasks: dict[str, dict[str, object]]) -> dict[str, Node]:
    futures: dict[str, str] = {}
    nodes: dict[str, Node] = {}
    for statement in function.body:
        if not isinstance(statement, ast.Assign):
            continue
        submit, target = statement.value, statement.targets[0]
        assert isinstance(submit, ast.Call)
        assert isinstance(submit.func, ast.Attribute)
        assert isinstance(target, ast.Name)
        assert submit.func.attr == "submit"
        options = _task_options(submit.func.value, tasks)
        given = [node for one in (*submit.args, *submit.keywords) for node in ast.walk(one)]
        names = [node.id for node in given if isinstance(node, ast.Name)]
        name = str(options["name"])
        assert name not in nodes
        nodes[name] = Node(
            frozenset(futures[one] for one in names if one in futures),
            int(str(options.get("retries", 0))),
            float(str(options.get("retry_delay_seconds", 0))) if options.get("retries", 0) else 0.0,
            "allow_failure" in names,
        )
        futures[target.id] = name
    last = function.body[-1]
    assert isinstance(last, ast.Return)
    assert isinstance(last.value, ast.List)
    returned = [futures[one.id] for one in last.value.elts if isinstance(one, ast.Name)]
    before = {name for node in nodes.values() for name in node.after}
    assert sorted(returned) == sorted(nodes.keys() - before)
    return nodes


def outlived(text: str, seconds: Mapping[str, int], failing: Set[str]) -> set[str]:
    """The tasks of a flow without choices that would still run or wait when it ends; Prefect 3.8.8 cancels those.

    A task takes ``seconds``, by its future's name. One whose upstream did not complete ends as soon as that is known,
    whatever its other upstreams do, unless it allows failures.
    """
    ends: dict[str, int] = {}
    failed = set()
    end = 0
    [function] = [
        one for one in ast.parse(text).body if isinstance(one, ast.FunctionDef) and "@flow" in _decorators(one)
    ]
    for statement in function.body:
        names = [one.id for one in ast.walk(statement) if isinstance(one, ast.Name)]
        upstream = [name for name in names if name in ends]
        if isinstance(statement, ast.Assign):
            [future] = [one.id for one in statement.targets if isinstance(one, ast.Name)]
            stopping = [ends[name] for name in upstream if name in failed and "allow_failure" not in names]
            begin = max((ends[name] for name in upstream), default=0)
            ends[future] = min(stopping) if stopping else begin + seconds[future]
            if stopping or future in failing:
                failed.add(future)
        else:
            end = max([end, *(ends[name] for name in upstream)])
    return {name for name, one in ends.items() if one > end}


def _decorators(function: ast.FunctionDef) -> str:
    return " ".join(f"@{ast.unparse(one)}" for one in function.decorator_list)


def _task_options(callee: ast.expr, tasks: dict[str, dict[str, object]]) -> dict[str, object]:
    if isinstance(callee, ast.Name):
        return tasks[callee.id]
    assert isinstance(callee, ast.Call)
    assert isinstance(callee.func, ast.Attribute)
    assert callee.func.attr == "with_options"
    return {**_task_options(callee.func.value, tasks), **_options(callee)}

"""Tells what the expressions of a DAG's code give: tasks, groups, results, DAGs, lists of tasks, or plain values."""

from __future__ import annotations

import ast

from offramp.dags.edges import Edges
from offramp.dags.graph import Argument, Dag, Result, Task
from offramp.dags.groups import Groups
from offramp.dags.loops import Loops
from offramp.dags.state import (
    UNFOLLOWED,
    Group,
    GroupFunction,
    Label,
    Plain,
    TaskFunction,
    Thing,
    Unfollowed,
)
from offramp.dags.tasks import Tasks
from offramp.knowledge.airflow_names import current_name
from offramp.python.nodes import walk
from offramp.python.values import Items, Local, Reference

_EDGE_FUNCTIONS = frozenset({"chain", "cross_downstream"})


class Expressions(Edges, Tasks, Groups, Loops):
    """Evaluates expressions as running them would."""

    def _evaluate(self, node: ast.expr) -> Thing:
        if isinstance(node, ast.Name):
            thing = self.env.get(node.id)
            if thing is not None:
                self.touched = self.touched or isinstance(thing, Task | Dag | list | dict | Group | Result)
                return thing
            return Plain(node)
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.RShift | ast.LShift):
            return self._edge(node)
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            things = [self._evaluate(element) for element in node.elts]
            nested = any(isinstance(thing, list | dict) for thing in things)
            if nested or (isinstance(node, ast.Set) and self._touches_tasks(node)):
                self._block(
                    "keeps tasks in a list of lists or a set, which Airflow connects otherwise or not at all", node
                )
                return UNFOLLOWED
            if things and all(not isinstance(thing, Plain) for thing in things):
                return things
            if any(isinstance(thing, Unfollowed) for thing in things):
                return UNFOLLOWED
            if any(isinstance(thing, Task | Dag | list | Group | Result) for thing in things):
                self._block("mixes tasks with other values", node)
                return UNFOLLOWED
            return Plain(node)
        if isinstance(node, ast.Attribute):
            return self._attribute(node)
        if isinstance(node, ast.Subscript):
            owner = self._evaluate(node.value)
            if isinstance(owner, Result):
                key = self._constant(node.slice)
                if key is not None and isinstance(key.value, str) and owner.key == "return_value":
                    return Result(owner.task, key.value, node)
                self._block("takes a part of a task's result in a way that is not followed", node)
                return UNFOLLOWED
            if isinstance(owner, list | dict):
                key = self._constant(node.slice)
                if isinstance(owner, list) and isinstance(node.slice, ast.Slice):
                    ends = (node.slice.lower, node.slice.upper, node.slice.step)
                    bounds = [self._number(end) if end is not None else None for end in ends]
                    if all(end is None or bound is not None for end, bound in zip(ends, bounds, strict=True)):
                        return owner[slice(*bounds)]
                held = owner if isinstance(owner, dict) else {n: owner[n] for n in range(-len(owner), len(owner))}
                if key is not None and key.value in held:
                    return held[key.value]
                self._block("takes a task from a list or dict in a way that is not followed", node)
                return UNFOLLOWED
            return Plain(node)
        if isinstance(node, ast.Dict):
            return self._dict(node)
        if isinstance(node, ast.ListComp):
            return self._comprehension(node)
        if any(
            (isinstance(inner, ast.Call) and self._operator_section(inner))
            or (isinstance(inner, ast.Name) and isinstance(self.env.get(inner.id), Task | Group | list | dict))
            for inner in walk(node)
        ):
            self._block("makes or uses tasks in an expression that is not followed", node)
            return UNFOLLOWED
        return Plain(node)

    def _dict(self, node: ast.Dict) -> Thing:
        if not self._touches_tasks(node) and not any(
            isinstance(inner, ast.Call) and self._operator_section(inner) for inner in walk(node)
        ):
            return Plain(node)
        keys = [self._constant(key) if key is not None else None for key in node.keys]
        things = [self._evaluate(value) for value in node.values]
        if any(isinstance(thing, Unfollowed) for thing in things):
            return UNFOLLOWED
        if None in keys or not all(isinstance(thing, Task | Result) for thing in things):
            self._block("keeps tasks in a dict in a way that is not followed", node)
            return UNFOLLOWED
        return {key.value: thing for key, thing in zip(keys, things, strict=True) if key is not None}

    def _attribute(self, node: ast.Attribute) -> Thing:
        owner = self._evaluate(node.value)
        if isinstance(owner, Task):
            if node.attr == "output":
                return Result(owner, "return_value", node)
            self._block(f"takes `{node.attr}` of a task", node)
            return UNFOLLOWED
        if isinstance(owner, TaskFunction | Group | Dag | list | dict | Result) and node.attr not in (
            "append",
            "extend",
        ):
            self._block(f"takes `{node.attr}` in a way that is not followed", node)
            return UNFOLLOWED
        return Plain(node)

    def _call(self, node: ast.Call) -> Thing:
        function = node.func
        if isinstance(function, ast.Attribute):
            handled, thing = self._method(node, function)
            if handled:
                self.followed.add(node)
                return thing
        section = self._operator_section(node)
        if section:
            return self._operator(node, section)
        callee = self._section(function)
        if callee == "DAG":
            assert self.statement is not None
            return self._new_dag(node, self.statement)
        if isinstance(function, ast.Call):
            thing = self._evaluate(function)
            if isinstance(thing, TaskFunction):
                return self._task_call(thing, node)
        if isinstance(function, ast.Name):
            thing = self.env.get(function.id)
            if isinstance(thing, TaskFunction):
                return self._task_call(thing, node)
            if isinstance(thing, GroupFunction):
                self.touched = True
                return self._call_group(thing, node)
            dag = self._called_dag(node)
            if dag is not None:
                self.touched = True
                dag.statements.append(self.statement)  # type: ignore[arg-type]
                if node.args or node.keywords:
                    self._block("calls the DAG's function with arguments", node)
                return dag
        return self._other_call(node)

    def _other_call(self, node: ast.Call) -> Thing:
        for value in self.values.evaluate(node.func):
            if isinstance(value, Reference):
                name = value.path.rpartition(".")[2]
                if name in _EDGE_FUNCTIONS and value.path.startswith("airflow."):
                    things = [None if isinstance(one, ast.Starred) else self._evaluate(one) for one in node.args]
                    self.touched = True
                    (self._chain if name == "chain" else self._cross)(things, node)
                    return None
                if name == "Label" and current_name(value.path) == "airflow.sdk.Label":
                    return Label((), ())
                if name == "XComArg" and len(node.args) == 1 and not node.keywords:
                    thing = self._evaluate(node.args[0])
                    if isinstance(thing, Task):
                        return Result(thing, "return_value", node)
                if value.path in ("builtins.list", "builtins.tuple") and len(node.args) == 1:
                    thing = self._evaluate(node.args[0])
                    if isinstance(thing, list):
                        return list(thing)
                if value.path.startswith("airflow.") and self._goes():
                    operator = ast.unparse(node.func)
                    self._block(f"`{operator}` is covered by no note", node.func)
                    return UNFOLLOWED
        things = [self._evaluate(argument) for argument in node.args if not isinstance(argument, ast.Starred)]
        things += [self._evaluate(keyword.value) for keyword in node.keywords]
        if any(isinstance(thing, Task | Dag | Group | Result | list | dict) and thing != [] for thing in things):
            self._block(f"passes a task or DAG to `{ast.unparse(node.func)}`, which is not followed", node)
            return UNFOLLOWED
        if self._goes() and _looks_like_operator(node):
            self._block(f"`{ast.unparse(node.func)}` is covered by no note", node.func)
            return UNFOLLOWED
        return Plain(node)

    def _method(self, node: ast.Call, function: ast.Attribute) -> tuple[bool, Thing]:
        name = function.attr
        if name == "expand" and (mapped := self._expanded(node, function)) is not None:
            return True, mapped
        if name in ("expand", "expand_kwargs", "partial") and (
            node in self.uses or self._section(function.value) or self._holds_mapping(function.value)
        ):
            self._see(node)
            self.touched = True
            self._block("is a mapped task in a form that is not followed", node)
            return True, UNFOLLOWED
        if isinstance(function.value, ast.Name):
            thing = self.env.get(function.value.id)
            if isinstance(thing, dict) and name == "values" and not node.args and not node.keywords:
                self.touched = True
                return True, list(thing.values())
            if isinstance(thing, list) and name in ("append", "extend"):
                added = [self._evaluate(argument) for argument in node.args]
                for item in added:
                    if name == "append" and isinstance(item, Task | Result):
                        thing.append(item)
                    elif name == "extend" and isinstance(item, list):
                        thing.extend(item)
                    else:
                        self._block("keeps something else than tasks in a list of tasks", node)
                return True, UNFOLLOWED
            if isinstance(thing, Plain | None) and name == "append" and node.args:
                item = self._evaluate(node.args[0])
                value = self.values.evaluate(function.value)
                if isinstance(item, Task | Result):
                    if any(isinstance(one, Items) and not one.nodes for one in value):
                        self.env[function.value.id] = [item]
                        self._drop(function.value)
                    else:
                        self._block("keeps tasks in a list that is not known here", node)
                elif self._goes():
                    self._block("is code in the DAG that is not followed", node)
                return True, UNFOLLOWED
            if isinstance(thing, TaskFunction) and name == "override":
                return True, self._override(thing, node)
            if isinstance(thing, TaskFunction):
                self._block(f"`{function.value.id}.{name}` is not followed", node)
                return True, UNFOLLOWED
        if name in ("set_upstream", "set_downstream"):
            owner = self._evaluate(function.value)
            others = [self._evaluate(argument) for argument in node.args]
            others += [self._evaluate(keyword.value) for keyword in node.keywords if keyword.arg == "task_or_task_list"]
            if len(others) == 1:
                pair = (owner, others[0]) if name == "set_downstream" else (others[0], owner)
                self._connect(*pair, node)
                return True, UNFOLLOWED
        if isinstance(function.value, ast.Call) and not self._section(function):
            thing = self._evaluate(function.value)
            if isinstance(thing, TaskFunction):
                self._block("is not followed", node)
                return True, UNFOLLOWED
            if isinstance(thing, Task | Dag | Group | Result):
                if isinstance(thing, Dag) and name in ("test", "cli"):
                    return True, UNFOLLOWED
                self._block(f"calls `{name}` of a task or DAG", node)
                return True, UNFOLLOWED
        if isinstance(function.value, ast.Name) and isinstance(
            self.env.get(function.value.id), Task | Dag | Group | Result
        ):
            if isinstance(self.env[function.value.id], Dag) and name in ("test", "cli"):
                self.touched = True
                return True, UNFOLLOWED
            self._block(f"calls `{name}` of a task or DAG", node)
            return True, UNFOLLOWED
        return False, None

    def _new_dag(self, maker: ast.expr, site: ast.stmt) -> Dag:
        dag = Dag(maker, site)
        self.dags.append(dag)
        self.by_maker[maker] = dag
        self.touched = True
        callee = maker.func if isinstance(maker, ast.Call) else maker
        self._check_certain(callee, self._section(callee))
        if any(isinstance(value, Local) for value in self.values.evaluate(callee)):
            self._block("this DAG is made by a class of its own", maker)
        if isinstance(maker, ast.Call):
            positional = ("dag_id", "description", "schedule_interval")
            given = self.values.arguments(maker, positional)
            if not given.complete or len(maker.args) > len(positional):
                self._block("not all arguments of this DAG are known here", maker)
            for name, value in given.given.items():
                if value.node is None:
                    self._block(f"`{name}` of this DAG is not known here", maker)
                else:
                    if name not in ("default_args", "params"):
                        self._check_lasting(f"`{name}`", value.node)
                    dag.arguments[name] = Argument(value.node, (), value.origin)
        return dag

    def _called_dag(self, node: ast.expr) -> Dag | None:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            for value in self.values.evaluate(node.func):
                if isinstance(value, Local) and value.node in self.by_maker:
                    return self.by_maker[value.node]
        return None


def _looks_like_operator(call: ast.Call) -> bool:
    return any(keyword.arg == "task_id" for keyword in call.keywords)

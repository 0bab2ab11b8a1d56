"""Tasks: operators, calls of TaskFlow functions, and mapped ones, with all arguments they get."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from offramp.dags.graph import MAPPED, Argument, Dag, Result, Task
from offramp.dags.state import UNFOLLOWED, Following, Plain, TaskFunction, Thing, Unfollowed
from offramp.finding.operators import Use
from offramp.python.names import FunctionNode
from offramp.python.nodes import walk
from offramp.python.values import Constant, Given, Items, Local, Reference, Table

_PLAIN_CALLS = frozenset("print str repr int float bool len list dict tuple sum min max range sorted".split())


class Tasks(Following):
    """Makes tasks as Airflow does, ids and inherited arguments included."""

    def _operator(self, node: ast.Call, section: str) -> Thing:
        self._see(node)
        self.touched = True
        use = self.uses.get(node)
        if use is not None and use.derived is not None:
            self._block(f"`{use.derived.name}` is a class of its own: no note covers it", node.func)
            return UNFOLLOWED
        if not self._is_one_operator(node.func):
            self._block("may be one of several operators", node.func)
        own = self.values.arguments(node)
        if not own.complete:
            self._block("not all arguments of this task are known here", node)
        dag = self.dag
        if "dag" in own.given:
            thing = self._evaluate(own.given["dag"].node) if own.given["dag"].node is not None else None
            if not isinstance(thing, Dag):
                self._block("the DAG of this task is not known here", node)
                return UNFOLLOWED
            if dag is not None and thing is not dag:
                self._block("is in one DAG's block and names another DAG", node)
            dag = thing
        if dag is None:
            self.seen.difference_update(walk(node))
            return UNFOLLOWED
        if "task_group" in own.given:
            self._block("`task_group` as an argument is not followed", node)
        arguments = self._inherited(dag, own.given)
        for name, given in own.given.items():
            if given.node is None:
                self._block(f"`{name}` of this task is not known here", node)
            else:
                arguments[name] = Argument(given.node, tuple(self._turn(given.node).items()), given.origin)
        return self._new_task(node, section, dag, arguments, use)

    def _is_one_operator(self, callee: ast.expr) -> bool:
        """Whether all that a callee may be is one operator, by its names of several versions; None makes no DAG."""
        values = [value for value in self.values.evaluate(callee) if value != Constant(None)]
        places = {value.path.partition(".")[0] for value in values if isinstance(value, Reference)}
        return len(values) == 1 or (len({self.sections.section(value) for value in values}) == 1 and len(places) == 1)

    def _inherited(self, dag: Dag, own: dict[str, Given]) -> dict[str, Argument]:
        found: dict[str, Argument] = {}
        if "default_args" in dag.arguments:
            node = dag.arguments["default_args"].node
            if not self._defaults(Given(node, self.values.evaluate(node), "keyword"), found):
                self._block("`default_args` of the DAG are not known here", node)
            # Airflow makes them the DAG's own, and takes them out (2.10 and 3.3).
            found.pop("params", None)
        if self.groups:
            found.update(self.groups[-1].defaults)
        if "default_args" in own and not self._defaults(own["default_args"], found):
            self._block("`default_args` of this task are not known here", own["default_args"].node or dag.maker)
        return found

    def _new_task(
        self, node: ast.expr, section: str, dag: Dag, arguments: dict[str, Argument], use: Use | None
    ) -> Task | Unfollowed:
        task_id = arguments.pop("task_id", None)
        known = self._constant_of(task_id) if task_id is not None else None
        if known is None or not isinstance(known.value, str):
            self._block("the task id is not known here", node)
            return UNFOLLOWED
        return self._add(known.value, node, section, dag, arguments, use)

    def _add(
        self, own_id: str, node: ast.expr, section: str, dag: Dag, arguments: dict[str, Argument], use: Use | None
    ) -> Task | Unfollowed:
        full = (self.groups[-1].prefix if self.groups else "") + own_id
        if full in dag.tasks:
            self._block(f"a second task has the id `{full}`", node)
            return UNFOLLOWED
        assert self.statement is not None
        task = Task(full, section, node, self.statement, dag)
        task.use = use
        task.runs, _, form = self.module.rulebook.notes[section].kind.partition(" ")
        task.decorated = bool(form)
        rows = self._rows(task)
        task.arguments = {
            name: argument for name, argument in arguments.items() if argument.origin != "default_args" or name in rows
        }
        dag.tasks[full] = task
        for group in self.groups:
            group.tasks.append(task)
        self._data(task)
        return task

    def _rows(self, task: Task) -> Iterable[str]:
        return self.module.rulebook.arguments(self.module.rulebook.notes[task.kind])

    def _data(self, task: Task) -> None:
        """Edges that passing a result makes, and the callable of a Python task."""
        for name, argument in list(task.arguments.items()):
            self._check_lasting(f"`{name}`", argument.node)
            if name == "default_args":
                continue
            if name in ("op_args", "op_kwargs"):
                self._call_arguments(task, name, argument)
                continue
            thing = self._evaluate(argument.node) if self._touches_tasks(argument.node) else None
            if isinstance(thing, Result):
                task.results[name] = thing
                task.upstream.setdefault(thing.task)
            elif thing is not None and not isinstance(thing, Plain | Dag | Unfollowed):
                self._block(f"passes tasks as `{name}`", argument.node)
        for name in ("op_args", "op_kwargs"):
            task.arguments.pop(name, None)
        if "python_callable" in task.arguments:
            self._callable(task, task.arguments.pop("python_callable"))

    def _check_lasting(self, name: str, node: ast.expr) -> None:
        """Block what is changed when it is given already: Airflow keeps the object itself, not a copy (2.10, 3.3)."""
        changed = self.values.changed_later(node)
        if changed is not None:
            row = self.names.statement(changed).lineno
            self._block(f"{name} is changed afterwards (line {row}), which Airflow sees as well", node)

    def _call_arguments(self, task: Task, name: str, argument: Argument) -> None:
        node = argument.node
        value = self.values.single(node)
        if isinstance(value, Items) and value.complete and name == "op_args":
            task.positional = [self._passed(element) for element in value.nodes]
        elif isinstance(value, Table) and value.complete and name == "op_kwargs":
            for key, entry in value.entries.items():
                if entry is None:
                    self._block(f"`{key}` in `op_kwargs` is not known here", node)
                else:
                    task.keywords[key] = self._passed(entry)
        elif not (isinstance(value, Constant) and value.value is None):
            self._block(f"`{name}` is not known here", node)
        for passed in (*task.positional, *task.keywords.values()):
            if isinstance(passed, Result):
                task.upstream.setdefault(passed.task)

    def _passed(self, node: ast.expr) -> Argument | Result:
        thing = self._evaluate(node) if self._touches_tasks(node) or isinstance(node, ast.Call) else Plain(node)
        if isinstance(thing, Task):
            thing = Result(thing, "return_value", node) if thing.decorated else thing
        if isinstance(thing, Result):
            return thing
        if not isinstance(thing, Plain | Unfollowed):
            self._block("passes tasks inside another value", node)
        self._check_lasting("an argument", node)
        return Argument(node, tuple(self._turn(node).items()), "keyword")

    def _callable(self, task: Task, argument: Argument) -> None:
        node = argument.node
        value = self.values.single(node)
        if isinstance(value, Local) and isinstance(value.node, FunctionNode):
            task.function = value.node
            if value.node.decorator_list:
                self._block(f"the callable `{value.node.name}` has decorators", node)
        elif isinstance(value, Local) and isinstance(value.node, ast.Lambda):
            self._lambda(task, value.node, node)
        else:
            known = f"the callable `{ast.unparse(node)}` is defined elsewhere"
            self._block(f"{known}: whether it takes Airflow's context is not known", node)

    def _lambda(self, task: Task, function: ast.Lambda, node: ast.expr) -> None:
        """A lambda that takes nothing, and calls nothing but what prints or computes."""
        called = [inner.func for inner in walk(function.body) if isinstance(inner, ast.Call)]
        known = [value.path for callee in called if isinstance(value := self.values.single(callee), Reference)]
        names = {inner.id for inner in walk(function.body) if isinstance(inner, ast.Name)}
        own = function.args
        if own.args or own.posonlyargs or own.kwonlyargs or own.vararg or own.kwarg or task.positional or task.keywords:
            self._block("the callable is a lambda that takes arguments", node)
        elif len(known) < len(called) or not {path.removeprefix("builtins.") for path in known} <= _PLAIN_CALLS:
            self._block("the callable is a lambda that calls functions", node)
        elif names & self.loop.keys():
            self._block("the callable is a lambda that reads what differs from turn to turn of a loop", node)
        else:
            task.expression = Argument(function.body, (), "keyword")

    def _override(self, function: TaskFunction, call: ast.Call) -> Thing:
        given = self.values.arguments(call)
        if not given.complete or call.args:
            self._block("`override` with unknown arguments", call)
        override = dict(function.override)
        for name, value in given.given.items():
            if value.node is None:
                self._block(f"`{name}` in `override` is not known here", call)
            else:
                override[name] = Argument(value.node, tuple(self._turn(value.node).items()), "keyword")
        return function._replace(override=override)

    def _task_call(self, function: TaskFunction, call: ast.Call) -> Thing:
        self.followed.add(call)
        self.touched = True
        if self.dag is None:
            self._block("calls a task outside a DAG that is understood here", call)
            return UNFOLLOWED
        arguments = self._inherited(self.dag, {})
        # The function's name goes before a `task_id` of `default_args`.
        arguments.pop("task_id", None)
        if isinstance(function.decorator, ast.Call):
            given = self.values.arguments(function.decorator)
            if not given.complete or function.decorator.args:
                self._block("not all arguments of this decorator are known here", function.decorator)
            for name, value in given.given.items():
                if value.node is None:
                    self._block(f"`{name}` of this decorator is not known here", function.decorator)
                else:
                    arguments[name] = Argument(value.node, (), "keyword")
        arguments.update(function.override)
        task_id = arguments.pop("task_id", None)
        known = self._constant_of(task_id) if task_id is not None else Constant(function.node.name)
        if known is None:
            self._block("the task id is not known here", call)
            return UNFOLLOWED
        # What is passed is made first, and takes its id first.
        positional: list[Argument | Result] = []
        keywords: dict[str, Argument | Result] = {}
        for argument in call.args:
            if isinstance(argument, ast.Starred):
                self._block("passes arguments by `*`", argument)
            else:
                positional.append(self._passed(argument))
        for keyword in call.keywords:
            if keyword.arg is None:
                self._block("passes arguments by `**`", keyword.value)
            else:
                keywords[keyword.arg] = self._passed(keyword.value)
        own = str(known.value)
        prefix = self.groups[-1].prefix if self.groups else ""
        if f"{prefix}{own}" in self.dag.tasks:
            own = re.split(r"__\d+$", own)[0]
            pattern = re.compile(re.escape(f"{prefix}{own}") + r"__(\d+)")
            taken = [int(match[1]) for other in self.dag.tasks if (match := pattern.fullmatch(other))]
            own = f"{own}__{max(taken, default=0) + 1}"
        task = self._add(own, call, function.section, self.dag, arguments, None)
        if not isinstance(task, Task):
            return task
        task.function = function.node
        task.positional = positional
        task.keywords = keywords
        for passed in (*positional, *keywords.values()):
            if isinstance(passed, Result):
                task.upstream.setdefault(passed.task)
        return Result(task, "return_value", call)

    def _expanded(self, node: ast.Call, function: ast.Attribute) -> Thing:
        """The mapped task of ``X.expand(name=[…])`` or ``X.partial(…).expand(name=[…])``; None for other forms."""
        inner = function.value
        partial = inner if isinstance(inner, ast.Call) and getattr(inner.func, "attr", "") == "partial" else None
        base = partial.func.value if partial is not None else inner  # type: ignore[attr-defined]
        made = self.env.get(base.id) if isinstance(base, ast.Name) else None
        values = [keyword for keyword in node.keywords if keyword.arg is not None]
        if node.args or len(values) != 1 or len(node.keywords) != 1:
            return None
        if partial is not None and any(keyword.arg in ("default_args", None) for keyword in partial.keywords):
            # They reach the arguments of every operator, but not this one's own.
            return None
        name, listed = values[0].arg, values[0].value
        items = self.values.single(listed)
        if self._touches_tasks(listed) or not isinstance(items, Items) or not items.complete or not items.nodes:
            return None
        assert name is not None
        if isinstance(made, TaskFunction):
            call = partial if partial is not None else ast.copy_location(ast.Call(inner, [], []), node)
            task = self._task_call(made, call)
            task = task.task if isinstance(task, Result) else task
        elif partial is not None and partial in self.uses:
            self._see(node)
            task = self._operator(partial, self.uses[partial].note.section)
        else:
            return None
        if isinstance(task, Task):
            task.mapped = (name, Argument(listed, tuple(self._turn(listed).items()), "expand"))
            if isinstance(made, TaskFunction):
                task.keywords[name] = Result(task, MAPPED, listed)
                return Result(task, "return_value", node)
        return task

    def _holds_mapping(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and isinstance(self.env.get(node.id), TaskFunction)

"""Follows the code that builds DAGs and gives their graphs.

Only code that is understood completely gives a graph; everything else is a
``Blocker`` with its place. The builder walks the statements as Airflow would run
them, so groups, suffixes and edges come out as Airflow makes them.
"""

from __future__ import annotations

import ast

from offramp.dags.expressions import Expressions
from offramp.dags.graph import Argument, Dag, Graph, Result, Task
from offramp.dags.state import Group, GroupFunction, Plain, TaskFunction, Thing
from offramp.dags.strangers import Strangers
from offramp.finding.operators import Module, Use
from offramp.python.names import FunctionNode
from offramp.python.nodes import children, walk
from offramp.python.values import Reference, Value

_DOCUMENTATION = frozenset({"doc", "doc_md", "doc_json", "doc_yaml", "doc_rst"})


def build(module: Module) -> Graph:
    """Follow a file's statements and return what they build."""
    return _Builder(module).build()


class _Builder(Expressions):
    # -- the file ----------------------------------------------------------------

    def build(self) -> Graph:
        for statement in self.module.tree.body:
            self._module_statement(statement)
        loose = [
            use for use in self.module.uses if use.call is not None and use.call not in self.seen and use.role != "hook"
        ]
        bare = [use for use in loose if self._is_bare(use)]
        for use in loose:
            if use not in bare:
                self._block("is not made in a DAG that is understood here", use.callee)
        for statement in self.plain:
            for node in walk(statement):
                if (
                    isinstance(node, ast.Call)
                    and self._section(node.func) in ("DAG", "dag")
                    and node not in self.by_maker
                ):
                    self._block("this DAG is made in a function, a loop or a condition", node)
        self._check_edges()
        self._check_followed()
        self._check_calls()
        return Graph(
            tuple(self.dags),
            tuple(bare),
            frozenset(self.building),
            tuple(self.plain),
            frozenset(self.kept),
            frozenset(self.holders),
            tuple(dict.fromkeys(self.blockers)),
        )

    def _check_edges(self) -> None:
        """Block results that are taken from another DAG, and take them out of the graphs."""
        for task in [task for dag in self.dags for task in dag.tasks.values()]:
            foreign = [upstream for upstream in task.upstream if upstream.dag is not task.dag]
            if foreign:
                self._block("takes the result of another DAG's task, which Airflow refuses", task.node)
            for upstream in foreign:
                del task.upstream[upstream]
                task.positional = [one for one in task.positional if not _is_of(one, upstream)]
                task.keywords = {name: one for name, one in task.keywords.items() if not _is_of(one, upstream)}
                task.results = {name: one for name, one in task.results.items() if one.task is not upstream}

    def _check_followed(self) -> None:
        """Block a statement in a DAG's block that was not followed, where nothing else has said why."""
        stack: list[ast.AST] = [one for one in reversed(self.module.tree.body) if one in self.building]
        while stack and not self.blockers:
            node = stack.pop()
            if node in self.kept or (isinstance(node, FunctionNode) and not self._is_block(node)):
                continue
            stack.extend(reversed(children(node)))
            if isinstance(node, ast.stmt) and node not in self.followed and node not in self.building:
                self._block("is code in the DAG that is not followed", node)

    def _check_calls(self) -> None:
        """Block calls in the DAGs' blocks of what may make tasks there, unseen."""
        strangers = Strangers(self.module, self.followed)
        for statement in self.building:
            if isinstance(statement, ast.With) or (isinstance(statement, FunctionNode) and self._is_block(statement)):
                for found, call in strangers.calls(statement.body):
                    name = ast.unparse(found)
                    self._block(f"`{name}` is defined elsewhere: whether it makes tasks of this DAG is not known", call)

    def _is_block(self, function: FunctionNode) -> bool:
        """Return whether a function's body makes tasks of a DAG or a group."""
        return self.sections.decorated(function, ("dag", "task_group")) is not None

    def _is_bare(self, use: Use) -> bool:
        statement = self.names.statement(use.callee)
        return (
            statement in self.module.tree.body
            and isinstance(statement, ast.Assign | ast.Expr)
            and statement.value is use.call
            and use.around.dag is None
            and not use.around.groups
        )

    def _module_statement(self, statement: ast.stmt) -> None:
        self.statement = statement
        if isinstance(statement, ast.With):
            if self._with_dag(statement):
                return
        elif isinstance(statement, FunctionNode):
            decorator = self.sections.decorated(statement, ("dag",))
            if decorator is not None:
                self._dag_function(statement, decorator)
                return
            if self._define(statement):
                return
        elif isinstance(statement, ast.If) and _is_main(statement):
            if self._main(statement):
                return
        elif isinstance(statement, ast.Assign | ast.Expr | ast.AnnAssign | ast.For):
            self.touched = False
            before = len(self.blockers)
            self._statement(statement)
            if self.touched or len(self.blockers) > before:
                self.building.add(statement)
                return
        if self._mentions_dag(statement):
            self._block("uses a DAG or a task in a way that is not followed", statement)
        self._rebind(statement)
        self.plain.append(statement)

    def _rebind(self, statement: ast.stmt) -> None:
        """Forget the values of the names that a statement binds which is not followed."""
        for node in walk(statement):
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                self.loop.pop(node.id, None)
            elif isinstance(node, ast.alias):
                self.loop.pop((node.asname or node.name).partition(".")[0], None)
            elif isinstance(node, FunctionNode | ast.ClassDef):
                self.loop.pop(node.name, None)

    def _main(self, statement: ast.If) -> bool:
        """``if __name__ == "__main__":`` that only runs DAGs."""
        for inner in statement.body:
            call = inner.value if isinstance(inner, ast.Expr) else None
            function = call.func if isinstance(call, ast.Call) else None
            if not (isinstance(function, ast.Attribute) and function.attr in ("test", "cli", "run", "clear")):
                if self._mentions_dag(statement):
                    self._block("runs the DAG by hand together with other code", inner)
                return False
            owner = function.value
            known = isinstance(owner, ast.Name) and isinstance(self.env.get(owner.id), Dag)
            if not known and self._called_dag(owner) is None:
                return False
        if statement.orelse:
            return False
        self.building.add(statement)
        self.followed.update(walk(statement))
        return True

    # -- DAGs --------------------------------------------------------------------

    def _with_dag(self, statement: ast.With) -> bool:
        first = statement.items[0].context_expr
        dag = self._dag_of(first, statement)
        if dag is None:
            return False
        self.building.add(statement)
        if isinstance(statement.items[0].optional_vars, ast.Name):
            self.env[statement.items[0].optional_vars.id] = dag
            dag.name = statement.items[0].optional_vars.id
        if dag.site is not statement:
            dag.statements.append(statement)
        self.dag = dag
        for item in statement.items[1:]:
            self._enter_group(item, statement)
        self._body(statement.body)
        self.groups.clear()
        self.dag = None
        return True

    def _dag_of(self, node: ast.expr, site: ast.stmt) -> Dag | None:
        if isinstance(node, ast.Name):
            thing = self.env.get(node.id)
            return thing if isinstance(thing, Dag) else None
        if isinstance(node, ast.Call) and self._section(node.func) == "DAG":
            return self._new_dag(node, site)
        return None

    def _dag_function(self, statement: FunctionNode, decorator: ast.expr) -> None:
        self.building.add(statement)
        dag = self._new_dag(decorator, statement)
        dag.function = statement
        self.by_maker[statement] = dag
        if len(statement.decorator_list) > 1:
            self._block("has another decorator besides `@dag`", statement)
        arguments = statement.args
        if arguments.args or arguments.kwonlyargs or arguments.posonlyargs or arguments.vararg or arguments.kwarg:
            self._block("takes parameters, which Airflow fills from the DAG's params", statement)
        if isinstance(statement, ast.AsyncFunctionDef):
            self._block("is an async function, which Airflow never runs", statement)
        outer, loop = dict(self.env), dict(self.loop)
        self.dag = dag
        self._body(statement.body)
        self.dag = None
        self.groups.clear()
        self.env, self.loop = outer, loop

    def _body(self, body: list[ast.stmt]) -> None:
        for statement in body:
            self.statement = statement
            self._statement(statement)

    # -- statements --------------------------------------------------------------

    def _statement(self, statement: ast.stmt) -> None:
        self.followed.add(statement)
        if isinstance(statement, ast.Assign):
            thing = self._evaluate(statement.value)
            for target in statement.targets:
                self._assign(target, thing, statement)
        elif isinstance(statement, ast.AnnAssign):
            if statement.value is not None:
                self._assign(statement.target, self._evaluate(statement.value), statement)
        elif isinstance(statement, ast.Expr):
            thing = self._evaluate(statement.value)
            nothing = isinstance(statement.value, ast.Name) or self._is_docstring(statement)
            if isinstance(thing, Plain) and self._goes() and not nothing:
                self._block("is code in the DAG that is not followed", statement)
        elif isinstance(statement, ast.With):
            self._group_block(statement)
        elif isinstance(statement, FunctionNode):
            if not self._define(statement) and self._goes() and _reads_any(statement, self.env, Task):
                self._block(f"the function `{statement.name}` uses tasks of the DAG", statement)
        elif isinstance(statement, ast.For):
            self._for(statement)
        elif isinstance(statement, ast.If) and self._goes():
            self._if(statement)
        elif isinstance(statement, ast.Return):
            if statement.value is not None:
                self._evaluate(statement.value)
        elif isinstance(statement, ast.Import | ast.ImportFrom | ast.Pass):
            self._rebind(statement)
        elif self._goes() or self._holds_operator(statement):
            self._block("is code in the DAG that is not followed", statement)

    def _is_docstring(self, statement: ast.Expr) -> bool:
        around = self.names.parents.get(statement)
        first = isinstance(around, FunctionNode) and around.body[0] is statement
        return isinstance(statement.value, ast.Constant) and (first or statement.value.value is ...)

    def _assign(self, target: ast.expr, thing: Thing, statement: ast.stmt) -> None:
        if isinstance(target, ast.Name):
            if isinstance(thing, Dag):
                thing.name = thing.name or target.id
            if isinstance(thing, Task) and target.id not in thing.names:
                thing.names.append(target.id)
            if isinstance(thing, Result) and target.id not in thing.task.names:
                thing.task.names.append(target.id)
            if isinstance(thing, Plain):
                self._assign_plain(target.id, thing, statement)
            else:
                self._drop(target)
                self.loop.pop(target.id, None)
                self.env[target.id] = thing
        elif isinstance(target, ast.Tuple | ast.List) and isinstance(thing, list) and len(thing) == len(target.elts):
            for element, value in zip(target.elts, thing, strict=True):
                self._assign(element, value, statement)
        elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
            owner = self.env.get(target.value.id)
            if isinstance(owner, Task | Dag) and target.attr in _DOCUMENTATION:
                self.touched = True
            elif isinstance(owner, Task | Dag | Group | list | dict):
                self._block(f"sets `{target.attr}` of a task or DAG after it is made", statement)
            elif not isinstance(thing, Plain) or self._goes():
                self._block("is code in the DAG that is not followed", statement)
        elif isinstance(target, ast.Subscript) and isinstance(thing, Task | Result):
            self._keep(target, thing)
        elif not isinstance(thing, Plain) or self._mentions_dag(statement):
            self._block("keeps tasks in a way that is not followed", statement)
        elif self._goes():
            self._block("is code in the DAG that is not followed", statement)

    def _assign_plain(self, name: str, value: Plain, statement: ast.stmt) -> None:
        self.env.pop(name, None)
        if self.turning:
            self.kept.discard(self.empty.get(name))
            self._loop_constant(name, value.node)
            return
        if self.dag is None and self.touched:
            self._block("keeps tasks in a way that is not followed", statement)
        self.loop.pop(name, None)
        if isinstance(value.node, ast.Constant) and value.node.value is None:
            self.env[name] = value
        elif self.dag is not None and len(self.names.place(statement)[0].bindings.get(name, ())) > 1:
            known = self._constant(value.node)
            if known is not None:
                self.loop[name] = known.value
        if self.dag is not None:
            self.kept.add(statement)
            self.empty[name] = statement

    def _keep(self, target: ast.Subscript, thing: Task | Result) -> None:
        """``tasks["key"] = task``, in a dict that began empty."""
        key = self._constant(target.slice)
        if key is not None and isinstance(target.value, ast.Name):
            name = target.value.id
            begun = self.env.get(name)
            self.touched = True
            if begun is None and self._begins_empty(target.value):
                begun = self.env[name] = {}
                self._drop(target.value)
            if isinstance(begun, dict):
                begun[key.value] = thing
                return
        self._block("keeps tasks in a way that is not followed", target)

    def _define(self, statement: FunctionNode) -> bool:
        """Remember a TaskFlow function; False for a plain one."""
        for decorator in statement.decorator_list:
            callee = decorator.func if isinstance(decorator, ast.Call) else decorator
            section = self._section(callee)
            if section:
                self._check_certain(callee, section)
            if section == "task_group":
                self.env[statement.name] = GroupFunction(statement, decorator)
                self.building.add(statement)
                return True
            if section and self.module.rulebook.notes[section].kind.endswith(" decorator"):
                if len(statement.decorator_list) > 1:
                    self._block(f"the task `{statement.name}` has other decorators", statement)
                self.env[statement.name] = TaskFunction(statement, section, decorator, {})
                self.building.add(statement)
                return True
            if _is_airflow(self.values.evaluate(callee)):
                self._block(f"`@{ast.unparse(callee)}` is not covered by a note", decorator)
                return True
        self.env.pop(statement.name, None)
        self.loop.pop(statement.name, None)
        return False


def _is_of(value: Argument | Result, task: Task) -> bool:
    return isinstance(value, Result) and value.task is task


def _is_main(statement: ast.If) -> bool:
    test = statement.test
    return (
        isinstance(test, ast.Compare)
        and isinstance(test.left, ast.Name)
        and test.left.id == "__name__"
        and len(test.comparators) == 1
        and isinstance(test.comparators[0], ast.Constant)
        and test.comparators[0].value == "__main__"
    )


def _is_airflow(values: tuple[Value, ...]) -> bool:
    return any(isinstance(value, Reference) and value.path.startswith("airflow.") for value in values)


def _reads_any(function: FunctionNode, env: dict[str, Thing], kind: type) -> bool:
    return any(isinstance(node, ast.Name) and isinstance(env.get(node.id), kind) for node in walk(function))

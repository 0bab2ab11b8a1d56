"""Places the text of flows in a file: the edits that make it a file of flows."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from offramp.converting.cases.case import Case
from offramp.converting.flows.flow_text import COMMENTS, FlowTexts
from offramp.converting.placing.deployments import Deployments, deployments
from offramp.converting.placing.helper_functions import helper_functions
from offramp.converting.placing.moved_code import MovedCode
from offramp.converting.placing.statement_edits import StatementEdits, spaced
from offramp.converting.tasks.task_plan import Plan
from offramp.dags.graph import Dag
from offramp.editing.imports import import_edits
from offramp.editing.layout import Comments
from offramp.editing.text import INDENT
from offramp.model import Blocked, Blocker, Edit, Flow, Span
from offramp.python.names import Binding, FunctionNode
from offramp.record import NamedTuple


class Placement(NamedTuple):
    """The edits of a file, its flows, and what prevents them or makes them unsafe."""

    edits: tuple[Edit, ...]
    flows: tuple[Flow, ...]
    blockers: tuple[Blocker, ...]
    value_doubts: tuple[str, ...]


def place(case: Case, plan: Plan, texts: FlowTexts) -> Placement:
    """Make the edits of a file from the text of its flows."""
    return _Placing(case, plan, texts).place()


class _Placing:
    """Places the text of one file; every comment of the file is handed out once."""

    def __init__(self, case: Case, plan: Plan, texts: FlowTexts) -> None:
        self.case = case
        self.plan = plan
        self.texts = texts
        self.comments = Comments(case.source)
        self.moved = MovedCode(case, texts, self.comments)
        self.statements = StatementEdits(case.module, case.source)
        self.blockers = self.moved.blockers

    def place(self) -> Placement:
        case = self.case
        self.statements.edits += self._edits_of_callables()
        # First, so that what comes in place of the DAGs sees the blank lines that are left.
        for statement in sorted(case.default_args | case.lookups, key=lambda statement: statement.lineno):
            self._put(statement, self.comments.within(statement))
        for dag in case.graph.dags:
            self._replace(dag)
        expressions = case.expressions()
        expressions.doubts.update(self.plan.value_doubts)
        deployed = Deployments()
        try:
            deployed = deployments(case, self.plan, self.texts.names, expressions)
            self._serve(list(deployed.lines))
        except Blocked as blocked:
            self.blockers.append(blocked.blocker)
        self._imports(deployed)
        return Placement(tuple(self.statements.edits), deployed.flows, tuple(self.blockers), tuple(expressions.doubts))

    def _edits_of_callables(self) -> Iterator[Edit]:
        """The edits of callables at module level: of their parameters, and decorators."""
        case, written = self.case, set()
        for task in (task for dag in self.plan.dags for task in dag.tasks):
            function = task.function
            if function is None or not case.is_inside_dag(function):
                yield from task.edits
            lines = self.texts.decorators.get(function) if function is not None else None
            if function is None or lines is None or function in written or case.is_inside_dag(function):
                continue
            written.add(function)
            if task.task.decorated:
                first = function.decorator_list[0]
                span = case.source.positions.span(first)
                start = case.source.utf8.rindex(b"@", 0, span.start)
                yield Edit(Span(start, span.end), "\n".join([*self.comments.inside(first), *lines]))
            else:
                start = case.source.positions.offset(function.lineno, 0)
                yield Edit(Span(start, start), "\n".join([*lines, ""]))

    def _replace(self, dag: Dag) -> None:
        statements = self._statements(dag)
        if not statements:
            self.blockers.append(Blocker("this DAG is made inside another's block", dag.maker))
            return
        last = max(statements, key=lambda statement: self.case.source.positions.span(statement).end)
        texts = {statement: self.moved.of_statement(statement, dag) for statement in statements}
        for statement, lines in texts.items():
            if statement is last:
                while lines and not lines[-1]:
                    lines.pop()
                flow = self.texts.flows[dag]
                left = [INDENT + comment for comment in self.comments.left(statements)]
                at = flow.index(COMMENTS)
                lines.extend([*(["", ""] if lines else []), *flow[:at], *left, *flow[at + 1 :]])
            while lines and not lines[-1]:
                lines.pop()
            self._put(statement, spaced(lines))

    def _put(self, statement: ast.stmt, lines: list[str]) -> None:
        try:
            self.statements.replace(statement, lines)
        except Blocked as blocked:
            self.blockers.append(blocked.blocker)

    def _statements(self, dag: Dag) -> list[ast.stmt]:
        """The module's statements that build this DAG."""
        graph = self.case.graph
        found = [one for one in self.case.module.tree.body if one in graph.building and not isinstance(one, ast.If)]
        if len(graph.dags) == 1:
            return [one for one in found if not isinstance(one, FunctionNode) or one is dag.function]
        own = {dag.site, *dag.statements}
        of_dags = {statement for other in graph.dags for statement in (other.site, *other.statements)}
        if any(not isinstance(one, FunctionNode) and one not in own | of_dags for one in found):
            reason = "several DAGs whose tasks are made outside their blocks are not converted"
            self.blockers.append(Blocker(reason, dag.maker))
        return [one for one in found if one in own]

    def _serve(self, lines: list[str]) -> None:
        """``serve`` under ``__main__``, in place of a trailing ``dag.test()`` or at the end of the file."""
        text = ['if __name__ == "__main__":', *(INDENT + line for line in lines)] if lines else []
        graph = self.case.graph
        mains = [one for one in self.case.module.tree.body if isinstance(one, ast.If) and one in graph.building]
        if len(mains) > 1:
            self.blockers.append(Blocker("the file runs DAGs by hand in several places", mains[1]))
        elif mains:
            self._put(mains[0], [*self.comments.within(mains[0]), *text])
        elif text:
            self.statements.append(text)

    def _imports(self, deployed: Deployments) -> None:
        """Put in the imports and helpers, and take out what goes with the DAGs beside them."""
        case = self.case
        for function, calls in case.hooks.items():
            if function not in self.moved.moved:
                self.statements.edits += calls.edits
        self._check_helpers()
        needed = frozenset({("prefect", "flow")} | self.plan.imports | self.texts.imports | deployed.imports)
        maker = case.graph.dags[0].maker
        for _, name in needed - self.moved.joined:
            if name in case.leaving.local:
                reason = f"`{name}` would move to module level, where Prefect's import needs that name"
                self.blockers.append(Blocker(reason, maker))
        try:
            self.statements.edits += import_edits(
                case.module,
                case.source,
                self.statements.edits,
                needed | self.moved.joined,
                after_imports=helper_functions(self.plan.helpers),
                goes=self._makes_room,
            )
        except Blocked as blocked:
            self.blockers.append(blocked.blocker)

    def _check_helpers(self) -> None:
        """The names of helpers, which must mean nothing else."""
        case = self.case
        scopes = [case.module.names.scopes[case.module.tree], *case.leaving.scopes]
        for name in self.plan.helpers:
            for scope in scopes:
                taken = next((one for one in scope.bindings.get(name, ()) if not self._makes_room(one)), None)
                if taken is not None:
                    node = taken.node or case.graph.dags[0].maker
                    self.blockers.append(Blocker(f"`{name}` means something else here", node))

    def _makes_room(self, binding: Binding) -> bool:
        """Return whether a name is free for something else: its code goes, and does not come back as a task or flow."""
        if not self.case.leaving.goes(binding):
            return False
        graph = self.case.graph
        tasks = any(task.function is binding.node for task in self.case.tasks if task.function is not None)
        return not tasks and not any(dag.function is binding.node for dag in graph.dags if dag.function is not None)

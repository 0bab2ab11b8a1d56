"""The text that comes in place of the statements of a DAG: kept code moved to module level, and task functions."""

from __future__ import annotations

import ast

from offramp.converting.cases.airflow_imports import imports_airflow
from offramp.converting.cases.case import Case
from offramp.converting.flows.flow_text import FlowTexts
from offramp.converting.judges import kept_code
from offramp.converting.judges.leaving_names import uncalled
from offramp.dags.graph import Dag
from offramp.editing.layout import Comments, dedented
from offramp.model import Blocker
from offramp.python.names import FunctionNode
from offramp.python.nodes import walk


class MovedCode:
    """Moves the code of a file's DAGs; tells what it moved, joined to the imports of the file, and what prevents it.

    ``moved`` are the functions whose text moves, ``joined`` the pairs of module and name of imports.
    """

    def __init__(self, case: Case, texts: FlowTexts, comments: Comments) -> None:
        self.case = case
        self.texts = texts
        self.comments = comments
        self.moved: set[FunctionNode] = set()
        self.joined: set[tuple[str, str]] = set()
        self.blockers: list[Blocker] = []
        self._called = {task.function for task in case.tasks}
        notes = case.module.rulebook.notes.values()
        self._decorators = tuple(note.section for note in notes if note.kind.endswith(" decorator"))

    def of_statement(self, statement: ast.stmt, dag: Dag) -> list[str]:
        """The lines that come in place of a statement of the module, above which its comments stay."""
        self.comments.before(statement)
        if isinstance(statement, ast.With) or statement is dag.function:
            return self._of_body(statement.body)
        return self._inner(statement) if isinstance(statement, ast.For) else self._pieces(statement)

    def _of_body(self, body: list[ast.stmt]) -> list[str]:
        return [line for statement in body for line in self._inner(statement)]

    def _inner(self, statement: ast.stmt) -> list[str]:
        if isinstance(statement, ast.With):
            pieces = self._pieces(statement)
            return [*pieces, *self._of_body(statement.body)]
        if isinstance(statement, FunctionNode):
            return self._function(statement)
        if isinstance(statement, ast.For | ast.If):
            return [line for one in walk(statement) if isinstance(one, ast.stmt) for line in self._pieces(one)]
        pieces = self._pieces(statement)
        if pieces or not self._moves(statement):
            return pieces
        return [*self._comments_before(statement), self._dedented(statement)]

    def _function(self, function: FunctionNode) -> list[str]:
        module = self.case.module
        if module.dags.decorated(function, ("task_group",)) is not None:
            return self._of_body(function.body)
        decorator = self.texts.decorators.get(function)
        if decorator is None and function not in self._called:
            if module.dags.decorated(function, self._decorators) is None:
                self.blockers += kept_code.judge(self.case, function)
            elif reason := uncalled(module, self.case.graph, function, f"the task `{function.name}` is never called"):
                self.blockers.append(Blocker(reason, function))
        before = self._comments_before(function)
        return [*before, self._dedented(function, "\n".join(decorator) if decorator is not None else None), "", ""]

    def _comments_before(self, statement: ast.stmt) -> list[str]:
        before = self.comments.before(statement)
        self.comments.keep(statement)
        return before

    def _dedented(self, statement: ast.stmt, decorator: str | None = None) -> str:
        """A statement as one piece: blank lines in its strings are not layout."""
        if not isinstance(statement, FunctionNode):
            return "\n".join(dedented(self.case.source, statement, decorator, ()))
        self.moved.add(statement)
        hooks = self.case.hooks.get(statement)
        edits = (*(hooks.edits if hooks is not None else ()), *self.texts.edits.get(statement, ()))
        return "\n".join(dedented(self.case.source, statement, decorator, edits))

    def _moves(self, statement: ast.stmt) -> bool:
        """Return whether a statement of a DAG's body is plain code that has to stay."""
        if isinstance(statement, ast.Import | ast.ImportFrom):
            return not imports_airflow(statement) and not self._joins_imports(statement)
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement in self.case.graph.kept:
            self.blockers += kept_code.judge(self.case, statement)
            return True
        return False

    def _joins_imports(self, statement: ast.Import | ast.ImportFrom) -> bool:
        """Put an import of the DAG's function to those of the file, where it is a plain one."""
        where, level = (statement.module or "", statement.level) if isinstance(statement, ast.ImportFrom) else ("", 0)
        plain = all(alias.asname is None and alias.name.isidentifier() for alias in statement.names)
        if not plain or level or where == "__future__":
            return False
        self.joined |= {(where, alias.name) for alias in statement.names}
        return True

    def _pieces(self, statement: ast.stmt) -> list[str]:
        lines = self.texts.pieces.get(statement, ())
        return [*self.comments.of(statement), *lines] if lines else []

"""The DAGs of a file as graphs: tasks, edges and data."""

from __future__ import annotations

import ast

from offramp.finding.operators import Use
from offramp.model import Blocker
from offramp.python.names import FunctionNode, Scope
from offramp.record import NamedTuple

# The key of the result that stands for one value of a mapped task's own argument.
MAPPED = "mapped"


class Argument(NamedTuple):
    """One argument of a task: its expression and the values of the loop variables it was written under.

    ``origin`` is as in ``Given``.
    """

    node: ast.expr
    loop: tuple[tuple[str, object], ...]
    origin: str


class Task:
    """One Airflow task.

    ``kind`` is the note section of its operator; ``runs`` is what that note says of its kind, where
    ``decorated`` stands for the form on a function. ``names`` are the names it was bound to.
    ``command`` is what it runs where the note of a whole group says.
    ``function`` is the callable of Python tasks; ``positional`` and ``keywords`` what
    it is called with: arguments, or the tasks whose result is passed. ``expression`` is
    what a callable gives that is a lambda without parameters. ``upstream``
    holds the tasks of its edges, in the order they were made. ``mapped`` is the
    argument of a mapped task that differs from one run of it to the next.
    """

    __slots__ = (
        "arguments",
        "command",
        "dag",
        "decorated",
        "expression",
        "function",
        "id",
        "keywords",
        "kind",
        "mapped",
        "names",
        "node",
        "order",
        "path",
        "positional",
        "results",
        "runs",
        "statement",
        "upstream",
        "use",
    )

    def __init__(self, task_id: str, kind: str, node: ast.expr, statement: ast.stmt, dag: Dag) -> None:
        self.id = task_id
        self.kind = kind
        self.node = node
        self.statement = statement
        self.dag = dag
        self.runs = ""
        self.command = ""
        self.decorated = False
        self.path: tuple[str, ...] = ()
        self.names: list[str] = []
        self.arguments: dict[str, Argument] = {}
        self.function: FunctionNode | None = None
        self.expression: Argument | None = None
        self.positional: list[Argument | Result] = []
        self.keywords: dict[str, Argument | Result] = {}
        self.results: dict[str, Result] = {}
        self.upstream: dict[Task, None] = {}
        self.use: Use | None = None
        self.mapped: tuple[str, Argument] | None = None
        self.order = len(dag.tasks)

    @property
    def taken(self) -> list[Result]:
        """The results of other tasks that the task takes."""
        values = (*self.results.values(), *self.positional, *self.keywords.values())
        return [value for value in values if isinstance(value, Result)]


class Result(NamedTuple):
    """The XCom of a task, under a key (``return_value``); ``node`` is where it is taken."""

    task: Task
    key: str
    node: ast.AST


class Dag:
    """One DAG: ``maker`` is its call or decorator, ``site`` the statement that holds it."""

    __slots__ = ("arguments", "function", "id", "maker", "name", "site", "statements", "tasks")

    def __init__(self, maker: ast.expr, site: ast.stmt, function: FunctionNode | None = None) -> None:
        self.maker = maker
        self.site = site
        self.id = ""
        self.name = ""
        self.function = function
        self.arguments: dict[str, Argument] = {}
        self.tasks: dict[str, Task] = {}
        self.statements: list[ast.stmt] = []

    def leaves(self) -> list[Task]:
        """The tasks that nothing comes after, in order of creation."""
        before = {upstream for task in self.tasks.values() for upstream in task.upstream}
        return [task for task in self.tasks.values() if task not in before]


class Graph(NamedTuple):
    """All that a file builds: its DAGs, operators outside any DAG, statements that only build or run DAGs, blockers.

    ``plain`` are the module's other statements, ``kept`` those in the blocks of DAGs
    that only make plain values. ``holders`` are the names, each with its scope, of lists
    and dicts of tasks, all changes of which were followed.
    """

    dags: tuple[Dag, ...]
    loose: tuple[Use, ...]
    building: frozenset[ast.stmt]
    plain: tuple[ast.stmt, ...]
    kept: frozenset[ast.stmt]
    holders: frozenset[tuple[Scope, str]]
    blockers: tuple[Blocker, ...]

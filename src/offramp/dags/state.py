"""State of following the code that builds DAGs: where it is, what names have there, what was found so far.

Every part is handed the state; what it needs evaluated or run inside its own code it asks of the state too, so that
each can be read, and tested, with the parts below it alone.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from offramp.dags.callees import Callees
from offramp.dags.dag_values import DagValue, Group, TaskFunction, is_dag_part
from offramp.dags.folding import fold, turn_value
from offramp.dags.graph import Argument, Dag, Result, Task
from offramp.finding.operators import Module
from offramp.model import Blocker
from offramp.python.names import FunctionNode, Scope
from offramp.python.nodes import walk
from offramp.python.values import Constant
from offramp.record import NamedTuple


class Environment:
    """Values of names at one point: those of DAGs in ``values``, what a turn of a loop gives in ``turn``."""

    __slots__ = ("turn", "values")

    def __init__(self) -> None:
        self.values: dict[str, DagValue] = {}
        self.turn: dict[str, object] = {}

    def get(self, name: str) -> DagValue:
        """The task, group or the like that a name is; None for all others."""
        return self.values.get(name)

    def of(self, node: ast.expr) -> DagValue:
        """The task, group or the like that an expression is which is a name; None for all others."""
        return self.values.get(node.id) if isinstance(node, ast.Name) else None

    def bind(self, name: str, value: DagValue) -> None:
        """Let a name be a task, group or the like."""
        self.values[name] = value
        self.turn.pop(name, None)

    def bind_turn(self, name: str, value: object) -> None:
        """Let a name have a value until the next turn of a loop."""
        self.turn[name] = value
        self.values.pop(name, None)

    def forget(self, name: str) -> None:
        """Let a name have a value that has nothing to do with DAGs, the same in every turn."""
        self.values.pop(name, None)
        self.turn.pop(name, None)

    def forget_turns(self, statement: ast.stmt) -> None:
        """Forget what a turn gave the names that a statement binds which is not followed."""
        for node in walk(statement):
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                self.turn.pop(node.id, None)
            elif isinstance(node, ast.alias):
                self.turn.pop((node.asname or node.name).partition(".")[0], None)
            elif isinstance(node, FunctionNode | ast.ClassDef):
                self.turn.pop(node.name, None)

    def unbind(self, name: str) -> None:
        """Let a name be no task or the like; what a turn gave it stays."""
        self.values.pop(name, None)

    @contextmanager
    def comprehension(self) -> Iterator[None]:
        """Forget at the end what the turns of a comprehension bind."""
        turn = dict(self.turn)
        yield
        self.turn = turn

    @contextmanager
    def frame(self) -> Iterator[None]:
        """Forget at the end what a function's body binds."""
        values, turn = dict(self.values), dict(self.turn)
        yield
        self.values, self.turn = values, turn


class Record:
    """Findings so far.

    ``building``, ``plain``, ``kept`` and ``holders`` are as in ``Graph``. ``followed`` are the statements and calls
    that were followed, ``seen`` the nodes of operators that were met in a DAG, ``by_maker`` the DAGs by what makes them
    or is called for them, ``group_ids`` the ids of their groups, ``last_kept`` the last kept statement that bound a
    name.
    """

    def __init__(self) -> None:
        self.blockers: list[Blocker] = []
        self.dags: list[Dag] = []
        self.by_maker: dict[ast.AST, Dag] = {}
        self.building: set[ast.stmt] = set()
        self.plain: list[ast.stmt] = []
        self.kept: set[ast.stmt] = set()
        self.holders: set[tuple[Scope, str]] = set()
        self.followed: set[ast.AST] = set()
        self.seen: set[ast.AST] = set()
        self.group_ids: set[tuple[Dag, str]] = set()
        self.last_kept: dict[str, ast.stmt] = {}

    def see(self, node: ast.AST) -> None:
        """Note the nodes of an operator's call."""
        self.seen.update(walk(node))

    def unsee(self, node: ast.AST) -> None:
        """Forget the nodes of an operator's call that turns out to stand in no DAG."""
        self.seen.difference_update(walk(node))

    def keep(self, name: str, statement: ast.stmt) -> None:
        """Keep a statement in a DAG's block that binds a name to a plain value."""
        self.kept.add(statement)
        self.last_kept[name] = statement

    def drop_kept(self, name: str) -> None:
        """Let the statement go that was kept for a name."""
        statement = self.last_kept.get(name)
        if statement is not None:
            self.kept.discard(statement)


class Interpreter(NamedTuple):
    """Functions that run all of DAG code: handed to the parts, each of which knows some of it."""

    evaluate: Callable[[State, ast.expr], DagValue]
    run: Callable[[State, Sequence[ast.stmt]], None]


class State:
    """The state of following one file.

    ``dag`` is the DAG in whose block the code stands, ``groups`` the groups around it there, outermost first.
    ``touched`` says whether the statement of the module has to do with DAGs so far.
    """

    def __init__(self, module: Module, interpreter: Interpreter) -> None:
        self.module = module
        self.callees = Callees(module)
        self.environment = Environment()
        self.record = Record()
        self.dag: Dag | None = None
        self.groups: list[Group] = []
        self.touched = False
        self._interpreter = interpreter
        self._statement: ast.stmt | None = None
        self._branches = 0
        self._turns = 0

    # -- running -----------------------------------------------------------------

    def evaluate(self, node: ast.expr) -> DagValue:
        """Evaluate an expression as running it would."""
        return self._interpreter.evaluate(self, node)

    def run(self, body: Sequence[ast.stmt]) -> None:
        """Run statements one after another; the last one is the present one then."""
        self._interpreter.run(self, body)

    def count_turn(self) -> int:
        """Begin a turn of a loop, and return how many there were in all."""
        self._turns += 1
        return self._turns

    def block(self, reason: str, node: ast.AST) -> None:
        """Note why the DAGs of the file are not known, and where."""
        self.record.blockers.append(Blocker(reason, node))

    # -- the place ---------------------------------------------------------------

    @property
    def statement(self) -> ast.stmt:
        """The statement that is being followed."""
        assert self._statement is not None
        return self._statement

    def begin(self, statement: ast.stmt) -> None:
        """Begin a statement of the module, which has not had to do with DAGs yet."""
        self._statement = statement
        self.touched = False

    def step(self, statement: ast.stmt) -> None:
        """Go on to a statement in a block or a function."""
        self._statement = statement

    def touch(self) -> None:
        """Note that the module's statement has to do with DAGs."""
        self.touched = True

    @property
    def builds(self) -> bool:
        """True where the code that is being followed builds a DAG, so that all of it must be understood."""
        return self.dag is not None or self._branches > 0 or self.touched

    @property
    def in_branch(self) -> bool:
        """True in a loop or a condition."""
        return self._branches > 0

    @property
    def prefix(self) -> str:
        """The text that Airflow puts before the ids of tasks and groups made here."""
        return self.groups[-1].prefix if self.groups else ""

    @contextmanager
    def in_dag(self, dag: Dag) -> Iterator[None]:
        """Enter the block or function of a DAG, and leave it."""
        self.dag = dag
        yield
        self.dag = None
        self.groups.clear()

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Go into the code of a statement, or of what it calls, and come back to it."""
        statement = self._statement
        yield
        self._statement = statement

    @contextmanager
    def branch(self) -> Iterator[None]:
        """Go into a loop or condition, and come back."""
        statement = self._statement
        self._branches += 1
        yield
        self._branches -= 1
        self._statement = statement

    # -- questions ---------------------------------------------------------------

    def mentions_dag(self, statement: ast.stmt) -> bool:
        """Return whether a statement of the module reads a name of a task or DAG."""
        names = self.module.names
        return any(
            isinstance(node, ast.Name)
            and isinstance(node.ctx, ast.Load)
            and is_dag_part(self.environment.get(node.id))
            and names.place(node)[0] is names.module
            for node in walk(statement)
        )

    def touches_tasks(self, node: ast.expr) -> bool:
        """Return whether a name of tasks, or of a function that makes them, is part of an expression."""
        values = self.environment.values
        return any(
            isinstance(inner, ast.Name)
            and isinstance(values.get(inner.id), Task | Result | list | dict | Group | TaskFunction)
            for inner in walk(node)
        )

    def check_certain(self, callee: ast.expr, section: str) -> None:
        """Block a callee or decorator that is Airflow's by one of its candidates only."""
        if not self.callees.is_certain(callee, section):
            self.block(f"`{ast.unparse(callee)}` may be something else than Airflow's", callee)

    def turn(self, node: ast.AST) -> dict[str, object]:
        """The loops' values that hold where an expression stands, which may be elsewhere than the statement."""
        turn, now, names = self.environment.turn, self._statement, self.module.names
        if not turn or now is None or node not in names.parents or names.statement(node) is now:
            return turn
        _, order, path = names.place(node)
        _, current, around = names.place(now)
        if order > current or path != around[: len(path)]:
            return {}
        return {name: value for name, value in turn.items() if names.lookup(name, node) == names.lookup(name, now)}

    def constant(self, node: ast.expr) -> Constant | None:
        """The constant that an expression is here; None when not known."""
        return fold(self.module, node, self.turn(node))

    def turn_value(self, node: ast.expr) -> Constant | None:
        """The value of a loop's variable, or of an entry of it, that an expression is here; None when it is neither."""
        return turn_value(self.module, node, self.turn(node))

    def argument(self, node: ast.expr, origin: str) -> Argument:
        """An argument as it is given here."""
        return Argument(node, tuple(self.turn(node).items()), origin)

    def constant_of(self, argument: Argument) -> Constant | None:
        """The constant that an argument is; None when not known."""
        return fold(self.module, argument.node, dict(argument.loop))

"""The input of a recipe, and its result: the body of a task's function."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from typing import Concatenate, ParamSpec, TypeVar

from offramp.converting.argument_text import Expressions
from offramp.converting.options import Options
from offramp.dags.graph import Argument, Result, Task
from offramp.editing.text import repr_text
from offramp.model import ArgumentRow, Blocked, Blocker
from offramp.python.values import Constant
from offramp.record import NamedTuple
from offramp.settings import BLOCK_NAME

_T = TypeVar("_T")
_P = ParamSpec("_P")


class Body(NamedTuple):
    """The body of a task function: its lines, the results it takes as parameters, what it imports.

    Not ``ended`` says that it starts a run and returns before that has ended; ``packages`` is what has to be installed
    for it, ``helpers`` are the functions beside the tasks that it calls.
    """

    lines: tuple[str, ...]
    parameters: Mapping[str, Result] = {}
    is_async: bool = False
    imports: frozenset[tuple[str, str]] = frozenset()
    ended: bool = True
    packages: tuple[str, ...] = ()
    helpers: tuple[str, ...] = ()


class Job(NamedTuple):
    """All that a recipe works from.

    ``call`` holds the arguments that a row of the operator's table maps, with that
    row; ``consumed`` says that another task takes the result, which Airflow defines
    as the run id; ``options`` are those of fixes. What prevents the
    recipe is collected in ``problems``: a body is of use only where there are none.
    """

    task: Task
    call: Mapping[str, tuple[ArgumentRow, Argument]]
    rows: Mapping[str, ArgumentRow]
    results: Mapping[str, Result]
    expressions: Expressions
    consumed: bool
    options: Options
    problems: list[Blocker]

    def known(self, name: str) -> Constant | None:
        """The value of an argument, where it is a known constant."""
        pair = self.call.get(name)
        argument = pair[1] if pair is not None else self.task.arguments.get(name)
        return self.expressions.constant(argument) if argument is not None else None

    def source(self, target: str, usual: str = "") -> str:
        """The argument that becomes ``target``; empty where no row leads there.

        That is Airflow's ``usual`` name where the table has it, else one that is given, else the first.
        """
        names = [name for name, row in self.rows.items() if row.target == target]
        given = [name for name in names if name in self.call]
        return usual if usual in names else (given or names or [""])[0]


_Step = Callable[Concatenate[Job, _P], _T]


def collected(otherwise: _T) -> Callable[[_Step[_P, _T]], _Step[_P, _T]]:
    """Decorate steps: where one is Blocked, its problem is kept and ``otherwise`` given, so that all are found."""

    def decorate(step: _Step[_P, _T]) -> _Step[_P, _T]:
        def collecting(job: Job, /, *positional: _P.args, **keywords: _P.kwargs) -> _T:
            try:
                return step(job, *positional, **keywords)
            except Blocked as blocked:
                job.problems.append(blocked.blocker)
                return otherwise

        return collecting

    return decorate


def block_name(connection: str, blocks: Mapping[str, str]) -> str:
    """The Prefect block for an Airflow connection id; block names take lower case letters, digits and dashes."""
    return blocks.get(connection, connection.lower().replace("_", "-"))


def block_of(expressions: Expressions, blocks: Mapping[str, str], kind: str, connection: str, node: ast.AST) -> str:
    """The name of a connection's block of class ``kind``, written down for who has to create it. Raises Blocked."""
    name = block_name(connection, blocks)
    if not re.fullmatch(BLOCK_NAME, name):
        reason = f"the connection `{connection}` gives no name for a block: name one in [tool.offramp.blocks]"
        raise Blocked(reason, node)
    other = expressions.connections.setdefault((kind, name), connection)
    if other != connection:
        reason = f"the connections `{other}` and `{connection}` would share the block `{name}`"
        raise Blocked(f"{reason}: name one in [tool.offramp.blocks]", node)
    return name


def absent_text(row: ArgumentRow) -> str:
    """The text that a row has for an absent argument, as Python: words that are not a literal are a string."""
    try:
        ast.literal_eval(row.when_absent)
    except (ValueError, SyntaxError):
        return repr_text(row.when_absent)
    return row.when_absent

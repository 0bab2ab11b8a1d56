"""Shares work between forked processes, and notices when one of them is killed; imports nothing of offramp.

``multiprocessing.Pool`` starts another process in place of a killed one and waits for its result for ever.
"""

from __future__ import annotations

import multiprocessing
import signal
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import Generic, TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
# Items handed to a process at once, at most: few, so that none has much to do while the others have nothing.
_MOST_AT_ONCE = 8


def can_fork() -> bool:
    """Return whether this system has processes that know at once what this one knows."""
    return "fork" in multiprocessing.get_all_start_methods()


def in_processes(
    function: Callable[[_Item], _Result],
    items: Sequence[_Item],
    jobs: int,
    lost: Callable[[_Item, str], _Result],
) -> Generator[_Result, None, None]:
    """The results of ``function`` for ``items``, in their order, worked out by ``jobs`` processes.

    ``lost`` makes the result of an item whose process has ended over it, of a sentence that
    says how. What ``function`` raises is raised here.
    """
    work = _Work(function, items, jobs, lost)
    try:
        yield from work.results()
    finally:
        work.stop()


class _FailureError(Exception):
    """An error that a function raised in another process, with its traceback there."""

    def __init__(self, error: Exception, shown: str) -> None:
        super().__init__(shown)
        self.error = error

    def __reduce__(self) -> tuple[type[_FailureError], tuple[Exception, str]]:
        return _FailureError, (self.error, str(self))


class _Process:
    """A forked process; ``todo`` are the places of the items that it has not given a result for, in its order."""

    def __init__(self, function: Callable[..., object], others: list[Connection]) -> None:
        context = multiprocessing.get_context("fork")
        self.connection, theirs = context.Pipe()
        self.todo: deque[int] = deque()
        self._process = context.Process(target=_serve, args=(function, theirs, [*others, self.connection]))
        self._process.start()
        # The only copy is the process's own now, so that the connection ends with it.
        theirs.close()

    def give(self, places: Sequence[int], items: Sequence[object]) -> None:
        """Hand items over."""
        self.todo.extend(places)
        # Where the process has ended, waiting for it tells so.
        with suppress(BrokenPipeError):
            self.connection.send([items[place] for place in places])

    def end(self) -> str:
        """Make sure that the process has ended, and say how it did."""
        self.connection.close()
        self._process.join()
        code = self._process.exitcode or 0
        if code >= 0:
            return f"ended with exit code {code}"
        name = signal.Signals(-code).name
        return f"was killed by {name}" + (", as happens where memory runs out" if name == "SIGKILL" else "")

    def kill(self) -> None:
        """End the process."""
        self._process.kill()
        self.end()


class _Work(Generic[_Item, _Result]):
    """The items of a run, and the processes that have them."""

    def __init__(
        self,
        function: Callable[[_Item], _Result],
        items: Sequence[_Item],
        jobs: int,
        lost: Callable[[_Item, str], _Result],
    ) -> None:
        self._function = function
        self._items = items
        self._jobs = jobs
        self._lost = lost
        at_once = max(1, min(_MOST_AT_ONCE, len(items) // (jobs * 4)))
        starts = range(0, len(items), at_once)
        self._waiting = deque(range(start, min(start + at_once, len(items))) for start in starts)
        self._busy: dict[Connection, _Process] = {}
        self._results: dict[int, _Result] = {}

    def results(self) -> Iterator[_Result]:
        for place in range(len(self._items)):
            while place not in self._results:
                self._go_on()
            yield self._results.pop(place)

    def stop(self) -> None:
        for process in self._busy.values():
            process.kill()

    def _go_on(self) -> None:
        """Wait until a process has a result or has ended; the next items are there before it asks for them."""
        while self._waiting and len(self._busy) < self._jobs:
            started = _Process(self._function, list(self._busy))
            self._busy[started.connection] = started
            started.give(self._waiting.popleft(), self._items)
        for connection in wait(list(self._busy)):
            process = self._busy[connection]  # type: ignore[index]
            try:
                result = process.connection.recv()
            except (EOFError, OSError):
                self._bury(process)
                continue
            if isinstance(result, _FailureError):
                raise result.error from result
            self._results[process.todo.popleft()] = result
            if self._waiting and len(process.todo) <= 1:
                process.give(self._waiting.popleft(), self._items)

    def _bury(self, process: _Process) -> None:
        del self._busy[process.connection]
        why = process.end()
        if process.todo:
            place = process.todo.popleft()
            self._results[place] = self._lost(self._items[place], why)
        self._waiting.extendleft(range(place, place + 1) for place in reversed(process.todo))


def _serve(function: Callable[[object], object], connection: Connection, others: list[Connection]) -> None:
    # Ctrl-C reaches every process of a terminal; the first one ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for other in others:
        other.close()
    # Both errors mean that the first process is gone, or has seen enough.
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            for item in connection.recv():
                connection.send(_result(function, item))


def _result(function: Callable[[object], object], item: object) -> object:
    try:
        return function(item)
    except Exception as error:  # noqa: BLE001 - raised again in the first process
        return _FailureError(error, traceback.format_exc())

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
from mmap import mmap
from multiprocessing.connection import Connection, wait
from typing import Generic, TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
# Items handed to a process at once, at most: few, so that none has much to do while the others have nothing.
_MOST_AT_ONCE = 8
# Batches that a process has at most: one to work at and one to go on with.
_BATCHES = 2


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
    """A forked process; ``todo`` are the places of the items that it has given no results for, batch by batch."""

    def __init__(self, function: Callable[..., object], others: list[Connection]) -> None:
        context = multiprocessing.get_context("fork")
        self.connection, theirs = context.Pipe()
        self.todo: deque[range] = deque()
        # A byte that both have: which item of its batch the process is at.
        self._at = mmap(-1, 1)
        self._process = context.Process(target=_serve, args=(function, theirs, self._at, [*others, self.connection]))
        self._process.start()
        # The only copy is the process's own now, so that the connection ends with it.
        theirs.close()

    def give(self, places: range, items: Sequence[object]) -> None:
        """Hand a batch of items over."""
        self.todo.append(places)
        # Where the process has ended, waiting for it tells so.
        with suppress(BrokenPipeError):
            self.connection.send([items[place] for place in places])

    def begun(self) -> tuple[int, range] | None:
        """The item that the process is at by its place, and its batch; None where it has none."""
        return (self.todo[0][self._at[0]], self.todo[0]) if self.todo else None

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
            self._give(started)
        for connection in wait(list(self._busy)):
            process = self._busy[connection]  # type: ignore[index]
            try:
                results = process.connection.recv()
            except (EOFError, OSError):
                self._bury(process)
                continue
            for place, result in zip(process.todo.popleft(), results, strict=False):
                if isinstance(result, _FailureError):
                    raise result.error from result
                self._results[place] = result
            self._give(process)

    def _give(self, process: _Process) -> None:
        """Hand items to a process, so many that it has some while it waits for more."""
        while self._waiting and len(process.todo) < _BATCHES:
            process.give(self._waiting.popleft(), self._items)

    def _bury(self, process: _Process) -> None:
        del self._busy[process.connection]
        why = process.end()
        begun = process.begun()
        waiting = list(process.todo)
        if begun is not None:
            place, batch = begun
            self._results[place] = self._lost(self._items[place], why)
            # What has come of those before it is lost, too.
            waiting[:1] = [range(batch.start, place), range(place + 1, batch.stop)]
        self._waiting.extendleft(one for one in reversed(waiting) if one)


def _serve(function: Callable[[object], object], connection: Connection, at: mmap, others: list[Connection]) -> None:
    # Ctrl-C reaches every process of a terminal; the first one ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for other in others:
        other.close()
    # Both errors mean that the first process is gone, or has seen enough.
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            results = []
            for at[0], item in enumerate(connection.recv()):
                results.append(_result(function, item))
            at[0] = 0
            # One message for all of a batch: to send one for each takes longer than to look through most files.
            connection.send(results)


def _result(function: Callable[[object], object], item: object) -> object:
    try:
        return function(item)
    except Exception as error:  # noqa: BLE001 - raised again in the first process
        return _FailureError(error, traceback.format_exc())

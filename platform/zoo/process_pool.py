"""Worker processes: the one pool of this machine, and the interface that a cluster's tasks share.

A worker does one task at a time, which reaches it over a pipe, and keeps what it prepared for the
next one. A worker that dies (a decoder that crashes, a system out of memory) is known by its broken
pipe, and so is the task that it died of; a new worker takes its place. Workers end when the process
that started them does, however that ends.
"""

import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count, islice
from multiprocessing import connection
from multiprocessing.connection import Connection
from types import FrameType
from typing import Any, Generic, Protocol, TypeVar

from zoo.allocator import keep_freed_memory

Task = TypeVar("Task")
Result = TypeVar("Result")

Prepare = Callable[[], Callable[[Task], Result]]
"""Called once in each worker, returns the function that does the tasks; it travels by pickle."""

Lost = Callable[[Task, str], Result]
"""Gives the result of a task of which a worker died, with the reason in words."""

_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENCV_FOR_THREADS_NUM",
)
"""Environment variables by which libraries learn how many threads they may start."""


class WorkerPool(Protocol):
    """Processes of this machine (:class:`ProcessPool`) or of a cluster (``zoo.cluster.tasks``)."""

    def map(
        self, tasks: Iterable[Task], prepare: Prepare[Task, Result], lost: Lost[Task, Result]
    ) -> Generator[Result, None, None]:
        """Results in the order in which they are ready.

        Args:
            tasks: taken one by one as workers are free; they travel by pickle.
            prepare: gives each worker what it works by.
            lost: gives results in the place of workers that died.

        Raises:
            Exception: what ``prepare``, the work or ``lost`` raised; unfinished tasks are dropped.
        """
        ...


class ProcessPool:
    """Processes of this machine. They start when they are first needed, and stay until the end.

    Args:
        processes: how many at most.
        threads: of the numerical libraries in each.
    """

    def __init__(self, processes: int, threads: int = 1) -> None:
        self._processes, self._threads = processes, threads
        self._idle: list[_Worker] = []
        self._works = count()

    def __enter__(self) -> "ProcessPool":
        return self

    def __exit__(self, *error: object) -> None:
        while self._idle:
            self._idle.pop().end()

    def map(
        self,
        tasks: Iterable[Task],
        prepare: Prepare[Task, Result],
        lost: Lost[Task, Result],
        progress: Callable[[int], None] = lambda amount: None,
    ) -> Generator[Result, None, None]:
        """See :meth:`WorkerPool.map`; one at a time.

        Args:
            tasks: see there.
            prepare: likewise.
            lost: likewise.
            progress: called with what a worker passes to :func:`report_progress`.
        """
        work, waiting = next(self._works), iter(tasks)
        busy: dict[Any, tuple[_Worker, Task]] = {}

        def hand_out() -> None:
            for task in islice(waiting, self._processes - len(busy)):
                worker = self._idle.pop() if self._idle else _Worker(self._threads)
                busy[worker.pipe] = worker, task
                worker.begin(work, prepare, task)

        try:
            hand_out()
            while busy:
                results: list[Result] = []
                raised: list[Exception] = []
                for pipe in connection.wait(list(busy)):
                    worker, task = busy[pipe]
                    try:
                        answer = worker.pipe.recv()
                    except (EOFError, ConnectionResetError):
                        del busy[pipe]
                        results.append(lost(task, worker.why_it_died()))
                        continue
                    if isinstance(answer, _Progress):
                        progress(answer.amount)
                        continue
                    del busy[pipe]
                    self._idle.append(worker)
                    if isinstance(answer, _Made):
                        results.append(answer.value)
                    else:
                        raised.append(answer.as_here())
                if not raised:  # before anybody looks at the results
                    hand_out()
                yield from results
                for error in raised:
                    raise error
        finally:
            for worker, _ in busy.values():
                worker.terminate()
            for worker, _ in busy.values():
                worker.end()


def in_order(
    pool: WorkerPool,
    tasks: Iterable[Task],
    function: Callable[[Task], Result],
    lost: Callable[[Task, str], Result],
) -> Iterator[Result]:
    """``function`` of each task, in the order of the tasks; otherwise as :meth:`WorkerPool.map`."""
    early: dict[int, Result] = {}
    following = 0
    numbered = _Numbered(function, lost)
    ended = pool.map(enumerate(tasks), numbered.prepare, numbered.lost)
    try:
        for number, result in ended:
            early[number] = result
            while following in early:
                yield early.pop(following)
                following += 1
    finally:
        ended.close()


def report_progress(amount: int) -> None:
    """Tells the owner of the pool, in whose worker this is called, of progress within a task."""
    for pipe in _owner:
        pipe.send(_Progress(amount))


_owner: list[Connection] = []
"""In a worker: its end of the pipe."""


@dataclass(frozen=True)
class _Numbered(Generic[Task, Result]):
    """A function whose tasks and results carry numbers."""

    function: Callable[[Task], Result]
    given_up: Callable[[Task, str], Result]

    def prepare(self) -> Callable[[tuple[int, Task]], tuple[int, Result]]:
        return lambda task: (task[0], self.function(task[1]))

    def lost(self, task: tuple[int, Task], reason: str) -> tuple[int, Result]:
        return task[0], self.given_up(task[1], reason)


@dataclass(frozen=True)
class _Progress:
    amount: int


@dataclass(frozen=True)
class _Made:
    value: Any


@dataclass(frozen=True)
class _Raised:
    error: Exception
    trace: str

    def as_here(self) -> Exception:
        self.error.add_note(f"In a worker process:\n{self.trace}")
        return self.error


class _Worker:
    """One process, and this end of its pipe."""

    def __init__(self, threads: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, there = context.Pipe()
        self._process = context.Process(target=_work, args=(there,), daemon=True)
        with _environment(dict.fromkeys(_THREADS, str(threads))):
            self._process.start()
        there.close()  # so that the worker's end is the only one, and its death is seen
        self._prepared = -1

    def begin(self, work: int, prepare: Callable[[], Any], task: Any) -> None:
        first = prepare if work != self._prepared else None
        self._prepared = work
        with suppress(BrokenPipeError):  # it died; that is seen when it is read from
            self.pipe.send((first, task))

    def why_it_died(self) -> str:
        self._process.join()
        self.pipe.close()
        return f"its process was killed (exit code {self._process.exitcode})"

    def terminate(self) -> None:
        self._process.terminate()

    def end(self) -> None:
        self.pipe.close()
        self._process.join()


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    """For processes that are started within."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _work(pipe: Connection) -> None:
    """What a worker runs."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)  # so that temporary files are removed

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C is the parent's affair
    signal.signal(signal.SIGTERM, stop)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    keep_freed_memory()
    _owner.append(pipe)
    function: Callable[[Any], Any] | None = None
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            prepare, task = pipe.recv()
            try:
                if prepare is not None:
                    function = prepare()
                assert function is not None
                answer: _Made | _Raised = _Made(function(task))
            except Exception as error:
                answer = _Raised(error, traceback.format_exc())
            pipe.send(answer)
    os._exit(0)  # at once: nothing is left to be written, and taking libraries down takes 0.2 s


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    connection.wait([parent.sentinel])
    os.kill(os.getpid(), signal.SIGTERM)

"""A process pool in which a killed process loses one work item.

A worker takes one piece at a time over a pipe. One that dies (a decoder that crashes, a system
out of memory) is known by its broken pipe, and so is the piece it died of; a new one takes its
place. Workers end when the process that began them does, however that ends.
"""

import multiprocessing
import signal
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from multiprocessing import connection
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import Generic, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")


def in_processes(
    tasks: Iterable[Task],
    prepare: Callable[[], Callable[[Task], Result]],
    died: Callable[[Task, int | None], Result],
    count: int,
) -> Generator[Result, None, None]:
    """Results in the order in which they are ready, of ``count`` processes.

    Args:
        tasks: taken one by one as processes are free; they travel by pickle.
        prepare: called once in each process, gives what works there. It travels too.
        died: gives the result of a task whose process died, with its exit code.
        count: processes.

    Raises:
        Exception: what ``prepare`` or the work raised in a process.
    """
    waiting = iter(tasks)
    workers: list[_Worker[Task, Result]] = []
    try:
        while True:
            for task in islice(waiting, count - len(workers)):
                workers.append(_Worker.begin(prepare, task))
            if not workers:
                return
            for ready in connection.wait([worker.pipe for worker in workers]):
                worker = next(one for one in workers if one.pipe is ready)
                try:
                    result = worker.pipe.recv()
                except (EOFError, ConnectionResetError):
                    worker.process.join()
                    workers.remove(worker)
                    yield died(worker.task, worker.process.exitcode)
                    continue
                if isinstance(result, _Raised):
                    raise result.error
                try:
                    worker.take(next(waiting))
                except StopIteration:
                    worker.end()
                    workers.remove(worker)
                yield result.value
    finally:
        for worker in workers:
            worker.process.terminate()
        for worker in workers:
            worker.process.join()


@dataclass(frozen=True)
class _Made(Generic[Result]):
    value: Result


@dataclass(frozen=True)
class _Raised:
    error: Exception


@dataclass
class _Worker(Generic[Task, Result]):
    process: BaseProcess
    pipe: Connection
    task: Task

    @staticmethod
    def begin(
        prepare: Callable[[], Callable[[Task], Result]], task: Task
    ) -> "_Worker[Task, Result]":
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        process = context.Process(target=_work, args=(there, prepare), daemon=True)
        process.start()
        there.close()  # so that the worker's end is the only one, and its death is seen
        worker = _Worker[Task, Result](process, here, task)
        worker.take(task)
        return worker

    def take(self, task: Task) -> None:
        self.task = task
        with suppress(BrokenPipeError):  # it died; that is seen when it is read from
            self.pipe.send(task)

    def end(self) -> None:
        self.pipe.close()
        self.process.join()


def _work(pipe: Connection, prepare: Callable[[], Callable[[Task], Result]]) -> None:
    def stop(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)  # so that temporary files are removed

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C is the parent's affair
    signal.signal(signal.SIGTERM, stop)
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        try:
            work = prepare()
            while True:
                pipe.send(_Made(work(pipe.recv())))
        except (EOFError, OSError):
            raise
        except Exception as error:
            pipe.send(_Raised(error))

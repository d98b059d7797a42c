"""Segments made by several processes, in any order.

Each process works in one thread, even if it is the only one: how many threads add up numbers
changes their last bit, and a segment is to be the same whoever makes it.
"""

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import connection
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.errors import PhotoError
from zoo.photos.video import Video
from zoo.swapping.network import SwapNetwork
from zoo.swapping.video.segment import Done, How, Segment, make_segment

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized

_PIXELS = 8 * 1920 * 1080  # of one frame in all processes together, so that memory suffices
_LOOK = 0.2  # seconds between looks at how many frames are made
_network: SwapNetwork | None = None
_frames: "Synchronized[int] | None" = None


def default_jobs(video: Video) -> int:
    """One process per core this one may use, fewer for frames so large that memory is short."""
    fits = max(1, _PIXELS // (video.width * video.height))
    return min(len(os.sched_getaffinity(0)), fits)


def make_segments(
    video: Video,
    todo: Sequence[Segment],
    network: Path,
    how: How,
    folder: Path,
    jobs: int,
    count: Callable[[int], None] = lambda frames: None,
) -> Iterator[Done]:
    """Makes the segments; yields each when it is written.

    Args:
        video: the source.
        todo: which.
        network: its file.
        how: they are made.
        folder: into which they are written.
        jobs: processes.
        count: is told, some times a second, how many frames all processes have made so far.

    Raises:
        ZooError: see :func:`.segment.make_segment`; nothing new is begun then.
    """
    if not todo:
        return
    jobs = min(jobs, len(todo))
    context = multiprocessing.get_context("spawn")
    frames = context.Value("q", 0)
    with (
        _one_thread(),
        ProcessPoolExecutor(jobs, context, initializer=_begin, initargs=(network, frames)) as pool,
    ):
        running: set[Future[Done]] = set()
        waiting = iter(todo)
        try:
            while True:
                while len(running) < jobs and (part := next(waiting, None)):
                    running.add(pool.submit(_make, video, part, how, folder))
                if not running:
                    return
                ended, running = wait(running, _LOOK, return_when=FIRST_COMPLETED)
                count(frames.value)
                for future in ended:
                    yield future.result()
        except BrokenProcessPool as error:
            raise PhotoError(
                f"{video.path}: a process that swapped it was killed, perhaps for want of memory; "
                "the same command goes on, with fewer --jobs."
            ) from error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in (pool._processes or {}).values():
                process.terminate()
            raise


@contextmanager
def _one_thread() -> Iterator[None]:
    """What libraries read when a process begins: one thread each, and SVT-AV1 tells errors only."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "SVT_LOG")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _begin(network: Path, frames: "Synchronized[int]") -> None:
    """Readies a worker: one thread each, and it ends when the process that began it does."""
    import signal

    import cv2

    global _network, _frames
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    parent = multiprocessing.parent_process()
    if parent is not None:
        sentinel = parent.sentinel

        def watch() -> None:
            connection.wait([sentinel])
            os._exit(1)

        threading.Thread(target=watch, daemon=True).start()
    _network, _frames = SwapNetwork(network, threads=1), frames


def _make(video: Video, segment: Segment, how: How, folder: Path) -> Done:
    assert _network is not None
    return make_segment(video, segment, _network, how, folder, _advance)


def _advance() -> None:
    assert _frames is not None
    with _frames.get_lock():
        _frames.value += 1

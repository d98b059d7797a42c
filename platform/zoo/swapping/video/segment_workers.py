"""Makes segments in several processes, in any order.

Each process works in one thread, even if it is the only one: the number of threads changes the last
bit of sums, and a segment must not depend on the process that makes it.
"""

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from zoo.cores import available_cores
from zoo.errors import PhotoError
from zoo.photos.video.reader import Video
from zoo.swapping.network import SwapNetwork
from zoo.swapping.video.assignment.identity_assignment import Assignment
from zoo.swapping.video.assignment.roles import Roles
from zoo.swapping.video.assignment.tracks import Analysis
from zoo.swapping.video.segment import Done, Segment, SegmentOptions, look_at_segment, make_segment

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized

_PIXELS = 8 * 1920 * 1080  # of one frame in all processes together, so that memory suffices
_LOOK = 0.2  # seconds between looks at how many frames are made
_networks: list[SwapNetwork] = []
_frames: "list[Synchronized[int]]" = []

Result = TypeVar("Result")
Networks = Sequence[Path]
"""The networks' files, as the options number them."""


def default_jobs(video: Video) -> int:
    """One process per core this one may use, fewer for frames so large that memory is short."""
    fits = max(1, _PIXELS // (video.width * video.height))
    return min(available_cores(), fits)


class Segments(Protocol):
    """Has segments made, and looked at; see :func:`make_segments` and :func:`look_at_segments`."""

    def make(
        self,
        video: Video,
        todo: Sequence[Segment],
        networks: Networks,
        how: SegmentOptions,
        folder: Path,
        casting: Assignment | None,
        count: Callable[[int], None],
    ) -> Iterator[Done]: ...

    def look(
        self, video: Video, parts: Sequence[Segment], how: SegmentOptions
    ) -> Iterator[Analysis]: ...


@dataclass(frozen=True)
class LocalSegments:
    """By processes of this machine; one per core by default."""

    jobs: int | None = None

    def make(
        self,
        video: Video,
        todo: Sequence[Segment],
        networks: Networks,
        how: SegmentOptions,
        folder: Path,
        casting: Assignment | None,
        count: Callable[[int], None],
    ) -> Iterator[Done]:
        jobs = self.jobs or default_jobs(video)
        return make_segments(video, todo, networks, how, folder, jobs, casting, count)

    def look(
        self, video: Video, parts: Sequence[Segment], how: SegmentOptions
    ) -> Iterator[Analysis]:
        return look_at_segments(video, parts, how, self.jobs or default_jobs(video))


def make_segments(
    video: Video,
    todo: Sequence[Segment],
    networks: Networks,
    how: SegmentOptions,
    folder: Path,
    jobs: int,
    casting: Assignment | None = None,
    count: Callable[[int], None] = lambda frames: None,
) -> Iterator[Done]:
    """Makes the segments; yields each when it is written.

    Args:
        video: the source.
        todo: which.
        networks: their files.
        how: they are made.
        folder: into which they are written.
        jobs: processes.
        casting: whose face gets which network's.
        count: is told, some times a second, how many frames all processes have made so far.

    Raises:
        ZooError: see :func:`.segment.make_segment`; nothing new is begun then.
    """
    casts = casting.segments if casting else {}
    tasks = [(video, part, how, folder, casts.get(part.number)) for part in todo]
    return _each(video, _make, tasks, jobs, networks, count)


def look_at_segments(
    video: Video, parts: Sequence[Segment], how: SegmentOptions, jobs: int
) -> Iterator[Analysis]:
    """Looks for the people in all segments; yields each when it is done.

    Raises:
        ZooError: see :func:`.segment.look_at_segment`; nothing new is begun then.
    """
    return _each(video, look_at_segment, [(video, part, how) for part in parts], jobs, [])


def _each(
    video: Video,
    work: Callable[..., Result],
    tasks: Sequence[tuple[Any, ...]],
    jobs: int,
    networks: Networks,
    count: Callable[[int], None] = lambda frames: None,
) -> Iterator[Result]:
    """Runs each task with its arguments; yields results as they complete."""
    if not tasks:
        return
    jobs = min(jobs, len(tasks))
    context = multiprocessing.get_context("spawn")
    frames = context.Value("q", 0)
    with (
        _one_thread(),
        ProcessPoolExecutor(jobs, context, initializer=_begin, initargs=(networks, frames)) as pool,
    ):
        running: set[Future[Result]] = set()
        waiting = iter(tasks)
        try:
            while True:
                while len(running) < jobs and (task := next(waiting, None)):
                    running.add(pool.submit(work, *task))
                if not running:
                    return
                ended, running = wait(running, _LOOK, return_when=FIRST_COMPLETED)
                count(frames.value)
                for future in ended:
                    yield future.result()
        except BrokenProcessPool as error:
            raise PhotoError(
                f"{video.path}: a process that swapped it was killed, perhaps because memory "
                "ran out; the same command resumes, also with fewer --jobs."
            ) from error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in (pool._processes or {}).values():
                process.terminate()
            raise


@contextmanager
def _one_thread() -> Iterator[None]:
    """Environment variables for new processes: one thread per library, errors only of SVT-AV1."""
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


def _begin(networks: Networks, frames: "Synchronized[int]") -> None:
    """Readies a worker: one thread each, and it ends when the process that began it does."""
    import signal

    import cv2

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    parent = multiprocessing.parent_process()
    if parent is not None:
        sentinel = parent.sentinel

        def watch() -> None:
            connection.wait([sentinel])
            os._exit(1)

        threading.Thread(target=watch, daemon=True).start()
    _frames.append(frames)
    _networks.extend(SwapNetwork(network, threads=1) for network in networks)


def _make(
    video: Video, segment: Segment, how: SegmentOptions, folder: Path, cast: Roles | None
) -> Done:
    return make_segment(video, segment, _networks, how, folder, cast, _advance)


def _advance() -> None:
    (frames,) = _frames
    with frames.get_lock():
        frames.value += 1

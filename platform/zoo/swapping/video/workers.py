"""Segments made by several processes, in any order."""

import multiprocessing
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from multiprocessing import connection
from pathlib import Path

from zoo.photos.video import Video
from zoo.swapping.network import SwapNetwork
from zoo.swapping.video.segment import Done, How, Segment, make_segment

_PIXELS = 8 * 1920 * 1080  # of one frame in all processes together, so that memory suffices
_network: SwapNetwork | None = None


def default_jobs(video: Video) -> int:
    """One process per core this one may use, fewer for frames so large that memory is short."""
    fits = max(1, _PIXELS // (video.width * video.height))
    return min(len(os.sched_getaffinity(0)), fits)


def make_segments(
    video: Video, todo: Sequence[Segment], network: Path, how: How, folder: Path, jobs: int
) -> Iterator[Done]:
    """Makes the segments; yields each when it is written.

    Raises:
        ZooError: see :func:`.segment.make_segment`; nothing new is begun then.
    """
    if jobs <= 1 or len(todo) <= 1:
        loaded = SwapNetwork(network, threads=None if len(todo) <= 1 else 1)
        for segment in todo:
            yield make_segment(video, segment, loaded, how, folder)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        min(jobs, len(todo)), context, initializer=_begin, initargs=(network,)
    ) as pool:
        running: set[Future[Done]] = set()
        waiting = iter(todo)
        try:
            while True:
                while len(running) < jobs and (part := next(waiting, None)):
                    running.add(pool.submit(_make, video, part, how, folder))
                if not running:
                    return
                ended, running = wait(running, return_when=FIRST_COMPLETED)
                for future in ended:
                    yield future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in (pool._processes or {}).values():
                process.terminate()
            raise


def _begin(network: Path) -> None:
    """Readies a worker: one thread each, and it ends when the process that began it does."""
    import signal

    import cv2

    global _network  # noqa: PLW0603
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    parent = multiprocessing.parent_process()
    if parent is not None:
        sentinel = parent.sentinel

        def watch() -> None:
            connection.wait([sentinel])
            os._exit(1)

        threading.Thread(target=watch, daemon=True).start()
    _network = SwapNetwork(network, threads=1)


def _make(video: Video, segment: Segment, how: How, folder: Path) -> Done:
    assert _network is not None
    return make_segment(video, segment, _network, how, folder)

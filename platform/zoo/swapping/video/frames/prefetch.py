"""Prefetch: an iterator that runs ahead in a thread."""

import queue
import threading
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")
_LOOK_SECONDS = 0.1  # seconds between looks at whether anybody still wants what is made
_END = object()


def prefetch(items: Iterable[Item], most: int = 4) -> Iterator[Item]:
    """Yields ``items``; up to ``most`` are prefetched.

    FFmpeg, OpenCV, ONNX Runtime and NumPy let other threads run while they work. An exception
    comes out where the item would have.
    """
    made: queue.Queue[object] = queue.Queue(most)
    unwanted = threading.Event()
    failure: list[BaseException] = []

    def put(item: object) -> bool:
        while not unwanted.is_set():
            try:
                made.put(item, timeout=_LOOK_SECONDS)
            except queue.Full:
                continue
            return True
        return False

    def work() -> None:
        try:
            for item in items:
                if not put(item):
                    break
        except BaseException as error:
            failure.append(error)
        finally:
            if close := getattr(items, "close", None):
                close()
            put(_END)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while (item := made.get()) is not _END:
            yield item  # type: ignore[misc]
        if failure:
            raise failure[0]
    finally:
        unwanted.set()
        thread.join()

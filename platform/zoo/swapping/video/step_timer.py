"""A timer: seconds that each step worked, including overlaps."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")


class StepTimer:
    """Adds up seconds by step; each step belongs to one thread."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] += time.perf_counter() - start

    def timed(self, name: str, function: Callable[[], Item]) -> Callable[[], Item]:
        """``function``, each call of which is timed as a step."""

        def call() -> Item:
            with self.step(name):
                return function()

        return call

    def each(self, name: str, items: Iterable[Item]) -> Iterator[Item]:
        """``items``, the making of each timed as a step."""
        iterator = iter(items)
        while True:
            with self.step(name):
                item = next(iterator, None)
            if item is None:
                return
            yield item

"""Swaps many photos independently; existing outputs are skipped."""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import TypeVar

from zoo.cores import available_cores
from zoo.process_pool import ProcessPool
from zoo.provenance.credentials.marking import Marking
from zoo.s3.address import S3Address
from zoo.swapping.files.failure_report import reason_of
from zoo.swapping.files.output_plan import Location
from zoo.swapping.files.photo_locations import swap_anywhere
from zoo.swapping.network import SwapNetwork
from zoo.swapping.options import SwapOptions


@dataclass(frozen=True)
class BatchOptions:
    """By which network, and how, all photos of a batch are swapped.

    Attributes:
        network: its file.
        mark: what outputs are to say of themselves; of ``others`` too, in their order.
        options: which faces, by which network, and how.
        again: whether outputs that are there already are made again.
        others: the files of the networks that the options number from 1 on.
    """

    network: Path
    mark: Marking
    options: SwapOptions = field(default_factory=SwapOptions)
    again: bool = False
    others: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What became of one input."""

    number: int
    """Its place among the inputs, from 0."""
    source: Location
    target: Location
    faces: int | None = None
    """How many were swapped, now."""
    reason: str | None = None
    """Why it failed, if it did."""
    dropped: tuple[str, ...] = ()
    """What of the input's file the output does not hold, in words for people."""
    missing: tuple[str, ...] = ()
    """Who was chosen and is not in it, likewise."""

    @property
    def already_done(self) -> bool:
        """Whether it was skipped."""
        return self.faces is None and self.reason is None


_Pair = tuple[int, Location, Location]
_Swap = Callable[[_Pair], Outcome]
_Item = TypeVar("_Item")

AT_ONCE = 4
"""Photos that a worker has in hand where it waits for S3: one is swapped, others come and go."""


def swap_many(
    pairs: Sequence[tuple[Location, Location]], batch: BatchOptions, jobs: int = 1
) -> Generator[Outcome, None, None]:
    """Swaps each source into its target; outcomes come as they are ready.

    An output that is whole, and was made from this very input by this network with these
    settings, is left alone. Memory does not grow with the number of photos.

    Args:
        pairs: sources and targets.
        batch: the network and the settings.
        jobs: processes; each has a network of its own.

    Raises:
        AssetError: the network is missing or damaged.
    """
    numbered = [(number, source, target) for number, (source, target) in enumerate(pairs)]
    jobs = max(1, min(jobs, len(pairs)))
    most = AT_ONCE if any(map(_waits, numbered)) else 1
    groups = _Groups(numbered, max(1, min(most, len(pairs) // jobs)))  # so that none has nothing
    if jobs == 1:
        swap = swapper(batch, None)
        yield from chain.from_iterable(overlapped(swap, group, _waits) for group in groups)
        return
    threads = max(1, available_cores() // jobs)
    with ProcessPool(jobs, threads) as pool:
        swapped = pool.map(groups, partial(_group_swapper, batch, threads), groups.lost)
        try:
            yield from chain.from_iterable(swapped)
        finally:
            swapped.close()


def overlapped(
    swap: Callable[[_Item], Outcome], items: Iterable[_Item], waits: Callable[[_Item], bool]
) -> Iterator[Outcome]:
    """``swap`` of each of the items, in their order; several at once if any waits for S3."""
    items = list(items)
    if len(items) < 2 or not any(map(waits, items)):
        yield from map(swap, items)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(AT_ONCE) as threads:
        yield from threads.map(swap, items)


def _waits(pair: _Pair) -> bool:
    return any(isinstance(place, S3Address) for place in pair[1:])


class _Groups(Iterator[list[_Pair]]):
    """Pairs by the group; those of a group whose worker died come again, one by one."""

    def __init__(self, pairs: Iterable[_Pair], size: int) -> None:
        self._pairs, self._size = iter(pairs), size
        self._again: deque[_Pair] = deque()

    def __next__(self) -> list[_Pair]:
        if self._again:
            return [self._again.popleft()]
        group = list(islice(self._pairs, self._size))
        if not group:
            raise StopIteration
        return group

    def lost(self, group: list[_Pair], reason: str) -> list[Outcome]:
        """The outcome of a group whose worker died."""
        if len(group) > 1:
            self._again.extend(group)
            return []
        return [_lost(group[0], reason)]


def _group_swapper(
    batch: BatchOptions, threads: int | None
) -> Callable[[list[_Pair]], list[Outcome]]:
    swap = swapper(batch, threads)
    return lambda group: list(overlapped(swap, group, _waits))


def swapper(batch: BatchOptions, threads: int | None) -> _Swap:
    """What swaps one numbered pair after the other, whatever becomes of each.

    Several threads may call it: one of them computes at a time.

    Args:
        batch: the network and the settings.
        threads: of this process; default: as many as there are cores.

    Raises:
        AssetError: a network is missing or damaged.
    """
    network = SwapNetwork(batch.network, threads, used_as=batch.mark)
    others = [
        SwapNetwork(path, threads, used_as=mark)
        for path, mark in zip(batch.others, batch.mark.also, strict=True)
    ]
    return partial(_swap, batch, network, others, threading.Lock())


def _swap(
    batch: BatchOptions,
    network: SwapNetwork,
    others: Sequence[SwapNetwork],
    computing: threading.Lock,
    pair: _Pair,
) -> Outcome:
    number, source, target = pair
    try:
        swap = swap_anywhere(
            source,
            target,
            network,
            mark=batch.mark,
            options=batch.options,
            others=others,
            again=batch.again,
            computing=computing,
        )
    except Exception as error:
        return Outcome(number, source, target, reason=reason_of(source, error))
    if swap is None:
        return Outcome(number, source, target)
    return Outcome(
        number,
        source,
        target,
        faces=len(swap.faces),
        dropped=swap.dropped,
        missing=swap.missing,
    )


def _lost(pair: _Pair, reason: str) -> Outcome:
    number, source, target = pair
    words = (
        f"{source}: {reason}, perhaps because memory ran out; try it alone, or with fewer --jobs."
    )
    return Outcome(number, source, target, reason=words)

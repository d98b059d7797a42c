"""Many photos on a cluster: chunk by chunk, in processes that keep the network.

Objects in S3 are read and written where they are swapped. Files of the driver's machine go along
with their chunk and come back with its outcomes.
"""

import tempfile
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zoo.cluster.carried import CarriedFile, carry_file
from zoo.cluster.tasks import ClusterPool
from zoo.distributed.notary import open_notary, sign_through
from zoo.errors import StorageError
from zoo.provenance.credentials.signing import sidecar
from zoo.s3.address import S3Address
from zoo.storage import atomic_file
from zoo.swapping.files.output_plan import Location
from zoo.swapping.files.outputs import is_done
from zoo.swapping.files.photo_batch import BatchOptions, Outcome, overlapped, swapper
from zoo.swapping.options import settings_of

CHUNK = 16
"""Photos of a task: about a second of work."""

_Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class _Item:
    number: int
    source: Location
    target: Location


@dataclass(frozen=True)
class _Chunk:
    """Items, and a reference to the bytes of those that are files here, by their numbers."""

    items: tuple[_Item, ...]
    contents: list[Any]
    size: int


@dataclass(frozen=True)
class _Swapped:
    """An outcome, with the output where that is a file on the driver's machine, by suffix."""

    outcome: Outcome
    files: dict[str, _Bytes]


def swap_on_cluster(
    ray: Any, pairs: Sequence[tuple[Location, Location]], batch: BatchOptions, chunk: int = CHUNK
) -> Generator[Outcome, None, None]:
    """:func:`zoo.swapping.files.photo_batch.swap_many` by tasks of a cluster.

    Outcomes come as they are ready.

    A chunk whose process died again and again is tried photo by photo, so that the one it died of
    fails alone.

    Args:
        ray: the module, connected.
        pairs: sources and targets.
        batch: the network and the settings.
        chunk: photos of a task.

    Raises:
        AssetError: the network is missing or damaged.
        SigningError: there is no usable key on a machine of the cluster.
        ClusterError: the cluster is lost.
    """
    if not pairs:
        return
    notary, known = open_notary(ray)
    networks = [carry_file(ray, path) for path in (batch.network, *batch.others)]
    prepare = partial(_worker, batch, networks, notary, known)
    chunks = _Chunks(ray, pairs, batch, chunk)
    ended = ClusterPool(ray, size=lambda chunk: chunk.size).map(chunks, prepare, chunks.lost)
    try:
        for results in ended:
            yield from chunks.done()
            yield from map(_kept, results)
        yield from chunks.done()
    finally:
        ended.close()


class _Chunks(Iterator[_Chunk]):
    """Gives chunks of what is not done yet; those of a lost one again, photo by photo."""

    def __init__(
        self, ray: Any, pairs: Sequence[tuple[Location, Location]], batch: BatchOptions, size: int
    ) -> None:
        self._ray, self._batch, self._size = ray, batch, size
        self._items = (_Item(number, *pair) for number, pair in enumerate(pairs))
        self._again: deque[_Item] = deque()
        self._done: list[Outcome] = []
        self._settings = settings_of(batch.options, batch.mark)

    def __next__(self) -> _Chunk:
        if self._again:
            return self._chunk([self._again.popleft()])
        items: list[_Item] = []
        for item in self._items:
            if self._is_done(item):
                self._done.append(Outcome(item.number, item.source, item.target))
            else:
                items.append(item)
            if len(items) == self._size:
                break
        if not items:
            raise StopIteration
        return self._chunk(items)

    def done(self) -> list[Outcome]:
        """What was found done, or could not be read, since the last call."""
        found, self._done = self._done, []
        return found

    def lost(self, chunk: _Chunk, reason: str) -> list[_Swapped]:
        """The outcome of a chunk whose processes died."""
        if len(chunk.items) > 1:
            self._again.extend(chunk.items)
            return []
        (item,) = chunk.items
        words = f"{item.source}: {reason}; try it alone on one machine."
        return [_Swapped(Outcome(item.number, item.source, item.target, reason=words), {})]

    def _is_done(self, item: _Item) -> bool:
        """Of outputs on this machine; those in S3 are looked at where they are made."""
        if self._batch.again or not isinstance(item.target, Path) or not item.target.is_file():
            return False
        source = item.source
        return isinstance(source, Path) and is_done(
            item.target, source, self._batch.mark, self._settings
        )

    def _chunk(self, items: Sequence[_Item]) -> _Chunk:
        contents: dict[int, _Bytes] = {}
        for item in items:
            if isinstance(item.source, Path):
                try:
                    contents[item.number] = np.fromfile(item.source, np.uint8)
                except OSError:  # said where it is read
                    continue
        size = sum(content.nbytes for content in contents.values())
        return _Chunk(tuple(items), [self._ray.put(contents)] if contents else [], size)


def _worker(
    batch: BatchOptions, networks: Sequence[CarriedFile], notary: Any, known: Any
) -> Callable[[_Chunk], list[_Swapped]]:
    sign_through(notary, known)
    first, *others = [network.here() for network in networks]
    swap = swapper(replace(batch, network=first, others=tuple(others)), threads=1)
    return lambda chunk: _swapped(chunk, swap)


def _swapped(
    chunk: _Chunk, swap: Callable[[tuple[int, Location, Location]], Outcome]
) -> list[_Swapped]:
    import ray

    contents = ray.get(chunk.contents[0]) if chunk.contents else {}
    files: dict[int, dict[str, _Bytes]] = {}

    def swap_here(item: _Item) -> Outcome:
        with tempfile.TemporaryDirectory(prefix="zoo-") as folder:
            here, there = item.source, item.target
            if isinstance(item.source, Path):
                here = Path(folder, "in", item.source.name)
                here.parent.mkdir()
                if item.number in contents:
                    here.write_bytes(contents[item.number].data)
            if isinstance(item.target, Path):
                there = Path(folder, "out", item.target.name)
            outcome = swap((item.number, here, there))
            reason = outcome.reason
            if reason is not None:
                reason = reason.replace(str(here), str(item.source))
                reason = reason.replace(str(there), str(item.target))
            files[item.number] = _made(there) if isinstance(there, Path) else {}
            return replace(outcome, source=item.source, target=item.target, reason=reason)

    outcomes = overlapped(swap_here, chunk.items, _waits)
    return [_Swapped(outcome, files[outcome.number]) for outcome in outcomes]


def _waits(item: _Item) -> bool:
    return any(isinstance(place, S3Address) for place in (item.source, item.target))


def _made(output: Path) -> dict[str, _Bytes]:
    """An output and its manifest, by suffix; nothing if there is none."""
    if not output.is_file():
        return {}
    kinds = {"": output, "c2pa": sidecar(output)}
    return {kind: np.fromfile(path, np.uint8) for kind, path in kinds.items() if path.is_file()}


def _kept(swapped: _Swapped) -> Outcome:
    """The outcome, once the output is written."""
    outcome, target = swapped.outcome, swapped.outcome.target
    if isinstance(target, Path):
        try:  # the manifest first, so that no output is ever there without it
            for kind in sorted(swapped.files, reverse=True):
                place = sidecar(target) if kind else target
                with atomic_file(place) as temporary:
                    temporary.write_bytes(swapped.files[kind].data)
        except StorageError as error:
            return Outcome(outcome.number, outcome.source, target, reason=str(error))
    return outcome

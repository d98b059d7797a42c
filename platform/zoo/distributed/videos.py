"""A video's segments made by tasks of a cluster; the driver joins, marks and signs them."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import numpy as np
from numpy.typing import NDArray

from zoo.cluster.capacity import grown
from zoo.cluster.carried import CarriedFile, carry_file
from zoo.cluster.tasks import ONE_CPU, ClusterPool
from zoo.errors import ClusterError, UsageError
from zoo.photos.video.reader import Video
from zoo.storage import atomic_file
from zoo.swapping.files.output_plan import errors_naming
from zoo.swapping.video.assignment.tracks import Analysis
from zoo.swapping.video.segment import Done, make_segment
from zoo.swapping.video.segment_division import Segment
from zoo.swapping.video.segment_workers import SegmentWork, Task, loaded_networks, looker

Result = TypeVar("Result")

MOST_BYTES = 4 << 30
"""Of a video, which goes to each node whole."""

_Made = tuple[Done, NDArray[np.uint8]]


@dataclass
class ClusterSegments:
    """Makes segments as :class:`zoo.swapping.video.segment_workers.LocalSegments` does.

    Attributes:
        ray: the module, connected.
    """

    ray: Any

    @property
    def at_once(self) -> int:
        """See :attr:`zoo.swapping.video.segment_workers.Segments.at_once`."""
        return max(1, grown(self.ray, ONE_CPU.each))

    def make(
        self, work: SegmentWork, todo: Sequence[Segment], progress: Callable[[int], None]
    ) -> Iterator[Done]:
        """See :meth:`zoo.swapping.video.segment_workers.Segments.make`."""
        made = self._map(work, todo, _maker)
        for done, content in made:
            part = next(part for part in todo if part.number == done.number)
            with atomic_file(work.folder / part.name) as temporary:
                temporary.write_bytes(content.data)
            progress(done.frames)
            yield done

    def look(self, work: SegmentWork, parts: Sequence[Segment]) -> Iterator[Analysis]:
        """See :meth:`zoo.swapping.video.segment_workers.Segments.look`."""
        yield from self._map(work, parts, _looker)

    def _map(
        self,
        work: SegmentWork,
        parts: Sequence[Segment],
        worker: Callable[["_Carried"], Callable[[Task], Result]],
    ) -> Iterator[Result]:
        prepare = partial(worker, self._carried(work))
        return ClusterPool(self.ray).map(work.tasks(parts), prepare, partial(_lost, work.video))

    def _carried(self, work: SegmentWork) -> "_Carried":
        path = work.video.path
        if path.stat().st_size > MOST_BYTES:
            raise UsageError(
                f"{path} is larger than {MOST_BYTES >> 30} GiB, and would go to each machine "
                "of the cluster whole; swap it with --no-cluster, or a part of it with --start "
                "and --end after cutting it."
            )
        networks = [carry_file(self.ray, network) for network in work.networks]
        return _Carried(work, carry_file(self.ray, path), networks)


@dataclass(frozen=True)
class _Carried:
    """Work on its way to nodes."""

    work: SegmentWork
    video: CarriedFile
    networks: Sequence[CarriedFile]

    def here(self) -> SegmentWork:
        """With the files of this machine."""
        video = replace(self.work.video, path=self.video.here())
        networks = [network.here() for network in self.networks]
        return replace(self.work, video=video, networks=networks, roles={})


def _maker(carried: _Carried) -> Callable[[Task], _Made]:
    work = carried.here()
    networks = loaded_networks(work)

    def make(task: Task) -> _Made:
        part, roles = task
        with tempfile.TemporaryDirectory(prefix="zoo-") as folder:
            with errors_naming({work.video.path: carried.work.video.path}):
                done = make_segment(work.video, part, networks, work.options, Path(folder), roles)
            return done, np.fromfile(Path(folder, part.name), np.uint8)

    return make


def _looker(carried: _Carried) -> Callable[[Task], Analysis]:
    return looker(carried.here())


def _lost(video: Video, task: Task, reason: str) -> NoReturn:
    raise ClusterError(
        f"{video.path}: segment {task[0].number}: {reason}; the same command resumes."
    )

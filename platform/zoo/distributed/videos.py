"""A video's segments made by tasks of a cluster; the driver joins, marks and signs them."""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zoo.cluster.carried import CarriedFile, carry_file
from zoo.cluster.tasks import in_tasks
from zoo.errors import ClusterError, PhotoError, UsageError
from zoo.photos.video.reader import Video
from zoo.storage import atomic_file
from zoo.swapping.network import SwapNetwork
from zoo.swapping.video.assignment.identity_assignment import Assignment
from zoo.swapping.video.assignment.roles import Roles
from zoo.swapping.video.assignment.tracks import Analysis
from zoo.swapping.video.segment import Done, Segment, SegmentOptions, look_at_segment, make_segment

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

    def make(
        self,
        video: Video,
        todo: Sequence[Segment],
        networks: Sequence[Path],
        how: SegmentOptions,
        folder: Path,
        casting: Assignment | None,
        count: Callable[[int], None],
    ) -> Iterator[Done]:
        """See :func:`zoo.swapping.video.segment_workers.make_segments`."""
        casts = casting.segments if casting else {}
        carried = [carry_file(self.ray, path) for path in networks]
        prepare = partial(_maker, self._carried(video), carried, how)
        tasks = ((part, casts.get(part.number)) for part in todo)
        frames = 0
        for done, content in in_tasks(self.ray, tasks, prepare, partial(_lost, video)):
            part = next(part for part in todo if part.number == done.number)
            with atomic_file(folder / part.name) as temporary:
                temporary.write_bytes(content.data)
            frames += done.frames
            count(frames)
            yield done

    def look(
        self, video: Video, parts: Sequence[Segment], how: SegmentOptions
    ) -> Iterator[Analysis]:
        """See :func:`zoo.swapping.video.segment_workers.look_at_segments`."""
        prepare = partial(_looker, self._carried(video), how)
        tasks = ((part, None) for part in parts)
        yield from in_tasks(self.ray, tasks, prepare, partial(_lost, video))

    def _carried(self, video: Video) -> "_Carried":
        size = video.path.stat().st_size
        if size > MOST_BYTES:
            raise UsageError(
                f"{video.path} is larger than {MOST_BYTES >> 30} GiB, and would go to each machine "
                "of the cluster whole; swap it with --no-cluster, or a part of it with --start "
                "and --end after cutting it."
            )
        return _Carried(video, carry_file(self.ray, video.path))


@dataclass(frozen=True)
class _Carried:
    """A video on its way to nodes."""

    video: Video
    file: CarriedFile

    def here(self) -> Video:
        return replace(self.video, path=self.file.here())


def _maker(
    video: _Carried, networks: Sequence[CarriedFile], how: SegmentOptions
) -> Callable[[tuple[Segment, Roles | None]], _Made]:
    os.environ["SVT_LOG"] = "1"  # errors only
    here = video.here()
    loaded = [SwapNetwork(network.here(), threads=1) for network in networks]

    def make(task: tuple[Segment, Roles | None]) -> _Made:
        part, cast = task
        with tempfile.TemporaryDirectory(prefix="zoo-") as folder:
            try:
                done = make_segment(here, part, loaded, how, Path(folder), cast)
            except PhotoError as error:
                words = str(error).replace(str(here.path), str(video.video.path))
                raise PhotoError(words) from error
            return done, np.fromfile(Path(folder, part.name), np.uint8)

    return make


def _looker(video: _Carried, how: SegmentOptions) -> Callable[[tuple[Segment, None]], Analysis]:
    here = video.here()
    return lambda task: look_at_segment(here, task[0], how)


def _lost(video: Video, task: tuple[Segment, Any], reason: str) -> Any:
    raise ClusterError(
        f"{video.path}: segment {task[0].number}: {reason}; the same command goes on."
    )

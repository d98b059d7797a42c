"""Makes segments in several processes, in any order.

Each process works in one thread, even if it is the only one: the number of threads changes the last
bit of sums, and a segment must not depend on the process that makes it.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NoReturn, Protocol

from zoo.cores import available_cores
from zoo.errors import PhotoError
from zoo.photos.video.reader import Video
from zoo.process_pool import ProcessPool, report_progress
from zoo.swapping.network import SwapNetwork
from zoo.swapping.video.assignment.roles import Roles
from zoo.swapping.video.assignment.tracks import Analysis
from zoo.swapping.video.segment import Done, SegmentOptions, look_at_segment, make_segment
from zoo.swapping.video.segment_division import Segment

_PIXELS = 8 * 1920 * 1080  # of one frame in all processes together, so that memory suffices

Task = tuple[Segment, Roles | None]
"""A segment, and who is who in it."""


@dataclass(frozen=True)
class SegmentWork:
    """What all segments of a video are made of.

    Attributes:
        video: the source.
        options: how they are made.
        networks: files, as the options number them.
        folder: into which they are written.
        roles: of the people in each segment, by its number.
    """

    video: Video
    options: SegmentOptions
    networks: Sequence[Path]
    folder: Path
    roles: Mapping[int, Roles] = field(default_factory=dict)

    def tasks(self, parts: Sequence[Segment]) -> Iterator[Task]:
        """The segments with their roles."""
        return ((part, self.roles.get(part.number)) for part in parts)


class Segments(Protocol):
    """Has segments made and looked at: by processes of this machine, or by a cluster."""

    @property
    def at_once(self) -> int:
        """How many are made at the same time."""
        ...

    def make(
        self, work: SegmentWork, todo: Sequence[Segment], progress: Callable[[int], None]
    ) -> Iterator[Done]:
        """Makes segments; yields each when it is written.

        Args:
            work: what they are made of.
            todo: which.
            progress: is told of frames that were made, as they are or when their segment is.

        Raises:
            ZooError: see :func:`.segment.make_segment`; nothing new is begun then.
        """
        ...

    def look(self, work: SegmentWork, parts: Sequence[Segment]) -> Iterator[Analysis]:
        """Looks for the people in all segments; yields each when it is done.

        Raises:
            ZooError: see :func:`.segment.look_at_segment`; nothing new is begun then.
        """
        ...


class LocalSegments:
    """By processes of this machine, which stay from the first look to the last segment.

    Args:
        video: the source.
        jobs: how many processes; by default :func:`default_jobs`.
    """

    def __init__(self, video: Video, jobs: int | None = None) -> None:
        self.at_once = jobs or default_jobs(video)
        self._pool = ProcessPool(self.at_once)

    def __enter__(self) -> "LocalSegments":
        return self

    def __exit__(self, *error: object) -> None:
        self._pool.__exit__(*error)

    def make(
        self, work: SegmentWork, todo: Sequence[Segment], progress: Callable[[int], None]
    ) -> Iterator[Done]:
        """See :meth:`Segments.make`."""
        lost = partial(_lost, work.video)
        return self._pool.map(work.tasks(todo), partial(_maker, work), lost, progress)

    def look(self, work: SegmentWork, parts: Sequence[Segment]) -> Iterator[Analysis]:
        """See :meth:`Segments.look`."""
        return self._pool.map(work.tasks(parts), partial(looker, work), partial(_lost, work.video))


def default_jobs(video: Video) -> int:
    """One process per core this one may use, fewer for frames so large that memory is short."""
    fits = max(1, _PIXELS // (video.width * video.height))
    return min(available_cores(), fits)


def loaded_networks(work: SegmentWork) -> list[SwapNetwork]:
    """The networks, for a worker process.

    Raises:
        AssetError: one is missing or damaged.
    """
    os.environ["SVT_LOG"] = "1"  # the encoder reports errors only
    return [SwapNetwork(network, threads=1) for network in work.networks]


def looker(work: SegmentWork) -> Callable[[Task], Analysis]:
    """For a worker process: what looks at segments."""
    return lambda task: look_at_segment(work.video, task[0], work.options)


def _maker(work: SegmentWork) -> Callable[[Task], Done]:
    networks, advance = loaded_networks(work), partial(report_progress, 1)
    return lambda task: make_segment(
        work.video, task[0], networks, work.options, work.folder, task[1], advance
    )


def _lost(video: Video, task: Any, reason: str) -> NoReturn:
    raise PhotoError(
        f"{video.path}: {reason}, perhaps because memory ran out; the same command resumes, also "
        "with fewer --jobs."
    )

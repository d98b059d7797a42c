"""Who swaps: this process, processes of this machine, or a Ray cluster."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zoo.errors import UsageError
from zoo.local_ray import cluster_address

if TYPE_CHECKING:
    from zoo.swapping.files.output_plan import Location
    from zoo.swapping.files.photo_batch import BatchOptions, Outcome
    from zoo.swapping.video.segment_workers import Segments


@dataclass(frozen=True)
class SwapWorkers:
    """What a command's work is given to.

    Attributes:
        jobs: processes of this machine.
        ray: the module, connected, where a cluster works instead.
    """

    jobs: int | None = None
    ray: Any = None

    def swap_many(
        self, pairs: "Sequence[tuple[Location, Location]]", batch: "BatchOptions"
    ) -> "Generator[Outcome, None, None]":
        """See :func:`zoo.swapping.files.photo_batch.swap_many`."""
        if self.ray is None:
            from zoo.swapping.files.photo_batch import swap_many

            return swap_many(pairs, batch, self.jobs or 1)
        from zoo.distributed.photos import swap_on_cluster

        return swap_on_cluster(self.ray, pairs, batch)

    @property
    def segments_by(self) -> "Segments | None":
        """What makes videos' segments; None for processes of this machine."""
        if self.ray is None:
            return None
        from zoo.distributed.videos import ClusterSegments

        return ClusterSegments(self.ray)


@contextmanager
def swap_workers(
    photos: int, videos: int, cluster: bool | None, jobs: int | None
) -> Iterator[SwapWorkers]:
    """For so many photos and videos.

    Args:
        photos: how many.
        videos: likewise.
        cluster: whether a cluster works; by default the one at ``RAY_ADDRESS``, when there is one,
            several inputs or a video, and no ``jobs``.
        jobs: processes of this machine.

    Raises:
        UsageError: a cluster is asked for, and none is named, or with ``jobs``.
        ClusterError: it cannot be reached, or has no machine for the work.
    """
    named = cluster_address() is not None
    if cluster and not named:
        raise UsageError("--cluster swaps on the Ray cluster that RAY_ADDRESS names; set it.")
    if cluster and jobs is not None:
        raise UsageError("Give --jobs for this machine, or --cluster; a cluster has its own CPUs.")
    if cluster is None:
        cluster = named and jobs is None and (photos > 1 or videos > 0)
    if not cluster or not (photos or videos):
        yield SwapWorkers(jobs)
        return
    from zoo.cluster.capacity import check_room
    from zoo.cluster.joining import connected
    from zoo.cluster.tasks import ONE_CPU

    with connected() as ray:
        change = "Give the cluster's nodes CPUs (`ray start --num-cpus`), swap with --no-cluster"
        check_room(ray, ONE_CPU.each, who="A swap", change=change)
        yield SwapWorkers(ray=ray)

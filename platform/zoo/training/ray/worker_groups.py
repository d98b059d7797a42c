"""Workers by the group: one worker, or several that share the batches of one training."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from zoo.cluster.autoscaling import could_start, growth
from zoo.cluster.capacity import alive, check_room, described, grown
from zoo.cluster.tasks import beside_driver
from zoo.photos.image import AnyArray
from zoo.training.job import Job
from zoo.training.ray.rendezvous import Rank

SECONDS_TO_MEET = 120.0


@dataclass(eq=False)
class WorkerGroup:
    """The workers of one training."""

    workers: list[Any]
    placement_group: Any = None
    """The placement group that holds their room together, if they are several."""
    results: list[Any] = field(default_factory=list)
    """References to what each worker's training returns, the first worker's first."""
    where: str = ""


class WorkerGroups:
    """Opens and closes groups on the cluster that ``ray`` is connected to.

    Args:
        ray: the module.
        cpus: of one worker.
        gpus: of one worker, where the cluster has any.
        workers: of one training.
    """

    def __init__(self, ray: Any, cpus: int, gpus: float, workers: int) -> None:
        from zoo.training.ray.progress_collector import ProgressCollector

        self._ray, self._workers = ray, workers
        has_gpus = gpus and self._has_gpus({"CPU": cpus, "GPU": gpus})
        self._each = {"num_cpus": cpus, "num_gpus": gpus if has_gpus else 0}
        self._weights: list[Any] = []
        self._collector = ProgressCollector.options(**beside_driver(ray)).remote()  # type: ignore[attr-defined]

    def share(self, weights: Mapping[str, AnyArray]) -> None:
        """The perceptual network's state, which each machine that trains fetches once."""
        # In a list, so that a worker asks for it when it has none, and not with every job.
        self._weights = [self._ray.put(dict(weights))]

    def fit(self) -> int:
        """How many groups the machines would hold if they were empty.

        Those that live now, and those that an autoscaler starts for groups that wait.
        """
        return grown(self._ray, self._each) // self._workers

    def needs(self) -> str:
        """What one worker asks of a machine, in words."""
        return described(self._each)

    def check(self) -> None:
        """Refuses what the cluster can never hold.

        Raises:
            ClusterError: see :func:`zoo.cluster.capacity.check_room`.
        """
        check_room(
            self._ray,
            self._each,
            workers=self._workers,
            who="A training" if self._workers == 1 else "A training's worker",
            change="Lower the numbers in section fanout of params.yaml",
        )

    def reports(self) -> dict[str, Any]:
        """What trainings reported since the last call, by :mod:`.progress_collector`."""
        return dict(self._ray.get(self._collector.take.remote()))

    def open(self) -> tuple[Any, WorkerGroup]:
        """A new group, and the reference that is ready when the group is."""
        from ray.util import placement_group
        from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

        from zoo.training.ray.worker import TrainWorker

        options: dict[str, Any] = dict(self._each)
        group = None
        if self._workers > 1:
            bundle = {"CPU": options["num_cpus"], "GPU": options["num_gpus"]}
            bundle = {key: value for key, value in bundle.items() if value}
            group = placement_group([bundle] * self._workers, strategy="PACK")
            options["scheduling_strategy"] = PlacementGroupSchedulingStrategy(group)
        workers = [
            TrainWorker.options(**options).remote(self._collector)  # type: ignore[attr-defined]
            for _ in range(self._workers)
        ]
        return workers[0].ready.remote(), WorkerGroup(workers, group)

    def close(self, group: WorkerGroup) -> None:
        """Ends the group's processes, whatever they do."""
        from ray.util import remove_placement_group

        for worker in group.workers:
            self._ray.kill(worker)
        if group.placement_group is not None:
            remove_placement_group(group.placement_group)

    def submit(self, job: Job, group: WorkerGroup) -> None:
        """Begins ``job``; ``group.results`` tell how it ends."""
        if len(group.workers) == 1:
            group.results = [group.workers[0].train.remote(job, self._weights)]
            return
        first = group.workers[0].rendezvous.remote()
        host, port = self._ray.get(first, timeout=SECONDS_TO_MEET)
        shared = self._ray.put(job)
        group.results = [
            worker.train.remote(shared, self._weights, Rank(rank, len(group.workers), host, port))
            for rank, worker in enumerate(group.workers)
        ]

    def _has_gpus(self, each: Mapping[str, float]) -> bool:
        """Now, or once its autoscaler has started machines for such workers."""
        if any(node.get("GPU") for node in alive(self._ray.nodes())):
            return True
        grows = growth(self._ray)
        if grows is None or grows.kinds:
            return grows is not None and any(node.get("GPU") for node, _ in grows.kinds)
        return grows.answers and could_start(self._ray, each, self._workers)

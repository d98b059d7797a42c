"""Many trainings under one driver: Ray actors as warm workers, each running jobs under Ray Train.

A worker imports torch once and then trains one identity after another with Ray Train in local
mode, which starts a job in a fraction of a second where a worker group of its own takes more
than ten (``docs/training.md`` has the figures). As many workers are open as the cluster has room
for at the moment: more when machines join, fewer when they are lost.
"""

import random
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Protocol

from pydantic import BaseModel, ConfigDict, Field

from zoo.cluster.joining import connected
from zoo.errors import TrainingError, ZooError
from zoo.local_ray import cluster_address
from zoo.photos.image import AnyArray
from zoo.training.job import Job, Trained
from zoo.training.ray.ray_cluster import is_final, reason
from zoo.training.ray.worker_groups import WorkerGroup, WorkerGroups

if TYPE_CHECKING:
    from zoo.training.loop.checkpoint import Row

POLL_SECONDS = 0.5
LOOK_SECONDS = 2.0
"""Between two looks at which machines live."""
REMIND_SECONDS = 60.0
LONGEST_BACKOFF = 60.0
STARTS = 3
"""How many workers may die while they start, none coming up, before we give up."""


class FanoutSettings(BaseModel):
    """``params.yaml``, section ``fanout``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cpus_per_job: Annotated[int, Field(ge=1)] = 1
    """Threads of one worker. On CPUs another number gives a network that differs in its last
    digits, so it never depends on how many train side by side."""
    gpus_per_job: Annotated[float, Field(ge=0)] = 1
    """Of one worker, used where the cluster has GPUs; a fraction puts several on one."""
    workers_per_job: Annotated[int, Field(ge=1)] = 1
    """Processes that share the batches of one training; divides the recipe's batches."""
    at_once: Annotated[int, Field(ge=0)] = 0
    """Trainings in flight at most. 0: as many as fit on the cluster; where an autoscaler starts
    nodes, up to 100 more wait for them."""
    retries: Annotated[int, Field(ge=0)] = 2
    """How often in a row a training goes on from its last checkpoint after a crash; one that
    came further than before has all its retries again."""
    backoff: Annotated[float, Field(ge=0)] = 2.0
    """Seconds before the first retry, about; twice as many before each further one."""
    storage: str = ""
    """Where checkpoints and the content pack lie: a folder that all nodes mount, or an ``s3://``
    address. Empty: in the project, which does for nodes that reach its disk."""


class TrainingCallback(Protocol):
    """Is told what happens, in the driver."""

    def workers_start(self) -> None: ...
    def started(self, identity: str, where: str) -> None: ...
    def progress(self, identity: str, rows: "list[Row]") -> None: ...
    def printed(self, identity: str, lines: list[str]) -> None: ...
    def retried(self, identity: str, reason: str, seconds: float, details: str) -> None: ...
    def trained(self, identity: str, result: Trained) -> None: ...
    def failed(self, identity: str, reason: str, details: str) -> None: ...
    def waits(self, reason: str) -> None: ...


def run_jobs(
    jobs: Mapping[str, Callable[[], Job]],
    weights: Callable[[], Mapping[str, AnyArray]],
    settings: FanoutSettings,
    callback: TrainingCallback,
) -> None:
    """Runs every job to its end; a job that fails does not stop the others.

    Args:
        jobs: by identity, a function that makes the job (without ``perceptual_weights``) when
            its turn comes, so that only jobs in flight take memory; a ZooError fails the job.
        weights: reads the perceptual network's state, for all of them.
        settings: room and retries.
        callback: told of progress and outcomes; first of all, that workers start. They need
            seconds to import torch: what takes the driver as long is best done then, and it is
            also when ``weights`` are read.

    Raises:
        ClusterError: the cluster cannot be reached, or will never have a machine for a training.
        TrainingError: the cluster is lost, or no worker can be opened on it.
    """
    if not jobs:
        return
    with connected() as ray:
        groups = WorkerGroups(
            ray, settings.cpus_per_job, settings.gpus_per_job, settings.workers_per_job
        )
        fanout = _Scheduler(ray, groups, jobs, settings, callback)
        try:
            if cluster_address():
                groups.check()
            fanout.scale_groups()
            callback.workers_start()
            groups.share(weights())
            while fanout.has_work():
                fanout.scale_groups()
                fanout.start_jobs()
                fanout.poll()
        except ray.exceptions.RayError as error:
            raise TrainingError(
                f"The Ray cluster is lost: {reason(error)}; once it is back (`ray status`), run "
                "the command again, and trainings resume from their last checkpoints."
            ) from error


@dataclass
class _Attempts:
    """A job's way through its attempts."""

    identity: str
    crashes: int = 0
    """In a row, none having come further than the ones before."""
    furthest: float = -1.0
    """The last iteration that any attempt reported."""
    not_before: float = 0.0


class _Scheduler:
    """The state of :func:`run_jobs`."""

    def __init__(
        self,
        ray: Any,
        groups: WorkerGroups,
        jobs: Mapping[str, Callable[[], Job]],
        settings: FanoutSettings,
        callback: TrainingCallback,
    ) -> None:
        self._ray, self._groups, self._jobs = ray, groups, jobs
        self._settings, self._callback = settings, callback
        self._waiting = [_Attempts(name) for name in jobs]
        self._opening: dict[Any, WorkerGroup] = {}
        self._idle: list[WorkerGroup] = []
        self._busy: dict[WorkerGroup, _Attempts] = {}
        self._deaths = 0
        self._fit = 0
        self._looked = self._reminded = float("-inf")
        self._worked = time.monotonic()

    def has_work(self) -> bool:
        """Whether a job waits or runs."""
        return bool(self._waiting or self._busy)

    def scale_groups(self) -> None:
        """As many as there are jobs left and room for; a group with nothing to do ends.

        Its room may be what another one waits for.
        """
        now = time.monotonic()
        if now - self._looked >= LOOK_SECONDS:
            self._looked, self._fit = now, self._groups.fit()
        most = self._settings.at_once or self._fit
        surplus = (
            len(self._opening)
            + len(self._idle)
            - min(len(self._waiting), max(0, most - len(self._busy)))
        )
        for _ in range(-surplus):
            ready, group = self._groups.open()
            self._opening[ready] = group
        for _ in range(surplus):
            group = self._idle.pop() if self._idle else self._opening.popitem()[1]
            self._groups.close(group)
        if self._idle or self._busy or not self._opening or not cluster_address():
            self._worked = now
        since = max(self._reminded, self._worked) if self._fit else self._reminded
        if now - since >= REMIND_SECONDS:
            self._reminded = now
            self._no_room()

    def start_jobs(self) -> None:
        """Gives idle groups the jobs whose time has come."""
        now = time.monotonic()
        for turn in [turn for turn in self._waiting if turn.not_before <= now]:
            if not self._idle:
                return
            self._waiting.remove(turn)
            try:
                job = self._jobs[turn.identity]()
            except ZooError as error:
                self._callback.failed(turn.identity, str(error), "")
                continue
            group = self._idle.pop()
            self._busy[group] = turn
            self._callback.started(turn.identity, group.where)
            try:
                self._groups.submit(job, group)
            except self._ray.exceptions.RayError as error:
                self._crashed(group, error)

    def poll(self) -> None:
        """Waits a moment for reports and outcomes."""
        busy = {reference: group for group in self._busy for reference in group.results}
        ready: list[Any] = []
        if pending := [*self._opening, *busy]:
            ready, _ = self._ray.wait(pending, timeout=POLL_SECONDS)
        else:
            time.sleep(POLL_SECONDS)
        turns = {turn.identity: turn for turn in self._busy.values()}
        for identity, reports in self._groups.reports().items():
            if reports.lines:
                self._callback.printed(identity, reports.lines)
            if reports.rows:
                if (turn := turns.get(identity)) and reports.rows[-1]["step"] > turn.furthest:
                    turn.furthest, turn.crashes = reports.rows[-1]["step"], 0
                self._callback.progress(identity, reports.rows)
        for reference in ready:
            if reference in self._opening:
                self._opened(reference)
            else:
                self._ended(busy[reference], reference)

    def _opened(self, ready: Any) -> None:
        group = self._opening.pop(ready)
        try:
            group.where = str(self._ray.get(ready))
        except self._ray.exceptions.RayError as error:
            self._groups.close(group)
            self._deaths += 1
            if self._deaths >= STARTS and not self._idle and not self._busy:
                raise TrainingError(
                    f"No worker starts on the Ray cluster: {reason(error)}; the driver and "
                    "every node need the same faceswap-zoo[train] installed."
                ) from error
        else:
            self._deaths = 0
            self._idle.append(group)

    def _ended(self, group: WorkerGroup, reference: Any) -> None:
        try:
            result = self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            self._crashed(group, error)
            return
        if reference != group.results[0]:
            group.results.remove(reference)  # the first worker's result counts
            return
        turn = self._busy.pop(group)
        group.results = []
        self._idle.append(group)
        self._callback.trained(turn.identity, result)

    def _crashed(self, group: WorkerGroup, error: Exception) -> None:
        turn = self._busy.pop(group)
        if len(group.workers) == 1 and isinstance(error, self._ray.exceptions.RayTaskError):
            self._idle.append(group)
        else:
            self._groups.close(group)
        turn.crashes += 1
        details = "".join(traceback.format_exception(error))
        if is_final(error) or turn.crashes > self._settings.retries:
            self._callback.failed(turn.identity, reason(error), details)
            return
        wait = min(LONGEST_BACKOFF, self._settings.backoff * 2 ** (turn.crashes - 1))
        wait *= random.uniform(0.75, 1.25)  # so that jobs that crashed together come apart
        turn.not_before = time.monotonic() + wait
        self._waiting.append(turn)
        self._callback.retried(turn.identity, reason(error), wait, details)

    def _no_room(self) -> None:
        needs = self._groups.needs()
        if not cluster_address():
            raise TrainingError(
                f"One training asks for {self._settings.workers_per_job} × {needs}, more than "
                "this machine has; lower the numbers in section fanout of params.yaml."
            )
        self._callback.waits(f"no machine of the Ray cluster has {needs} yet")

"""Many trainings under one driver: Ray actors as warm lanes, each running jobs under Ray Train.

A lane imports torch once and then trains one identity after another with Ray Train in local
mode, which starts a job in a fraction of a second where a worker group of its own takes more
than ten (``docs/training.md`` has the figures). As many lanes run as the cluster has room for.
"""

import logging
import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any, Protocol

from pydantic import BaseModel, ConfigDict, Field

from zoo.training.checkpoint import Row
from zoo.training.job import Job, Trained

POLL_SECONDS = 0.5
MOST_THREADS = 8


class FanoutSettings(BaseModel):
    """``params.yaml``, section ``fanout``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cpus_per_job: Annotated[int, Field(ge=0)]
    """0: share the cluster's CPUs out among the jobs, at most eight each."""
    gpus_per_job: Annotated[float, Field(ge=0)]
    """Used where the cluster has GPUs; a fraction puts several jobs on one."""
    retries: Annotated[int, Field(ge=0)]
    """How often a job that crashed goes on from its last checkpoint."""


class Listener(Protocol):
    """Hears what happens, in the driver."""

    def progress(self, identity: str, rows: list[Row]) -> None: ...
    def retried(self, identity: str, reason: str) -> None: ...
    def trained(self, identity: str, result: Trained) -> None: ...
    def failed(self, identity: str, reason: str) -> None: ...


def run_jobs(
    jobs: Mapping[str, Callable[[], Job]], settings: FanoutSettings, listener: Listener
) -> None:
    """Runs every job to its end; a job that fails does not stop the others.

    Args:
        jobs: by identity, a function that makes the job when its turn comes, so that only
            jobs in flight take memory.
        settings: room and retries.
        listener: told of progress and outcomes.
    """
    with _ray() as ray:
        from zoo.training.lane import Board, Lane

        board = Board.options(num_cpus=0).remote()  # type: ignore[attr-defined]
        options = _lane_options(ray.cluster_resources(), len(jobs), settings)
        waiting, attempts = list(jobs), dict.fromkeys(jobs, 0)
        idle: list[Any] = []
        running: dict[Any, tuple[str, Any]] = {}
        lanes = min(len(jobs), _room(ray.cluster_resources(), options))

        def finish(reference: Any) -> None:
            identity, lane = running.pop(reference)
            try:
                result = ray.get(reference)
            except ray.exceptions.RayError as error:
                if isinstance(error, ray.exceptions.RayTaskError):
                    idle.append(lane)
                reason = str(getattr(error, "cause", None) or error).strip().splitlines()[-1]
                if attempts[identity] <= settings.retries and not _is_final(error):
                    waiting.append(identity)
                    listener.retried(identity, reason)
                else:
                    listener.failed(identity, reason)
            else:
                idle.append(lane)
                listener.trained(identity, result)

        while waiting or running:
            while waiting and len(running) < lanes:
                identity = waiting.pop(0)
                attempts[identity] += 1
                lane = idle.pop() if idle else Lane.options(**options).remote()  # type: ignore[attr-defined]
                running[lane.train.remote(jobs[identity](), board)] = identity, lane
            ready, _ = ray.wait(list(running), timeout=POLL_SECONDS)
            for identity, rows in ray.get(board.take.remote()).items():
                listener.progress(identity, rows)
            for reference in ready:
                finish(reference)


@contextmanager
def _ray() -> Iterator[Any]:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import ray
    local: dict[str, Any] = {} if os.environ.get("RAY_ADDRESS") else {"include_dashboard": False}
    ray.init(log_to_driver=False, logging_level=logging.ERROR, **local)
    try:
        yield ray
    finally:
        ray.shutdown()


def _lane_options(
    resources: Mapping[str, float], jobs: int, settings: FanoutSettings
) -> dict[str, float]:
    cpus = int(resources.get("CPU", 1))
    threads = settings.cpus_per_job or max(1, min(MOST_THREADS, cpus // jobs))
    gpus = settings.gpus_per_job if resources.get("GPU") else 0
    return {"num_cpus": threads, "num_gpus": gpus}


def _room(resources: Mapping[str, float], options: Mapping[str, float]) -> int:
    by_cpu = resources.get("CPU", 1) // options["num_cpus"]
    by_gpu = resources["GPU"] // options["num_gpus"] if options["num_gpus"] else by_cpu
    return max(1, int(min(by_cpu, by_gpu)))


def _is_final(error: Exception) -> bool:
    from zoo.errors import ZooError

    return isinstance(getattr(error, "cause", None), ZooError)

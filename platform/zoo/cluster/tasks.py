"""Work shared out to Ray tasks: what :mod:`zoo.process_pool` does on one machine.

A task goes to whichever node is free; Ray runs it again elsewhere when its process or its node is
lost. Few are in flight, so that neither the driver nor the object store grows with their number.
"""

import time
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Any

from zoo.allocator import keep_freed_memory
from zoo.cluster.autoscaling import Resources
from zoo.cluster.capacity import grown
from zoo.errors import ClusterError
from zoo.process_pool import Lost, Prepare, Result, Task

RETRIES = 3
"""How often Ray runs a task again whose process or node was lost."""

LOOK_SECONDS = 2.0
"""Between two looks at how much fits on the cluster."""

_WAIT_SECONDS = 1.0
_DEATHS = (
    "WorkerCrashedError",
    "NodeDiedError",
    "OutOfMemoryError",
    "ObjectLostError",
    "ObjectReconstructionFailedError",
    "OwnerDiedError",
)


@dataclass(frozen=True)
class Asked:
    """What each task asks for, and how many are in flight at most.

    Attributes:
        each: of a machine; options of Ray's tasks.
        at_once: tasks in flight; 0: as many as fit, and some that wait.
        most_bytes: of the inputs of all in flight together.
    """

    each: Resources
    at_once: int = 0
    most_bytes: int = 1 << 30


ONE_CPU = Asked({"num_cpus": 1})


class ClusterPool:
    """Tasks of a Ray cluster, as a :class:`zoo.process_pool.WorkerPool`.

    Args:
        ray: the module, connected.
        asked: of the cluster.
        size: bytes of what a task holds in the object store.
    """

    def __init__(
        self, ray: Any, asked: Asked = ONE_CPU, size: Callable[[Any], int] = lambda task: 0
    ) -> None:
        self._ray, self._asked, self._size = ray, asked, size

    def map(
        self, tasks: Iterable[Task], prepare: Prepare[Task, Result], lost: Lost[Task, Result]
    ) -> Generator[Result, None, None]:
        """See :meth:`zoo.process_pool.WorkerPool.map`.

        ``lost`` is asked once Ray has run a task several times, and its process died each time.

        Raises:
            ClusterError: the cluster is lost.
            Exception: what ``prepare`` or the work raised.
        """
        ray = self._ray
        options = {"scheduling_strategy": "SPREAD", **self._asked.each}
        run = ray.remote(max_retries=RETRIES, **options)(_work)
        key, shared = f"{time.time_ns()}-{id(prepare)}", [ray.put(prepare)]
        waiting, running = iter(tasks), dict[Any, tuple[Task, int]]()
        flight = _Flight(ray, self._asked)
        try:
            while True:
                most = flight.most()
                held = sum(weight for _, weight in running.values())
                while len(running) < most and (not running or held < self._asked.most_bytes):
                    try:
                        task = next(waiting)
                    except StopIteration:  # for now: a task that was lost may come again in parts
                        break
                    weight = self._size(task)
                    running[run.remote(key, shared, task)] = task, weight
                    held += weight
                if not running:
                    return
                ready, _ = ray.wait(list(running), timeout=_WAIT_SECONDS)
                if ready:
                    ready, _ = ray.wait(list(running), num_returns=len(running), timeout=0)
                for reference in ready:
                    task, _ = running.pop(reference)
                    yield _result(ray, reference, task, lost)
                    del reference
        finally:
            for reference in running:
                ray.cancel(reference, force=True)


def beside_driver(ray: Any) -> dict[str, Any]:
    """Options of an actor that goes down with no other machine than the driver's own."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    # A soft affinity does not hold on a node without CPUs.
    here = ray.get_runtime_context().get_node_id()
    return {
        "num_cpus": 0,
        "max_restarts": -1,
        "max_task_retries": -1,
        "scheduling_strategy": NodeAffinitySchedulingStrategy(here, soft=False),
    }


def _result(ray: Any, reference: Any, task: Task, lost: Lost[Task, Result]) -> Result:
    try:
        result: Result = ray.get(reference)
        return result
    except ray.exceptions.RayTaskError as error:
        raise error.cause from error
    except ray.exceptions.RayError as error:
        kind = type(error).__name__
        if any(base.__name__ in _DEATHS for base in type(error).__mro__):
            return lost(task, _REASONS.get(kind, "its process or its machine was lost"))
        words = (str(error).strip().splitlines() or ["no message"])[0]
        raise ClusterError(
            f"The Ray cluster is lost: {kind}: {words}; once it is back (`ray status`), run it "
            "again."
        ) from error


_REASONS = {
    "OutOfMemoryError": "its machine ran out of memory",
    "NodeDiedError": "its machine was lost, and so were those it was tried on again",
    "WorkerCrashedError": "its process was killed, and so were those it was tried in again",
}


class _Flight:
    """How many tasks may be in flight now."""

    def __init__(self, ray: Any, asked: Asked) -> None:
        self._ray, self._asked = ray, asked
        self._looked, self._most = float("-inf"), 1

    def most(self) -> int:
        now = time.monotonic()
        if now - self._looked >= LOOK_SECONDS:
            self._looked = now
            self._most = self._asked.at_once or self._fit()
        return self._most

    def _fit(self) -> int:
        """All that run at once, and half as many that wait, so that no machine does."""
        fit = grown(self._ray, self._asked.each)
        return max(2, fit + max(2, fit // 2))


_ready: dict[str, Callable[[Any], Any]] = {}


def _work(key: str, shared: list[Any], task: Any) -> Any:
    """What runs on a node; a process keeps what it prepared for the next task."""
    import ray

    if key not in _ready:
        import cv2

        cv2.setNumThreads(1)
        keep_freed_memory()
        _ready.clear()  # of a driver that has ended
        _ready[key] = ray.get(shared[0])()
    return _ready[key](task)

"""Work shared out to Ray tasks: what :mod:`zoo.swapping.files.process_pool` does on one machine.

A task goes to whichever node is free; Ray runs it again elsewhere when its process or its node is
lost. Few are in flight, so that neither the driver nor the object store grows with their number.
"""

import time
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from zoo.cluster.autoscaling import Resources
from zoo.cluster.capacity import grown
from zoo.errors import ClusterError

Task = TypeVar("Task")
Result = TypeVar("Result")

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


def in_tasks(
    ray: Any,
    tasks: Iterable[Task],
    prepare: Callable[[], Callable[[Task], Result]],
    died: Callable[[Task, str], Result],
    asked: Asked = ONE_CPU,
    size: Callable[[Task], int] = lambda task: 0,
) -> Generator[Result, None, None]:
    """Results in the order in which they are ready.

    Args:
        ray: the module, connected.
        tasks: taken one by one as there is room; they travel by pickle.
        prepare: called once in each process that works, gives what works there. It travels too,
            once for each node.
        died: gives the result of a task whose processes died, each time it ran, with the reason.
        asked: of the cluster.
        size: bytes of what a task holds in the object store.

    Raises:
        ClusterError: the cluster is lost.
        Exception: what ``prepare`` or the work raised.
    """
    run = ray.remote(max_retries=RETRIES, scheduling_strategy="SPREAD", **asked.each)(_work)
    key, shared = f"{time.time_ns()}-{id(prepare)}", [ray.put(prepare)]
    waiting, running = iter(tasks), dict[Any, tuple[Task, int]]()
    flight = _Flight(ray, asked)
    try:
        while True:
            most = flight.most()
            held = sum(weight for _, weight in running.values())
            while len(running) < most and (not running or held < asked.most_bytes):
                try:
                    task = next(waiting)
                except StopIteration:  # for now: a task that was lost may come again in parts
                    break
                weight = size(task)
                running[run.remote(key, shared, task)] = task, weight
                held += weight
            if not running:
                return
            ready, _ = ray.wait(list(running), timeout=_WAIT_SECONDS)
            if ready:
                ready, _ = ray.wait(list(running), num_returns=len(running), timeout=0)
            for reference in ready:
                task, _ = running.pop(reference)
                yield _result(ray, reference, task, died)
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


def _result(ray: Any, reference: Any, task: Task, died: Callable[[Task, str], Result]) -> Result:
    try:
        result: Result = ray.get(reference)
        return result
    except ray.exceptions.RayTaskError as error:
        raise error.cause from error
    except ray.exceptions.RayError as error:
        kind = type(error).__name__
        if any(base.__name__ in _DEATHS for base in type(error).__mro__):
            return died(task, _REASONS.get(kind, "its process or its machine was lost"))
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
        _ready.clear()  # of a driver that has ended
        _ready[key] = ray.get(shared[0])()
    return _ready[key](task)

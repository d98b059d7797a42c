"""Makes products: in this process, in processes of this machine, or on the nodes of a Ray cluster.

One product's failure, and the death of the process that makes it, leave the others alone.
"""

import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.cores import available_cores
from zoo.errors import ZooError
from zoo.local_ray import cluster_address
from zoo.process_pool import ProcessPool
from zoo.products import receipts

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Job:
    """One identity's product in one stage.

    Attributes:
        name: the identity; every file or folder of the product is called ``name`` or ``name.*``.
        product: the file or folder that carries the receipt.
        made_from: what the product depends on, see :mod:`zoo.products.receipts`.
        make: a module-level function that makes the product and returns facts for the receipt
            and the line that is printed; it runs in another process.
        arguments: what ``make`` is called with; they must pickle.
        root: the project's folder, for work that a cluster's nodes can do: they get copies of
            ``inputs`` and ``shared`` (:class:`zoo.cluster.errands.Errand`). None for work that
            is always done on this machine.
        inputs: the files that it reads.
        shared: those that other jobs of the stage read too.
        spent: seconds already spent on its parts, for the line that is printed.
    """

    name: str
    product: Path
    made_from: Mapping[str, Any]
    make: Callable[..., Facts]
    arguments: tuple[Any, ...] = ()
    root: Path | None = None
    inputs: tuple[Path, ...] = ()
    shared: tuple[Path, ...] = ()
    spent: float = 0.0


@dataclass(frozen=True)
class Made:
    """A job that succeeded; the facts as ``" (kept 58, dropped 2)"``."""

    seconds: float
    words: str


def carry_out(
    stage: str, jobs: Sequence[Job], workers: int | None = None
) -> Iterator[tuple[Job, Made | str]]:
    """Each job with its product or its reason for failing, in the order they end.

    Args:
        stage: its name, for messages.
        jobs: on the cluster that ``RAY_ADDRESS`` names, if it names one and they can be done there.
        workers: processes of this machine; default one per usable core.

    Raises:
        ClusterError: the cluster cannot be reached, is lost, or has no machine for it.
    """
    on_cluster = cluster_address() is not None
    away = [job for job in jobs if on_cluster and job.root is not None]
    here = [job for job in jobs if not on_cluster or job.root is None]
    if away:
        yield from _on_cluster(stage, away)
    workers = min(workers or available_cores(), len(here))
    if workers <= 1:
        yield from ((job, _make(job)) for job in here)
        return
    with ProcessPool(workers) as pool:
        made = pool.map(enumerate(here), _maker, _lost)
        try:
            yield from ((here[number], result) for number, result in made)
        finally:
            made.close()


def _on_cluster(stage: str, jobs: Sequence[Job]) -> Iterator[tuple[Job, Made | str]]:
    from zoo.cluster.capacity import check_room
    from zoo.cluster.errands import Errand, Failed, keep, run_errands
    from zoo.cluster.joining import connected
    from zoo.cluster.tasks import ONE_CPU

    errands = []
    for job in jobs:
        assert job.root is not None
        place = job.product.parent
        errands.append(
            Errand(job.name, job.root, place, job.make, job.arguments, job.inputs, job.shared)
        )
    with connected() as ray:
        change = "Give the cluster's nodes CPUs (`ray start --num-cpus`)"
        check_room(ray, ONE_CPU.each, who=f"Stage {stage}", change=change)
        for number, result in run_errands(ray, errands):
            job = jobs[number]
            if isinstance(result, Failed):
                print(result.details, end="", file=sys.stderr)
                yield job, result.reason
                continue
            try:
                receipts.receipt_path(job.product).unlink(missing_ok=True)
                keep(errands[number], result)
                yield job, _made(job, result.seconds, result.facts)
            except ZooError as error:
                yield job, str(error)


def _maker() -> Callable[[tuple[int, Job]], tuple[int, Made | str]]:
    return lambda task: (task[0], _make(task[1]))


def _lost(task: tuple[int, Job], reason: str) -> tuple[int, Made | str]:
    return task[0], "its process was killed (out of memory?); run it again"


def _make(job: Job) -> Made | str:
    begin = time.perf_counter()
    try:
        # Without a receipt, a product that is interrupted here is redone whatever happens next.
        receipts.receipt_path(job.product).unlink(missing_ok=True)
        facts = job.make(*job.arguments)
        return _made(job, time.perf_counter() - begin, facts)
    except ZooError as error:
        return str(error)
    except Exception as error:  # a fault of ours in one identity must not stop the others
        traceback.print_exc()
        return f"unexpected {type(error).__name__}: {error}"


def _made(job: Job, seconds: float, facts: Facts) -> Made:
    """Writes the receipt: the product is there."""
    receipts.write(job.product, job.made_from, seconds=round(seconds, 2), **facts)
    words = ", ".join(f"{fact.replace('_', ' ')} {value}" for fact, value in facts.items())
    return Made(seconds, f" ({words})" if words else "")

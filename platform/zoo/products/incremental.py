"""Runs a stage for any number of identities: makes what is stale, in parallel.

A stage makes one product per identity. A product whose receipt still matches is not made again, the
others are made in worker processes, or by tasks of the Ray cluster that ``RAY_ADDRESS`` names; one
identity's failure does not stop the rest, and products of removed identities are removed. The stage
prints one line per identity.
"""

import os
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from zoo.cores import available_cores
from zoo.errors import ZooError
from zoo.local_ray import cluster_address
from zoo.printable import printable
from zoo.products import failures, receipts
from zoo.products.index import INDEX, name_of
from zoo.provenance.identities.identity import Identity, read_identity
from zoo.settings import Project, find_project

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
    """

    name: str
    product: Path
    made_from: Mapping[str, Any]
    make: Callable[..., Facts]
    arguments: tuple[Any, ...] = ()
    root: Path | None = None
    inputs: tuple[Path, ...] = ()
    shared: tuple[Path, ...] = ()


@dataclass(frozen=True)
class _Made:
    """A job that succeeded; the facts as ``" (kept 58, dropped 2)"``."""

    seconds: float
    words: str


@dataclass
class Outcome:
    """What a stage did: names, and reasons for the failures."""

    fresh: list[str] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        return 1 if self.failed else 0


def run_for_identities(
    stage: str,
    project: Project,
    products: Path,
    plan: Callable[[Identity], Job | None],
    *,
    workers: int | None = None,
) -> int:
    """One stage over all identities of the project; returns the exit code.

    Args:
        stage: its name, for messages.
        project: the project.
        products: the folder of the stage's products; what no identity owns there is removed.
        plan: says what an identity's product is made from, or None when it has none in this
            stage. What it raises as a :class:`ZooError` fails that identity only.
        workers: how many processes at once; default one per usable core.
    """
    jobs, failed = [], {}
    for folder in sorted(project.identities.glob("[!.]*/")):
        try:
            job = plan(read_identity(folder))
        except ZooError as error:
            failed[folder.name] = str(error)
        else:
            jobs += [job] if job else []
    products.mkdir(parents=True, exist_ok=True)
    remove_gone(products, [*(job.name for job in jobs), *failed])
    outcome = bring_up_to_date(stage, jobs, failed, workers=workers)
    failures.remember(project, stage, outcome.failed)
    return outcome.exit_code


def bring_up_to_date(
    stage: str,
    jobs: Sequence[Job],
    failed: Mapping[str, str] | None = None,
    *,
    workers: int | None = None,
    quiet: bool = False,
) -> Outcome:
    """Makes what is stale among ``jobs`` and reports every identity on stdout.

    Args:
        stage: the stage's name, for messages.
        jobs: one per identity.
        failed: identities that could not even become a job, with their reasons.
        workers: how many processes at once; default one per usable core.
        quiet: whether nothing is reported: for work that others build on.

    Raises:
        ClusterError: the cluster cannot be reached, is lost, or has no machine for it.
    """
    say: Callable[[str], None] = (lambda line: None) if quiet else partial(print, flush=True)
    outcome = Outcome()
    for name, reason in (failed or {}).items():
        _fail(outcome, name, reason, say)
    stale = []
    for job in jobs:
        if receipts.is_fresh(job.product, job.made_from):
            outcome.fresh.append(job.name)
            say(f"{job.name}: fresh")
        else:
            stale.append(job)
    with progress(stage, len(stale)) as advance:
        for job, result in _carry_out(stage, stale, workers):
            if isinstance(result, str):
                _remove(job.product.parent, job.name)
                _fail(outcome, job.name, result, say)
            else:
                outcome.made.append(job.name)
                say(f"{job.name}: made in {result.seconds:.1f} s{result.words}")
            advance()
    if outcome.failed and not quiet:
        total = len(outcome.fresh) + len(outcome.made) + len(outcome.failed)
        print(f"{stage}: {len(outcome.failed)} of {total} failed.", file=sys.stderr)
    return outcome


def remove_gone(folder: Path, names: Collection[str]) -> list[str]:
    """Removes what ``folder`` holds for identities not in ``names``, and half-written files.

    Returns:
        The names whose products were removed.
    """
    owned, gone = set(names), set()
    for entry in list(folder.iterdir()) if folder.is_dir() else ():
        name = name_of(entry)
        if name not in owned and entry.name not in {".gitignore", INDEX}:
            _delete(entry)
            gone.add(name)
    gone.discard("")
    for name in sorted(gone):
        print(printable(f"{name}: removed"), flush=True)
    return sorted(gone)


def run_stage(stage: Callable[[Project], int]) -> None:
    """Runs a stage script in the project around the working folder and exits with its code."""
    try:
        code = stage(find_project(Path.cwd()))
    except ZooError as error:
        print(f"error: {printable(str(error))}", file=sys.stderr)
        code = error.exit_code
    except KeyboardInterrupt:
        code = 128 + signal.SIGINT
    raise SystemExit(code)


@contextmanager
def progress(title: str, total: int) -> Iterator[Callable[[], None]]:
    """A progress bar on stderr when that is a terminal; yields what advances it by one."""
    if not total or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda: bar.advance(task)


@contextmanager
def process_pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Fresh processes of one thread each; on an interrupt what has not begun is dropped."""
    limits = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OPENCV_FOR_THREADS_NUM": "1"}
    before = {name: os.environ.get(name) for name in limits}
    os.environ.update(limits)
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _carry_out(
    stage: str, jobs: Sequence[Job], workers: int | None
) -> Iterator[tuple[Job, _Made | str]]:
    """Each job with its seconds or its reason for failing, in the order they end."""
    on_cluster = cluster_address() is not None
    away = [job for job in jobs if on_cluster and job.root is not None]
    here = [job for job in jobs if not on_cluster or job.root is None]
    if away:
        yield from _on_cluster(stage, away)
    yield from _in_processes(here, min(workers or available_cores(), len(here)))


def _on_cluster(stage: str, jobs: Sequence[Job]) -> Iterator[tuple[Job, _Made | str]]:
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


def _in_processes(jobs: Sequence[Job], workers: int) -> Iterator[tuple[Job, _Made | str]]:
    if workers <= 1:
        yield from ((job, _make(job)) for job in jobs)
        return
    with ExitStack() as stack:
        # A pool that loses its process is lost with all its jobs, so each process has its own.
        idle: SimpleQueue[ProcessPoolExecutor] = SimpleQueue()
        for _ in range(workers):
            idle.put(stack.enter_context(process_pool(1)))

        def carry_out(job: Job) -> _Made | str:
            pool = idle.get()
            try:
                return pool.submit(_make, job).result()
            except BrokenProcessPool:
                pool = stack.enter_context(process_pool(1))
                return "its process was killed (out of memory?); run it again"
            finally:
                idle.put(pool)

        threads = ThreadPoolExecutor(workers)
        # Before the pools end, jobs that have not begun must be dropped.
        stack.callback(threads.shutdown, wait=True, cancel_futures=True)
        running = {threads.submit(carry_out, job): job for job in jobs}
        for future in as_completed(running):
            yield running[future], future.result()


def _make(job: Job) -> _Made | str:
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


def _made(job: Job, seconds: float, facts: Facts) -> _Made:
    """Writes the receipt: the product is there."""
    receipts.write(job.product, job.made_from, seconds=round(seconds, 2), **facts)
    words = ", ".join(f"{fact.replace('_', ' ')} {value}" for fact, value in facts.items())
    return _Made(seconds, f" ({words})" if words else "")


def _fail(outcome: Outcome, name: str, reason: str, say: Callable[[str], None]) -> None:
    outcome.failed[name] = reason
    say(printable(f"{name}: failed: {reason}"))


def _remove(folder: Path, name: str) -> None:
    for entry in [folder / name, *folder.glob(f"{name}.*")]:
        _delete(entry)


def _delete(entry: Path) -> None:
    if entry.is_dir() and not entry.is_symlink():
        shutil.rmtree(entry, ignore_errors=True)
    else:
        entry.unlink(missing_ok=True)

"""Runs a stage for any number of identities: makes what is stale, in parallel.

A stage makes one product per identity. A product whose receipt still matches is not made again, the
others are made by :mod:`zoo.products.executors`; one identity's failure does not stop the rest, and
products of removed identities are removed. The stage prints one line per identity.
"""

import shutil
import signal
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from zoo.errors import ZooError
from zoo.printable import printable
from zoo.products import failures, receipts
from zoo.products.executors import Job, carry_out
from zoo.products.index import INDEX, name_of
from zoo.provenance.identities.identity import Identity, read_identity
from zoo.settings import Project, find_project


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
        for job, result in carry_out(stage, stale, workers):
            if isinstance(result, str):
                _remove(job.product.parent, job.name)
                _fail(outcome, job.name, result, say)
            else:
                outcome.made.append(job.name)
                say(f"{job.name}: made in {job.spent + result.seconds:.1f} s{result.words}")
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

"""The train stage: plan, fan out, open the runs, write the products."""

import fcntl
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from zoo import __version__, failures, receipts
from zoo.errors import StorageError, TrainingError
from zoo.faces.pack import read_pack
from zoo.incremental import Outcome, remove_gone
from zoo.networks.perceptual import read_perceptual
from zoo.settings import Project, read_params, section, tracking_uri
from zoo.storage import atomic_folder, plain_errors
from zoo.training.checkpoint import Row
from zoo.training.fanout import FanoutSettings, run_jobs
from zoo.training.job import Job, Trained
from zoo.training.logs import Logs
from zoo.training.places import Places
from zoo.training.plan import Plan, Planned, plan
from zoo.training.runs import Runs
from zoo.training.screen import Screen


def train_identities(
    project: Project, names: Sequence[str] = (), recipe: str | None = None
) -> Outcome:
    """Trains every stale identity of ``names`` (default: all) and writes ``models/NAME``.

    Fresh ones are left alone; products of identities that are gone are removed. One identity's
    failure stops none of the others. An interrupt (Ctrl-C, SIGTERM) ends the runs as killed; the
    next call goes on from the last checkpoints, as it does after a driver that was killed.

    Raises:
        ZooError: nothing can be trained at all (see :func:`zoo.training.plan.plan`), or another
            process trains in this project.
    """
    pending = plan(project, names, recipe)
    settings = section(read_params(project), "fanout", FanoutSettings)
    _check_batches(pending, settings)
    outcome = Outcome(fresh=pending.fresh, failed=dict(pending.failed))
    with _alone(project):
        _tidy(project, pending, Places(project, settings.storage))
        if pending.stale:
            _train(project, pending, settings, outcome)
    failures.remember(project, "train", outcome.failed, names or None)
    return outcome


def _train(project: Project, pending: Plan, settings: FanoutSettings, outcome: Outcome) -> None:
    stale = {planned.identity.name: planned for planned in pending.stale}
    parameters = {
        "recipe": pending.recipe_name,
        "perceptual": pending.perceptual.name,
        **pending.recipe.model_dump(mode="json", exclude={"perceptual"}),
    }
    with Screen(len(stale), pending.recipe.iterations) as screen:
        runs = Runs(tracking_uri(project), parameters, screen.say)
        weights = dict(read_perceptual(pending.perceptual.name).state_dict())
        driver = _Driver(project, pending, settings, stale, runs, Logs(project), screen, outcome)
        try:
            run_jobs(_jobs(project, pending, settings), weights, settings, driver)
        except BaseException:
            runs.kill()
            screen.say(
                f"Stopped: {len(outcome.made)} of {len(stale)} are trained. Run it again, and the "
                "others go on from their last checkpoints."
            )
            raise


def _jobs(
    project: Project, pending: Plan, settings: FanoutSettings
) -> dict[str, Callable[[], Job]]:
    places = Places(project, settings.storage)
    content = places.content(pending.content, str(pending.stale[0].made_from["content"]))

    def job(planned: Planned) -> Job:
        name, digest = planned.identity.name, receipts.digest(planned.made_from)
        return Job(
            identity=name,
            recipe=pending.recipe,
            style=read_pack(planned.aligned),
            content=content,
            perceptual=pending.perceptual.name,
            perceptual_weights={},  # the lanes have them
            digest=digest,
            folder=places.training(name, digest),
            metadata={
                "identity": name,
                "recipe": pending.recipe_name,
                "resolution": str(pending.recipe.resolution),
                "basis": planned.identity.basis.value,
                "receipt": digest,
                "perceptual": pending.perceptual.name,
                "code": __version__,
            },
        )

    return {one.identity.name: lambda one=one: job(one) for one in pending.stale}  # type: ignore[misc]


@dataclass(frozen=True)
class _Driver:
    """Hears the fan-out and turns results into products, runs, logs and lines on the screen."""

    project: Project
    pending: Plan
    settings: FanoutSettings
    stale: Mapping[str, Planned]
    runs: Runs
    logs: Logs
    screen: Screen
    outcome: Outcome

    def started(self, identity: str, where: str) -> None:
        digest = receipts.digest(self.stale[identity].made_from)
        self.logs.begin(identity, digest, self.pending.recipe_name)
        run_id = self.runs.start(identity, digest)
        self.logs.add(identity, f"starts in {where}, run {run_id}")
        self.screen.started(identity)

    def progress(self, identity: str, rows: list[Row]) -> None:
        self.logs.add_rows(identity, rows)
        self.screen.progress(identity, rows[-1])
        self.runs.log(identity, rows)

    def printed(self, identity: str, lines: list[str]) -> None:
        self.logs.add(identity, *lines)

    def retried(self, identity: str, reason: str, seconds: float, details: str) -> None:
        self.logs.add(identity, *details.splitlines(), f"tries again in {seconds:.1f} s")
        self.screen.stopped(
            identity, f"{reason}; goes on from its last checkpoint in {seconds:.0f} s"
        )

    def trained(self, identity: str, result: Trained) -> None:
        planned = self.stale[identity]
        run_id = self.runs.start(identity, receipts.digest(planned.made_from))
        try:
            with atomic_folder(self.project.models / identity) as folder:
                for name, content in result.files.items():
                    (folder / name).write_bytes(content)
                receipts.write(
                    folder,
                    planned.made_from,
                    run_id=run_id,
                    recipe_name=self.pending.recipe_name,
                    resolution=self.pending.recipe.resolution,
                    basis=planned.identity.basis.value,
                    iterations=result.iterations,
                    seconds=round(result.seconds, 1),
                    threads=self.settings.cpus_per_job,
                    workers=self.settings.workers_per_job,
                    losses=result.curves[-1],
                    trained_at=datetime.now(UTC).isoformat(timespec="seconds"),
                    code=__version__,
                )
        except StorageError as error:
            self.failed(identity, str(error), "")
            return
        self.runs.finish(identity, result.curves)
        places = Places(self.project, self.settings.storage)
        places.remove(identity, receipts.digest(planned.made_from))
        self.outcome.made.append(identity)
        resumed = f", from iteration {result.resumed_at} on" if result.resumed_at else ""
        self.logs.add(identity, f"trained in {result.seconds:.1f} s{resumed}")
        self.screen.ended(identity, f"trained in {result.seconds:.0f} s{resumed}")

    def failed(self, identity: str, reason: str, details: str) -> None:
        self.logs.add(identity, *details.splitlines(), f"failed: {reason}")
        self.runs.fail(identity)
        self.outcome.failed[identity] = f"{reason} ({self.logs.path(identity)} has the details)"
        self.screen.ended(identity, f"failed: {reason}", failed=True)

    def waits(self, reason: str) -> None:
        self.screen.say(f"waiting: {reason}")


def _check_batches(pending: Plan, settings: FanoutSettings) -> None:
    for phase in pending.recipe.phases:
        if phase.batch % settings.workers_per_job:
            raise TrainingError(
                f"params.yaml: {settings.workers_per_job} workers (fanout.workers_per_job) cannot "
                f"share batches of {phase.batch} evenly (recipe {pending.recipe_name})."
            )


def _tidy(project: Project, pending: Plan, places: Places) -> None:
    """Removes what belongs to identities that are gone, and ends what a killed driver left."""
    names = [path.parent.name for path in project.identities.glob("*/*.yaml")]
    for folder in (project.models, project.root / "checkpoints"):
        if folder.is_dir():
            remove_gone(folder, names)
    Logs(project).remove_gone(names)
    made = {name: receipts.read(project.models / name) for name in pending.fresh}
    digests = {name: str(receipt["digest"]) for name, receipt in made.items()}
    if left := places.left(digests):
        runs = Runs(tracking_uri(project), {}, lambda line: None)
        for name in left:
            runs.close(str(made[name].get("run_id")))
            places.remove(name, digests[name])


@contextmanager
def _alone(project: Project) -> Iterator[None]:
    """Keeps other processes of this machine from training in the project.

    Raises:
        TrainingError: one does.
    """
    folder = project.root / "checkpoints"
    with plain_errors(folder):
        folder.mkdir(exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise TrainingError(
            f"Another process trains in {project.root}; wait for it to end, or stop it."
        ) from error
    finally:
        os.close(handle)

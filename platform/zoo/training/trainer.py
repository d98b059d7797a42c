"""The driver of the train stage: it hears the scheduler and writes products, runs and logs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from zoo import __version__
from zoo.errors import StorageError
from zoo.faces.curation.face_pack import read_pack
from zoo.networks.perceptual import read_weights
from zoo.products import receipts
from zoo.products.incremental import Outcome
from zoo.settings import Project, tracking_uri
from zoo.storage import atomic_folder
from zoo.training.checkpoint_storage import CheckpointStorage
from zoo.training.job import Job, Trained
from zoo.training.logs import Logs
from zoo.training.mlflow_runs import Runs
from zoo.training.plan import Plan, Planned
from zoo.training.progress_display import ProgressDisplay
from zoo.training.ray.scheduler import FanoutSettings, run_jobs

if TYPE_CHECKING:
    from zoo.training.loop.checkpoint import Row


def train_stale(
    project: Project, pending: Plan, settings: FanoutSettings, outcome: Outcome
) -> None:
    """Trains the stale identities of ``pending`` and adds their results to ``outcome``.

    Raises:
        ZooError: neither cluster nor registry can be reached, or one is lost.
    """
    stale = {planned.identity.name: planned for planned in pending.stale}
    parameters = {
        "recipe": pending.recipe_name,
        "perceptual": pending.perceptual.name,
        **pending.recipe.model_dump(mode="json", exclude={"perceptual", "style_weight"}),
    }
    with ProgressDisplay(len(stale), pending.recipe.iterations) as display:
        runs = Runs(tracking_uri(project), parameters, display.log)
        storage = CheckpointStorage(project, settings.storage)
        driver = _Trainer(
            project, pending, settings, stale, storage, runs, Logs(project), display, outcome
        )

        try:
            run_jobs(
                _jobs(pending, storage),
                lambda: read_weights(pending.perceptual.name),
                settings,
                driver,
            )
        except BaseException:
            runs.kill()
            display.log(
                f"Stopped: {len(outcome.made)} of {len(stale)} are trained. Run the command "
                "again, and the others resume from their last checkpoints."
            )
            raise


def _jobs(pending: Plan, storage: CheckpointStorage) -> dict[str, Callable[[], Job]]:
    content = storage.content(pending.content, str(pending.stale[0].made_from["content"]))

    def job(planned: Planned) -> Job:
        name, digest = planned.identity.name, planned.digest
        return Job(
            identity=name,
            recipe=planned.recipe,
            style=read_pack(planned.aligned),
            content=content,
            perceptual=pending.perceptual.name,
            perceptual_weights={},  # the workers have them
            digest=digest,
            folder=storage.training(name, digest),
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
class _Trainer:
    """Turns what the scheduler reports into products, runs, logs and lines on the display."""

    project: Project
    pending: Plan
    settings: FanoutSettings
    stale: Mapping[str, Planned]
    storage: CheckpointStorage
    runs: Runs
    logs: Logs
    display: ProgressDisplay
    outcome: Outcome

    def workers_start(self) -> None:
        self.runs.connect()

    def started(self, identity: str, where: str) -> None:
        digest = self.stale[identity].digest
        self.logs.begin(identity, digest, self.pending.recipe_name)
        alpha = self.stale[identity].recipe.style_weight
        run_id = self.runs.start(identity, digest, {"style_weight": alpha})
        self.logs.add(identity, f"starts in {where}, run {run_id}")
        self.display.started(identity)

    def progress(self, identity: str, rows: "list[Row]") -> None:
        self.logs.add_rows(identity, rows)
        self.display.progress(identity, rows[-1])
        self.runs.log(identity, rows)

    def printed(self, identity: str, lines: list[str]) -> None:
        self.logs.add(identity, *lines)

    def retried(self, identity: str, reason: str, seconds: float, details: str) -> None:
        self.logs.add(identity, *details.splitlines(), f"tries again in {seconds:.1f} s")
        self.display.stopped(
            identity, f"{reason}; resumes from its last checkpoint in {seconds:.0f} s"
        )

    def trained(self, identity: str, result: Trained) -> None:
        planned = self.stale[identity]
        run_id = self.runs.start(identity, planned.digest)
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
        self.storage.remove(identity, planned.digest)
        self.outcome.made.append(identity)
        resumed = f", from iteration {result.resumed_at} on" if result.resumed_at else ""
        self.logs.add(identity, f"trained in {result.seconds:.1f} s{resumed}")
        self.display.ended(identity, f"trained in {result.seconds:.0f} s{resumed}")

    def failed(self, identity: str, reason: str, details: str) -> None:
        self.logs.add(identity, *details.splitlines(), f"failed: {reason}")
        self.runs.fail(identity)
        self.outcome.failed[identity] = f"{reason} ({self.logs.path(identity)} has the details)"
        self.display.ended(identity, f"failed: {reason}", failed=True)

    def waits(self, reason: str) -> None:
        self.display.log(f"waiting: {reason}")

"""The train stage: trains what is stale and removes products of removed identities.

With nothing to train it imports neither torch nor Ray nor MLflow.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from zoo.errors import StorageError, TrainingError
from zoo.file_lock import LockedError, file_lock, is_locked
from zoo.products import failures, receipts
from zoo.products.digests import digests
from zoo.products.incremental import Outcome, remove_gone
from zoo.products.index import write_index
from zoo.settings import Project, read_params, section, tracking_uri
from zoo.storage import plain_errors, private_folder
from zoo.training.checkpoint_storage import CheckpointStorage
from zoo.training.logs import Logs
from zoo.training.mlflow_runs import Runs
from zoo.training.plan import Plan, plan
from zoo.training.ray.scheduler import FanoutSettings


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
    with alone(project):
        _tidy(project, pending, CheckpointStorage(project, settings.storage))
        if pending.stale:
            from zoo.training.trainer import train_stale

            train_stale(project, pending, settings, outcome)
        try:
            with digests(project) as known:
                write_index(project.models, known)
        except StorageError:  # a full disk, of which the failures tell: the next run writes it
            if not outcome.failed:
                raise
    failures.remember(project, "train", outcome.failed, names or None)
    return outcome


def is_training(project: Project) -> bool:
    """Whether a process of this machine trains in the project now."""
    return is_locked(project.root / "checkpoints")


def _check_batches(pending: Plan, settings: FanoutSettings) -> None:
    for phase in pending.recipe.phases:
        if phase.batch % settings.workers_per_job:
            raise TrainingError(
                f"params.yaml: {settings.workers_per_job} workers (fanout.workers_per_job) cannot "
                f"share batches of {phase.batch} evenly (recipe {pending.recipe_name})."
            )


def _tidy(project: Project, pending: Plan, storage: CheckpointStorage) -> None:
    """Removes what belongs to identities that are gone, and ends what a killed driver left."""
    names = [path.parent.name for path in project.identities.glob("*/*.yaml")]
    for folder in (project.models, project.root / "checkpoints"):
        if folder.is_dir():
            remove_gone(folder, names)
    Logs(project).remove_gone(names)
    made = {name: receipts.read(project.models / name) for name in pending.fresh}
    digests = {name: str(receipt["digest"]) for name, receipt in made.items()}
    if left := storage.left(digests):
        runs = Runs(tracking_uri(project), {}, lambda line: None)
        runs.connect()
        for name in left:
            runs.close(str(made[name].get("run_id")))
            storage.remove(name, digests[name])


@contextmanager
def alone(project: Project) -> Iterator[None]:
    """Keeps other processes of this machine from training in the project.

    Raises:
        TrainingError: one does.
    """
    folder = project.root / "checkpoints"
    with plain_errors(folder):
        private_folder(folder)
    try:
        with file_lock(folder, wait=False):
            yield
    except LockedError as error:
        raise TrainingError(
            f"Another process is training in {project.root}; wait for it to end, or stop it."
        ) from error

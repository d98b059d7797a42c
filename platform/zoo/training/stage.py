"""The train stage: plan, open the runs, fan out, write the products."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from zoo import __version__, receipts
from zoo.faces.pack import read_pack
from zoo.incremental import Outcome, remove_gone
from zoo.networks.perceptual import read_perceptual
from zoo.settings import Project, read_params, section, tracking_uri
from zoo.storage import atomic_folder
from zoo.tracking import connect, experiment_id
from zoo.training import runs
from zoo.training.checkpoint import Row
from zoo.training.fanout import FanoutSettings, run_jobs
from zoo.training.job import Job, Trained
from zoo.training.plan import Plan, Planned, plan
from zoo.training.screen import Screen

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient


def train_identities(
    project: Project, names: Sequence[str] = (), recipe: str | None = None
) -> Outcome:
    """Trains every stale identity of ``names`` (default: all) and writes ``models/NAME``.

    Fresh ones are left alone; products of identities that are gone are removed. One identity's
    failure stops none of the others.

    Raises:
        ZooError: nothing can be trained at all (see :func:`zoo.training.plan.plan`).
    """
    pending = plan(project, names, recipe)
    outcome = Outcome(fresh=pending.fresh, failed=dict(pending.failed))
    if project.models.is_dir():
        remove_gone(
            project.models, [path.parent.name for path in project.identities.glob("*/*.yaml")]
        )
    if pending.stale:
        uri = tracking_uri(project)
        client = connect(uri, create=True)
        experiment = experiment_id(client, uri)
        stale = {planned.identity.name: planned for planned in pending.stale}
        run_ids = {
            name: _start_run(client, experiment, project, pending, one)
            for name, one in stale.items()
        }
        with Screen(list(stale), pending.recipe.iterations) as screen:
            products = _Products(project, pending, stale, run_ids, client, screen, outcome)
            settings = section(read_params(project), "fanout", FanoutSettings)
            run_jobs(_jobs(project, pending), settings, products)
    return outcome


def _jobs(project: Project, pending: Plan) -> dict[str, Callable[[], Job]]:
    weights = dict(read_perceptual(pending.perceptual.name).state_dict())

    def job(planned: Planned) -> Job:
        name, digest = planned.identity.name, receipts.digest(planned.made_from)
        return Job(
            identity=name,
            recipe=pending.recipe,
            style=read_pack(planned.aligned),
            content=pending.content,
            perceptual=pending.perceptual.name,
            perceptual_weights=weights,
            digest=digest,
            folder=_folder(project, name),
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
class _Products:
    """Hears the fan-out and turns results into products, runs and lines on the screen."""

    project: Project
    pending: Plan
    stale: dict[str, Planned]
    run_ids: dict[str, str]
    client: "MlflowClient"
    screen: Screen
    outcome: Outcome

    def progress(self, identity: str, rows: list[Row]) -> None:
        self.screen.progress(identity, rows[-1])
        runs.log_curves(self.client, self.run_ids[identity], rows)

    def retried(self, identity: str, reason: str) -> None:
        self.screen.say(f"{identity}: crashed, goes on from its last checkpoint ({reason})")

    def trained(self, identity: str, result: Trained) -> None:
        planned = self.stale[identity]
        product = self.project.models / identity
        with atomic_folder(product) as folder:
            for name, content in result.files.items():
                (folder / name).write_bytes(content)
            receipts.write(
                folder,
                planned.made_from,
                run_id=self.run_ids[identity],
                recipe_name=self.pending.recipe_name,
                resolution=self.pending.recipe.resolution,
                basis=planned.identity.basis.value,
                iterations=result.iterations,
                seconds=round(result.seconds, 1),
                losses=result.curves[-1],
                trained_at=datetime.now(UTC).isoformat(timespec="seconds"),
                code=__version__,
            )
        runs.end_run(self.client, self.run_ids[identity])
        shutil.rmtree(_folder(self.project, identity), ignore_errors=True)
        self.outcome.made.append(identity)
        self.screen.say(f"{identity}: trained in {result.seconds:.0f} s")

    def failed(self, identity: str, reason: str) -> None:
        runs.end_run(self.client, self.run_ids[identity], failed=True)
        self.outcome.failed[identity] = reason
        self.screen.say(f"{identity}: failed: {reason}")


def _start_run(
    client: "MlflowClient", experiment: str, project: Project, pending: Plan, planned: Planned
) -> str:
    parameters = {
        "recipe": pending.recipe_name,
        "perceptual": pending.perceptual.name,
        **pending.recipe.model_dump(mode="json", exclude={"perceptual"}),
    }
    name = planned.identity.name
    digest = receipts.digest(planned.made_from)
    return runs.start_run(client, experiment, name, _folder(project, name), digest, parameters)


def _folder(project: Project, name: str) -> Path:
    return project.root / "checkpoints" / name

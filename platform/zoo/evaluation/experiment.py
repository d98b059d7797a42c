"""Experiments: networks trained with other settings than the project's, and their results.

A trial is an identity with a changed recipe or fewer photos. Its network and report lie in the
experiment's own folder, each with a receipt, so that an interrupted experiment resumes, and one
whose inputs changed is repeated; the project's networks are never changed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from zoo import __version__
from zoo.errors import IdentityError, TrainingError, UsageError
from zoo.evaluation.measures.likeness import recogniser_sha256
from zoo.evaluation.report.report_card import Report
from zoo.evaluation.run import measure
from zoo.evaluation.settings import HELD_OUT, VERSION, evaluate_settings
from zoo.faces.curation.face_pack import FacePack, read_pack
from zoo.networks.perceptual import read_perceptual, resolve_perceptual
from zoo.networks.shipped import LIGHT, START, shipped_sha256
from zoo.products import receipts
from zoo.products.executors import Job
from zoo.products.incremental import bring_up_to_date
from zoo.provenance.identities.identity import find_identity
from zoo.settings import Project, read_params
from zoo.storage import atomic_folder, sha256_of, write_json
from zoo.training import job as training
from zoo.training.loop import train as loop
from zoo.training.plan import CONTENT, descriptor_sha256
from zoo.training.plan import VERSION as TRAINING_VERSION
from zoo.training.recipes import Recipe, chosen_recipe

_ORDER = 7  # seed of the order in which style photos are taken


@dataclass(frozen=True)
class Trial:
    """One network to train.

    Attributes:
        identity: whose.
        variant: a slug that tells it from the identity's other trials.
        overrides: of the recipe, as they would stand in ``params.yaml``.
        photos: how many style photos; None is all. Fewer are always among more.
    """

    identity: str
    variant: str
    overrides: Mapping[str, Any] = field(default_factory=dict)
    photos: int | None = None

    @property
    def name(self) -> str:
        """Of its network and its report within the experiment."""
        return f"{self.identity}-{self.variant}"


@dataclass(frozen=True)
class Experiment:
    """Where trials run: a project that is only read, a folder that is written, a recipe.

    Attributes:
        project: with aligned identities and content.
        folder: gets ``networks/TRIAL``, ``reports/TRIAL.json`` and ``checkpoints/TRIAL``.
        recipe: name of the recipe that trials change; None is the one in use.
        processes: how many trials run side by side, with one thread each; a single one has all.
    """

    project: Project
    folder: Path
    recipe: str | None = None
    processes: int = 1

    def network(self, trial: Trial) -> Path:
        """The folder of a trial's network."""
        return self.folder / "networks" / trial.name

    def report(self, trial: Trial) -> Path:
        """The file of a trial's report."""
        return self.folder / "reports" / f"{trial.name}.json"

    def recipe_of(self, trial: Trial) -> Recipe:
        """The recipe with the trial's changes.

        Raises:
            ProjectError: there is no such recipe.
            UsageError: an override is none of its fields, or out of range.
        """
        _, base = chosen_recipe(read_params(self.project), self.recipe)
        try:
            return Recipe.model_validate({**base.model_dump(mode="json"), **trial.overrides})
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "recipe"
            raise UsageError(f"Trial {trial.name}: {where}: {first['msg']}.") from error


def train(experiment: Experiment, trials: Sequence[Trial]) -> list[Trial]:
    """Trains missing networks, with a line each; returns the trials that have one.

    Raises:
        IdentityError: the project's identities are not aligned, or it has no content.
        UsageError: a trial changes what a recipe has not.
    """
    jobs = [_training(experiment, trial) for trial in trials]
    done = bring_up_to_date("training", jobs, workers=experiment.processes)
    return [trial for trial in trials if trial.name not in done.failed]


def run(experiment: Experiment, trials: Sequence[Trial]) -> dict[str, Report]:
    """Trains and measures; reports by the name of the trial, without those that failed.

    Raises:
        TrainingError: every one of them failed.
    """
    trained = train(experiment, trials)
    jobs = [_measuring(experiment, trial) for trial in trained]
    done = bring_up_to_date("measuring", jobs, workers=experiment.processes)
    measured = [trial for trial in trained if trial.name not in done.failed]
    if not measured:
        raise TrainingError("No trial succeeded; the reasons are printed above.")
    return {
        trial.name: Report.model_validate_json(experiment.report(trial).read_bytes())
        for trial in measured
    }


def style_photos(pack: FacePack, photos: int | None) -> FacePack:
    """So many of the pack's photos, in the same order whatever their number."""
    if photos is None or photos >= len(pack):
        return pack
    chosen = np.sort(np.random.default_rng(_ORDER).permutation(len(pack))[:photos])
    return replace(
        pack,
        faces=pack.faces[chosen],
        landmarks=pack.landmarks[chosen],
        names=[pack.names[i] for i in chosen],
        sources=[pack.sources[i] for i in chosen],
    )


def _training(experiment: Experiment, trial: Trial) -> Job:
    project, recipe = experiment.project, experiment.recipe_of(trial)
    aligned = project.aligned / f"{trial.identity}.safetensors"
    content = project.content / CONTENT
    for path in (aligned, content):
        if not path.is_file():
            raise IdentityError(f"{path} is missing; make it with `dvc repro align content`.")
    made_from = {
        "maker": TRAINING_VERSION,
        "content": sha256_of(content),
        "recipe": recipe.model_dump(mode="json"),
        "perceptual": resolve_perceptual(recipe.perceptual).sha256,
        "light": sha256_of(Path(str(files("zoo.networks") / LIGHT))),
        "descriptor": descriptor_sha256(recipe.identity_weight),
        "start": shipped_sha256(START) if recipe.start == "shipped" else None,
        "style": sha256_of(aligned),
        "photos": trial.photos,
    }
    return Job(trial.name, experiment.network(trial), made_from, _train, (experiment, trial))


def _train(experiment: Experiment, trial: Trial) -> dict[str, object]:
    project, recipe = experiment.project, experiment.recipe_of(trial)
    identity = find_identity(project, trial.identity)
    pack = style_photos(read_pack(project.aligned / f"{trial.identity}.safetensors"), trial.photos)
    perceptual = resolve_perceptual(recipe.perceptual)
    made_from = _training(experiment, trial).made_from
    trained = loop.train(
        training.Job(
            identity=trial.identity,
            recipe=recipe,
            style=pack,
            content=project.content / CONTENT,
            perceptual=perceptual.name,
            perceptual_weights=dict(read_perceptual(perceptual.name).state_dict()),
            digest=receipts.digest(made_from),
            folder=str(experiment.folder / "checkpoints" / trial.name),
            metadata={
                "identity": trial.identity,
                "recipe": trial.variant,
                "resolution": str(recipe.resolution),
                "basis": identity.basis.value,
                "perceptual": perceptual.name,
                "code": __version__,
            },
        )
    )
    with atomic_folder(experiment.network(trial)) as folder:
        for name, content in trained.files.items():
            (folder / name).write_bytes(content)
    return {"photos": len(pack), "training": round(trained.seconds, 1)}


def _measuring(experiment: Experiment, trial: Trial) -> Job:
    project = experiment.project
    made_from = {
        "maker": VERSION,
        "network": sha256_of(experiment.network(trial) / "network.onnx"),
        "held_out": sha256_of(project.content / HELD_OUT),
        "settings": evaluate_settings(project).model_dump(),
        "recogniser": recogniser_sha256(evaluate_settings(project).recogniser),
    }
    return Job(trial.name, experiment.report(trial), made_from, _measure, (experiment, trial))


def _measure(experiment: Experiment, trial: Trial) -> dict[str, object]:
    folder = experiment.network(trial)
    report, _ = measure(experiment.project, trial.identity, folder=folder, recipe=trial.variant)
    path = experiment.report(trial)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, report.model_dump(mode="json"))
    return {
        "nearest_rate": round(report.nearest_rate, 3),
        "distance": round(report.distance, 3),
        "cosine": None if report.cosine is None else round(report.cosine, 3),
        "landmark_difference": round(report.landmark_difference, 2),
        "luminance_correlation": round(report.luminance_correlation, 3),
    }

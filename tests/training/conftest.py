"""A project of two identities small enough to train in a second."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest
import yaml

from zoo.faces.curation.face_pack import FacePack, write_pack
from zoo.faces.geometry.reference import REFERENCE
from zoo.networks.compact import read_compact
from zoo.provenance.identities.basis import Basis
from zoo.provenance.identities.identity import Identity, write_identity
from zoo.settings import Project
from zoo.training.job import Job
from zoo.training.recipes import Recipe

RECIPE = {
    "layout": "slim",
    "normalisation": True,
    "n_best_by": "parts",
    "mirrored": True,
    "validate_every": 2,
    "patience": 3,
    "phases": [{"resolution": 64, "batch": 2, "iterations": 6}],
    "filters": 4,
    "learning_rate": 1e-2,
    "final_learning_rate": 1e-3,
    "perceptual": "compact",
    "n_best": 2,
    "style_weight": [1.6, 8.0],
    "style_ramp": 0.5,
    "light_weight": 0.0,
    "total_variation_weight": 1.0,
    "seed": 0,
    "checkpoint_every": 2,
    "report_every": 1,
}


def random_pack(seed: int, count: int, side: int = 64) -> FacePack:
    """Smooth random pictures: what a training's plumbing needs, quickly."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 255, (count, 8, 8, 3), dtype=np.uint8)
    landmarks = REFERENCE + random.normal(scale=0.02, size=(count, 68, 2))
    names = [f"{number}.png" for number in range(count)]
    faces = coarse.repeat(side // 8, axis=1).repeat(side // 8, axis=2)
    return FacePack(faces, landmarks.astype(np.float32), names, ["random"] * count)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    project = Project(tmp_path)
    params = {
        "recipe": "tiny",
        "recipes": {"tiny": RECIPE},
        "fanout": {"cpus_per_job": 1, "gpus_per_job": 0, "retries": 1},
    }
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    for seed, name in enumerate(("carol", "dave")):
        write_identity(
            project.identities / name,
            Identity(name=name, basis=Basis.synthetic, added=date(2026, 1, 1)),
        )
        write_pack(project.aligned / f"{name}.safetensors", random_pack(seed, 5))
    write_pack(project.content / "content.safetensors", random_pack(9, 12))
    return project


def job_of(project: Project, folder: Path | str) -> Job:
    """A training of carol that keeps its checkpoints in ``folder``."""
    return Job(
        identity="carol",
        recipe=Recipe.model_validate(RECIPE),
        style=random_pack(0, 5),
        content=project.content / "content.safetensors",
        perceptual="compact",
        perceptual_weights=read_compact().state_dict(),
        digest="abc",
        folder=str(folder),
        metadata={"identity": "carol"},
    )

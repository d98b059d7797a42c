"""Checkpoints and content where every node reaches them."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from safetensors.torch import load

from tests.faulty import FaultyProxy
from tests.object_store import BUCKET, objects, s3, store
from tests.training.conftest import RECIPE, job_of, random_pack
from zoo.errors import StorageError
from zoo.networks.compact import read_compact
from zoo.s3 import client
from zoo.settings import Project
from zoo.shared_storage import SharedFile, writing
from zoo.storage import sha256_of
from zoo.training.checkpoint_storage import CheckpointStorage
from zoo.training.job import Job
from zoo.training.loop import checkpoint as checkpoint_module
from zoo.training.loop import train as train_module
from zoo.training.loop.train import train
from zoo.training.recipes import Recipe

__all__ = ["s3", "store"]


class Killed(Exception):
    """In the middle of a training."""


class Killer:
    """Reports to nobody, and kills the training when it reaches a step."""

    def __init__(self, step: int) -> None:
        self.step = step

    def __call__(self, row: dict[str, float]) -> None:
        if row["step"] == self.step:
            raise Killed


@pytest.fixture(params=["folder", "s3"])
def storage(request: pytest.FixtureRequest, project: Project, tmp_path: Path) -> CheckpointStorage:
    if request.param == "folder":
        return CheckpointStorage(project, "shared")
    request.getfixturevalue("s3")
    return CheckpointStorage(project, f"s3://{BUCKET}/faces")


@pytest.fixture
def job(storage: CheckpointStorage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Job:
    """A training whose node has none of the driver's disk."""
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "node"))
    content = storage.project.content / "content.safetensors"
    shared = storage.content(content, sha256_of(content))
    content.unlink()
    return Job(
        identity="carol",
        recipe=Recipe.model_validate(RECIPE),
        style=random_pack(0, 5),
        content=shared,
        perceptual="compact",
        perceptual_weights=read_compact().state_dict(),
        digest="0123456789abcdef",
        folder=storage.training("carol", "0123456789abcdef"),
        metadata={"identity": "carol"},
    )


def test_a_training_goes_on_on_another_node_to_the_same_network(
    job: Job, storage: CheckpointStorage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(Killed):
        train(job, Killer(4))
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "other-node"))
    resumed = train(job)
    whole = train(replace(job, folder=str(tmp_path / "whole")))
    assert resumed.resumed_at == 4
    mine, other = (load(t.files["network.safetensors"]) for t in (resumed, whole))
    assert all(value.equal(other[name]) for name, value in mine.items())
    assert storage.left({"carol": job.digest, "dave": "0"}) == ["carol"]
    storage.remove("carol", job.digest)
    assert storage.left({"carol": job.digest}) == []


def test_a_damaged_checkpoint_is_not_used(job: Job, storage: CheckpointStorage) -> None:
    with writing(f"{job.folder}/checkpoint.safetensors") as path:
        path.write_bytes(b"nonsense")
    assert train(job).resumed_at == 0


def test_while_the_store_is_away_training_goes_on_without_checkpoints(
    s3: FaultyProxy,
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    storage = CheckpointStorage(project, f"s3://{BUCKET}/faces")
    monkeypatch.setattr(train_module, "SHORT_RETRY_SECONDS", 0.1)
    monkeypatch.setattr(checkpoint_module, "writing", partial(writing, retry_seconds=0.1))
    away = job_of(project, storage.training("carol", "abc"))
    trained = train(away, lambda row: s3.go_down(300) if row["step"] == 0 else None)
    assert trained.iterations == 6
    assert "No checkpoint was saved at iteration 4, training continues" in caplog.text
    s3.go_down(0)
    assert objects() == {}


def test_storage_is_named_in_params(project: Project, tmp_path: Path) -> None:
    here = CheckpointStorage(project, "")
    assert here.training("carol", "d" * 64) == str(project.root / "checkpoints" / "carol")
    pack = project.content / "content.safetensors"
    assert here.content(pack, "unused") == pack
    shared = CheckpointStorage(project, str(tmp_path / "mounted"))
    assert (
        shared.training("carol", "d" * 64) == f"{tmp_path}/mounted/checkpoints/carol-dddddddddddd"
    )
    sent = shared.content(pack, sha256_of(pack))
    assert isinstance(sent, SharedFile) and sent.place.startswith(f"{tmp_path}/mounted/content/")


def test_a_store_that_refuses_says_so_before_anything_trains(
    s3: FaultyProxy, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "LONGEST_PAUSE", 0.1)
    pack = project.content / "content.safetensors"
    with pytest.raises(StorageError, match="no bucket 'gone'"):
        CheckpointStorage(project, "s3://gone/faces").content(pack, sha256_of(pack))

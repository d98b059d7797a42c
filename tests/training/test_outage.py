"""Trainings whose checkpoints and content are in S3, while S3 is away."""

import os
import signal
from pathlib import Path

import pytest
import yaml

from tests.faulty import FaultyProxy
from tests.object_store import objects, s3, store, unfinished_uploads
from tests.servers import BUCKET
from tests.training.test_faults import (
    CHECKPOINT_EVERY,
    LONG,
    assert_as_undisturbed,
    lost,
    tell,
    train_and,
    worker_of,
)
from zoo.errors import TrainingError
from zoo.settings import Project
from zoo.storage import sha256_of
from zoo.training.stage import train_identities

__all__ = ["s3", "store"]


@pytest.mark.faults
@pytest.mark.timeout(600)
def test_ten_seconds_without_s3_and_a_worker_killed_meanwhile(
    project: Project,
    s3: FaultyProxy,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "node"))
    fanout = {"gpus_per_job": 0, "retries": 1, "backoff": 0.1, "storage": f"s3://{BUCKET}/faces"}
    params = {"recipe": "long", "recipes": {"long": LONG}, "fanout": fanout}
    (project.root / "params.yaml").write_text(yaml.safe_dump(params))

    refused: list[str] = []

    def away() -> None:
        try:
            train_identities(project)
        except TrainingError as error:  # a second driver in the same project
            refused.append(str(error))
        s3.go_down(10)
        os.kill(worker_of(project, "carol"), signal.SIGKILL)

    outcome = train_and(project, "carol", away)
    assert len(refused) == 1 and "Another process is training in" in refused[0]
    assert sorted(outcome.made) == ["carol", "dave"] and not outcome.failed
    assert lost(project, "carol") <= CHECKPOINT_EVERY
    assert_as_undisturbed(project)
    pack = sha256_of(project.content / "content.safetensors")
    assert set(objects()) == {f"faces/content/{pack}.safetensors"}  # no checkpoint is left
    assert [path.name for path in (tmp_path / "node" / "shared").glob("[!.]*")] == [
        f"{pack}.safetensors"
    ]
    assert not list((project.root / "checkpoints").iterdir())  # the driver's disk held none
    assert not unfinished_uploads()
    tell(capsys, "S3 away for 10 s, worker killed", project)

"""One training on its own: it learns, it resumes exactly, and it is the same every time."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from safetensors.torch import load

from tests.training.conftest import job_of, random_pack
from zoo.errors import TrainingError
from zoo.faces.curation.face_pack import write_pack
from zoo.networks.shipped import read_start
from zoo.networks.transformation import TransformationNetwork
from zoo.settings import Project
from zoo.training.job import Job
from zoo.training.loop import train as train_module
from zoo.training.loop.step import TrainingStep
from zoo.training.loop.train import train
from zoo.training.recipes import Phase


@pytest.fixture
def job(project: Project, tmp_path: Path) -> Job:
    return job_of(project, tmp_path / "work")


def test_the_loss_falls(job: Job) -> None:
    recipe = job.recipe.model_copy(
        update={"phases": (Phase(resolution=64, batch=2, iterations=40),), "style_ramp": 0.0}
    )
    curves = train(replace(job, recipe=recipe)).curves
    first, last = (np.mean([row["total"] for row in part]) for part in (curves[:5], curves[-5:]))
    assert last < 0.9 * first


def test_a_training_starts_from_the_shipped_network(job: Job, tmp_path: Path) -> None:
    phases = (Phase(resolution=128, batch=1, iterations=1),)
    shipped = {"start": "shipped", "filters": 16, "phases": phases, "learning_rate": 1e-6}
    content = tmp_path / "content.safetensors"
    write_pack(content, random_pack(1, 12, 128))
    recipe = job.recipe.model_copy(update=shipped | {"final_learning_rate": 1e-7})
    begun = replace(job, recipe=recipe, content=content, style=random_pack(0, 5, 128))
    trained = load(train(begun).files["network.safetensors"])
    for name, value in read_start().items():
        torch.testing.assert_close(trained[name], value, rtol=0, atol=1e-5)


def test_a_killed_training_goes_on_from_its_checkpoint_to_the_same_network(
    job: Job, tmp_path: Path
) -> None:
    class Killed(Exception):
        pass

    def killer(row: dict[str, float]) -> None:
        if row["step"] == 4:
            raise Killed

    with pytest.raises(Killed):
        train(job, killer)
    resumed = train(job)
    whole = train(replace(job, folder=str(tmp_path / "whole")))
    assert resumed.resumed_at == 4
    assert [row["step"] for row in resumed.curves] == [0, 1, 2, 3, 4, 5]
    assert resumed.files["network.safetensors"] == whole.files["network.safetensors"]


def test_a_training_in_phases_goes_on_from_any_of_them(job: Job, tmp_path: Path) -> None:
    phases = (
        Phase(resolution=64, batch=2, iterations=4),
        Phase(resolution=128, batch=1, iterations=4, new_branch_first=2),
    )
    content = tmp_path / "large.safetensors"
    write_pack(content, random_pack(3, 40, side=128))
    grown = replace(
        job,
        recipe=job.recipe.model_copy(update={"phases": phases, "checkpoint_every": 1}),
        style=random_pack(0, 3, side=128),
        content=content,
    )

    class Killed(Exception):
        pass

    whole = train(replace(grown, folder=str(tmp_path / "whole")))
    for killed_at in (3, 4, 6):

        def killer(row: dict[str, float], last: int = killed_at) -> None:
            if row["step"] == last:
                raise Killed

        killed = replace(grown, folder=str(tmp_path / f"killed-{killed_at}"))
        with pytest.raises(Killed):
            train(killed, killer)
        resumed = train(killed)
        assert resumed.resumed_at == killed_at
        assert resumed.files["network.safetensors"] == whole.files["network.safetensors"]
    assert TransformationNetwork(128, 4, "slim").load_state_dict(
        load(whole.files["network.safetensors"])
    )


def test_training_stops_when_validation_does_not_improve(
    job: Job,
) -> None:
    recipe = job.recipe.model_copy(
        update={
            "phases": (Phase(resolution=64, batch=2, iterations=40),),
            "style_ramp": 0.0,
            "validate_every": 1,
            "patience": 3,
            "learning_rate": 1e-12,
            "final_learning_rate": 1e-12,
        }
    )
    # Too small a step to change a weight: no validation is better than the first.
    trained = train(replace(job, recipe=recipe))
    assert trained.iterations == 4
    assert len({row["validation"] for row in trained.curves}) == 1


def test_the_best_weights_are_kept_and_not_the_last(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[dict[str, torch.Tensor]] = []
    real = train_module._validate

    def validate(network: TransformationNetwork, *rest: Any) -> dict[str, torch.Tensor]:
        if len(seen) >= 6:  # from here on it gets worse
            with torch.no_grad():
                for parameter in network.parameters():
                    parameter.add_(torch.randn_like(parameter))
        result = real(network, *rest)
        seen.append({name: value.clone() for name, value in network.state_dict().items()})
        return result

    monkeypatch.setattr(train_module, "_validate", validate)
    phases = (Phase(resolution=64, batch=2, iterations=12),)
    changed = {"phases": phases, "style_ramp": 0.0, "validate_every": 1, "patience": 12}
    trained = train(replace(job, recipe=job.recipe.model_copy(update=changed)))
    scores = [row["validation"] for row in trained.curves]
    best = seen[int(np.argmin(scores))]
    assert np.argmin(scores) < 6
    kept = load(trained.files["network.safetensors"])
    assert all(torch.equal(kept[name], value) for name, value in best.items())


def test_the_checkpoint_of_another_training_is_not_used(job: Job) -> None:
    train(job)
    assert train(replace(job, digest="other")).resumed_at == 0


def test_a_damaged_checkpoint_is_not_used(job: Job) -> None:
    Path(job.folder).mkdir()
    Path(job.folder, "checkpoint.safetensors").write_bytes(b"nonsense")
    assert train(job).resumed_at == 0


def test_the_files_it_leaves(job: Job, tmp_path: Path) -> None:
    files = train(job).files
    onnx = tmp_path / "network.onnx"
    onnx.write_bytes(files["network.onnx"])
    session = onnxruntime.InferenceSession(onnx, providers=["CPUExecutionProvider"])
    assert session.get_modelmeta().custom_metadata_map["identity"] == "carol"
    assert files["curves.csv"].splitlines()[0].startswith(b"step,total,content,style")
    assert len(files["curves.csv"].splitlines()) == 7
    assert files["preview.jpg"][:2] == b"\xff\xd8"
    assert Path(job.folder, "preview.jpg").exists()


def test_a_loss_that_is_no_number_stops_with_a_sentence(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    nan = {"total": torch.tensor(float("nan"))}
    monkeypatch.setattr(TrainingStep, "__call__", lambda *_, **__: nan)
    with pytest.raises(TrainingError, match=r"carol.*not a number.*learning_rate"):
        train(job)

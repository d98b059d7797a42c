"""Two workers with half a batch each do what one does with the whole."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import distributed

from tests.training.conftest import RECIPE, random_pack
from zoo.faces.curation.face_pack import write_pack
from zoo.networks.compact import read_compact
from zoo.training.job import Job, Trained
from zoo.training.loop import criterion, device
from zoo.training.loop.train import train
from zoo.training.ray.rendezvous import Rank, Rendezvous
from zoo.training.recipes import Recipe

PRECISE: tuple[Any, ...] = (device, criterion)
ROOT = Path(__file__).parents[2]
LEARNING = {"learning_rate": 1e-4, "final_learning_rate": 1e-4, "light_weight": 1.0}


def run(folder: Path, rank: int = 0, workers: int = 1, port: int = 0) -> Trained:
    """Trains in float32, so that what is left are differences of principle."""
    for module in PRECISE:
        module.has_bf16 = lambda device: False
    torch.set_num_threads(1)
    if workers > 1:
        os.environ.update(Rank(rank, workers, "127.0.0.1", port).environment())
        distributed.init_process_group("gloo")
    job = Job(
        identity="carol",
        recipe=Recipe.model_validate({**RECIPE, **LEARNING}),
        style=random_pack(0, 5),
        content=folder / "content.safetensors",
        perceptual="compact",
        perceptual_weights=read_compact().state_dict(),
        digest="abc",
        folder=str(folder / f"work-of-{workers}"),
        metadata={},
    )
    trained = train(job)
    if workers > 1:
        torch.save((trained.curves, trained.files), folder / f"{rank}.pt")
        distributed.destroy_process_group()
    return trained


def run_worker(rank: int, folder: str, workers: int, port: int) -> None:
    run(Path(folder), rank, workers, port)


def test_two_workers_train_the_network_of_one_with_the_whole_batch(
    tmp_path: Path, monkeypatch: Any
) -> None:
    for module in PRECISE:
        monkeypatch.setattr(module, "has_bf16", module.has_bf16)  # put back afterwards
    threads = torch.get_num_threads()
    write_pack(tmp_path / "content.safetensors", random_pack(9, 30))
    point = Rendezvous("127.0.0.1")
    store = point.open(2)
    script = "from tests.training.test_workers import run_worker; run_worker({}, {!r}, 2, {})"
    both = [
        subprocess.Popen(
            [sys.executable, "-c", script.format(rank, str(tmp_path), point.port)], cwd=ROOT
        )
        for rank in range(2)
    ]
    assert [process.wait() for process in both] == [0, 0]
    del store
    (first, files), (second, nothing) = (
        torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in range(2)
    )
    alone = run(tmp_path)
    torch.set_num_threads(threads)

    assert not nothing and files.keys() == alone.files.keys()
    assert first == second  # the same losses and the same decisions
    for together, single in zip(first, alone.curves, strict=True):
        assert together.keys() == single.keys()
        np.testing.assert_allclose(list(together.values()), list(single.values()), rtol=1e-4)

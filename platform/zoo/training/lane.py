"""The Ray actors of the fan-out: a lane that trains, and the board its progress goes to."""

import logging
from collections import defaultdict
from typing import Any

import ray
import torch
from ray.train import RunConfig, ScalingConfig
from ray.train.torch import TorchTrainer

from zoo.training.checkpoint import Row
from zoo.training.job import Job, Trained, train


@ray.remote
class Board:
    """Collects points of the curves until the driver takes them."""

    def __init__(self) -> None:
        self._rows: defaultdict[str, list[Row]] = defaultdict(list)

    def put(self, identity: str, row: Row) -> None:
        """Adds a point."""
        self._rows[identity].append(row)

    def take(self) -> dict[str, list[Row]]:
        """All points since the last call, by identity."""
        taken, self._rows = dict(self._rows), defaultdict(list)
        return taken


@ray.remote
class Lane:
    """A warm process that runs one training after another under Ray Train."""

    def train(self, job: Job, board: Any) -> Trained:
        """Runs ``job``, reporting to Ray Train and to the board."""
        logging.getLogger("ray.train").setLevel(logging.WARNING)
        torch.set_num_threads(_threads())

        def loop() -> Trained:
            def report(row: Row) -> None:
                ray.train.report(row)
                board.put.remote(job.identity, row)

            return train(job, report)

        trainer = TorchTrainer(
            loop,  # type: ignore[arg-type]  # what it returns becomes the result's return_value
            scaling_config=ScalingConfig(num_workers=0),
            run_config=RunConfig(name=job.identity, storage_path=str(job.folder)),
        )
        trained = trainer.fit().return_value  # type: ignore[attr-defined]
        assert isinstance(trained, Trained)
        return trained


def _threads() -> int:
    context = ray.get_runtime_context()
    assigned = context.get_assigned_resources()  # type: ignore[no-untyped-call]
    return max(1, int(assigned.get("CPU", 1)))

"""The Ray actor that trains: a worker.

The driver needs this module too, to start workers; it imports neither torch nor Ray Train for that.
"""

import contextlib
import io
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import ray

from zoo.training.ray.rendezvous import Rank, Rendezvous

if TYPE_CHECKING:
    from torch import Tensor

    from zoo.training.job import Job, Trained
    from zoo.training.loop.checkpoint import Row


@ray.remote
class TrainWorker:
    """A warm process that runs one training after another under Ray Train.

    Args:
        collector: where its reports go.
    """

    def __init__(self, collector: Any) -> None:
        # So that the first training does not wait for them.
        import torch
        from ray.train.torch import TorchTrainer  # noqa: F401

        import zoo.training.loop.train  # noqa: F401
        from zoo.training.loop.content_features import ContentFeatures

        logging.getLogger("ray.train").setLevel(logging.WARNING)
        torch.set_num_threads(_threads())
        self._collector = collector
        self._weights: Mapping[str, Tensor] | None = None
        self._features = ContentFeatures()
        self._rendezvous: Rendezvous | None = None

    def ready(self) -> str:
        """Answers, with its process and machine, once it runs."""
        node = ray.get_runtime_context().get_node_id()
        return f"process {os.getpid()} on {_address()}, node {node}"

    def rendezvous(self) -> tuple[str, int]:
        """Where this worker can wait for others."""
        self._rendezvous = Rendezvous(_address())
        return self._rendezvous.host, self._rendezvous.port

    def train(self, job: "Job", weights: Sequence[Any], rank: Rank | None = None) -> "Trained":
        """Runs ``job``, alone or as one of several, reporting to Ray Train and the collector.

        Workers of one training all end with the same network.

        Args:
            job: what to train.
            weights: a reference to the perceptual network's state, the same for all trainings: it
                comes once.
            rank: this worker's place, if it is one of several.
        """
        import torch
        from ray.train import RunConfig, ScalingConfig
        from ray.train.torch import TorchTrainer

        from zoo.training.job import Trained
        from zoo.training.loop.train import train

        if self._weights is None:
            # Copied: arrays from Ray's store cannot be written.
            arrays = ray.get(weights[0])
            self._weights = {name: torch.tensor(array) for name, array in arrays.items()}
        job = replace(job, perceptual_weights=self._weights)
        reports = rank is None or rank.rank == 0

        def log(line: str) -> None:
            self._collector.log.remote(job.identity, line)

        def loop() -> Trained:
            def report(row: "Row") -> None:
                ray.train.report(row)
                if reports:
                    self._collector.put.remote(job.identity, row)

            return train(job, report, self._features)

        trainer = TorchTrainer(
            loop,  # type: ignore[arg-type]  # what it returns becomes the result's return_value
            scaling_config=ScalingConfig(num_workers=0),
            run_config=RunConfig(name=job.identity),
        )
        store = None
        if rank and rank.rank == 0:
            assert self._rendezvous is not None
            store = self._rendezvous.open(rank.workers)
        with _environment(rank.environment() if rank else {}), _printed(log):
            trained = trainer.fit().return_value  # type: ignore[attr-defined]
        del store  # the others are done with it
        assert isinstance(trained, Trained)
        return trained


def _address() -> str:
    return str(ray.util.get_node_ip_address())  # type: ignore[no-untyped-call]


def _threads() -> int:
    context = ray.get_runtime_context()
    assigned = context.get_assigned_resources()  # type: ignore[no-untyped-call]
    return max(1, int(assigned.get("CPU", 1)))


@contextlib.contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables:
            os.environ.pop(name, None)


class _Lines(io.TextIOBase):
    """A text stream that hands on whole lines."""

    def __init__(self, log: Callable[[str], None]) -> None:
        self._say, self._rest = log, ""

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            if line.strip():
                self._say(line.rstrip())
        return len(text)


@contextlib.contextmanager
def _printed(log: Callable[[str], None]) -> Iterator[None]:
    """Hands on what is printed, warned and logged."""
    stream = _Lines(log)
    handler = logging.StreamHandler(stream)
    logging.getLogger().addHandler(handler)
    with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
        try:
            yield
        finally:
            stream.write("\n")
            logging.getLogger().removeHandler(handler)

"""One training step; on a GPU it is recorded as a CUDA graph and replayed.

A step at 64 or 128 px is hundreds of small kernels: launched one by one from Python they leave a
GPU idle most of the time. A graph launches them all at once. For that everything that changes
from step to step (photos, landmarks, α, the rate) lies in tensors that stay where they are, and
nothing in the step waits for the host.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.optim import Adam

from zoo.networks.transformation import fold_upsampling, fuse_normalisation
from zoo.objective.distributed import average_gradients, workers
from zoo.objective.total import Weights
from zoo.training.loop.batches import Batch
from zoo.training.loop.criterion import Criterion
from zoo.training.loop.muon import Muon
from zoo.training.recipes import Recipe

Recorder = Callable[[Callable[[], None]], Callable[[], None]]
"""Records what a function does on the device; what it returns does it again."""

_OPTIMISERS: dict[str, type[Adam] | type[Muon]] = {"adam": Adam, "muon": Muon}

WARM_UP = 3
"""Iterations run one kernel at a time before a graph is recorded: libraries choose their
algorithms, the optimiser makes its moments."""


WORTH_COMPILING = 2000
"""Iterations of a recipe from which kernels are compiled: 10 to 30 s for the first training on a
machine, which shorter ones do not win back. Only what is recorded gains: launched from Python
a compiled kernel takes the host longer."""


class TrainingStep:
    """Iterations on one network, kernel by kernel: called with a batch, it does one.

    Args:
        network: what is trained.
        apply: the objective.
        recipe: gives rates and weights.
    """

    def __init__(self, network: nn.Module, apply: Criterion, recipe: Recipe) -> None:
        self.network, self.apply, self.recipe = network, apply, recipe
        self.optimiser = _OPTIMISERS[recipe.optimiser](
            network.parameters(), lr=recipe.learning_rate
        )

    def __call__(self, batch: Batch, number: int, *, alone: bool = False) -> dict[str, Tensor]:
        """Iteration ``number`` (from 0); this worker's losses, detached.

        Args:
            batch: this worker's part of the batch.
            number: of the whole training.
            alone: whether only what is new at this resolution has a gradient.
        """
        rate = learning_rate(self.recipe, number, alone=alone)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        return self._descend(batch, self.recipe.weights_at(number))

    def _descend(self, batch: Batch, weights: Weights) -> dict[str, Tensor]:
        losses = self.apply(self.network, batch, weights)
        self.optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(losses.total)
        average_gradients(self.network.parameters())
        self.optimiser.step()
        return {"total": losses.total.detach(), **losses.terms}


class CudaGraphStep(TrainingStep):
    """The same iterations, replayed from a recording.

    Args:
        network: on a GPU.
        apply: the objective, on the same one.
        recipe: gives rates and weights.
        record: how; :func:`cuda_graph` but in tests.
    """

    def __init__(
        self, network: nn.Module, apply: Criterion, recipe: Recipe, record: Recorder | None = None
    ) -> None:
        super().__init__(network, apply, recipe)
        self._record = record or cuda_graph
        self._device = next(network.parameters()).device
        self._rate = torch.tensor(recipe.learning_rate, device=self._device)
        on_gpu = self._device.type == "cuda"
        self.optimiser = _OPTIMISERS[recipe.optimiser](
            network.parameters(), lr=self._rate, fused=on_gpu or None, capturable=on_gpu
        )
        self._alpha = torch.zeros((), device=self._device)
        self._batch: Batch | None = None
        self._terms: dict[str, Tensor] = {}
        self._alone = False
        self._seen = 0
        self._replay: Callable[[], None] | None = None

    def __call__(self, batch: Batch, number: int, *, alone: bool = False) -> dict[str, Tensor]:
        """As :class:`TrainingStep`; what it returns is overwritten by the next step."""
        self._fill(batch, number, alone)
        if self._replay is None and self._seen < WARM_UP:
            with _beside(self._device):
                self._once()
            self._seen += 1
            return self._terms
        if self._replay is None:
            self.optimiser.zero_grad(set_to_none=True)
            self._replay = self._record(self._once)
        self._replay()
        return self._terms

    def _fill(self, batch: Batch, number: int, alone: bool) -> None:
        """Copies the inputs of this step to the recorded graph's tensors."""
        if self._batch is None or alone != self._alone:
            self._alone, self._seen, self._replay = alone, 0, None
        if self._batch is None:
            self._batch = Batch(
                torch.empty_like(batch.photos, device=self._device),
                torch.empty_like(batch.landmarks, device=self._device),
            )
        self._batch.photos.copy_(batch.photos, non_blocking=True)
        self._batch.landmarks.copy_(batch.landmarks, non_blocking=True)
        self._alpha.fill_(self.recipe.weights_at(number).style)
        self._rate.fill_(learning_rate(self.recipe, number, alone=alone))

    def _once(self) -> None:
        assert self._batch is not None
        weights = replace(self.recipe.weights_at(0), style=self._alpha)
        self._terms = self._descend(self._batch, weights)


def training_step(network: nn.Module, apply: Criterion, recipe: Recipe) -> TrainingStep:
    """A recorded step on a GPU with a single worker; a plain one otherwise."""
    fold_upsampling(network)
    on_gpu = next(network.parameters()).device.type == "cuda"
    if not on_gpu or workers() > 1:
        return TrainingStep(network, apply, recipe)
    if recipe.iterations >= WORTH_COMPILING:
        fuse_normalisation(network)
    return CudaGraphStep(network, apply, recipe)


def learning_rate(recipe: Recipe, number: int, *, alone: bool) -> float:
    """The optimiser's rate: falls along a half cosine; high while a new branch is alone."""
    low, high = recipe.final_learning_rate, recipe.learning_rate
    cosine = (1 + math.cos(math.pi * number / recipe.iterations)) / 2
    return high if alone else low + (high - low) * cosine


def cuda_graph(function: Callable[[], None]) -> Callable[[], None]:
    """Records ``function`` as a CUDA graph, without running it."""
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        function()
    return graph.replay


@contextmanager
def _beside(device: torch.device) -> Iterator[None]:
    """On a GPU: in another stream than the current one, as what is to be recorded must warm up."""
    if device.type != "cuda":
        yield
        return
    stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        yield
    torch.cuda.current_stream().wait_stream(stream)

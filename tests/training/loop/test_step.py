"""Iterations replayed from a recording are the iterations themselves, and can be recorded."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from tests.training.conftest import RECIPE, random_pack
from zoo.networks.compact import read_compact
from zoo.networks.transformation import TransformationNetwork
from zoo.training.loop.batches import Batch, content_batch
from zoo.training.loop.criterion import Criterion, criterion, loss_networks
from zoo.training.loop.step import WARM_UP, CudaGraphStep, TrainingStep, training_step
from zoo.training.recipes import Recipe

CPU = torch.device("cpu")
RAMPED = Recipe.model_validate(
    {**RECIPE, "style_weight": [1.6, 23.0], "style_ramp": 1.0, "identity_weight": 0.3}
    | {"skin_only": True}
)


@pytest.fixture(scope="module")
def apply() -> Criterion:
    looking = loss_networks("compact", read_compact().state_dict(), RAMPED, CPU)
    return criterion(looking, random_pack(0, 5), RAMPED, 64)


def network() -> TransformationNetwork:
    torch.manual_seed(0)
    return TransformationNetwork(64, 4, "slim")


def batch(step: int) -> Batch:
    return content_batch(random_pack(1, 20), 64, 2, seed=0, step=step)


class Recording:
    """A recorder that counts: what it returns calls the function again, on the same tensors."""

    def __init__(self) -> None:
        self.recorded = self.replayed = 0

    def __call__(self, function: Callable[[], None]) -> Callable[[], None]:
        self.recorded += 1

        def replay() -> None:
            self.replayed += 1
            function()

        return replay


# Rounding grows in such a network: to 1.3 % in six iterations of float32. Muon gives directions
# with next to no gradient, and so mostly rounding, the same step as others.
@pytest.mark.parametrize(("optimiser", "rounding"), [("adam", 5), ("muon", 8)])
def test_replayed_iterations_are_the_plain_ones(
    apply: Criterion, optimiser: str, rounding: float
) -> None:
    record = Recording()
    recipe = RAMPED.model_copy(update={"optimiser": optimiser})
    plain = TrainingStep(network(), apply, recipe)
    recorded = CudaGraphStep(network(), apply, recipe, record)
    for step in range(6):
        one, other = (d(batch(step), step) for d in (plain, recorded))
        for name, value in one.items():
            torch.testing.assert_close(other[name], value, rtol=5e-3 * rounding, atol=1e-5)
    # Not each weight: where a gradient is nothing but rounding, Adam makes steps of its sign.
    start, ours, theirs = (
        torch.cat([weight.detach().flatten() for weight in one.parameters()])
        for one in (network(), recorded.network, plain.network)
    )
    assert torch.cosine_similarity(ours - start, theirs - start, dim=0) > 0.9
    assert not torch.equal(theirs, start)
    assert (record.recorded, record.replayed) == (1, 6 - WARM_UP)


def test_it_is_recorded_anew_when_other_weights_are_trained(apply: Criterion) -> None:
    record = Recording()
    steps = CudaGraphStep(network(), apply, RAMPED, record)
    before = {name: value.clone() for name, value in steps.network.named_parameters()}
    for number in range(5):
        for name, parameter in steps.network.named_parameters():
            parameter.requires_grad_(name.startswith("rgb"))
        steps(batch(number), number, alone=True)
    for name, value in steps.network.named_parameters():
        assert torch.equal(value, before[name]) != name.startswith("rgb")
    for number in range(5, 10):
        steps.network.requires_grad_(True)
        steps(batch(number), number)
    assert record.recorded == 2
    moved = [not torch.equal(v, before[n]) for n, v in steps.network.named_parameters()]
    assert sum(moved) > 0.9 * len(moved)  # a bias before a normalisation has no gradient


def test_nothing_in_a_step_waits_for_the_host(apply: Criterion) -> None:
    # What a CUDA graph cannot record: values read on the host, and constants brought from it.
    # (Adam reads its own counter on the host, but not on a GPU, where it is told to be capturable.)
    swap, photos = network(), batch(0)
    weights = replace(RAMPED.weights_at(0), style=torch.tensor(3.0))
    apply(swap, photos, weights)
    watch = Watch()
    with watch:
        torch.autograd.backward(apply(swap, photos, weights).total)
    assert not watch.found
    with watch:
        torch.tensor([1.0]) * float(torch.ones(1).sum())
    assert watch.found == {"aten.lift_fresh.default", "aten._local_scalar_dense.default"}


class Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notes operations that move data between host and device or wait for it."""

    waiting = ("lift_fresh", "_local_scalar_dense", "nonzero", "masked_select", "_to_cpu")

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.found: set[str] = set()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        name = str(func)
        if any(word in name for word in self.waiting):
            self.found.add(name)
        return func(*args, **(kwargs or {}))


def test_on_cpus_nothing_is_recorded(apply: Criterion) -> None:
    assert type(training_step(network(), apply, RAMPED)) is TrainingStep


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_cuda_graph_trains_as_kernels_one_by_one_do() -> None:
    gpu = torch.device("cuda")
    looking = loss_networks("compact", read_compact().state_dict(), RAMPED, gpu)
    on_gpu = criterion(looking, random_pack(0, 5), RAMPED, 64)
    plain = TrainingStep(network().to(gpu), on_gpu, RAMPED)
    recorded = CudaGraphStep(network().to(gpu), on_gpu, RAMPED)
    for step in range(8):
        one, other = (d(batch(step), step)["total"] for d in (plain, recorded))
        assert _value(other) == pytest.approx(_value(one), rel=0.02)


def _value(loss: Tensor) -> float:
    return float(loss)

"""Muon against a singular value decomposition and against Adam itself."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim import Adam

from zoo.training.loop.checkpoint import Progress, read_checkpoint, save_checkpoint
from zoo.training.loop.muon import Muon, orthogonalised


@pytest.mark.parametrize("shape", [(24, 216), (96, 27)])
def test_all_directions_of_a_matrix_come_out_alike(shape: tuple[int, int]) -> None:
    random = np.random.default_rng(1)
    rank = min(shape)
    left, _ = np.linalg.qr(random.normal(size=(shape[0], rank)))
    right, _ = np.linalg.qr(random.normal(size=(shape[1], rank)))
    sizes = np.geomspace(1, 0.02, rank)  # one direction fifty times another
    matrix = torch.from_numpy((left * sizes) @ right.T).float()
    found = left.T @ orthogonalised(matrix).numpy().astype(float) @ right
    assert np.abs(np.diag(found) - 1).max() < 0.35
    assert np.abs(found - np.diag(np.diag(found))).max() < 1e-4


def test_a_gradient_of_zero_moves_nothing() -> None:
    assert not orthogonalised(torch.zeros(4, 9)).any()


def network() -> nn.Module:
    torch.manual_seed(3)
    layers = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.InstanceNorm2d(8, affine=True), nn.ReLU(), nn.Conv2d(8, 3, 1)
    )
    return layers.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def descend(layers: nn.Module, optimiser: Adam | Muon, steps: range) -> None:
    for step in steps:
        torch.manual_seed(step)
        loss = (layers(torch.rand(2, 3, 8, 8)) - torch.rand(2, 3, 6, 6)).square().mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()


def test_a_kernel_moves_along_its_orthogonalised_average_and_the_rest_as_with_adam() -> None:
    layers = network()
    before = {name: value.detach().clone() for name, value in layers.named_parameters()}
    descend(layers, Muon(layers.parameters(), lr=1e-3), range(1))
    kernel = layers.get_parameter("0.weight")
    assert kernel.grad is not None
    gradient = kernel.grad.flatten(1).double().numpy()
    left, _, right = np.linalg.svd(gradient, full_matrices=False)
    moved = (kernel - before["0.weight"]).detach().flatten(1).double().numpy()
    along = np.diag(left.T @ moved @ right.T)
    assert (along < 0).all()  # downhill, in each of its directions
    assert np.allclose(along, -0.015, rtol=0.35)

    adam = network()
    descend(adam, Adam(adam.parameters(), lr=1e-3), range(1))
    for name in ("0.bias", "1.weight", "1.bias", "3.weight", "3.bias"):
        assert torch.equal(layers.get_parameter(name), adam.get_parameter(name)), name


def test_a_rate_in_a_tensor_does_the_same() -> None:
    numbers, tensors = network(), network()
    descend(numbers, Muon(numbers.parameters(), lr=1e-3), range(3))
    rate = torch.tensor(1e-3)
    descend(tensors, Muon(tensors.parameters(), lr=rate), range(3))
    for name, one in numbers.named_parameters():
        if name != "0.bias":  # normalisation takes it away: its gradient is rounding
            assert torch.allclose(one, tensors.get_parameter(name), atol=1e-6), name


def test_it_goes_on_from_a_checkpoint_as_if_nothing_had_been(tmp_path: Path) -> None:
    whole = network()
    descend(whole, Muon(whole.parameters(), lr=1e-3), range(6))

    stopped = network()
    optimiser = Muon(stopped.parameters(), lr=1e-3)
    descend(stopped, optimiser, range(3))
    place = str(tmp_path / "checkpoint.safetensors")
    save_checkpoint(place, "digest", stopped, optimiser, Progress(step=3))
    resumed = network()
    found = read_checkpoint(place, "digest")
    assert found is not None
    optimiser = Muon(resumed.parameters(), lr=1e-3)
    found.restore(resumed, optimiser)
    descend(resumed, optimiser, range(3, 6))
    for one, other in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, other)

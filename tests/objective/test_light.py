import pytest
import torch
from torch import Tensor

from zoo.objective.light import light_loss, luminance


def mean_light(luminance_B1HW: Tensor) -> Tensor:
    """A stand-in for Γ: mean luminance of the left and of the right half."""
    left, right = luminance_B1HW.chunk(2, dim=-1)
    return torch.cat([left.mean((2, 3)), right.mean((2, 3))], dim=1)


def test_luminance_weighs_green_most() -> None:
    colours = torch.eye(3).view(3, 3, 1, 1)
    assert luminance(colours).flatten().tolist() == pytest.approx([0.299, 0.587, 0.114])


def test_light_loss_is_the_mean_squared_difference_of_light_features() -> None:
    photo = torch.full((1, 3, 4, 4), 0.5)
    output = photo.clone()
    output[..., :2] = 0.1
    assert light_loss(output, photo, mean_light).item() == pytest.approx(0.4**2 / 2)


def test_colour_alone_costs_nothing() -> None:
    photo = torch.full((1, 3, 4, 4), 0.5)
    output = photo.clone()
    output[:, 0] += 0.114
    output[:, 2] -= 0.299
    assert light_loss(output, photo, mean_light).item() == pytest.approx(0, abs=1e-9)

"""Channel pruning finds the channels that matter, and the weights that make up for the others."""

from itertools import combinations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from pipelines.shipped.channel_pruning import pruned


def least_squares(input_BCHW: torch.Tensor, wanted_BOHW: torch.Tensor) -> tuple[float, np.ndarray]:
    """The squared error of the best 3x3 convolution with a bias, and its weights, by NumPy."""
    patches = F.unfold(input_BCHW, 3, padding=1).transpose(1, 2).flatten(0, 1).double().numpy()
    patches = np.column_stack([patches, np.ones(len(patches))])
    wanted = wanted_BOHW.permute(0, 2, 3, 1).flatten(0, 2).double().numpy()
    weights, *_ = np.linalg.lstsq(patches, wanted, rcond=None)
    return float(np.square(patches @ weights - wanted).sum()), weights


@pytest.fixture
def picture() -> torch.Tensor:
    return torch.rand(4, 6, 12, 12, generator=torch.Generator().manual_seed(0))


def test_a_channel_that_repeats_another_goes_and_nothing_is_lost(picture: torch.Tensor) -> None:
    picture[:, 1] = 2 * picture[:, 4]
    picture[:, 3] = 0
    generator = torch.Generator().manual_seed(1)
    wanted = F.conv2d(picture, torch.randn(5, 6, 3, 3, generator=generator), padding=1)
    kept, weight, bias = pruned(picture, wanted, 4)
    assert kept in ([0, 1, 2, 5], [0, 2, 4, 5])
    found = F.conv2d(picture[:, kept], weight, bias, padding=1)
    assert (found - wanted).abs().max() < 0.01 * wanted.std()


def test_it_keeps_what_an_exhaustive_search_keeps(picture: torch.Tensor) -> None:
    generator = torch.Generator().manual_seed(2)
    weight = torch.randn(3, 6, 3, 3, generator=generator)
    weight *= torch.tensor([0.1, 1, 0.05, 0.9, 0.2, 1.2]).view(1, 6, 1, 1)
    wanted = F.conv2d(picture, weight, padding=1) + 3
    kept, fitted, bias = pruned(picture, wanted, 3)
    choices = [list(some) for some in combinations(range(6), 3)]
    errors = [least_squares(picture[:, some], wanted)[0] for some in choices]
    assert kept == choices[int(np.argmin(errors))] == [1, 3, 5]
    _, weights = least_squares(picture[:, kept], wanted)
    np.testing.assert_allclose(fitted.flatten(1).T, weights[:-1], atol=2e-3)
    np.testing.assert_allclose(bias, weights[-1], atol=2e-2)

import numpy as np
import pytest
import torch

from zoo.objective.total_variation import total_variation_loss


def test_total_variation_is_the_mean_squared_difference_of_neighbours() -> None:
    photo = np.random.default_rng(0).random((2, 3, 4, 5))
    vertical = [
        (photo[b, c, y + 1, x] - photo[b, c, y, x]) ** 2
        for b in range(2) for c in range(3) for y in range(3) for x in range(5)
    ]  # fmt: skip
    horizontal = [
        (photo[b, c, y, x + 1] - photo[b, c, y, x]) ** 2
        for b in range(2) for c in range(3) for y in range(4) for x in range(4)
    ]  # fmt: skip
    loss = total_variation_loss(torch.from_numpy(photo))
    assert loss.item() == pytest.approx(np.mean(vertical) + np.mean(horizontal), rel=1e-5)


def test_a_flat_picture_costs_nothing() -> None:
    assert total_variation_loss(torch.full((1, 3, 8, 8), 0.3)).item() == 0

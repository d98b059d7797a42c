import numpy as np
import pytest
import torch

from zoo.objective.content import content_loss


def test_content_loss_is_the_papers_equation_in_units_of_the_target() -> None:
    generator = np.random.default_rng(0)
    output, photo = generator.normal(size=(2, 2, 3, 4, 5))
    error = sum((o - p) ** 2 for o, p in zip(output.flat, photo.flat, strict=True)) / photo.size
    scale = sum(p**2 for p in photo.flat) / photo.size
    loss = content_loss(torch.from_numpy(output), torch.from_numpy(photo))
    assert loss.item() == pytest.approx(error / scale, rel=1e-5)


def test_the_scale_of_the_features_does_not_matter() -> None:
    output, photo = torch.rand(2, 1, 4, 3, 3)
    assert content_loss(7 * output, 7 * photo).item() == pytest.approx(
        content_loss(output, photo).item(), rel=1e-5
    )


def test_the_input_itself_costs_nothing_and_no_features_cost_one() -> None:
    photo = torch.rand(1, 4, 3, 3)
    assert content_loss(photo, photo).item() == 0
    assert content_loss(torch.zeros_like(photo), photo).item() == pytest.approx(1)

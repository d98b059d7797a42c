import numpy as np
import pytest
import torch

from zoo.objective.content import content_loss
from zoo.objective.parts import MOUTH, PARTS, SURROUNDINGS, part_of_each_location


def test_content_loss_is_the_papers_equation_weighted_by_parts_in_units_of_the_target() -> None:
    generator = np.random.default_rng(0)
    output, photo = generator.normal(size=(2, 2, 3, 8, 8))
    part = part_of_each_location(8, 8).tolist()
    error = 0.0
    for index in np.ndindex(photo.shape):
        weight = PARTS[part[8 * index[2] + index[3]]].content
        error += weight * (output[index] - photo[index]) ** 2 / photo.size
    scale = sum(p**2 for p in photo.flat) / photo.size
    loss = content_loss(torch.from_numpy(output), torch.from_numpy(photo))
    assert loss.item() == pytest.approx(error / scale, rel=1e-5)


def test_the_scale_of_the_features_does_not_matter() -> None:
    output, photo = torch.rand(2, 1, 4, 3, 3)
    assert content_loss(7 * output, 7 * photo).item() == pytest.approx(
        content_loss(output, photo).item(), rel=1e-5
    )


def test_the_input_itself_costs_nothing() -> None:
    photo = torch.rand(1, 4, 8, 8)
    assert content_loss(photo, photo).item() == 0


def test_an_error_on_the_mouth_counts_more_than_one_beside_the_face() -> None:
    photo = torch.ones(1, 1, 16, 16)
    part = part_of_each_location(16, 16)

    def cost(where: int) -> float:
        wrong = photo.flatten().clone()
        wrong[int((part == where).nonzero()[0])] = 0
        return content_loss(wrong.view_as(photo), photo).item()

    ratio = MOUTH.content / SURROUNDINGS.content
    assert cost(PARTS.index(MOUTH)) == pytest.approx(
        ratio * cost(PARTS.index(SURROUNDINGS)), rel=1e-5
    )

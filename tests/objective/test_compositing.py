"""The composite that a term can learn through, against the stitching of the product."""

import cv2
import numpy as np
import pytest
import torch

from zoo.faces.geometry.reference import REFERENCE
from zoo.faces.masks.face_mask import face_mask
from zoo.objective.compositing import (
    _SLOW_SIDE,
    SLOW,
    _gaussian,
    _low_frequencies,
    _mask,
    composite,
)
from zoo.objective.parts import EYES, FACE, FOREHEAD, MOUTH, PARTS, SURROUNDINGS

SIDE = 128


def mask() -> np.ndarray:
    drawn = face_mask(REFERENCE * 512 - 0.5, (512, 512))
    return cv2.resize(drawn, (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def pictures(seed: int) -> torch.Tensor:
    coarse = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(coarse, (SIDE, SIDE), mode="bicubic").clamp(0, 1)


def test_outside_the_mask_the_composite_is_the_photo() -> None:
    output, photo = pictures(0), pictures(1)
    outside = torch.from_numpy(mask() == 0)
    assert outside.any()
    shown = composite(output, photo)
    assert torch.equal(shown[..., outside], photo[..., outside])


def test_a_photo_with_itself_is_itself() -> None:
    photo = pictures(1)
    assert torch.allclose(composite(photo, photo), photo, atol=1e-6)


def test_another_light_makes_no_difference() -> None:
    output, photo = pictures(0), pictures(1)
    brighter = composite(output + 0.2, photo)
    assert torch.allclose(brighter, composite(output, photo), atol=1e-4)


def test_the_slow_part_is_the_photos_as_a_full_size_blur_finds_it() -> None:
    output, photo, weight = pictures(0), pictures(1), mask()
    sigma = SLOW * float(np.linalg.norm(REFERENCE[45] - REFERENCE[36])) * SIDE

    def blurred(plane: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)

    change = (output - photo)[0, 0].numpy()
    slow = blurred(change * weight) / np.maximum(blurred(weight), 1e-3)
    expected = photo[0, 0].numpy() + weight * (change - slow)
    found = composite(output, photo)[0, 0].numpy()
    assert np.abs(found - expected)[weight > 0.5].mean() < 0.01


def test_the_gradient_reaches_the_inside_only() -> None:
    output, photo = pictures(0).requires_grad_(), pictures(1)
    torch.autograd.backward(composite(output, photo)[..., 64, 64].sum())
    assert output.grad is not None
    assert float(output.grad[0, 0, 64, 64]) == pytest.approx(1, abs=0.1)
    assert not output.grad[..., :2, :2].any()


def test_the_blur_is_as_wide_as_the_distance_of_the_eyes_says() -> None:
    kernel = _gaussian(torch.device("cpu")).numpy().astype(float)
    sigma = SLOW * float(np.linalg.norm(REFERENCE[45] - REFERENCE[36])) * _SLOW_SIDE
    places = np.arange(len(kernel)) - len(kernel) // 2
    assert kernel.sum() == pytest.approx(1, abs=1e-6)
    assert len(kernel) == 2 * round(3 * sigma) + 1
    assert (kernel * places**2).sum() == pytest.approx(sigma**2, rel=0.06)  # it ends at 3 sigma


def test_the_mask_is_the_one_of_stitching() -> None:
    assert np.allclose(_mask(SIDE, torch.device("cpu"))[0, 0].numpy(), mask(), atol=1e-6)


def test_parts_weigh_what_they_say_of_who_it_is_and_of_what_it_does() -> None:
    weights = [(part.style, part.content) for part in PARTS]
    assert weights == [(0, 1), (1, 1), (1, 1.75), (1, 1), (0.25, 2.5)]
    boxes = [(part.outline.min(axis=0), part.outline.max(axis=0)) for part in (EYES, MOUTH)]
    assert np.ravel(boxes) == pytest.approx([0.12, 0.24, 0.88, 0.47, 0.25, 0.60, 0.75, 0.86])
    assert SURROUNDINGS.outline.tolist() == [[0, 0], [1, 0], [1, 1], [0, 1]]
    assert FOREHEAD.outline[:, 1].max() == pytest.approx(0.24)
    assert FOREHEAD.outline[:, 1].min() == FACE.outline[:, 1].min() < 0.1
    assert EYES.landmarks == (*range(17, 27), *range(36, 48))
    assert MOUTH.landmarks == tuple(range(48, 68)) and FACE.landmarks == tuple(range(68))


def test_where_the_mask_ends_the_slow_part_does_not_grow() -> None:
    """The weight of the blur is bounded below: 0.001, or a rim of noise would be divided by 0."""
    weight = torch.zeros(1, 1, SIDE, SIDE)
    weight[..., :4, :4] = 1e-4
    slow = _low_frequencies(torch.ones(1, 1, SIDE, SIDE), weight)
    kernel = _gaussian(torch.device("cpu")).numpy()
    middle = len(kernel) // 2
    there = 1e-4 * float(kernel[middle]) ** 2
    assert float(slow[0, 0, 1, 1]) == pytest.approx(there / 1e-3, rel=1e-3)
    assert float(slow[0, 0, -1, -1]) == 0

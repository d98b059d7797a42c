"""Background, sharpness and colour: measures of pixels whose right values are known."""

import cv2
import numpy as np
import pytest

from zoo.evaluation.measures.colour_cast import colour_cast, local_colour_cast
from zoo.evaluation.measures.psnr import background_psnr
from zoo.evaluation.measures.sharpness import sharpness_ratio
from zoo.photos.image import Image, Plane

SIDE = 120
Y, X = np.mgrid[:SIDE, :SIDE].astype(np.float32)
MASK = (((X - 60) ** 2 + (Y - 60) ** 2) < 50**2).astype(np.float32)


@pytest.fixture
def photo() -> Image:
    return np.random.default_rng(0).integers(60, 190, (SIDE, SIDE, 3)).astype(np.uint8)


def flat(a: np.ndarray | float, b: np.ndarray | float) -> Plane:
    lab = np.full((SIDE, SIDE, 3), 50, np.float32)
    lab[..., 1], lab[..., 2] = a, b
    return lab


def test_a_background_that_was_left_alone_scores_a_hundred(photo: Image) -> None:
    swapped = photo.copy()
    swapped[MASK > 0] = 0
    assert background_psnr(photo, swapped, MASK) == 100
    assert background_psnr(photo, photo + 10, MASK) == pytest.approx(
        10 * np.log10(255**2 / 100), abs=0.01
    )
    assert background_psnr(photo, photo, np.ones_like(MASK)) is None


def test_a_blur_takes_detail_and_half_the_contrast_half_of_it(photo: Image) -> None:
    half = (photo // 2 + 60).astype(np.uint8)
    assert sharpness_ratio(photo, photo, MASK, 60) == 1
    assert sharpness_ratio(photo, half, MASK, 60) == pytest.approx(0.5, abs=0.01)
    blurred = cv2.GaussianBlur(photo, (0, 0), 2).astype(np.uint8)
    found = sharpness_ratio(photo, blurred, MASK, 60)
    assert found is not None and found < 0.25


def test_detail_outside_the_face_and_flat_photos_do_not_count(photo: Image) -> None:
    outside = photo.copy()
    outside[MASK == 0] = 0
    inner = np.asarray(cv2.erode(MASK, np.ones((15, 15))), np.float32)
    assert sharpness_ratio(photo, outside, inner, 60) == pytest.approx(1, abs=0.01)
    assert sharpness_ratio(np.full_like(photo, 90), photo, MASK, 60) is None


def test_a_cast_is_the_distance_in_chroma() -> None:
    assert colour_cast(flat(10, 15), flat(13, 19), MASK) == pytest.approx(5, abs=1e-3)
    assert local_colour_cast(flat(10, 15), flat(13, 19), MASK, 50) == pytest.approx(5, abs=1e-3)
    darker = flat(10, 15) - np.array([20, 0, 0], np.float32)
    assert colour_cast(flat(10, 15), darker, MASK) == pytest.approx(0, abs=1e-4)


def test_opposite_casts_of_forehead_and_chin_show_region_by_region() -> None:
    two = flat(np.where(Y < 59.5, 6.0, -6.0), 0)
    assert colour_cast(flat(0, 0), two, MASK) < 0.3
    assert 4 < local_colour_cast(flat(0, 0), two, MASK, 50) < 6

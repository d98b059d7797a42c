import numpy as np
import pytest

from zoo.evaluation.measures.luminance_correlation import luminance_correlation

SIDE = 120
LANDMARKS = np.zeros((68, 2), np.float32)
LANDMARKS[36], LANDMARKS[45] = (35, 50), (85, 50)  # 50 px apart: the blur has 10 px
Y, X = np.mgrid[:SIDE, :SIDE].astype(np.float32)
MASK = (((X - 60) ** 2 + (Y - 60) ** 2) < 50**2).astype(np.float32)


def grey(plane: np.ndarray) -> np.ndarray:
    return np.repeat(np.clip(plane, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


LIT_FROM_THE_RIGHT = grey(60 + X)


def test_the_same_light_correlates_fully_whatever_its_strength() -> None:
    assert luminance_correlation(LIT_FROM_THE_RIGHT, grey(90 + X / 2), MASK, LANDMARKS) > 0.999


def test_light_from_the_other_side_correlates_negatively() -> None:
    lit_from_the_left = grey(180 - X)
    assert luminance_correlation(LIT_FROM_THE_RIGHT, lit_from_the_left, MASK, LANDMARKS) < -0.999


def test_light_from_above_does_not_correlate() -> None:
    assert abs(luminance_correlation(LIT_FROM_THE_RIGHT, grey(60 + Y), MASK, LANDMARKS)) < 0.02


def test_fine_detail_does_not_count() -> None:
    stripes = 40 * ((X // 2) % 2) - 20
    detailed = grey(60 + X + stripes)
    assert luminance_correlation(LIT_FROM_THE_RIGHT, detailed, MASK, LANDMARKS) > 0.99


def test_what_lies_outside_the_mask_does_not_count() -> None:
    other = LIT_FROM_THE_RIGHT.copy()
    other[MASK == 0] = 255 - other[MASK == 0]
    assert luminance_correlation(LIT_FROM_THE_RIGHT, other, MASK, LANDMARKS) == pytest.approx(1.0)


def test_a_flat_face_correlates_with_nothing() -> None:
    flat = grey(np.full((SIDE, SIDE), 128.0))
    assert luminance_correlation(LIT_FROM_THE_RIGHT, flat, MASK, LANDMARKS) == 0
    assert luminance_correlation(flat, flat, np.zeros_like(MASK), LANDMARKS) == 0

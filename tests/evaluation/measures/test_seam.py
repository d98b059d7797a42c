import numpy as np
import pytest

from zoo.evaluation.measures.seam import seam
from zoo.photos.image import Plane

SIDE = 160
Y, X = np.mgrid[:SIDE, :SIDE].astype(np.float32)
RADIUS = np.hypot(X - 80, Y - 80)
FEATHERED = ((55 - RADIUS) / 11).clip(0, 1).astype(np.float32)
"""A round mask of 55 px whose rim, where it is one half, lies at 49.5 px."""


def plain(lightness: np.ndarray | float) -> Plane:
    lab = np.zeros((SIDE, SIDE, 3), np.float32)
    lab[..., 0] = lightness
    return lab


def test_nothing_changed_is_one() -> None:
    noisy = plain(np.random.default_rng(0).uniform(20, 80, (SIDE, SIDE)))
    assert seam(noisy, noisy, FEATHERED) == 1


def test_a_step_at_the_rim_is_its_size_over_a_plain_input() -> None:
    hard = plain(np.where(RADIUS < 49.5, 60.0, 50.0))
    found = seam(plain(50), hard, FEATHERED)
    # Ten steps of lightness within one or two samples, and one that is added.
    assert found is not None and 5 < found < 11


def test_a_feather_hides_most_of_it() -> None:
    hard = seam(plain(50), plain(np.where(RADIUS < 49.5, 60.0, 50.0)), FEATHERED)
    soft = seam(plain(50), plain(50 + 10 * FEATHERED), FEATHERED)
    assert hard is not None and soft is not None
    assert soft < 0.45 * hard


def test_an_edge_that_was_there_is_no_seam() -> None:
    outline = plain(np.where(RADIUS < 49.5, 70.0, 20.0))
    lighter = outline + plain(4) * (RADIUS < 45)[..., None]
    assert seam(outline, lighter, FEATHERED) == pytest.approx(1, abs=0.05)


def test_a_blurred_edge_is_less_than_one() -> None:
    outline = plain(np.where(RADIUS < 49.5, 70.0, 20.0))
    blurred = plain(20 + 50 * FEATHERED)
    found = seam(outline, blurred, FEATHERED)
    assert found is not None and found < 0.5


def test_no_rim_has_no_seam() -> None:
    assert seam(plain(50), plain(60), np.zeros((SIDE, SIDE), np.float32)) is None
    assert seam(plain(50), plain(60), np.ones((SIDE, SIDE), np.float32)) is None

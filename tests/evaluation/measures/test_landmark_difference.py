import numpy as np
import pytest

from zoo.evaluation.measures.landmark_difference import landmark_difference


def points(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, 200, (68, 2)).astype(np.float32)


def test_a_shift_of_all_landmarks_is_measured_in_percent_of_the_eyes_distance() -> None:
    before = points(0)
    before[36], before[45] = (50, 80), (130, 140)  # 100 px apart
    moved = before + np.array([3, 4], np.float32)
    assert landmark_difference(before, moved) == pytest.approx(5.0, rel=1e-5)
    assert landmark_difference(before, before) == 0


def test_it_is_the_mean_of_single_distances_and_does_not_depend_on_scale() -> None:
    before, after = points(1), points(2)
    eyes = float(np.hypot(*(before[45] - before[36])))
    slow = sum(float(np.hypot(*(b - a))) for a, b in zip(before, after, strict=True)) / 68
    assert landmark_difference(before, after) == pytest.approx(100 * slow / eyes, rel=1e-5)
    assert landmark_difference(3 * before, 3 * after) == pytest.approx(100 * slow / eyes, rel=1e-5)

import numpy as np
import pytest

from zoo.evaluation.measures.psnr import psnr


def test_psnr_of_a_known_error() -> None:
    truth = np.full((8, 8, 3), 100, np.uint8)
    assert psnr(truth + 10, truth) == pytest.approx(10 * np.log10(255**2 / 100))


def test_psnr_counts_only_the_mask() -> None:
    truth = np.full((8, 8, 3), 100, np.uint8)
    image = truth.copy()
    image[:4] = 200
    mask = np.zeros((8, 8), np.float32)
    mask[4:] = 1
    assert psnr(image, truth, mask) == 100
    assert psnr(image, truth) < 15


def test_darker_and_lighter_errors_weigh_the_same() -> None:
    truth = np.full((4, 4, 3), 100, np.uint8)
    assert psnr(truth - 20, truth) == psnr(truth + 20, truth)

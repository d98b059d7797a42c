import numpy as np
import pytest

from zoo.faces.geometry.reference import MIRROR, REFERENCE, mirror_landmarks


def test_the_reference_is_symmetric_and_fills_the_crop() -> None:
    assert np.allclose(mirror_landmarks(REFERENCE), REFERENCE, atol=1e-6)
    assert (REFERENCE > 0.02).all()
    assert (REFERENCE < 0.98).all()
    assert np.ptp(REFERENCE[:, 0]) > 0.75
    bridge_to_chin = REFERENCE[8, 1] - REFERENCE[27, 1]
    assert 0.01 < REFERENCE[17:27, 1].min() - 0.42 * bridge_to_chin < 0.05
    assert (REFERENCE[8, 1], REFERENCE[17:27, 1].min()) == pytest.approx((0.965, 0.274))
    assert REFERENCE.sum(axis=0) == pytest.approx([34, 39.2667], abs=1e-4)


def test_mirrored_landmarks_keep_their_meaning() -> None:
    left_eye, right_eye = slice(36, 42), slice(42, 48)
    turned = REFERENCE + 0.1 * np.random.default_rng(0).normal(size=(68, 2)).astype(np.float32)
    mirrored = mirror_landmarks(turned)
    assert mirrored[left_eye, 0].mean() < mirrored[right_eye, 0].mean()
    assert np.allclose(mirrored[45], (1 - turned[36, 0], turned[36, 1]))
    assert np.allclose(mirrored[8], (1 - turned[8, 0], turned[8, 1]))


def test_mirroring_twice_changes_nothing() -> None:
    assert np.array_equal(MIRROR[MIRROR], np.arange(68))
    pack = np.stack([REFERENCE, REFERENCE * 0.9])
    assert np.allclose(mirror_landmarks(mirror_landmarks(pack)), pack)

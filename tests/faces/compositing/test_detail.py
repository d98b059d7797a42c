"""The swap gets the photo's grain, not its features."""

import cv2
import numpy as np

from zoo.faces.compositing.detail import match_grain, sharpened
from zoo.faces.geometry.reference import REFERENCE
from zoo.photos.image import Plane, Points

SIDE = 200
LANDMARKS: Points = (REFERENCE * SIDE).astype(np.float32)


def smooth() -> Plane:
    ramp = np.linspace(80, 160, SIDE, dtype=np.float32)
    return np.repeat(np.repeat(ramp[None, :, None], SIDE, axis=0), 3, axis=2)


def cheek(image: Plane) -> Plane:
    return image[110:140, 40:70]


def test_grain_is_laid_over_skin() -> None:
    noise = np.random.default_rng(0).normal(scale=1.5, size=(SIDE, SIDE, 1))
    photo = (smooth() + noise).clip(0, 255).astype(np.uint8)
    added, wanted = cheek(match_grain(photo, LANDMARKS, pitch=4.0)), cheek(photo - smooth())
    assert np.corrcoef(added.ravel(), wanted.ravel())[0, 1] > 0.8
    assert 0.4 < added.std() / wanted.std() < 1.1


def test_eyes_and_mouth_of_the_photo_stay_out() -> None:
    noise = np.random.default_rng(0).normal(scale=4, size=(SIDE, SIDE, 1))
    photo = (smooth() + noise).clip(0, 255).astype(np.uint8)
    added = match_grain(photo, LANDMARKS, pitch=4.0)
    for eye in (slice(36, 42), slice(42, 48)):
        x, y = np.rint(LANDMARKS[eye].mean(axis=0)).astype(int)
        assert np.abs(added[y - 2 : y + 3, x - 3 : x + 4]).max() < 0.5


def test_edges_of_the_photo_stay_out() -> None:
    photo = smooth().astype(np.uint8)
    photo[110:140, 55:57] = 0  # a wrinkle far stronger than grain
    added = match_grain(photo, LANDMARKS, pitch=4.0)
    assert np.abs(added[115:135, 55:57]).max() < 2


def test_a_swap_that_is_finer_than_the_photo_gets_no_grain() -> None:
    photo = smooth().astype(np.uint8)
    assert not match_grain(photo, LANDMARKS, pitch=0.8).any()


def test_soft_edges_of_the_swap_become_sharper() -> None:
    step = smooth()
    step[:, SIDE // 2 :] += 60
    soft = np.asarray(cv2.GaussianBlur(step, (0, 0), 0.8), np.float32)
    result = sharpened(soft)
    row = np.s_[20, :, 0]
    assert np.abs(np.diff(result[row])).max() > 1.03 * np.abs(np.diff(soft[row])).max()

"""Jitter counts what trembles, and neither what stays nor what moves with the face."""

import cv2
import numpy as np
import pytest

from zoo.evaluation.measures.jitter import jitter
from zoo.faces.geometry.reference import REFERENCE
from zoo.photos.image import Image, Points

_FRAMES = 7


@pytest.fixture(scope="module")
def shot() -> tuple[list[Image], list[Points]]:
    """A soft pattern that moves evenly through the frames, and the landmarks on it."""
    grain = np.random.default_rng(0).uniform(80, 150, (300, 400, 3)).astype(np.float32)
    pattern = cv2.GaussianBlur(grain, (0, 0), 6)
    frames, landmarks = [], []
    for t in range(_FRAMES):
        moved = cv2.warpAffine(
            pattern,
            np.array([[1, 0, 3 * t], [0, 1, t]], np.float32),
            (400, 300),
            borderMode=cv2.BORDER_WRAP,
        )
        frames.append(np.asarray(moved, np.uint8))
        landmarks.append(np.asarray(REFERENCE * 128 + (100 + 3 * t, 90 + t), np.float32))
    return frames, landmarks


def test_what_equals_its_input_does_not_tremble(shot: tuple[list[Image], list[Points]]) -> None:
    frames, landmarks = shot
    assert jitter(frames, frames, landmarks) == 0


def test_a_mask_that_moves_with_the_face_does_not_tremble(
    shot: tuple[list[Image], list[Points]],
) -> None:
    frames, landmarks = shot
    painted = [_painted(*one, 30.0) for one in zip(frames, landmarks, strict=True)]
    trembling = [
        _painted(frame, points, 30.0 + 10 * (-1) ** t)
        for t, (frame, points) in enumerate(zip(frames, landmarks, strict=True))
    ]
    assert jitter(frames, painted, landmarks) < 0.05 * jitter(frames, trembling, landmarks)


def test_light_that_alternates_counts_by_twice_its_amplitude(
    shot: tuple[list[Image], list[Points]],
) -> None:
    """S_t = ±a: S_t − (S_{t-1} + S_{t+1}) / 2 = ±2a. Near mid-grey, 1 grey level is 0.4 of L*."""
    grey = [np.full_like(frame, 119) for frame in shot[0]]
    lighter, darker = (np.full_like(grey[0], 119 + d) for d in (5, -5))
    outputs = [lighter if t % 2 else darker for t in range(_FRAMES)]
    assert jitter(grey, outputs, shot[1]) == pytest.approx(2 * 5 * 0.4, rel=0.05)


def _painted(image: Image, landmarks: Points, by: float) -> Image:
    """The face's middle made lighter, softly."""
    x, y = landmarks[30]
    ys, xs = np.mgrid[: image.shape[0], : image.shape[1]]
    spot = by * np.exp(-((xs - x) ** 2 + (ys - y) ** 2) / (2 * 20**2))
    return np.asarray(np.clip(np.rint(image + spot[..., None]), 0, 255), np.uint8)

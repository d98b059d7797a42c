"""Landmarks of tilted heads are those of the upright ones, turned; implausible ones are refused."""

from collections.abc import Sequence

import numpy as np
import pytest

from tests.faces.conftest import Portrait
from tests.faces.turned import turned
from zoo.faces.detection.detector import luminance
from zoo.faces.detection.hog import Detection
from zoo.faces.detection.landmark_fitting import apart, box_of, fit_landmarks, roll_of
from zoo.faces.geometry.alignment import apply


@pytest.mark.parametrize("roll", [-40, -25, 25, 40])
def test_landmarks_turn_with_the_head(portraits: Sequence[Portrait], roll: int) -> None:
    for portrait in portraits[:3]:
        picture, matrix = turned(portrait.render.image, roll)
        expected = apply(matrix, portrait.face.landmarks)
        box = box_of(expected)
        tilted = Detection(box, 1.5, float(np.copysign(30, roll)))
        fit = fit_landmarks(picture, luminance(picture), tilted)
        assert fit is not None
        assert apart(fit.landmarks, expected) < 0.08
        assert abs(roll_of(fit.landmarks) - roll_of(expected)) < 3


def test_a_weak_face_upside_down_is_turned_over(portrait: Portrait) -> None:
    picture, matrix = turned(portrait.render.image, 180)
    expected = apply(matrix, portrait.face.landmarks)
    weak = Detection(box_of(expected), 0.2)
    fit = fit_landmarks(picture, luminance(picture), weak)
    assert fit is not None
    assert apart(fit.landmarks, expected) < 0.06
    assert abs(abs(fit.detection.roll) - 180) < 35


def test_what_is_no_face_is_refused(portrait: Portrait) -> None:
    image = portrait.render.image
    nothing = Detection((0, 150, 90, 240), 0.1)
    assert fit_landmarks(image, luminance(image), nothing) is None


def test_box_and_roll_of_landmarks(portrait: Portrait) -> None:
    landmarks = portrait.face.landmarks
    middle = np.add(box_of(landmarks)[:2], box_of(landmarks)[2:]) / 2
    for roll in (0, 60, 200):
        _, matrix = turned(portrait.render.image, roll)
        moved = apply(matrix, landmarks)
        turn = (roll_of(moved) - roll_of(landmarks) - roll + 180) % 360 - 180
        assert abs(turn) < 0.1
        left, top, right, bottom = box_of(moved)
        expected = apply(matrix, middle.astype(np.float32))
        assert np.abs(np.array([left + right, top + bottom]) / 2 - expected).max() <= 1.5

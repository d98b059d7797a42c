"""Landmarks of tilted heads are those of the upright ones, turned; implausible ones are refused."""

from collections.abc import Sequence

import cv2
import numpy as np
import pytest

from tests.faces.conftest import Portrait
from tests.faces.turned import turned
from zoo.faces.detection.detector import find_faces
from zoo.faces.detection.hog import Detection
from zoo.faces.detection.landmark_fitting import (
    apart,
    are_confirmed,
    averaged,
    box_of,
    fit_landmarks,
    roll_of,
)
from zoo.faces.geometry.alignment import apply
from zoo.faces.geometry.reference import interocular
from zoo.people import random_person, random_scene, render
from zoo.photos.image import Points


def test_landmarks_hardly_depend_on_the_box(portraits: Sequence[Portrait]) -> None:
    spread = {"one fit": 0.0, "the mean": 0.0}
    errors = dict(spread)
    for portrait in portraits[:6]:
        image, truth = portrait.render.image, portrait.render.landmarks
        eyes = interocular(truth)
        left, top, right, bottom = portrait.face.box
        found: dict[str, list[Points]] = {name: [] for name in spread}
        for dx, dy, grown in ((0, 0, 0), (6, 0, 0), (-6, 3, 0), (0, -5, 4), (0, 4, -4)):
            box = (left + dx - grown, top + dy - grown, right + dx + grown, bottom + dy + grown)
            fit = fit_landmarks(image, Detection(box, 1.5))
            assert fit is not None
            found["the mean"].append(averaged(image, fit))
            found["one fit"].append(fit.landmarks)
        for name, landmarks in found.items():
            spread[name] += float(np.std(landmarks, axis=0).mean()) / eyes
            errors[name] += sum(apart(one, truth) for one in landmarks)
    assert spread["the mean"] < 0.75 * spread["one fit"]
    assert errors["the mean"] < errors["one fit"]


@pytest.mark.parametrize("roll", [-40, -25, 25, 40])
def test_landmarks_turn_with_the_head(portraits: Sequence[Portrait], roll: int) -> None:
    for portrait in portraits[:3]:
        picture, matrix = turned(portrait.render.image, roll)
        expected = apply(matrix, portrait.face.landmarks)
        box = box_of(expected)
        tilted = Detection(box, 1.5, float(np.copysign(30, roll)))
        fit = fit_landmarks(picture, tilted)
        assert fit is not None
        assert apart(fit.landmarks, expected) < 0.08
        assert abs(roll_of(fit.landmarks) - roll_of(expected)) < 3


def test_a_weak_face_upside_down_is_turned_over(portrait: Portrait) -> None:
    picture, matrix = turned(portrait.render.image, 180)
    expected = apply(matrix, portrait.face.landmarks)
    weak = Detection(box_of(expected), 0.2)
    fit = fit_landmarks(picture, weak)
    assert fit is not None
    assert apart(fit.landmarks, expected) < 0.06
    assert abs(abs(fit.detection.roll) - 180) < 35


def test_what_is_no_face_is_refused(portrait: Portrait) -> None:
    image = portrait.render.image
    nothing = Detection((0, 150, 90, 240), 0.1)
    assert fit_landmarks(image, nothing) is None


def test_a_mouth_on_the_upper_lip_is_no_landmark(portrait: Portrait) -> None:
    image, landmarks = portrait.render.image, portrait.face.landmarks
    assert are_confirmed(image, landmarks)
    assert are_confirmed(image, landmarks, closely=True)
    eyes = np.linalg.norm(landmarks[45] - landmarks[36])
    raised = landmarks.copy()
    raised[31:36, 1] -= 0.25 * eyes  # as the trees drew one person of benchmarks/rolls.py
    raised[30, 1] -= 0.25 * eyes
    raised[48:, 1] -= 0.3 * eyes
    assert not are_confirmed(image, raised)


def test_whom_the_trees_miss_is_not_drawn_wrong() -> None:
    """They put her mouth on the upper lip, from whatever box they start."""
    made = render(random_person(936), random_scene(936, max_yaw=25), 320)
    wide = cv2.copyMakeBorder(made.image, *(100,) * 4, cv2.BORDER_REFLECT)
    picture, matrix = turned(np.asarray(wide, np.uint8), -60)
    expected = apply(matrix, made.landmarks + 100)
    assert all(apart(face.landmarks, expected) < 0.2 for face in find_faces(picture))


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

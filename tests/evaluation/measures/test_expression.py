import numpy as np
import pytest

from zoo.evaluation.measures.expression import (
    expression_difference,
    eye_opening,
    mouth_kept,
    mouth_opening,
)
from zoo.faces.geometry.reference import REFERENCE
from zoo.people import Scene, random_person, render
from zoo.people.scene import Expression

FACE = 200 * REFERENCE
EYES = float(np.linalg.norm(FACE[45] - FACE[36]))
LOWER_LIP = [55, 56, 57, 58, 59, 65, 66, 67]


def opened(by: float) -> np.ndarray:
    """The face with its lower lip ``by`` percent of the eyes' distance further down."""
    face = FACE.copy()
    face[LOWER_LIP, 1] += by / 100 * EYES
    return face


def test_what_pose_does_to_all_landmarks_is_no_expression() -> None:
    seen = FACE @ np.array([[0.9, 0.2], [-0.1, 1.1]], np.float32) + np.float32(7)
    assert expression_difference(FACE, seen) < 1e-3
    assert expression_difference(FACE, FACE) < 1e-3


def test_an_opened_mouth_is_the_mean_of_what_moved() -> None:
    # 8 of the 38 points that can move.
    assert expression_difference(FACE, opened(10)) == pytest.approx(10 * 8 / 38, rel=1e-3)


def test_openings_are_measured_apart() -> None:
    closed = mouth_opening(FACE)
    assert mouth_opening(opened(12)) == pytest.approx(closed + 12, abs=0.1)
    assert eye_opening(opened(12)) == pytest.approx(eye_opening(FACE))
    assert mouth_opening(3 * opened(12)) == pytest.approx(mouth_opening(opened(12)), rel=1e-4)


def test_a_mouth_that_was_shut_by_the_swap_is_kept_to_its_share() -> None:
    wide, half = opened(20), opened(20)
    half[LOWER_LIP, 1] -= mouth_opening(wide) / 200 * EYES
    assert mouth_kept(wide, wide) == 1
    assert mouth_kept(wide, half) == pytest.approx(0.5, abs=0.05)
    assert mouth_kept(FACE, wide) is None


def test_rendered_mouths_and_eyes_open_as_their_expression_says() -> None:
    person = random_person(1300)

    def landmarks(**movement: float) -> np.ndarray:
        return render(person, Scene(yaw=12, expression=Expression(**movement)), 64).landmarks

    rest = landmarks()
    half, wide = landmarks(mouth_open=0.4), landmarks(mouth_open=0.8)
    assert mouth_opening(rest) < 1
    assert mouth_opening(wide) == pytest.approx(2 * mouth_opening(half), rel=0.15)
    assert eye_opening(landmarks(eyes_closed=1.0)) < 0.15 * eye_opening(rest)
    assert eye_opening(wide) == pytest.approx(eye_opening(rest), abs=0.1)

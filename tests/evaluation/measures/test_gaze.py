import numpy as np
import pytest

from zoo.evaluation.measures.gaze import gaze, gaze_difference
from zoo.people import Render, Scene, random_person, render
from zoo.people.scene import Expression

BALL = 1.68  # cm, the rendered eyeball's radius


def looking(right: float, **movement: float) -> Render:
    scene = Scene(yaw=-8, gaze=(right, 0), expression=Expression(**movement))
    return render(random_person(1101), scene, 224)


def difference(a: Render, b: Render) -> float | None:
    return gaze_difference(a.image, a.landmarks, b.image, b.landmarks)


def test_irises_move_as_far_as_the_rendered_eyes_turn() -> None:
    left, ahead, right = (looking(angle) for angle in (-18, 0, 18))
    width = 2 * left.person.eyes.half_width
    moved = 100 * BALL * 2 * np.sin(np.radians(18)) / width
    assert difference(left, right) == pytest.approx(moved, rel=0.25)
    assert difference(left, ahead) == pytest.approx(moved / 2, rel=0.35)
    assert difference(ahead, ahead) == 0


def test_both_eyes_look_to_the_same_side_of_the_picture() -> None:
    left, right = looking(-18), looking(18)
    for before, after in zip(
        gaze(left.image, left.landmarks), gaze(right.image, right.landmarks), strict=True
    ):
        assert before is not None and after is not None
        assert after - before > 0.2


def test_closed_eyes_look_nowhere() -> None:
    closed = looking(0, eyes_closed=1.0)
    assert gaze(closed.image, closed.landmarks) == (None, None)
    assert difference(looking(0), closed) is None


def test_eyes_beyond_the_picture_look_nowhere() -> None:
    seen = looking(0)
    assert gaze(seen.image, seen.landmarks + np.float32(1000)) == (None, None)

"""The detector over whole pictures turned by known angles, and over one face's place."""

import numpy as np
import pytest

from tests.faces.conftest import Portrait
from tests.faces.turned import turned
from zoo.faces.detection.detector import luminance
from zoo.faces.detection.hog import Detection, contained, look_upright, overlap, search, square
from zoo.faces.detection.landmark_fitting import box_of, roll_of


def centre(detection: Detection) -> np.ndarray:
    left, top, right, bottom = detection.box
    return np.array([left + right, top + bottom]) / 2


@pytest.mark.parametrize("roll", [0, 90, 180, -90, 45, -135])
@pytest.mark.parametrize("scale", [1.0, 0.8])
def test_a_turned_picture_is_searched_at_its_roll(
    portrait: Portrait, roll: int, scale: float
) -> None:
    picture, matrix = turned(portrait.render.image, roll)
    found = search(luminance(picture), scale, roll)
    best = max(found, key=lambda one: one.score)
    left, top, right, bottom = portrait.face.box
    expected = matrix @ ((left + right) / 2, (top + bottom) / 2, 1)
    assert best.score > 0.5
    assert abs(best.roll - roll) in (0, 30)  # the view that sees it best
    assert np.linalg.norm(centre(best) - expected) < 0.1 * (right - left)
    assert best.box[2] - best.box[0] == pytest.approx(right - left, rel=0.25)


@pytest.mark.parametrize("roll", [-30, 30])
def test_tilted_faces_are_told_by_the_view_that_sees_them(portrait: Portrait, roll: int) -> None:
    picture, _ = turned(portrait.render.image, roll)
    best = max(search(luminance(picture)), key=lambda one: one.score)
    assert best.roll == roll


@pytest.mark.parametrize("roll", [0, 40, 110, 180])
def test_a_face_is_seen_in_its_place_turned_upright(portrait: Portrait, roll: int) -> None:
    picture, matrix = turned(portrait.render.image, roll)
    landmarks = (portrait.face.landmarks @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
    place = box_of(landmarks)
    seen = look_upright(luminance(picture), place, roll_of(landmarks))
    assert seen is not None
    assert seen.score > 0.5
    assert abs(seen.roll - roll_of(landmarks)) < 1
    assert overlap(seen.box, place) > 0.6


def test_where_there_is_no_face_none_is_seen(portrait: Portrait) -> None:
    grey = luminance(portrait.render.image)
    assert look_upright(grey, (0, 0, 40, 40), 0.0) is None
    assert look_upright(grey, (-900, -900, -800, -800), 30.0) is None
    upright = look_upright(grey, portrait.face.box, 0.0)
    upside_down = look_upright(grey, portrait.face.box, 180.0)
    assert upright is not None
    assert upside_down is None or upside_down.score < upright.score - 0.5


def test_overlap_and_containment() -> None:
    whole, part, apart = (0, 0, 100, 100), (50, 0, 100, 50), (200, 0, 300, 100)
    assert overlap(whole, part) == 0.25
    assert contained(whole, part) == contained(part, whole) == 1
    assert overlap(whole, apart) == contained(whole, apart) == 0
    assert square(np.array([50.0, 60.0]), 20) == (40, 50, 60, 70)

"""Which searches of a picture are made, with detectors that are made up."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from tests.faces.detection.made_up import EYES, NOTHING, face, five
from zoo.faces.detection import detector, landmark_fitting, yunet
from zoo.faces.detection.detector import Face, find_faces
from zoo.faces.detection.hog import Box, Detection
from zoo.faces.detection.landmark_fitting import (
    Fit,
    roll_of,
)
from zoo.faces.detection.yunet import FivePoints
from zoo.faces.geometry.reference import REFERENCE
from zoo.photos.image import Image


class Whole:
    """The searches of whole pictures, made up: what each sees, and which were asked for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.searched: list[tuple[int, float]] = []
        self.glanced: list[tuple[int, float]] = []
        self.upright: dict[int, list[Detection]] = {}
        self.turned: Callable[[int, float], list[FivePoints]] = lambda side, roll: []
        monkeypatch.setattr(detector, "_search", self._search)
        monkeypatch.setattr(yunet, "search_directions", self._glance)
        monkeypatch.setattr(yunet, "look", lambda *of: None)
        monkeypatch.setattr(detector, "fit_landmarks", self._fit)

    def _search(self, image: Image, grey: Any, side: int, roll: float = 0.0) -> list[Detection]:
        self.searched.append((side, roll))
        return self.upright.get(side, [])

    def _glance(
        self, image: Image, side: int, rolls: Sequence[float]
    ) -> dict[float, list[FivePoints]]:
        self.glanced += [(side, roll) for roll in rolls]
        return {roll: self.turned(side, roll) for roll in rolls}

    def _fit(self, image: Image, one: Detection) -> Fit:
        left, top, right, _ = one.box
        return Fit(face(left, top, right - left, one.roll), one)


@pytest.fixture
def whole(monkeypatch: pytest.MonkeyPatch) -> Whole:
    return Whole(monkeypatch)


def picture(height: int, width: int) -> Image:
    return np.broadcast_to(np.uint8(90), (height, width, 3)).copy()


def at(left: int, top: int, side: int, score: float = 1.0, roll: float = 0.0) -> Detection:
    return Detection((left, top, left + side, top + side), score, roll)


@pytest.mark.parametrize(
    ("size", "sides"), [(300, [300, 600]), (900, [900, 1800]), (1500, [1024, 2048]),
                        (2000, [1024, 2048]), (2100, [1024, 2048, 4096])],
)  # fmt: skip
def test_an_empty_picture_is_searched_at_twice_the_size_while_it_has_the_pixels(
    whole: Whole, size: int, sides: list[int]
) -> None:
    assert find_faces(picture(20, size)) == []
    assert [side for side, _ in whole.searched] == sides
    rolls = [90, -90, 0, 180, 45, -45, 135, -135]
    again = [(side // 4, roll) for side in sides if side > 2048 for roll in rolls]
    assert [roll for _, roll in whole.glanced[:16]] == [*rolls, *rolls]
    assert [side for side, _ in whole.glanced[:16]] == [min(320, size) // 2] * 8 + [320] * 8
    assert set(again) <= set(whole.glanced)
    assert len(whole.glanced) == (16 if not again else 16 + 16)


@pytest.mark.parametrize(
    ("width", "side", "sides"),
    [(1000, 200, [1000]), (1000, 100, [1000]), (3000, 400, [1024]), (3000, 370, [1024, 2048]),
     (3000, 190, [1024, 2048, 3000]),
     (1500, 100, [1024, 1500]), (6000, 100, [1024, 2048, 4096])],
)  # fmt: skip
def test_small_faces_are_looked_at_more_closely_up_to_the_pictures_own_size(
    whole: Whole, width: int, side: int, sides: list[int]
) -> None:
    for one in (1024, 1000):
        whole.upright[one] = [at(0, 0, side)]
    [found] = find_faces(picture(20, width))
    assert found.box == (0, 0, side, side)
    assert [one for one, _ in whole.searched] == sides and whole.glanced == []


def test_of_faces_in_one_place_the_clearest_is_kept_and_the_largest_comes_first(
    whole: Whole,
) -> None:
    whole.upright[800] = [
        at(0, 0, 200, 1.0), at(60, 0, 200, 2.0), at(400, 0, 150, 0.5), at(300, 300, 300, 0.4),
        at(490, 0, 160, 0.3),  # contains 0.4 of the one before
        at(700, 700, 100, 0.2), at(766, 700, 100, 0.1),  # 0.34
    ]  # fmt: skip
    found = find_faces(picture(800, 800))
    assert [one.box[:2] for one in found] == [(300, 300), (60, 0), (400, 0), (700, 700), (766, 700)]
    assert found[0].area == 90_000 and found[3].area == 10_000
    assert found[0].interocular == pytest.approx(300 * EYES, rel=1e-4)
    assert Face((0, 0, 30, 20), REFERENCE).area == 600


def seen(roll: float, score: float, x: float = 0, side: float = 100) -> FivePoints:
    return five(face(x, 20, side, roll), score)


def test_a_lying_face_is_taken_the_way_up_that_is_clear_in_a_small_copy(whole: Whole) -> None:
    clear = seen(90, 0.94)
    whole.turned = lambda side, roll: [clear] if roll == 90 else [seen(0, 0.7)]
    [found] = find_faces(picture(300, 900))
    assert whole.glanced == [(160, 90), (160, -90), (320, 90)]
    assert roll_of(found.landmarks) == pytest.approx(90, abs=1)
    # Then it is looked at more closely in that direction, from a smaller side.
    assert whole.searched == [(900, 0.0), (900, 90)]


@pytest.mark.parametrize(
    ("roll", "direction"),
    [(0, 0), (44, 0), (46, 90), (91, 90), (134, 90), (136, 180), (179, 180), (-44, 0), (-46, 270),
     (-134, 270), (-136, 180)],
)  # fmt: skip
def test_a_face_lies_in_the_nearest_of_four_directions(roll: int, direction: int) -> None:
    assert detector._direction(Fit(face(0, 0, 200, roll), at(0, 0, 200))) == direction


def test_views_that_are_not_clear_are_searched_further(whole: Whole) -> None:
    doubtful = seen(-90, 0.92)
    whole.turned = lambda side, roll: [doubtful] if roll == -90 else []
    assert find_faces(picture(200, 200)) == []  # turned upright, nothing is seen
    rolls = [roll for _, roll in whole.glanced]
    assert rolls == 2 * [90, -90, 0, 180, 45, -45, 135, -135]


def test_of_doubtful_views_in_one_place_the_clearest_of_all_directions_is_taken(
    whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A bearded head upside down: its chin and one eye look like a face at another roll.
    views: dict[float, FivePoints] = {
        0: seen(0, 0.89), -135: seen(-135, 0.92), 90: seen(90, 0.9, 400)
    }  # fmt: skip
    whole.turned = lambda side, roll: [views[roll]] if roll in views else []
    best = {one.place: one for one in views.values()}
    monkeypatch.setattr(yunet, "look", lambda image, *of: best[of[0], of[1]])
    rolls = sorted(roll_of(face.landmarks) % 360 for face in find_faces(picture(300, 900)))
    assert rolls == pytest.approx([90, 225], abs=1)
    # Once the directions are known, the larger copy is searched in as few as show all.
    assert whole.glanced[8:] == [(320, -135), (320, 90), (320, 0)]


def test_of_views_of_one_face_the_best_is_taken(
    whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    views = {0: seen(0, 0.95), 90: seen(90, 0.97), 45: seen(45, 0.9, 400)}
    better = {id(views[45]): seen(45, 0.88, 400)}
    monkeypatch.setattr(
        yunet, "look", lambda image, *of: better[id(views[45])] if of[0][0] > 300 else None
    )
    found = detector._best_views(NOTHING, {roll: [one] for roll, one in views.items()})
    assert [round(one.roll) for one in found] == [90, 45]
    assert [one.score for one in found] == [landmark_fitting.SURE, 0.0]
    assert detector._sees(NOTHING, [views[0]], 0.94) and not detector._sees(NOTHING, [], 0)
    assert not detector._sees(NOTHING, [views[45]], 0.88)
    assert detector._sees(NOTHING, [views[45]], 0.87)
    assert detector._upright(NOTHING, views[0]) is views[0]


def test_proposals_are_looked_at_in_their_places_without_those_that_are_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    proposed = [seen(0, 0.9, x, side) for x, side in ((0, 50), (200, 100), (500, 80))]
    monkeypatch.setattr(yunet, "search", lambda *of: proposed)
    asked: list[tuple[Box, float]] = []

    def look(grey: Any, box: Box, roll: float) -> Detection | None:
        asked.append((box, roll))
        return None if box[0] < 100 else Detection(box, 1.0, roll)

    monkeypatch.setattr(detector, "look_upright", look)
    found = detector.find_upright(NOTHING, NOTHING[..., 0], 320)
    assert [one.box for one in found] == [proposed[1].place[0], proposed[2].place[0]]
    assert [box for box, _ in asked] == [proposed[n].place[0] for n in (1, 2, 0)]
    known = [proposed[2].place[0]]
    assert [one.box for one in detector.examined(NOTHING[..., 0], proposed, known)] == [
        proposed[1].place[0]
    ]


@pytest.mark.parametrize(("side", "by"), [(512, "search"), (513, "find_upright")])
def test_a_small_picture_is_searched_whole_and_a_larger_one_by_proposals(
    side: int, by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Any, ...]] = []
    monkeypatch.setattr(detector, "search", lambda *of: asked.append(("search", *of[-2:])))
    upright = "find_upright"
    monkeypatch.setattr(detector, upright, lambda *of: asked.append((upright, *of[-2:])))
    detector._search(NOTHING, np.zeros((64, 1026), np.uint8), side, 90.0)
    assert asked == [(by, side / 1026 if by == "search" else round(side * 5 / 16), 90.0)]

"""What YuNet and dlib's detector are shown, of pictures whose colours are their coordinates.

The detectors are made up: they note the picture, and see something at given places of it. Where
that is in the photo, the picture's own colours say.
"""

from typing import Any

import dlib
import numpy as np
import pytest
from numpy.typing import NDArray

from zoo.faces.detection import hog, yunet
from zoo.faces.detection.hog import look_upright
from zoo.faces.detection.regression_trees import rotation
from zoo.faces.detection.yunet import FivePoints, look
from zoo.photos.image import Image

WIDTH, HEIGHT = 240, 200


def coordinates() -> Image:
    """Red is x, green y, blue 200."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return np.stack([x, y, np.full_like(x, 200)], axis=-1).astype(np.uint8)


def grey(axis: int) -> NDArray[np.uint8]:
    return np.ascontiguousarray(coordinates()[..., axis])


def at(plane: NDArray[Any], x: float, y: float) -> NDArray[np.float64]:
    """The picture's value between its pixels."""
    x0, y0 = int(np.floor(x)), int(np.floor(y))
    part = plane[y0 : y0 + 2, x0 : x0 + 2].astype(float)
    rows = part[0] * (y0 + 1 - y) + part[1] * (y - y0)
    return np.asarray(rows[0] * (x0 + 1 - x) + rows[1] * (x - x0))


POINTS = np.array([(-6.3, -5), (6, -5.2), (0, 0.7), (-4, 6), (4.4, 5.5)])
"""About a face's middle, pixels of what is looked at."""


class Yunet:
    """Sees its points about each of some places, with these scores."""

    def __init__(self, *seen: tuple[float, float, float]) -> None:
        self.seen, self.shown = seen, list[Image]()

    def run(self, picture: Image) -> list[FivePoints]:
        self.shown.append(picture)
        return [FivePoints(POINTS - POINTS.mean(axis=0) + (x, y), s) for x, y, s in self.seen]


@pytest.mark.parametrize("roll", [0.0, 30.0, -100.0, 180.0])
@pytest.mark.parametrize("side", [96, 160])
def test_yunets_points_are_brought_back_from_a_face_turned_upright(
    monkeypatch: pytest.MonkeyPatch, roll: float, side: int
) -> None:
    made = Yunet((0.52 * side, 0.45 * side, 0.9))
    monkeypatch.setattr(yunet, "_run", made.run)
    box = (90, 70, 140, 120)
    found = look(coordinates(), box, roll, side)
    assert found is not None and found.score == 0.9
    [seen] = made.shown
    assert seen.shape == (side, side, 3) and (seen[..., 2] == 200).all()
    for (x, y), where in zip(found.points, made.run(seen)[0].points, strict=True):
        assert at(seen, *where)[:2] == pytest.approx([x, y], abs=0.6)
    # The middle of the box is in the middle, and the box has 0.45 of what is looked at.
    turn = rotation(roll)
    for along in ((0.0, 0.0), (0.2, 0.0), (0.0, -0.2)):
        there = np.array([115, 95]) + turn @ np.array(along) * 50 / 0.45
        place = side * (np.array(along) + 0.5)
        assert at(seen, *place)[:2] == pytest.approx(there, abs=0.6)


def test_of_what_yunet_sees_near_the_middle_the_best_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reach = 0.45 * 100 / 2
    for away, kept in ((0.97 * reach, 0.8), (1.03 * reach, 0.7)):
        made = Yunet((50, 52, 0.65), (50 + 0.6 * away, 50 - 0.8 * away, 0.8), (48, 50, 0.7),
                     (95, 50, 0.95))  # fmt: skip
        monkeypatch.setattr(yunet, "_run", made.run)
        found = look(coordinates(), (50, 50, 150, 150), 0.0, 100)
        assert found is not None and found.score == kept
    monkeypatch.setattr(yunet, "_run", Yunet().run)
    assert look(coordinates(), (50, 50, 150, 150), 0.0, 100) is None
    assert look(coordinates(), (50, 50, 50, 50), 0.0, 100) is None  # a box without a width


@pytest.mark.parametrize("side", [120, 80, 500])
@pytest.mark.parametrize("roll", [0.0, 90.0, 180.0, 45.0, -135.0])
def test_a_whole_picture_is_reduced_turned_and_found_in_its_own_pixels(
    monkeypatch: pytest.MonkeyPatch, side: int, roll: float
) -> None:
    zoom = min(1.0, side / WIDTH)
    width, height = WIDTH * zoom, round(HEIGHT * zoom)
    turned = np.abs(rotation(roll)) @ (width, height)
    middle = turned / 2
    made = Yunet((middle[0] + 12, middle[1] - 9, 0.9), (middle[0] - 10, middle[1], 0.8))
    monkeypatch.setattr(yunet, "_run", made.run)
    found = yunet.search_directions(coordinates(), side, (roll,))
    assert list(found) == [roll] and [one.score for one in found[roll]] == [0.9, 0.8]
    [seen] = made.shown
    assert seen.shape[1::-1] == pytest.approx(np.ceil(turned - 1e-6))
    most = 0.6 / zoom
    for one, where in zip(found[roll], made.run(seen), strict=True):
        for (x, y), place in zip(one.points, where.points, strict=True):
            assert at(seen, *place)[:2] == pytest.approx([x, y], abs=most)
    upright = rotation(-roll)  # what is to the right in the picture seen was turned by the roll
    for step in ((1.0, 0.0), (0.0, 1.0)):
        before = at(seen, *(middle - np.array(step) * 15))[:2]
        after = at(seen, *(middle + np.array(step) * 15))[:2]
        assert upright @ (after - before) * zoom == pytest.approx(30 * np.array(step), abs=1.2)


def test_a_picture_as_large_as_the_search_is_not_reduced(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Yunet()
    monkeypatch.setattr(yunet, "_run", made.run)
    image = coordinates()
    assert yunet.search(image, WIDTH) == []
    assert np.array_equal(made.shown[0], image)
    yunet.search(np.zeros((3, 900, 3), np.uint8), 90)
    assert made.shown[1].shape == (1, 90, 3)


class Dlib:
    """Sees one box, as dlib's detector does."""

    def __init__(self, box: tuple[int, int, int, int]) -> None:
        self.box, self.shown = box, list[NDArray[np.uint8]]()

    def run(self, picture: NDArray[np.uint8], upsampled: int, threshold: float) -> Any:
        self.shown.append(picture)
        return [dlib.rectangle(*self.box)], [1.0], [0]


@pytest.mark.parametrize("scale", [1.0, 0.5])
@pytest.mark.parametrize("roll", [0.0, 90.0, 180.0, 30.0, -120.0])
def test_dlibs_box_lies_where_the_picture_was_taken_from(
    monkeypatch: pytest.MonkeyPatch, scale: float, roll: float
) -> None:
    turned = np.abs(rotation(roll)) @ (WIDTH * scale, HEIGHT * scale)
    x, y = (turned / 2).round().astype(int)
    made = Dlib((x - 4, y - 19, x + 26, y + 11))
    monkeypatch.setattr(hog, "detector", lambda: made)
    for axis in (0, 1):
        [found] = hog.search(grey(axis), scale, roll)
        left, top, right, bottom = found.box
        middle = ((left + right) / 2, (top + bottom) / 2)
        assert at(made.shown[axis], x + 11, y - 4) == pytest.approx(middle[axis], abs=1.1 / scale)
        assert (right - left, bottom - top) == pytest.approx((30 / scale, 30 / scale), abs=1)
        assert found.roll == roll


@pytest.mark.parametrize("box", [(80, 60, 140, 120), (100, 80, 220, 200), (20, 30, 170, 180)])
@pytest.mark.parametrize("roll", [0.0, 90.0, 30.0, -160.0])
def test_a_face_in_its_place_is_shown_upright_at_the_detectors_size(
    monkeypatch: pytest.MonkeyPatch, box: tuple[int, int, int, int], roll: float
) -> None:
    side = box[2] - box[0]
    centre = np.array([box[0] + box[2], box[1] + box[3]]) / 2
    scale = min(120 / side, 3.0)
    for axis in (0, 1):
        plane = grey(axis)
        first = Dlib((0, 0, 0, 0))
        monkeypatch.setattr(hog, "detector", lambda made=first: made)
        assert look_upright(plane, box, roll) is None
        shown = first.shown[0]
        if roll:
            middle = np.array([120.0, 120.0])
            assert shown.shape == (240, 240)
        else:
            middle = (centre - np.maximum(centre - side, 0).astype(int)) * scale
        x, y = (middle + np.array([6, -5])).round().astype(int)
        half = round(side * scale / 2)
        made = Dlib((x - half, y - half, x + half, y + half))
        monkeypatch.setattr(hog, "detector", lambda made=made: made)
        found = look_upright(plane, box, roll)
        assert found is not None and found.roll == roll
        left, top, right, bottom = found.box
        there = ((left + right) / 2, (top + bottom) / 2)
        assert at(made.shown[0], x, y) == pytest.approx(there[axis], abs=1.3)
        assert right - left == pytest.approx(side, abs=2)
        expected = centre + rotation(roll) @ ((x, y) - middle) / scale
        assert there == pytest.approx(expected, abs=1.1)

"""Which of the detectors' and the trees' answers are believed; all of them are made up."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from tests.faces.detection.made_up import EYES, NOTHING, face, five
from zoo.faces.detection import landmark_fitting, yunet
from zoo.faces.detection.hog import Box, Detection
from zoo.faces.detection.landmark_fitting import (
    Fit,
    apart,
    are_confirmed,
    box_of,
    fit_landmarks,
    radius_of,
    roll_of,
)
from zoo.faces.detection.regression_trees import rotation
from zoo.faces.detection.yunet import FivePoints
from zoo.photos.image import Image, Points


def test_how_far_landmarks_are_off_is_told_in_percent_of_the_eyes_distance() -> None:
    for roll in (0, 30, -100):
        landmarks = face(20, 30, 200, roll)
        assert five(landmarks, 0.9).off(landmarks) == pytest.approx(0, abs=1e-3)
        assert five(landmarks, 0.9, 12).off(landmarks) == pytest.approx(12, abs=1e-3)
    shifted = np.array([[1, 0], [0, 1], [0, 2], [3, 0], [0, 0]])  # 7 in all, of five points
    points = five(face(), 0.9).points + shifted
    assert FivePoints(points, 0.9).off(face()) == pytest.approx(1.4 / EYES, abs=1e-3)
    assert FivePoints(np.ones((5, 2)), 0.9).off(np.ones((68, 2), np.float32)) == 0


def test_five_points_lie_in_dlibs_box_as_its_mean_shape_does() -> None:
    for roll, side in ((0.0, 200.0), (50.0, 80.0), (-170.0, 120.0)):
        corner = np.array([300.0, 200.0])
        points = (yunet._IN_A_BOX - 0.5) @ rotation(roll).T * side + corner
        box, found = FivePoints(points, 0.9).place
        half = side / 2
        assert box == pytest.approx((300 - half, 200 - half, 300 + half, 200 + half), abs=0.51)
        assert found == pytest.approx(roll, abs=1e-6)


class Answers:
    """YuNet and the trees, made up: each ``look`` and each fit gives the next answer."""

    def __init__(self, looks: Sequence[FivePoints | None], fits: Sequence[Points] = ()) -> None:
        self.looks, self.fits = list(looks), list(fits)
        self.asked: list[tuple[Box, float, int]] = []
        self.fitted: list[tuple[Box, float]] = []

    def look(self, image: Image, box: Box, roll: float, side: int) -> FivePoints | None:
        self.asked.append((box, roll, side))
        return self.looks.pop(0)

    def find(self, image: Image, box: Box, roll: float = 0.0) -> Points:
        self.fitted.append((box, roll))
        return self.fits.pop(0)


Ask = Callable[..., Answers]


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Ask:
    def make(looks: Sequence[FivePoints | None], *fits: Points) -> Answers:
        made = Answers(looks, fits)
        monkeypatch.setattr(landmark_fitting, "look", made.look)
        monkeypatch.setattr(landmark_fitting, "find_landmarks", made.find)
        return made

    return make


def sides(made: Answers) -> list[int]:
    return [side for _, _, side in made.asked]


@pytest.mark.parametrize(
    ("off", "closer", "confirmed"),
    [(11.9, None, True), (12.1, 16.4, True), (12.1, 16.6, False), (20, 12, True)],
)
def test_a_glance_confirms_and_else_a_closer_look(
    answers: Ask, off: float, closer: float | None, confirmed: bool
) -> None:
    looks = [five(face(), 0.9, off)] + ([] if closer is None else [five(face(), 0.9, closer)])
    made = answers(looks)
    assert are_confirmed(NOTHING, face()) is confirmed
    assert sides(made) == ([96] if closer is None else [96, 160])
    assert made.asked[0][0] == box_of(face()) and abs(made.asked[0][1]) < 1e-3


def test_closely_only_the_closer_look_counts_and_nothing_seen_confirms_nothing(
    answers: Ask,
) -> None:
    made = answers([five(face(), 0.9, 1)])
    assert are_confirmed(NOTHING, face(), closely=True) and sides(made) == [160]
    made = answers([None, None])
    assert not are_confirmed(NOTHING, face()) and sides(made) == [96, 160]


def fit(made: Answers, score: float, roll: float = 0.0) -> Fit | None:
    return fit_landmarks(NOTHING, Detection((0, 0, 90, 90), score, roll))


def test_a_sure_upright_face_is_fitted_in_the_detectors_box(answers: Ask) -> None:
    for roll in (0, 11.5, -11.5):
        made = answers([five(face(roll=roll), 0.9)], face(roll=roll))
        found = fit(made, 0.6)
        assert found is not None and found.detection == Detection((0, 0, 90, 90), 0.6)
        assert made.fitted == [((0, 0, 90, 90), 0.0)]


@pytest.mark.parametrize("roll", [12.5, -12.5])
def test_a_face_that_turns_out_to_be_tilted_is_fitted_at_its_points(
    answers: Ask, roll: float
) -> None:
    tilted = face(roll=roll)
    made = answers([five(tilted, 0.75)], tilted, tilted)
    found = fit(made, 0.6)
    assert found is not None
    box, turn = five(tilted, 0.75).place
    assert (found.detection.box, found.detection.roll) == (box, turn)
    assert made.asked == [((0, 0, 90, 90), 0.0, 96)] and made.fitted[1] == (box, turn)


def test_a_tilted_face_that_is_contradicted_is_fitted_until_two_agree(answers: Ask) -> None:
    tilted, good = face(roll=30), five(face(roll=30), 0.94)
    wrong = tilted + np.float32(13 / 100 * 100 * EYES)
    for off, agreed in ((0.039, 2), (0.041, 3)):
        near = tilted + np.array((100 * EYES * off, 0), "f4")
        fits = [wrong, tilted, near, near][: agreed + 1]
        made = answers([good, good], *fits)
        found = fit(made, 1.0, 30.0)
        assert found is not None and len(made.fitted) == agreed + 1
        assert np.array_equal(found.landmarks, fits[-1])
        assert made.fitted[2] == (box_of(tilted), roll_of(tilted))


def test_fits_that_never_agree_are_refused(answers: Ask) -> None:
    tilted, good = face(roll=30), five(face(roll=30), 0.94)
    wrong = tilted + np.float32(20)
    for last, believed in ((0.079, True), (0.081, False)):
        steps = [0, 0.5, 0, last]
        fits = [tilted + np.array((100 * EYES * step, 0), "f4") for step in steps]
        made = answers([good, good, good], wrong, *fits)
        found = fit(made, 1.0, 30.0)
        assert (found is not None) is believed
        assert len(made.fitted) == 5


def test_a_weak_face_is_looked_at_from_all_sides_until_one_is_clear(answers: Ask) -> None:
    good = face()
    poor, clear = five(good, 0.8), five(good, 0.94)
    made = answers([None, poor, clear, clear], good, good)
    assert fit(made, 0.59) is not None
    assert [roll for _, roll, _ in made.asked] == [0, 90, 180, pytest.approx(0, abs=1e-3)]
    assert sides(made) == [96, 96, 96, 160]
    seen = [poor, None, five(good, 0.7), poor, *[None] * 4]
    made = answers([*seen, clear, clear], good, good)
    assert fit(made, 0.1) is not None  # the best of eight, seen again in its own place
    assert [roll for _, roll, _ in made.asked[:8]] == [0, 90, 180, 270, 45, 135, 225, 315]
    assert made.asked[8][0] == poor.place[0]
    made = answers([None] * 8)
    assert fit(made, 0.1) is None and len(made.asked) == 8


def test_a_lying_face_that_looks_upright_is_fitted_as_it_lies(answers: Ask) -> None:
    """A photo turned by 105 degrees: 0.855 upright, 0.908 at an odd eighth."""
    upright, lying = five(face(), 0.855), five(face(roll=-135), 0.908)
    made = answers(
        [upright, *[None] * 5, lying, None, lying, lying], face(roll=-135), face(roll=-135)
    )
    found = fit(made, -0.17)
    assert found is not None and found.detection.roll == pytest.approx(-135, abs=0.1)
    assert made.fitted[0][1] == pytest.approx(-135, abs=0.1)


@pytest.mark.parametrize(
    ("first", "again", "believed"),
    [(0.70, 0.76, True), (0.70, 0.74, False), (0.76, 0.70, True), (0.76, None, True),
     (0.74, None, False)],
)  # fmt: skip
def test_the_better_of_two_looks_must_be_good_enough(
    answers: Ask, first: float, again: float | None, believed: bool
) -> None:
    good = face()
    second = None if again is None else five(good, again)
    made = answers([five(good, first), *[None] * 7, second, five(good, 0.9)], good, good)
    assert (fit(made, 0.1) is not None) is believed


def test_boxes_radii_and_distances() -> None:
    points = face(10, 20, 200)
    radius = float(np.sqrt(((points - points.mean(0)) ** 2).sum(1).mean()))
    assert radius_of(points) == pytest.approx(radius)
    x, y = points.mean(0)
    half = 2.73 * radius / 2
    assert box_of(points) == pytest.approx(
        (x - half, y - 0.11 * radius - half, x + half, y - 0.11 * radius + half), abs=0.51
    )
    assert apart(points + np.array((3, 4), "f4"), points) == pytest.approx(
        5 / (200 * EYES), rel=1e-4
    )
    assert apart(np.full((68, 2), 2, np.float32), np.ones((68, 2), np.float32)) == pytest.approx(
        2**0.5
    )
    box = (0, 0, 10, 20)
    for far, there in ((199, True), (201, False)):
        assert landmark_fitting._may_be(np.full((68, 2), -far, np.float32), box) is there
    assert not landmark_fitting._may_be(np.full((68, 2), np.nan, np.float32), box)

"""What the tracker does in each frame, in a made-up world where every face is known.

The detector, the landmark predictor and the flow are answered by the world; nothing is drawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from tests.faces.detection.made_up import five
from zoo.faces.detection import yunet
from zoo.faces.detection.detector import luminance
from zoo.faces.detection.hog import Box, Detection, overlap
from zoo.faces.detection.landmark_fitting import Fit, box_of
from zoo.faces.detection.yunet import FivePoints
from zoo.faces.geometry.pose import FIRST, LANDMARKS
from zoo.faces.geometry.reference import REFERENCE
from zoo.faces.video import tracker as module
from zoo.faces.video.landmark_smoothing import begin
from zoo.faces.video.tracker import Tracker, is_cut, period, searches
from zoo.photos.image import Image, Plane, Points

EMPTY = np.full((90, 160, 3), 90, np.uint8)


def face(x: float, y: float, side: float = 60) -> Points:
    return np.asarray(REFERENCE * side + (x, y), np.float32)


@dataclass
class World:
    """Where faces are, and what was asked."""

    faces: list[Points]
    visible: bool = True  # to the detector; the predictor always draws some landmarks
    score: float = 1.0
    confirmed: bool = True
    doubt: float = 0.0
    flown: tuple[float, float] = (0.0, 0.0)
    measured: tuple[float, float] = (0.0, 0.0)
    proposed: list[FivePoints] = field(default_factory=list)  # by YuNet
    searched: list[int] = field(default_factory=list)
    turned: int = 0
    looked: int = 0
    fitted: int = 0

    def nearest(self, box: Box) -> Points | None:
        best = max(self.faces, key=lambda one: overlap(box_of(one), box), default=None)
        return best if best is not None and overlap(box_of(best), box) > 0 else None

    def search(self, image: Image, side: int) -> list[FivePoints]:
        self.searched.append(side)
        return self.proposed

    def examined(
        self, grey: Any, proposed: Sequence[FivePoints], known: Sequence[Box]
    ) -> list[Detection]:
        seen = self.faces if self.visible else []
        return [Detection(box_of(one), number, 0.0) for number, one in enumerate(seen)]

    def search_turned(self, image: Image) -> list[Detection]:
        self.turned += 1
        return []

    def fit_landmarks(self, image: Image, detection: Detection) -> Fit | None:
        self.fitted += 1
        there = self.nearest(detection.box)
        return None if there is None else Fit(there, detection)

    def find_landmarks(self, image: Image, box: Box, roll: float) -> Points:
        there = self.nearest(box)
        found = face(box[0], box[1]) if there is None else there
        return np.asarray(found + np.array(self.measured, "f4"), np.float32)

    def look_upright(self, grey: Any, box: Box, roll: float) -> Detection | None:
        self.looked += 1
        there = self.nearest(box)
        if there is None or not self.visible:
            return None
        return Detection(box_of(there), self.score)

    def are_confirmed(self, image: Image, landmarks: Points) -> bool:
        return self.confirmed

    def flow(self, before: Any, after: Any, points: Points) -> tuple[Points, Plane]:
        doubt = np.full(68, self.doubt, np.float32)
        return np.full((68, 2), self.flown, np.float32), doubt


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World([face(20, 10)])
    monkeypatch.setattr(yunet, "search", made.search)
    for name in ("examined", "search_turned", "fit_landmarks", "find_landmarks",
                 "look_upright", "are_confirmed", "flow"):  # fmt: skip
        monkeypatch.setattr(module, name, getattr(made, name))
    return made


def test_the_picture_is_searched_every_few_frames_and_closer_every_fourth_time(
    world: World,
) -> None:
    tracker = Tracker(25.0)
    asked: dict[int, int] = {}
    found = []
    for number in range(50):
        world.searched.clear()
        [seen] = tracker.step(EMPTY)
        assert seen.track == 0 and seen.run == 0
        found.append(seen.found)
        if world.searched:
            [asked[number]] = world.searched
    closer = {0: 640, 24: 640, 48: 640}
    assert asked == {**dict.fromkeys(range(0, 50, 6), 320), **closer}
    assert [at for at, it in enumerate(found) if it] == list(range(0, 50, 6))
    assert tracker.shot == 0 and world.turned == 0


def test_searches_go_by_the_frames_number_in_the_video(world: World) -> None:
    tracker = Tracker(25.0)
    tracker.step(EMPTY, 100)
    world.searched.clear()
    for number in (101, 102, 103):
        tracker.step(EMPTY, number)
    assert world.searched == [320]
    for _ in range(17):
        tracker.step(EMPTY)
    assert world.searched == [320, 320, 320, 640]  # 108, 114, 120


def test_lying_faces_are_looked_for_where_nothing_is_seen_and_only_in_a_closer_search(
    world: World,
) -> None:
    world.faces = []
    tracker = Tracker(25.0)
    for _ in range(25):
        assert tracker.step(EMPTY) == []
    assert world.turned == 2  # in frames 0 and 24
    assert world.searched == [640, 320, 320, 320, 640]


def test_a_face_that_is_gone_is_kept_for_two_searches(world: World) -> None:
    tracker = Tracker(25.0)
    tracker.step(EMPTY)
    world.visible = False
    kept = [len(tracker.step(EMPTY)) for _ in range(19)]
    assert kept == [1] * 17 + [0] * 2  # searched in frames 6, 12 and 18
    world.visible = True
    assert [seen.track for _ in range(6) for seen in tracker.step(EMPTY)] == [1, 1]


def test_a_face_that_is_found_again_was_never_missed(world: World) -> None:
    tracker = Tracker(25.0)
    tracker.step(EMPTY)
    for _ in range(3):
        world.visible = False
        for _ in range(12):
            assert len(tracker.step(EMPTY)) == 1
        world.visible = True
        for _ in range(6):
            [seen] = tracker.step(EMPTY)
            assert seen.track == 0


def test_a_weak_answer_in_its_place_is_none(world: World) -> None:
    tracker = Tracker(25.0)
    tracker.step(EMPTY)
    for score, found in ((0.0, True), (-0.1, False)):
        world.score = score
        assert [tracker.step(EMPTY)[0].found for _ in range(6)][-1] is found


@pytest.mark.parametrize(
    ("score", "off", "yaw", "looked"),
    [(0.75, 0, 0, 0), (0.74, 0, 0, 1), (0.9, 11, 0, 0), (0.9, 13, 0, 1), (0.9, 0, 22, 0),
     (0.9, 0, 28, 1), (0.9, 0, -28, 1)],
)  # fmt: skip
def test_the_detector_is_spared_where_yunet_sees_a_followed_face_from_the_front(
    world: World, score: float, off: float, yaw: float, looked: int
) -> None:
    world.faces = [turned(yaw)]
    tracker = Tracker(25.0)
    tracker.step(EMPTY)
    tracker._tracks[0].missed = 1
    world.proposed = [five(face(90, 10), 0.95), five(world.faces[0], score, off)]
    world.visible = False  # to the detector, so that only YuNet's word makes it found
    for _ in range(5):
        tracker.step(EMPTY)
    [seen] = tracker.step(EMPTY)
    assert world.looked == looked
    assert seen.found is (looked == 0)
    assert tracker._tracks[0].missed == 2 * looked


def test_a_face_that_was_lost_is_looked_for_by_the_detector(world: World) -> None:
    tracker = Tracker(25.0)
    tracker.step(EMPTY)
    tracker._tracks[0].lost = True
    world.proposed = [five(world.faces[0], 0.95)]
    tracker._search(EMPTY, luminance(EMPTY))
    assert world.looked == 1 and not tracker._tracks[0].lost


def turned(yaw: float) -> Points:
    """The generic head, turned."""
    landmarks = face(20, 10, 60)
    sine, cosine = np.sin(np.radians(yaw)), np.cos(np.radians(yaw))
    x, y, z = LANDMARKS.T
    landmarks[FIRST:] = np.column_stack([40 + 2 * (x * cosine + z * sine), 35 - 2 * y])
    return landmarks


def test_the_largest_face_comes_first_and_new_ones_get_new_numbers(world: World) -> None:
    world.faces = [face(5, 10, 40), face(80, 5, 70)]
    tracker = Tracker(25.0)
    first = tracker.step(EMPTY)
    assert [seen.track for seen in first] == [0, 1]  # the clearest was begun first: the larger
    assert first[0].state.estimate == pytest.approx(world.faces[1])
    world.faces = [*world.faces, face(45, 50, 30)]
    for _ in range(6):
        last = tracker.step(EMPTY)
    assert [seen.track for seen in last] == [0, 1, 2]
    assert [seen.found for seen in last] == [True] * 3


def test_what_is_followed_is_not_begun_again(world: World) -> None:
    tracker = Tracker(25.0)
    tracker.step(EMPTY)
    box = box_of(world.faces[0])
    assert tracker._is_followed(box)
    side = box[2] - box[0]
    for share, followed in ((0.5, True), (0.56, False)):  # overlaps of 0.33 and 0.28
        moved = round(share * side)
        assert tracker._is_followed((box[0] + moved, box[1], box[2] + moved, box[3])) is followed
    world.fitted = 0
    for _ in range(6):
        tracker.step(EMPTY)
    assert world.fitted == 0


def test_a_detection_beside_a_face_that_is_followed_begins_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracker = Tracker(25.0)
    tracker.step(EMPTY)
    left, top, right, bottom = box_of(world.faces[0])
    moved = round(0.7 * (right - left))  # an overlap of 0.18, whose landmarks are that face's
    beside = Detection((left + moved, top, right + moved, bottom), 1.0)
    monkeypatch.setattr(module, "examined", lambda *of: [beside])
    for fitted in (world.fit_landmarks, lambda image, detection: None):
        monkeypatch.setattr(module, "fit_landmarks", fitted)
        tracker._search(EMPTY, luminance(EMPTY))
        assert [track.number for track in tracker._tracks] == [0]


def test_two_tracks_that_became_one_face_are_one(world: World) -> None:
    world.faces = [face(5, 10, 60), face(90, 10, 60)]
    tracker = Tracker(25.0)
    tracker.step(EMPTY)
    one, two = tracker._tracks
    left, _, right, _ = box_of(one.state.estimate)
    for share, kept in ((0.27, [0, 1]), (0.23, [0])):  # overlaps of 0.57 and 0.63
        offset = share * (right - left)
        two.state = begin(one.state.estimate + np.array((offset, 0), "f4"))
        tracker._forget()
        assert [track.number for track in tracker._tracks] == kept


@pytest.mark.parametrize(
    ("off", "run", "looked", "searched"),
    [(0.09, 0, 0, 0), (0.11, 0, 1, 0), (0.19, 0, 1, 0), (0.21, 1, 1, 0)],
)
def test_landmarks_that_part_from_their_flow_ask_for_a_look_and_further_on_begin_anew(
    world: World, off: float, run: int, looked: int, searched: int
) -> None:
    tracker = Tracker(25.0)
    tracker.step(EMPTY)
    before = tracker._tracks[0].state.estimate
    world.searched.clear()
    world.measured = (0.47 * 60 * off, 0.0)
    [seen] = tracker.step(EMPTY)  # which follows its flow
    assert (seen.run, world.looked, seen.found) == (0, 0, False)
    assert np.array_equal(seen.state.estimate, before)
    assert np.array_equal(seen.state.variance, seen.state.predicted_variance)
    [seen] = tracker.step(EMPTY)
    assert (seen.run, world.looked, len(world.searched)) == (run, looked, searched)
    assert seen.found is (looked > 0)
    if run:
        assert np.isinf(seen.state.predicted_variance).all()
    else:
        assert np.isfinite(seen.state.predicted_variance).all()
        assert (seen.state.estimate[:, 0] < before[:, 0] + world.measured[0]).all()


def test_where_flow_knows_nothing_a_face_is_lost_from_sight(world: World) -> None:
    tracker = Tracker(25.0)
    tracker.step(EMPTY)
    world.doubt = np.inf
    [seen] = tracker.step(EMPTY)
    assert (seen.run, seen.found, world.looked) == (1, True, 1)
    world.doubt = 0.0
    [seen] = tracker.step(EMPTY)
    assert (seen.run, seen.found, world.looked) == (1, False, 1)  # found, so no longer lost


def test_a_lost_face_that_is_not_in_its_place_is_searched_for(world: World) -> None:
    tracker = Tracker(25.0)
    tracker.step(EMPTY)
    world.searched.clear()
    world.doubt, world.faces = np.inf, []
    [seen] = tracker.step(EMPTY)
    assert not seen.found and world.searched == [320]
    for _ in range(2):
        tracker.step(EMPTY)  # lost, it is searched for in each frame
    assert world.searched == [320] * 3 and tracker._tracks == []


def test_landmarks_that_are_contradicted_begin_anew_where_the_face_is(world: World) -> None:
    tracker = Tracker(25.0)
    tracker.step(EMPTY)
    world.confirmed = False
    for shift, run in ((0.1, 0), (0.5, 1)):
        world.faces = [world.faces[0] + np.array((0.47 * 60 * shift, 0), "f4")]
        world.measured = (-0.47 * 60 * shift, 0.0)  # the predictor stays behind
        for _ in range(5):
            tracker.step(EMPTY)
        world.measured = (0.0, 0.0)
        track = tracker._tracks[0]
        track.run, at = 0, module._in_its_place(track, luminance(EMPTY))
        module._found(track, at, EMPTY)
        assert track.run == run and track.missed == 0 and track.found
        assert track.state.estimate == pytest.approx(world.faces[0], abs=1e-3)
        tracker.step(EMPTY, 3)


def test_a_place_where_no_landmarks_fit_is_a_miss(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracker = Tracker(25.0)
    tracker.step(EMPTY)
    monkeypatch.setattr(module, "fit_landmarks", lambda image, detection: None)
    track = tracker._tracks[0]
    at = module._in_its_place(track, luminance(EMPTY))
    module._found(track, at, EMPTY)
    assert (track.found, track.missed) == (True, 0)  # it is confirmed, so none were asked for
    world.confirmed = False
    module._found(track, at, EMPTY)
    assert (track.found, track.missed, track.lost) == (False, 1, True)
    module._found(track, None, EMPTY)
    assert track.missed == 2


def test_another_size_or_another_scene_is_another_shot(world: World) -> None:
    tracker = Tracker(25.0)
    tracker.step(EMPTY)
    assert tracker.shot == 0
    [seen] = tracker.step(EMPTY[:80])
    assert (tracker.shot, seen.track) == (1, 1)
    scene = EMPTY[:80].copy()
    scene[:40] = 200
    [seen] = tracker.step(scene)
    assert (tracker.shot, seen.track) == (2, 2)
    assert world.searched == [640] * 3
    tracker.step(scene)
    assert tracker.shot == 2


def test_a_cut_differs_much_and_is_unlike() -> None:
    chance = np.random.default_rng(0)
    one, other = (chance.normal(size=(18, 32)).astype(np.float32) for _ in range(2))
    one -= one.mean()
    other -= other.mean() + (one * (other - other.mean())).sum() / (one * one).sum() * one
    one, other = one / one.std(), (other - other.mean()) / other.std()

    def pair(correlation: float, difference: float) -> tuple[Plane, Plane]:
        after = correlation * one + np.sqrt(1 - correlation**2) * other
        gain = difference / np.abs(one - after).mean()
        return np.asarray(gain * one + 100, np.float32), np.asarray(gain * after + 100, np.float32)

    for correlation, difference, cut in (
        (0.55, 18.5, True), (0.65, 18.5, False), (0.55, 17.5, False), (0.0, 40, True),
        (-0.9, 30, True), (-0.9, 10, False), (0.9, 60, False),
    ):  # fmt: skip
        assert is_cut(*pair(correlation, difference)) is cut
    flat = np.full((18, 32), 50, np.float32)
    assert is_cut(flat, flat + 30) and not is_cut(flat, flat + 10)


def test_searches_are_a_quarter_of_a_second_apart_and_a_dozen_frames_at_most() -> None:
    rates = (1, 2, 10, 25, 50, 60, 240)
    assert [searches(rate) for rate in rates] == [1, 1, 2, 6, 12, 12, 12]
    assert period(10) == 8

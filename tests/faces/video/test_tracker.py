"""Faces followed through frames: found again after a cut, steady in between, and never late."""

import cv2
import numpy as np
import pytest

from tests.clips import moved
from zoo.faces.detection.detector import find_faces
from zoo.faces.detection.landmark_fitting import apart
from zoo.faces.geometry.alignment import apply
from zoo.faces.video.landmark_smoothing import flow, smoothed
from zoo.faces.video.tracker import Tracker, is_cut, period
from zoo.people import named_person, random_scene, render
from zoo.photos.image import AnyArray, Image, Points

COUNT = 30


@pytest.fixture(scope="module")
def portrait() -> Image:
    return render(named_person("ada"), random_scene(0, max_yaw=10), 256).image


@pytest.fixture(scope="module")
def tracked(portrait: Image) -> tuple[list[Image], AnyArray, AnyArray]:
    """Frames, where a noiseless portrait's landmarks are in them, and the smoothed ones."""
    frames, maps = moved(portrait, COUNT)
    still = find_faces(portrait)[0].landmarks
    truth = np.array([apply(matrix, still) for matrix in maps])
    tracker = Tracker(25.0)
    sightings = [tracker.step(frame) for frame in frames]
    assert all(len(seen) == 1 and seen[0].track == 0 for seen in sightings)
    return frames, truth, np.array(smoothed([seen[0].state for seen in sightings]))


def test_smoothed_landmarks_tremble_less_than_half_as_much(
    tracked: tuple[list[Image], AnyArray, AnyArray],
) -> None:
    frames, truth, smooth = tracked
    single = np.array([find_faces(frame)[0].landmarks for frame in frames])
    assert _trembling(smooth - truth) < 0.5 * _trembling(single - truth)
    assert np.abs(smooth - truth).mean() < 1.1 * np.abs(single - truth).mean()


def test_smoothed_landmarks_are_not_late(tracked: tuple[list[Image], AnyArray, AnyArray]) -> None:
    _, truth, smooth = tracked
    x, followed = truth.mean(axis=1)[:, 0], smooth.mean(axis=1)[:, 0]

    def off(lag: int) -> float:
        here = slice(4, COUNT - 4)
        there = slice(4 - lag, COUNT - 4 - lag)
        return float(np.std(followed[here] - x[there]))

    assert off(0) < min(off(1), off(-1))


def test_a_cut_begins_new_tracks(portrait: Image) -> None:
    before, _ = moved(portrait, 3)
    other = render(named_person("bruno"), random_scene(1, max_yaw=10), 256).image
    after, _ = moved(np.ascontiguousarray(other[:, ::-1]), 2)
    nothing = [np.full_like(before[0], 90)] * 2
    tracker = Tracker(25.0)
    tracks = [[s.track for s in tracker.step(f)] for f in [*before, *after, *nothing]]
    assert tracks == [[0], [0], [0], [1], [1], [], []]


def test_a_small_face_in_a_large_picture_is_never_lost(portrait: Image) -> None:
    """The search of the whole picture finds it only at twice the size, which is seldom."""
    tracker = Tracker(25.0)
    for face, _ in zip(*moved(portrait, 26), strict=True):
        picture = np.full((720, 1280, 3), 110, np.uint8)
        small = cv2.resize(face, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
        picture[300 : 300 + small.shape[0], 500 : 500 + small.shape[1]] = small
        assert [seen.track for seen in tracker.step(picture)] == [0]


def test_a_head_that_is_tilted_all_the_way_is_followed(portrait: Image) -> None:
    """From upright to lying on its side, and one that lies from the first frame on."""
    still = find_faces(portrait)[0].landmarks
    for rolls in (range(0, 91, 3), range(90, 111, 3)):
        tracker = Tracker(25.0)
        for roll in rolls:
            matrix = np.asarray(cv2.getRotationMatrix2D((128, 128), -roll, 0.9), np.float64)
            matrix[:, 2] += (32, 0)
            frame = cv2.warpAffine(portrait, matrix, (320, 256), borderMode=cv2.BORDER_REPLICATE)
            [seen] = tracker.step(np.asarray(frame, np.uint8))
            assert seen.track == 0
            assert apart(seen.state.estimate, apply(matrix, still)) < 0.08


def test_slow_motion_is_searched_as_often_as_smoothing_looks_ahead() -> None:
    assert [period(rate) for rate in (10, 25, 60, 240)] == [8, 24, 48, 48]


def test_motion_and_light_are_no_cut() -> None:
    y, x = np.mgrid[:18, :32]
    picture = (100 + 50 * np.sin(x / 5) + 30 * np.cos(y / 4)).astype(np.float32)
    assert not is_cut(picture, np.roll(picture, 2, axis=1))
    assert not is_cut(picture, picture + 40)
    assert is_cut(picture, picture.T[:18, :18].repeat(2, axis=1)[:, :32][:, ::-1] * 0.3)


def test_flow_follows_a_known_motion(portrait: Image) -> None:
    frames, maps = moved(portrait, 2)
    grid = np.stack(np.meshgrid(np.arange(70, 190, 12), np.arange(80, 200, 12)), axis=-1)
    places: Points = grid.reshape(-1, 2).astype(np.float32)
    before, after = (apply(matrix, places) for matrix in maps)
    greys = [frame.mean(axis=2).astype(np.uint8) for frame in frames]
    found, doubt = flow(greys[0], greys[1], before)
    assert np.abs(before + found - after).mean() < 0.25
    assert np.median(doubt) < 0.2


def _trembling(error: AnyArray) -> float:
    return float(np.sqrt(np.square(error[1:-1] - (error[:-2] + error[2:]) / 2).mean()))

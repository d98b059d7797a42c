"""Who is swapped in a video is a person: followed where they go, whoever crosses their way."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.clips import write_clip
from zoo.errors import NobodyError, UsageError
from zoo.faces.detection.detector import find_faces
from zoo.people import named_person, random_scene, render
from zoo.photos.image import AnyArray, Image
from zoo.photos.video.reader import Video, inspect_video
from zoo.swapping.face_selection import portrait
from zoo.swapping.options import FaceSelection, Portrait, SwapOptions, Who
from zoo.swapping.video.assignment.identity_assignment import Assignment, assign_identities
from zoo.swapping.video.assignment.tracks import Analysis, Track
from zoo.swapping.video.containers.encoding import Codec
from zoo.swapping.video.segment import SegmentOptions, look_at_segment
from zoo.swapping.video.segment_division import segments

WIDTH, HEIGHT, SIZE = 320, 200, 150
FRAMES = 28
HOW = SegmentOptions(Codec("h264", "libx264"), "yuv420p", SwapOptions())


def _cut(name: str, seed: int, size: int) -> tuple[Image, AnyArray]:
    """A head [size, size, 3], and where it is."""
    picture = render(named_person(name), random_scene(seed, max_yaw=10), 256).image
    (face,) = find_faces(picture)
    x, y = face.landmarks.mean(axis=0)
    eyes, mask = face.interocular, np.zeros((256, 256), np.float32)
    oval = (int(eyes), int(1.45 * eyes))
    cv2.ellipse(mask, (int(x), int(y - 0.2 * eyes)), oval, 0, 0, 360, 1.0, -1)
    scale = size / (3.4 * eyes)
    matrix = np.array([[scale, 0, size / 2 - scale * x], [0, scale, 0.55 * size - scale * y]])
    soft = cv2.GaussianBlur(mask, (0, 0), 2)
    head, where = (cv2.warpAffine(one, matrix, (size, size)) for one in (picture, soft))
    return head.astype(np.uint8), where


def _scene(*placed: tuple[tuple[Image, AnyArray], float, float]) -> Image:
    """Heads at these places, the nearest last."""
    picture: AnyArray = np.full((HEIGHT, WIDTH, 3), 110, np.float32)
    for (head, mask), x, y in placed:
        matrix = np.array([[1, 0, x], [0, 1, y]], np.float64)
        there = cv2.warpAffine(mask, matrix, (WIDTH, HEIGHT))[..., None]
        moved = cv2.warpAffine(head, matrix, (WIDTH, HEIGHT)).astype(np.float32)
        picture = picture * (1 - there) + there * moved
    noise = np.random.default_rng(0).normal(0, 2, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def _ada_is_at(frame: int) -> float:
    """How far ada has come from the left to the right."""
    way = frame / (FRAMES - 1)
    return (WIDTH - SIZE) * way * way * (3 - 2 * way)


@pytest.fixture(scope="module")
def crossing(tmp_path_factory: pytest.TempPathFactory) -> Video:
    """Ada walks from left to right behind bruno, who walks from right to left."""
    ada, bruno = _cut("ada", 0, SIZE), _cut("bruno", 1, SIZE)
    frames = [
        _scene((ada, _ada_is_at(t), 20), (bruno, WIDTH - SIZE - _ada_is_at(t), 20))
        for t in range(FRAMES)
    ]
    return inspect_video(write_clip(tmp_path_factory.mktemp("clip") / "crossing.mp4", frames))


@pytest.fixture(scope="module")
def crossed(crossing: Video) -> list[Analysis]:
    """What is seen in it."""
    return [look_at_segment(crossing, part, HOW) for part in segments(crossing, 0, crossing.end, 2)]


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Portrait]:
    """Photos of both, in other scenes."""
    folder, found = tmp_path_factory.mktemp("people"), {}
    for name in ("ada", "bruno"):
        picture = render(named_person(name), random_scene(3, max_yaw=10), 200).image
        cv2.imwrite(str(folder / f"{name}.png"), picture[..., ::-1])
        found[name] = portrait(folder / f"{name}.png")
    return found


def _networks(looked: list[Analysis], made: Assignment) -> dict[int, dict[str, set[int | None]]]:
    """For each frame, the networks that ada's and bruno's faces get in any segment."""
    frames: dict[int, dict[str, set[int | None]]] = {}
    for one in looked:
        for track, trail in one.trails.items():
            for frame, (x, _, _) in zip(trail.frames.tolist(), trail.places, strict=True):
                ada = _ada_is_at(frame) + SIZE / 2
                name = "ada" if abs(x - ada) < abs(x - (WIDTH - ada)) else "bruno"
                role = made.segments[one.number].role(track, frame)
                there = frames.setdefault(frame, {}).setdefault(name, set())
                there.add(None if role is None else role.network)
    return frames


def test_the_tracker_alone_goes_over_to_whom_it_crosses(crossed: list[Analysis]) -> None:
    """Or the next test would show nothing."""
    went = [
        (_ada_is_at(int(trail.frames[0])), float(trail.places[-1, 0]))
        for trail in crossed[0].trails.values()
        if abs(trail.places[0, 0] - _ada_is_at(int(trail.frames[0])) - SIZE / 2) < 15
        and len(trail.frames) == FRAMES
    ]
    assert (
        went and went[0][1] < WIDTH / 2
    )  # from ada's place at the beginning to bruno's at the end


@pytest.mark.parametrize("by", ["photo", "place", "number", "one photo, all others"])
def test_no_face_is_exchanged_at_a_crossing(
    crossed: list[Analysis], known: dict[str, Portrait], by: str
) -> None:
    choices = {
        "photo": (FaceSelection(known["ada"], 0), FaceSelection(known["bruno"], 1)),
        "place": (FaceSelection("left", 0), FaceSelection("right", 1)),
        "one photo, all others": (FaceSelection(known["bruno"], 1), FaceSelection("all", 0)),
    }
    if by == "number":  # who is the larger is the look's to say; 0 and 1 are two people
        numbers = _networks(
            crossed,
            assign_identities(crossed, SwapOptions((FaceSelection(0, 0), FaceSelection(1, 1)))),
        )
        (ada,), (bruno,) = numbers[0]["ada"], numbers[0]["bruno"]
        assert {ada, bruno} == {0, 1}
        choices["number"] = (FaceSelection(ada or 0, 0), FaceSelection(bruno or 0, 1))
    made = assign_identities(crossed, SwapOptions(choices[by]))
    assert made.missing == ()
    frames = _networks(crossed, made)
    apart = [t for t in range(FRAMES) if abs(2 * _ada_is_at(t) - WIDTH + SIZE) > 60]
    assert len(apart) > 16
    for frame in apart:
        assert frames[frame].get("ada", {0}) <= {0}, frame
        assert frames[frame].get("bruno", {1}) <= {1}, frame
    assert frames[0] == frames[FRAMES - 1] == {"ada": {0}, "bruno": {1}}


def test_two_tracks_on_one_face_are_one_person() -> None:
    """Where a track goes over to a face that another one is on already, for a while."""
    rng = np.random.default_rng(0)
    anna, carl = rng.normal(0, 0.06, (2, 128))

    def trail(*parts: tuple[AnyArray, range, tuple[float, float]]) -> Track:
        frames = [frame for _, span, _ in parts for frame in span]
        xs = [x for _, span, ends in parts for x in np.linspace(*ends, len(span))]
        shown = [who for who, span, _ in parts for _ in span]
        places = np.array([(x, 100, 30) for x in xs], np.float32)
        looks = np.array(shown) + rng.normal(0, 0.01, (len(frames), 128))
        return Track(np.array(frames), places, np.array(frames), looks.astype(np.float32))

    first = trail((anna, range(45), (0, 150)), (carl, range(45, 100), (145, 0)))
    second = trail((carl, range(48), (300, 140)))
    third = trail((anna, range(66, 100), (200, 300)))
    whole = Analysis(0, 0, 100, {0: first, 1: second, 2: third})
    halves = [_part(whole, 0, 0, 50, range(68)), _part(whole, 1, 50, 100, range(32, 100))]
    for looked in ([whole], halves):
        made = assign_identities(
            looked, SwapOptions((FaceSelection("left", 0), FaceSelection("right", 1)))
        )
        last = len(looked) - 1
        for at, track, frame, network in (
            (0, 0, 0, 0), (0, 0, 44, 0), (0, 0, 45, 1), (last, 0, 99, 1),
            (0, 1, 0, 1), (0, 1, 47, 1), (last, 2, 66, 0), (last, 2, 99, 0),
        ):  # fmt: skip
            role = made.segments[at].role(track + 10 * at, frame)
            assert role and role.network == network, (at, track, frame)


def _part(whole: Analysis, number: int, first: int, after: int, seen: range) -> Analysis:
    """A segment of it, whose tracker gives numbers of its own."""
    trails = {}
    for track, trail in whole.trails.items():
        there = (trail.frames >= seen.start) & (trail.frames < seen.stop)
        looks = (trail.described >= seen.start) & (trail.described < seen.stop)
        if there.any():
            trails[track + 10 * number] = Track(
                trail.frames[there],
                trail.places[there],
                trail.described[looks],
                trail.descriptors[looks],
            )
    return Analysis(number, first, after, trails)


def test_the_roles_are_remembered(crossed: list[Analysis], known: dict[str, Portrait]) -> None:
    made = assign_identities(
        crossed, SwapOptions((FaceSelection(known["ada"], 1), FaceSelection("all", 0)))
    )
    again = Assignment.from_json(json.loads(json.dumps(made.as_json())))
    assert _networks(crossed, again) == _networks(crossed, made)


def test_who_is_not_in_a_video_is_said(crossed: list[Analysis], known: dict[str, Portrait]) -> None:
    other = Portrait(tuple(np.full(128, 0.3).tolist()), "00", "carl.jpg")
    with pytest.raises(NobodyError, match=r"nobody who looks like the person in carl\.jpg"):
        assign_identities(crossed, SwapOptions((FaceSelection(other),)))
    made = assign_identities(
        crossed, SwapOptions((FaceSelection(other), FaceSelection(known["ada"])))
    )
    assert made.missing == ("the person in carl.jpg",)
    with pytest.raises(UsageError, match="shows 2 people"):
        assign_identities(crossed, SwapOptions((FaceSelection(2),)))
    with pytest.raises(UsageError, match=r"one person who is 'left' and the person in .*ada\.png"):
        assign_identities(
            crossed, SwapOptions((FaceSelection("left", 0), FaceSelection(known["ada"], 1)))
        )


def test_the_largest_is_somebody_and_nobody_when_they_have_left(tmp_path: Path) -> None:
    """Not whoever is the largest then."""
    ada, bruno = _cut("ada", 0, 190), _cut("bruno", 1, 120)
    frames = [_scene((bruno, 190, 40), (ada, -16.0 * max(0, t - 8), 10)) for t in range(22)]
    video = inspect_video(write_clip(tmp_path / "leaving.mp4", frames))
    (part,) = segments(video, 0, video.end, 1)
    looked = look_at_segment(video, part, HOW)

    def swapped(who: Who) -> dict[int, list[bool]]:
        """For each frame, whether those who are swapped are on ada's side."""
        made = assign_identities([looked], SwapOptions((FaceSelection(who),))).segments[0]
        found: dict[int, list[bool]] = {t: [] for t in range(22)}
        for track, trail in looked.trails.items():
            for frame, (x, _, _) in zip(trail.frames.tolist(), trail.places, strict=True):
                if made.role(track, frame):
                    found[frame].append(bool(x < 180))
        return found

    largest, second = swapped("largest"), swapped(1)
    assert all(largest[t] == [True] for t in range(9))
    assert largest[21] == []  # bruno keeps his face
    assert all(second[t] == [False] for t in range(22))

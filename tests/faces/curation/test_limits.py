"""Where a photo, a pack or a collection begins to count: curation's limits, from both sides."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from zoo.errors import IdentityError, PhotoError
from zoo.faces.curation import assessment, content, photo_selection
from zoo.faces.curation.assessment import Assessed, assess, assessment_of
from zoo.faces.curation.coverage import Traits
from zoo.faces.curation.illumination import Illumination
from zoo.faces.curation.photo_selection import (
    AlignSettings,
    Dropped,
    Examined,
    Reason,
    _enough,
    curate_examined,
    examine,
)
from zoo.faces.curation.quality import Seen, sharpness
from zoo.faces.detection.detector import Face
from zoo.faces.geometry.alignment import Aligned
from zoo.faces.geometry.reference import REFERENCE
from zoo.faces.recognition.descriptors import OUTLIER
from zoo.photos.image import Image, Points

SETTINGS = AlignSettings(
    size=64, min_interocular=47.0, min_sharpness=0.0, min_difference=2.0,
    minimum_photos=2, advised_photos=5,
)  # fmt: skip
NOISE = np.random.default_rng(0).integers(0, 256, (300, 300, 3)).astype(np.uint8)


def face(side: float = 100, box: int = 100) -> Face:
    return Face((0, 0, box, box), np.asarray(REFERENCE * side, np.float32))


def look(monkeypatch: pytest.MonkeyPatch, *faces: Face, **more: float) -> Examined | Dropped:
    monkeypatch.setattr(photo_selection, "find_faces", lambda image: list(faces))
    return examine("a.png", NOISE, SETTINGS.model_copy(update=more))


def test_a_photo_is_dropped_from_its_limits_on(monkeypatch: pytest.MonkeyPatch) -> None:
    good = look(monkeypatch, face(101))
    assert isinstance(good, Examined)
    assert good.aligned.image.shape == (64, 64, 3) and good.face.interocular > 47
    assert isinstance(look(monkeypatch, face(101), face(50, 77)), Examined)  # 0.593 of the area
    several = look(monkeypatch, face(101), face(50, 78), face(50, 90))  # 0.608, and more
    assert several == Dropped("a.png", Reason.SEVERAL, "3; crop it to the person")
    equally = look(monkeypatch, face(101), Face((0, 0, 60, 100), face().landmarks))
    assert isinstance(equally, Dropped) and equally.detail.startswith("2;")
    small = look(monkeypatch, face(90))
    assert small == Dropped("a.png", Reason.SMALL, "42 of 47 pixels between the eyes")
    width = face(101).interocular
    assert isinstance(look(monkeypatch, face(101), min_interocular=width), Examined)
    sharp = sharpness(good.aligned.image)
    assert isinstance(look(monkeypatch, face(101), min_sharpness=sharp), Examined)
    blurred = look(monkeypatch, face(101), min_sharpness=sharp + 0.01)
    assert blurred == Dropped(
        "a.png", Reason.BLURRED, f"sharpness {sharp:.2f} of {sharp + 0.01:.2f}"
    )
    assert look(monkeypatch) == Dropped("a.png", Reason.NO_FACE)


def test_reasons_are_words() -> None:
    assert Dropped("a", Reason.REPEATED, "b.png").reason == "near-duplicate of b.png"
    assert Dropped("a", Reason.SMALL, "4 of 5").reason == "face too small: 4 of 5"
    assert Dropped("a", Reason.NO_FACE).reason == "no face"


def test_photos_are_enough_as_advised_few_below_and_too_few_below_the_minimum() -> None:
    dropped = [Dropped("x", Reason.SMALL), Dropped("y", Reason.NO_FACE), Dropped("z", Reason.SMALL)]
    assert _enough("ada", 5, dropped, SETTINGS) is None
    assert _enough("ada", 4, dropped, SETTINGS) == (
        "ada has 4 usable photos of 7 (2 face too small, 1 no face); 5 or more, of varied poses "
        "and light, are advised."
    )
    warning = _enough("ada", 2, [], SETTINGS)
    assert warning is not None and warning.startswith("ada has 2 usable photos of 2; 5 or more")
    with pytest.raises(IdentityError, match=r"1 usable photos of 1; at least 2 are needed: add"):
        _enough("ada", 1, [], SETTINGS)


def aligned(seed: int, landmarks: Points = REFERENCE) -> Aligned:
    crop = np.random.default_rng(seed).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    return Aligned(crop, np.asarray(landmarks, np.float32), np.eye(2, 3))


def test_examined_photos_are_packed_without_near_duplicates() -> None:
    photos: list[tuple[str, Aligned | Dropped]] = [
        ("a", aligned(0)), ("b", Dropped("b", Reason.NO_FACE)),
        ("c", aligned(0)), ("d", aligned(1)),
    ]  # fmt: skip
    found = curate_examined("ada", photos, SETTINGS)
    assert (found.pack.names, found.pack.sources) == (["a", "d"], ["ada", "ada"])
    assert found.dropped == [Dropped("b", Reason.NO_FACE), Dropped("c", Reason.REPEATED, "a")]
    assert np.array_equal(found.pack.faces[1], aligned(1).image) and found.chips == []


@pytest.mark.parametrize(
    ("grey", "moved", "twin"),
    [(1.9, 0, True), (2.1, 0, False), (0, 0.0079, True), (0, 0.0081, False), (3, 0.02, False)],
)
def test_a_twin_is_as_alike_in_pixels_and_landmarks(grey: float, moved: float, twin: bool) -> None:
    seen = Seen(2.0)
    crop = np.full((32, 32, 3), 100, np.uint8)
    seen.add("first", crop, REFERENCE)
    other = crop + np.uint8(int(grey))
    other.reshape(-1, 3)[: round(1024 * (grey % 1))] += 1  # a part of the pixels by one more
    landmarks = REFERENCE + np.array((0.6 * moved, 0.8 * moved), "f4")
    assert (seen.twin_of(other, landmarks) == "first") is twin


def test_however_many_faces_were_seen_each_is_known_again() -> None:
    seen = Seen(2.0)

    def look(number: int) -> tuple[Image, Points]:
        return np.full((32, 32, 3), number, np.uint8), REFERENCE + np.float32(0.02 * (number % 7))

    for number in range(130):
        seen.add(str(number), *look(number))
    for number in (0, 5, 62, 63, 64, 65, 126, 127, 128, 129):
        assert seen.twin_of(*look(number)) == str(number)
    assert seen.twin_of(look(20)[0], look(23)[1]) is None and seen.twin_of(*look(140)) is None


def test_sharpness_is_the_laplacians_spread_over_the_lumas_on_the_face() -> None:
    smooth = cv2.GaussianBlur(NOISE[:128, :128], (0, 0), 1.5)
    luma = cv2.cvtColor(smooth, cv2.COLOR_RGB2GRAY).astype(np.float64)
    inner, edges = [], []
    for y in range(1, 127):
        for x in range(1, 127):
            if (((x + 0.5) / 128 - 0.5) / 0.36) ** 2 + (((y + 0.5) / 128 - 0.55) / 0.4) ** 2 < 1:
                inner.append(luma[y, x])
                around = luma[y - 1, x] + luma[y + 1, x] + luma[y, x - 1] + luma[y, x + 1]
                edges.append(around - 4 * luma[y, x])
    expected = float(np.std(edges) / (np.std(inner) + 1e-3))
    assert sharpness(np.asarray(smooth, np.uint8)) == pytest.approx(expected, rel=1e-4)
    quarter = cv2.resize(smooth, (64, 64), interpolation=cv2.INTER_AREA)
    drawn = cv2.resize(
        cv2.cvtColor(quarter, cv2.COLOR_RGB2GRAY), (128, 128), interpolation=cv2.INTER_LINEAR
    )
    again = np.repeat(drawn[..., None], 3, axis=2).astype(np.uint8)
    found = sharpness(np.asarray(quarter, np.uint8))
    assert found == pytest.approx(sharpness(again), rel=0.02)
    double = cv2.resize(smooth, (256, 256), interpolation=cv2.INTER_NEAREST)  # averages back
    assert sharpness(np.asarray(double, np.uint8)) == pytest.approx(expected, rel=1e-4)


USUAL = Traits(0.0, 0.0, 0.02, Illumination(0.0, 55.0), 100.0)


def assessed(name: str, distance: float | None = None, reason: Reason | None = None) -> Assessed:
    dropped = Dropped(name, reason) if reason else None
    return Assessed(name, dropped, None if dropped else USUAL, None, distance)


def test_photos_are_usable_rejected_or_someone_elses() -> None:
    photos = [
        assessed("near", OUTLIER), assessed("far", OUTLIER + 0.1), assessed("farther", 0.9),
        assessed("small", None, Reason.SMALL), assessed("cut", None, Reason.UNREADABLE),
        assessed("twin", 0.95, Reason.REPEATED), assessed("again", 0.1, Reason.REPEATED),
        assessed("alone"),
    ]  # fmt: skip
    found = assessment_of(photos, SETTINGS, 64)
    assert [one.photo for one in found.usable] == ["near", "alone"]
    assert [one.photo for one in found.outliers] == ["twin", "farther", "far"]
    assert [one.photo for one in found.rejected] == ["small", "cut", "again"]
    assert [one.photo for one in photos if not one.readable] == ["cut"]
    assert found.coverage.photos == 2 and found.advice[0].startswith("Add about 3 more")
    summary = found.summary()
    assert summary["usable"] == 2 and summary["advice"] == found.advice
    assert summary["rejected"][0] == {"photo": "small", "reason": "face too small"}
    assert summary["outliers"] == [
        {"photo": "twin", "distance": 0.95}, {"photo": "farther", "distance": 0.9},
        {"photo": "far", "distance": 0.64},
    ]  # fmt: skip
    assert summary["coverage"] == {
        "pose": [[0] * 5, [0, 0, 2, 0, 0], [0] * 5], "light": [0, 2, 0], "open_mouths": 0,
        "dim": 0, "bright": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("shape", "top", "left"), [((96, 192), 24, 0), ((60, 30), 0, 24), ((300, 300), 0, 0)]
)
def test_a_thumbnail_is_the_whole_picture_in_the_middle_of_grey(
    shape: tuple[int, int], top: int, left: int
) -> None:
    small = assessment._thumbnail(np.full((*shape, 3), (200, 10, 10), np.uint8))
    assert small.shape == (96, 96, 3)
    inside = np.zeros((96, 96), bool)
    inside[top : 96 - top, left : 96 - left] = True
    assert (small[inside] == (200, 10, 10)).all() and (small[~inside] == 128).all()
    assert assessment._thumbnail(np.zeros((1, 1000, 3), np.uint8)).shape == (96, 96, 3)


def test_distances_and_twins_are_of_the_photos_they_belong_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Seven near ones, one far away, one without a face between them, one that repeats."""
    chance = np.random.default_rng(0)
    near = [chance.normal(0, 0.01, 128).astype(np.float32) for _ in range(8)]
    near[5] += np.float32(0.1)  # 1.1 away
    looks = [
        assessment._Look(assessed(f"{n}"), aligned(n).image, REFERENCE, one)
        for n, one in enumerate(near)
    ]
    looks.insert(2, assessment._Look(assessed("none", reason=Reason.NO_FACE)))
    looks.append(assessment._Look(assessed("copy"), aligned(3).image, REFERENCE, near[3]))
    monkeypatch.setattr(assessment, "_looks", lambda *_: iter(looks))
    done: list[int] = []
    found = assess({}, SETTINGS, 64, done.append)
    assert done == list(range(1, 11))
    assert [one.photo for one in found.outliers] == ["5"]
    assert found.photos[6].distance == pytest.approx(1.13, abs=0.05)
    assert found.photos[2].distance is None
    assert found.photos[9].dropped == Dropped("copy", Reason.REPEATED, "3")
    assert [one.dropped for one in found.photos[:2]] == [None, None]


@pytest.mark.parametrize(("module", "each"), [(content, 40), (assessment, 8)])
@pytest.mark.parametrize("factor", [1, 2, 3])
def test_processes_are_started_when_there_is_work_for_two(
    module: Any, each: int, factor: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[int] = []

    class Pool:
        def __init__(self, processes: int) -> None:
            started.append(processes)

        def __enter__(self) -> "Pool":
            return self

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(module, "ProcessPool", Pool)
    monkeypatch.setattr(module, "in_order", lambda pool, items, look, lost: iter(items))
    monkeypatch.setattr(module, "available_cores", lambda: 16)
    monkeypatch.setattr(module, "_look", lambda *_, **__: "looked")

    def run(count: int, processes: int | None) -> int:
        named = {str(number): Path("a.png") for number in range(count)}
        started.clear()
        if module is content:
            found = list(content._looked_at(named, 64, processes))
        else:
            found = list(assessment._looks(named, SETTINGS, processes))  # type: ignore[arg-type]
        assert len(found) == count
        return started[0] if started else 1

    assert run(factor * each, None) == factor
    assert run(factor * each - 1, None) == max(factor - 1, 1)
    assert run(each * 20, None) == (16 if module is content else 8)
    assert run(each * 20, factor) == factor


def test_a_photo_whose_process_died_is_named() -> None:
    with pytest.raises(PhotoError, match=r"b\.png: it died, perhaps because memory ran out; free"):
        content.lost(("a", Path("b.png")), "it died")

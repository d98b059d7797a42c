import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import dlib
import numpy as np
import pytest

from tests.faces.conftest import Portrait
from zoo.errors import AssetError
from zoo.faces.detection import dlib_models
from zoo.faces.detection.dlib_format import parse
from zoo.faces.detection.hog import Box
from zoo.faces.detection.landmark_fitting import find_landmarks
from zoo.faces.detection.regression_trees import RegressionTrees, predict
from zoo.photos.image import Image, Points
from zoo.settings import cache_folder


@pytest.fixture(scope="module")
def dlibs_own() -> dlib.shape_predictor:
    return dlib.shape_predictor(str(dlib_models.model_file(dlib_models.LANDMARKS)))


@pytest.fixture(scope="module")
def unpacked_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache of this module's own, with the model in it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZOO_CACHE", str(tmp_path_factory.mktemp("cache")))
        dlib_models.landmark_trees.__wrapped__()
        yield cache_folder()


@pytest.fixture
def unpacked(unpacked_once: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The same, read anew by each test."""
    monkeypatch.setenv("ZOO_CACHE", str(unpacked_once))
    dlib_models.landmark_trees.cache_clear()
    yield unpacked_once
    dlib_models.landmark_trees.cache_clear()


@pytest.fixture
def face(portrait: Portrait) -> tuple[Image, Box, Points]:
    """A picture, its face's box and the landmarks of a fit from there."""
    image, box = portrait.render.image, portrait.face.box
    landmarks = find_landmarks(image, box)
    dlib_models.landmark_trees.cache_clear()  # the next fit reads the files again
    return image, box, landmarks


def dlibs_landmarks(predictor: dlib.shape_predictor, portrait: Portrait) -> Points:
    found = predictor(portrait.render.image, dlib.rectangle(*portrait.face.box))
    return np.array([(point.x, point.y) for point in found.parts()], np.float32)


def test_landmarks_are_dlibs_with_their_fractions(
    portraits: Sequence[Portrait], dlibs_own: dlib.shape_predictor
) -> None:
    for portrait in portraits:
        ours = predict(dlib_models.landmark_trees(), portrait.render.image, portrait.face.box)
        assert np.array_equal(np.floor(ours + 0.5), dlibs_landmarks(dlibs_own, portrait))
        assert (ours != np.round(ours)).mean() > 0.9


def test_a_box_half_outside_the_photo_gives_dlibs_landmarks_too(
    portrait: Portrait, dlibs_own: dlib.shape_predictor
) -> None:
    left, top, right, bottom = portrait.face.box
    photo = np.ascontiguousarray(portrait.render.image[:, (left + right) // 2 :])
    box = (left - (left + right) // 2, top, right - (left + right) // 2, bottom)
    found = dlibs_own(photo, dlib.rectangle(*box))
    expected = np.array([(point.x, point.y) for point in found.parts()])
    ours = predict(dlib_models.landmark_trees(), photo, box)
    assert np.array_equal(np.floor(ours + 0.5), expected)


def test_the_unpacked_model_is_memory_mapped_and_equals_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path))
    fresh = dlib_models.landmark_trees.__wrapped__()
    again = dlib_models.landmark_trees.__wrapped__()
    assert isinstance(again.leaves.base, np.memmap)
    assert np.array_equal(fresh.leaves, again.leaves)

    [damaged] = tmp_path.rglob("leaves.npy")
    damaged.write_bytes(damaged.read_bytes()[:1000])
    repaired = dlib_models.landmark_trees.__wrapped__()
    assert np.array_equal(repaired.leaves, fresh.leaves)


@pytest.mark.parametrize(  # all arrays are read by the same code, and each takes seconds to make
    ("name", "damage"),
    [
        ("mean_shape", lambda whole: np.zeros(3)),
        ("leaves", lambda whole: np.array(7, whole.dtype)),
        ("leaves", lambda whole: whole.astype(np.int64) - 2**40),
        ("mean_shape", lambda whole: whole.astype(np.complex64)),
        ("mean_shape", lambda whole: np.full_like(whole, 200)),
        ("leaves", lambda whole: np.full_like(whole, 200)),
        ("mean_shape", lambda whole: b"\x93NUMPY\x01\x00\x10\x00{'descr': (((((("),
        ("leaves", lambda whole: b"PK\x05\x06" + bytes(18)),  # an empty archive
    ],
)
def test_a_damaged_array_is_made_again(
    unpacked: Path, face: tuple[Image, Box, Points], name: str, damage: Callable[..., Any]
) -> None:
    (path,) = unpacked.rglob(f"{name}.npy")
    whole = path.read_bytes()
    damaged = damage(np.load(path))
    if isinstance(damaged, bytes):
        path.write_bytes(damaged)
    else:
        np.save(path, damaged)
    image, box, landmarks = face
    try:
        assert np.array_equal(find_landmarks(image, box), landmarks)
        assert path.read_bytes() == whole
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize("value", [np.nan, 3e38])
def test_leaves_that_are_no_numbers_are_made_again(
    unpacked: Path, face: tuple[Image, Box, Points], value: float
) -> None:
    (path,) = unpacked.rglob("leaves.npy")
    whole = path.read_bytes()
    damaged = np.load(path)
    damaged[3] = value
    np.save(path, damaged)
    image, box, landmarks = face
    assert np.array_equal(find_landmarks(image, box), landmarks)
    assert path.read_bytes() == whole


def test_a_fifo_in_the_cache_is_not_waited_for(
    unpacked: Path, face: tuple[Image, Box, Points]
) -> None:
    (path,) = unpacked.rglob("anchors.npy")
    path.unlink()
    os.mkfifo(path)
    image, box, landmarks = face
    assert np.array_equal(find_landmarks(image, box), landmarks)
    assert path.is_file()


def test_without_a_writable_cache_models_still_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, portrait: Portrait
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "file"))
    parsed = dlib_models.landmark_trees()
    monkeypatch.setattr("zoo.faces.detection.dlib_format.parse", lambda path: parsed)
    assert dlib_models.landmark_trees.__wrapped__() is parsed
    assert len(dlib_models.detector.__wrapped__()(portrait.render.image)) == 1


def test_the_unpacked_detector_finds_what_dlibs_own_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, portrait: Portrait
) -> None:
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path))
    own = dlib_models.detector.__wrapped__()
    [file] = tmp_path.rglob("*.svm")
    unpacked = dlib_models.detector.__wrapped__()
    assert own.run(portrait.render.image, 0, 0.0) == unpacked.run(portrait.render.image, 0, 0.0)

    file.write_bytes(b"damaged")
    repaired = dlib_models.detector.__wrapped__()
    assert own.run(portrait.render.image, 0, 0.0) == repaired.run(portrait.render.image, 0, 0.0)


@pytest.mark.parametrize("length", [0, 5, 1000, 2_000_000])
def test_a_damaged_model_is_an_asset_error(tmp_path: Path, length: int) -> None:
    with dlib_models.model_file(dlib_models.LANDMARKS).open("rb") as file:
        (tmp_path / "cut.dat").write_bytes(file.read(length))
    with pytest.raises(AssetError, match=r"cut\.dat"):
        parse(tmp_path / "cut.dat")


def test_arrays_that_do_not_fit_together_are_refused() -> None:
    trees = dlib_models.landmark_trees()
    with pytest.raises(ValueError, match="fit together"):
        RegressionTrees(
            trees.mean_shape, trees.anchors, trees.offsets, trees.splits[:3],
            trees.thresholds, trees.leaves,
        )  # fmt: skip


def test_a_missing_model_names_what_to_install() -> None:
    with pytest.raises(AssetError, match="pip install face_recognition_models"):
        dlib_models.model_file("none.dat")

from collections.abc import Sequence
from pathlib import Path

import dlib
import numpy as np
import pytest

from zoo.errors import AssetError
from zoo.faces import models
from zoo.faces.dlib_format import parse
from zoo.faces.regression_trees import RegressionTrees, predict
from zoo.photos.image import Points

from .conftest import Portrait


@pytest.fixture(scope="module")
def dlibs_own() -> dlib.shape_predictor:
    return dlib.shape_predictor(str(models.model_file(models.LANDMARKS)))


def dlibs_landmarks(predictor: dlib.shape_predictor, portrait: Portrait) -> Points:
    found = predictor(portrait.render.image, dlib.rectangle(*portrait.face.box))
    return np.array([(point.x, point.y) for point in found.parts()], np.float32)


def test_landmarks_are_dlibs_with_their_fractions(
    portraits: Sequence[Portrait], dlibs_own: dlib.shape_predictor
) -> None:
    for portrait in portraits:
        ours = portrait.face.landmarks
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
    ours = predict(models.landmark_trees(), photo, box)
    assert np.array_equal(np.floor(ours + 0.5), expected)


def test_the_unpacked_model_is_memory_mapped_and_equals_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path))
    fresh = models.landmark_trees.__wrapped__()
    again = models.landmark_trees.__wrapped__()
    assert isinstance(again.leaves, np.memmap)
    assert np.array_equal(fresh.leaves, again.leaves)

    [damaged] = tmp_path.rglob("leaves.npy")
    damaged.write_bytes(damaged.read_bytes()[:1000])
    repaired = models.landmark_trees.__wrapped__()
    assert np.array_equal(repaired.leaves, fresh.leaves)


def test_without_a_writable_cache_models_still_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, portrait: Portrait
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "file"))
    parsed = models.landmark_trees()
    monkeypatch.setattr("zoo.faces.dlib_format.parse", lambda path: parsed)
    assert models.landmark_trees.__wrapped__() is parsed
    assert len(models.detector.__wrapped__()(portrait.render.image)) == 1


def test_the_unpacked_detector_finds_what_dlibs_own_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, portrait: Portrait
) -> None:
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path))
    own = models.detector.__wrapped__()
    [file] = tmp_path.rglob("*.svm")
    unpacked = models.detector.__wrapped__()
    assert own.run(portrait.render.image, 0, 0.0) == unpacked.run(portrait.render.image, 0, 0.0)

    file.write_bytes(b"damaged")
    repaired = models.detector.__wrapped__()
    assert own.run(portrait.render.image, 0, 0.0) == repaired.run(portrait.render.image, 0, 0.0)


@pytest.mark.parametrize("length", [0, 5, 1000, 2_000_000])
def test_a_damaged_model_is_an_asset_error(tmp_path: Path, length: int) -> None:
    with models.model_file(models.LANDMARKS).open("rb") as file:
        (tmp_path / "cut.dat").write_bytes(file.read(length))
    with pytest.raises(AssetError, match=r"cut\.dat"):
        parse(tmp_path / "cut.dat")


def test_arrays_that_do_not_fit_together_are_refused() -> None:
    trees = models.landmark_trees()
    with pytest.raises(ValueError, match="fit together"):
        RegressionTrees(
            trees.mean_shape, trees.anchors, trees.offsets, trees.splits[:3],
            trees.thresholds, trees.leaves,
        )  # fmt: skip


def test_a_missing_model_names_what_to_install() -> None:
    with pytest.raises(AssetError, match="pip install face_recognition_models"):
        models.model_file("none.dat")

"""SFace's judgement: cosines, the target, and who judges. No test here needs the weights."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.evaluation.conftest import draw
from zoo.errors import AssetError
from zoo.evaluation.comparison import Subject, compare
from zoo.evaluation.measures import likeness
from zoo.evaluation.measures.descriptor_distance import IN_THE_PHOTO, target_of
from zoo.evaluation.measures.likeness import likeness_of, person_of, recogniser_sha256
from zoo.evaluation.measures.measure import Recogniser
from zoo.faces.detection.detector import find_faces
from zoo.faces.recognition.descriptors import descriptor
from zoo.photos.image import Image, Points
from zoo.storage import sha256_of
from zoo.swapping.network import SwapNetwork


def units(count: int, seed: int = 0) -> np.ndarray:
    found = np.random.default_rng(seed).normal(size=(count, 128)).astype(np.float32)
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)


def test_a_person_is_the_mean_at_length_1() -> None:
    found = units(5)
    mean = person_of(found)
    assert float(np.linalg.norm(mean)) == pytest.approx(1, abs=1e-6)
    assert float(mean @ found.mean(axis=0)) == pytest.approx(
        float(np.linalg.norm(found.mean(axis=0))), abs=1e-6
    )


def test_the_ceiling_leaves_each_photo_out_of_the_mean_it_is_compared_with() -> None:
    found = units(7) + np.float32(0.1)
    found = np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)
    slow = [float(found[i] @ person_of(np.delete(found, i, axis=0))) for i in range(7)]
    assert likeness_of("ada", found).ceiling == pytest.approx(np.mean(slow), abs=1e-5)
    assert likeness_of("ada", found[:1]).ceiling == 1


def test_cosines_are_to_the_target_the_person_in_the_photo_and_the_likest_other() -> None:
    target, person, bruno = np.eye(3, 128, dtype=np.float32)
    judge = likeness_of("ada", target[None], {"bruno": bruno, "ada": target})
    shown = np.zeros(128, np.float32)
    shown[:3] = 0.6, 0.48, 0.64
    assert judge.cosines(shown, person) == {
        "cosine": pytest.approx(0.6),
        "cosine_to_photo": pytest.approx(0.48),
        "cosine_to_other": pytest.approx(0.64),
        "nearest_other_by_cosine": "bruno",
    }
    shown[:3] = 0.6, 0.64, 0.48
    assert judge.cosines(shown, person)["nearest_other_by_cosine"] == IN_THE_PHOTO


def test_the_target_is_no_other_even_when_the_gallery_has_it() -> None:
    target, person = np.eye(2, 128, dtype=np.float32)
    found = likeness_of("ada", target[None], {"ada": target}).cosines(target, person)
    assert (found["cosine"], found["cosine_to_other"]) == (1, 0)


def test_a_swap_is_measured_with_sface_when_it_judges(
    network: Callable[..., SwapNetwork], ada: list[Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = draw(3, 7).image
    target, person = np.eye(2, 128, dtype=np.float32)

    def embedding(image: Image, landmarks: Points) -> np.ndarray:
        """The photo's person before the swap, and half of each after it."""
        return person if np.array_equal(image, photo) else (target + person) / np.sqrt(2)

    monkeypatch.setattr(likeness, "embedding", embedding)
    dlibs = target_of("ada", np.stack([descriptor(one, find_faces(one)[0]) for one in ada]))
    judge = Recogniser(dlibs, {}, likeness_of("ada", target[None]))
    row = compare(Subject("3-7", photo), network(), judge).row
    assert row.unswapped_cosine == 0
    assert row.finished.cosine == pytest.approx(np.sqrt(0.5))
    assert row.finished.cosine_to_photo == pytest.approx(np.sqrt(0.5))
    assert row.finished.nearest_other_by_cosine == IN_THE_PHOTO
    assert row.margin == pytest.approx(0)
    without = compare(Subject("3-7", photo), network(), Recogniser(dlibs, {})).row
    assert (without.finished.cosine, without.unswapped_cosine) == (None, None)


def test_auto_is_dlib_until_the_weights_are_at_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(likeness, "locate", lambda name: None)
    assert recogniser_sha256("auto") is None
    weights = tmp_path / "sface.onnx"
    weights.write_bytes(b"weights")
    monkeypatch.setattr(likeness, "locate", lambda name: weights)
    monkeypatch.setattr(likeness, "fetch", lambda name, download: weights)
    assert recogniser_sha256("auto") == recogniser_sha256("sface") == sha256_of(weights)
    assert recogniser_sha256("dlib") is None


def test_sface_is_fetched_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(name: str, *, download: bool) -> Path:
        assert download
        raise AssetError(f"{name} cannot be had")

    monkeypatch.setattr(likeness, "locate", lambda name: None)
    monkeypatch.setattr(likeness, "fetch", fetch)
    with pytest.raises(AssetError, match="sface cannot be had"):
        recogniser_sha256("sface")

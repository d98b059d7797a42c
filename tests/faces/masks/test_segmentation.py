from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import zoo.people
from tests.faces.conftest import Portrait
from zoo.errors import AssetError
from zoo.faces.geometry.alignment import align
from zoo.faces.masks import segmentation
from zoo.faces.masks.segmentation import segment, skin
from zoo.faces.shipped_session import shipped_session


@pytest.fixture
def no_session() -> Iterator[None]:
    shipped_session.cache_clear()
    yield
    shipped_session.cache_clear()


def test_classes_are_those_of_the_renderer() -> None:
    ours = (segmentation.BACKGROUND, segmentation.HAIR, segmentation.SKIN, segmentation.OTHER)
    theirs = (zoo.people.BACKGROUND, zoo.people.HAIR, zoo.people.SKIN, zoo.people.OTHER)
    assert ours == theirs


@pytest.mark.parametrize("size", [32, 128, 200, 256])
def test_probabilities_at_any_size(portrait: Portrait, size: int) -> None:
    crop = align(portrait.render.image, portrait.face.landmarks, size).image
    before = crop.copy()
    probability = segment(crop)
    assert probability.shape == (size, size, 4)
    assert probability.dtype == np.float32
    assert np.abs(probability.sum(axis=2) - 1).max() < 1e-3
    assert probability.min() >= 0
    assert np.array_equal(crop, before)
    mask = skin(crop)
    assert mask.shape == (size, size)
    assert mask.dtype == np.float32
    assert 0 <= mask.min() <= mask.max() <= 1


@pytest.mark.parametrize("content", [None, b"", b"no network"])
def test_a_damaged_install_is_named(
    content: bytes | None,
    no_session: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "segmentation.onnx"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setattr(segmentation, "WEIGHTS", path)
    with pytest.raises(AssetError, match=r"segmentation\.onnx"):
        segment(np.zeros((64, 64, 3), np.uint8))

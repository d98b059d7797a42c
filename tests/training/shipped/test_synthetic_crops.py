from pathlib import Path

import numpy as np
import pytest

from zoo.faces.detection.detector import find_faces
from zoo.faces.geometry.alignment import align
from zoo.people import SKIN, render
from zoo.training.shipped import synthetic_crops
from zoo.training.shipped.synthetic_crops import (
    FIRST_HELD_OUT,
    SIZE,
    CloseUps,
    held_out_face,
    rendered,
    show,
)


@pytest.fixture(scope="module")
def close(tmp_path_factory: pytest.TempPathFactory) -> CloseUps:
    return rendered(tmp_path_factory.mktemp("close_ups"), range(2))


def test_shown_plainly_it_is_the_aligned_crop() -> None:
    seeds = range(FIRST_HELD_OUT, FIRST_HELD_OUT + 5)
    seed, (image, labels, landmarks) = next((s, f) for s in seeds if (f := held_out_face(s)))
    one = CloseUps(image[None], labels[None], landmarks[None])
    crop, _, unit = show(np.random.default_rng(0), one, 0, "plain")
    picture = render(synthetic_crops._person(seed), synthetic_crops._scene(seed), 256)
    expected = align(picture.image, find_faces(picture.image)[0].landmarks, SIZE)
    assert np.abs(unit - expected.landmarks).max() < 1e-4
    assert np.abs(crop.astype(float) - expected.image).mean() < 4  # resampled once more


@pytest.mark.parametrize("kind", ["plain", "occluded", "varied"])
def test_landmarks_and_labels_go_with_the_picture(close: CloseUps, kind: str) -> None:
    for seed in range(6):
        crop, labels, unit = show(np.random.default_rng(seed), close, seed % 2, kind)
        assert crop.shape == (SIZE, SIZE, 3)
        assert crop.dtype == labels.dtype == np.uint8
        assert labels.shape == (SIZE, SIZE)
        assert unit[36, 0] < unit[45, 0]  # mirrored or not, left is left
        assert unit[8, 1] > unit[27, 1]
        if kind == "plain":
            x, y = np.rint(unit[[30, 33, 62]] * SIZE - 0.5).astype(int).T
            assert (labels[y, x] == SKIN).all()


def test_a_face_is_rendered_once(
    tmp_path: Path, close: CloseUps, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = rendered(tmp_path, range(1))
    monkeypatch.delattr(synthetic_crops, "training_face")
    again = rendered(tmp_path, range(1))
    assert np.array_equal(first.images, again.images)
    assert np.array_equal(first.images[0], close.images[0])

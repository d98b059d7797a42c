import numpy as np
import pytest
import torch

from tests.training.conftest import random_pack
from zoo.errors import TrainingError
from zoo.faces.geometry.reference import mirror_landmarks
from zoo.training.loop.batches import (
    VALIDATION,
    content_batch,
    photos_tensor,
    style_batch,
    validation_batch,
)


def test_a_batch_depends_on_seed_and_iteration_alone() -> None:
    pack = random_pack(0, 20)
    first, again = (content_batch(pack, 32, 4, seed=1, step=7) for _ in range(2))
    other = content_batch(pack, 32, 4, seed=1, step=8)
    assert torch.equal(first.photos, again.photos)
    assert not torch.equal(first.photos, other.photos)


def test_mirrored_faces_have_mirrored_landmarks() -> None:
    pack = random_pack(0, 3)
    style = style_batch(pack, 64)
    assert len(style.photos) == 6
    assert torch.equal(style.photos[3:], style.photos[:3].flip(-1))
    expected = np.stack([mirror_landmarks(points) for points in pack.landmarks])
    np.testing.assert_allclose(style.landmarks[3:].numpy(), expected)


def test_without_mirror_images_there_are_the_photos_alone() -> None:
    pack = random_pack(0, 3)
    assert len(style_batch(pack, 64, mirrored=False).photos) == 3


def test_what_validates_is_never_trained_on() -> None:
    pack = random_pack(0, 60)
    validation = validation_batch(pack, 16)
    assert len(validation.photos) == 6
    assert len(validation_batch(random_pack(0, 300), 16).photos) == VALIDATION
    seen = {
        face.numpy().tobytes()
        for step in range(100)
        for photo in content_batch(pack, 16, 4, seed=0, step=step).photos
        for face in (photo, photo.flip(-1))
    }
    assert len(seen) == 2 * 54
    assert not any(face.numpy().tobytes() in seen for face in validation.photos)


def test_a_very_small_pack_has_none_to_validate() -> None:
    assert len(validation_batch(random_pack(0, 9), 16).photos) == 0


def test_photos_are_averaged_down_into_0_to_1() -> None:
    face = np.zeros((64, 64, 3), np.uint8)
    face[::2] = 255
    averaged = photos_tensor([face], 32).numpy()
    np.testing.assert_allclose(averaged, 128 / 255, atol=1e-3)


def test_faces_smaller_than_the_recipe_are_refused() -> None:
    with pytest.raises(TrainingError, match="64 px, the recipe needs 128"):
        photos_tensor([np.zeros((64, 64, 3), np.uint8)], 128)

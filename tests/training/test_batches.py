import numpy as np
import pytest
import torch

from tests.training.conftest import random_pack
from zoo.errors import TrainingError
from zoo.faces.reference import mirror_landmarks
from zoo.training.batches import content_batch, photos_tensor, style_batch


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


def test_photos_are_averaged_down_into_0_to_1() -> None:
    face = np.zeros((64, 64, 3), np.uint8)
    face[::2] = 255
    averaged = photos_tensor([face], 32).numpy()
    np.testing.assert_allclose(averaged, 128 / 255, atol=1e-3)


def test_faces_smaller_than_the_recipe_are_refused() -> None:
    with pytest.raises(TrainingError, match="64 px, the recipe needs 128"):
        photos_tensor([np.zeros((64, 64, 3), np.uint8)], 128)

"""Features that are kept are those that would be computed."""

from collections.abc import Mapping

import torch
from torch import Tensor

from tests.training.conftest import random_pack
from zoo.networks.compact import read_compact
from zoo.training.loop.batches import Batch, content_batch, draw, validation_batch
from zoo.training.loop.content_features import ContentFeatures

SIDE = 32


class Perceptual:
    """The compact network, and how many photos it was shown."""

    def __init__(self) -> None:
        self.network, self.shown = read_compact(), 0

    def __call__(self, photos_B3HW: Tensor) -> Mapping[str, Tensor]:
        self.shown += len(photos_B3HW)
        found: Mapping[str, Tensor] = self.network(photos_B3HW)
        return found


def batches() -> list[Batch]:
    pack = random_pack(1, 20)
    drawn = [content_batch(pack, SIDE, 4, seed=0, step=step) for step in range(12)]
    return [*drawn, validation_batch(pack, SIDE)]


def test_each_photo_and_each_mirrored_one_is_computed_once() -> None:
    features, perceptual = ContentFeatures(), Perceptual()
    of = {
        (int(index), bool(mirror))
        for step in range(12)
        for index, mirror in zip(*draw(20, 4, 0, step), strict=True)
    }
    assert 20 < len(of) < 48
    for batch in [*batches(), *batches()]:
        found = features.of(batch, batch.photos, perceptual)
        # Among others the last digits may be different.
        each = [perceptual.network(photo[None])["relu4_2"] for photo in batch.photos]
        assert torch.equal(found, torch.cat(each))
        assert not found.requires_grad
    assert perceptual.shown == len(of) + len(validation_batch(random_pack(1, 20), SIDE).photos)


def test_photos_of_another_size_pack_or_network_are_others() -> None:
    features, perceptual = ContentFeatures(), Perceptual()
    for of, computed in ((("a", "vgg19"), 4), (("a", "vgg19"), 4), (("b", "vgg19"), 8)):
        features.belong_to(*of)
        batch = batches()[0]
        features.of(batch, batch.photos, perceptual)
        assert perceptual.shown == computed
    small = content_batch(random_pack(1, 20), 16, 4, seed=0, step=0)
    assert features.of(small, small.photos, perceptual).shape[2:] == (2, 2)
    assert perceptual.shown == 12


def test_what_is_beyond_the_limit_and_what_is_not_known_is_computed_anew() -> None:
    batch, perceptual = batches()[0], Perceptual()
    one = perceptual.network(batch.photos[:1])["relu4_2"].nbytes
    features = ContentFeatures(most_bytes=3 * one + 1)
    for computed in (4, 5):
        features.of(batch, batch.photos, perceptual)
        assert perceptual.shown == computed
    unknown = Batch(batch.photos, batch.landmarks)
    for computed in (9, 13):
        features.of(unknown, batch.photos, perceptual)
        assert perceptual.shown == computed

"""A wrong photo among the style photos: another person's, or a hand before the face."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from zoo.faces.geometry.alignment import align
from zoo.networks.compact import read_compact
from zoo.objective.parts import locations_that_count
from zoo.objective.style import nearest_styles, style_bank, style_loss
from zoo.people import named_person, random_scene, render
from zoo.photos.image import Image, Points
from zoo.training.loop.batches import photos_tensor

PHOTOS, SIDE = 10, 64


def crop(name: str, seed: int) -> tuple[Image, Points]:
    rendered = render(named_person(name), random_scene(seed, max_yaw=15), 96)
    aligned = align(rendered.image, rendered.landmarks, SIDE)
    return aligned.image, aligned.landmarks


@pytest.fixture(scope="module")
def ada() -> list[tuple[Image, Points]]:
    return [crop("ada", seed) for seed in range(PHOTOS + 2)]


def with_a_hand(face: Image) -> Image:
    covered = face.copy()
    covered[SIDE // 2 :, SIDE // 4 : 3 * SIDE // 4] = (200, 150, 120)
    return covered


@pytest.mark.parametrize("outlier", ["bruno", "a hand"])
def test_an_outlier_is_hardly_ever_the_nearest(
    ada: list[tuple[Image, Points]], outlier: str
) -> None:
    perceptual = read_compact()
    output, *style = ada[1:]
    # Its landmarks are the output's own, so that N_best always holds it.
    wrong = crop("bruno", 0)[0] if outlier == "bruno" else with_a_hand(ada[0][0])
    faces = [face for face, _ in style] + [wrong]
    landmarks = np.stack([points for _, points in style] + [output[1]])
    features = perceptual(photos_tensor(faces, SIDE))
    shown = perceptual(photos_tensor([output[0]], SIDE))
    chosen = nearest_styles(
        torch.from_numpy(output[1][None]), torch.from_numpy(landmarks), PHOTOS + 1
    )
    others = chosen[chosen != PHOTOS].view(len(chosen), 1, PHOTOS)
    for layer in ("relu3_1", "relu4_1"):
        bank = style_bank(features[layer])
        at = locations_that_count("style", *shown[layer].shape[2:], bank.device)
        patches = F.normalize(shown[layer].flatten(2)[..., at], dim=1).permute(2, 0, 1)
        nearest = torch.bmm(patches, bank.mT).argmax(dim=2)
        chance = 1 / (PHOTOS + 1)
        assert (nearest == PHOTOS).float().mean() < chance
        with_it = style_loss(shown[layer], bank, chosen)
        without = style_loss(shown[layer], bank[:, :-1], others)
        assert without - with_it < 0.03 * without

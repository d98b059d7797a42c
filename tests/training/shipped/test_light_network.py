"""Pairs of lit faces, their loss and their sources."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from zoo.errors import PhotoError
from zoo.people import random_person, render
from zoo.people.scene import Light, Scene
from zoo.training.shipped.light_network import (
    best_threshold,
    contrastive_loss,
    disturbed,
    pair_accuracy,
    pair_distances,
    train_light,
)
from zoo.training.shipped.light_pairs import SIDE, LitFaces, draw_batch, draw_pairs
from zoo.training.shipped.light_rendered import LIGHTS, PEOPLE, _scenes
from zoo.training.shipped.light_yale import yale_faces


def ramps(people: int = 6, circumstances: int = 1) -> LitFaces:
    """Pictures brighter towards one of four sides: the side is the light, texture the person."""
    ramp = np.linspace(-0.6, 0.6, SIDE)
    sides: list[NDArray[np.float64]] = [
        np.broadcast_to(ramp, (SIDE, SIDE)),
        np.broadcast_to(ramp[:, None], (SIDE, SIDE)),
    ]
    sides += [-1.0 * side for side in sides]
    faces, labels = [], []
    for circumstance in range(circumstances):
        for person in range(people):
            who = circumstance * people + person
            texture = np.random.default_rng(who).normal(0, 0.08, (8, 8))
            skin = 1 + cv2.resize(texture, (SIDE, SIDE))
            for light, side in enumerate(sides):
                faces.append(np.clip(110 * (side + skin), 0, 255).astype(np.uint8))
                labels.append((who, 4 * circumstance + light, circumstance))
    return LitFaces(np.stack(faces), *np.array(labels).T)


@pytest.fixture
def one_thread() -> Iterator[None]:
    """The network is so small that threads only wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def test_the_loss_is_chopras_on_every_pair() -> None:
    features = torch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]])
    same = torch.zeros(3, 3, dtype=torch.bool)
    different = same.clone()
    same[0, 1] = different[0, 2] = different[1, 2] = True
    loss = contrastive_loss(features, same, different, margin=2.0)
    # d = 5 under one light; under different lights d = 1 is short of the margin by 1, √18 is not
    # and does not count.
    assert loss.item() == pytest.approx(25 + 1, rel=1e-4)


def test_pairs_show_different_people_in_the_same_circumstances() -> None:
    faces = ramps(people=3, circumstances=2)
    first, second, same = draw_pairs(faces, 400)
    assert (faces.person_N[first] != faces.person_N[second]).all()
    assert (faces.circumstance_N[first] == faces.circumstance_N[second]).all()
    assert ((faces.light_N[first] == faces.light_N[second]) == same).all()
    assert same.sum() == 200
    drawn = np.bincount(faces.light_N[first])
    assert drawn.min() > 25 and len(drawn) == 8


def test_a_batch_holds_every_chosen_person_under_every_chosen_light() -> None:
    faces = ramps(people=5)
    chosen = draw_batch(faces, 1, people=3, lights=2, random=np.random.default_rng(0))
    seen = set(zip(faces.person_N[chosen], faces.light_N[chosen], strict=True))
    assert len(seen) == len(chosen) == 6


def test_held_out_people_are_never_trained_on() -> None:
    for faces in (ramps(people=8), ramps(people=3, circumstances=8)):
        training, held_out = faces.split(0.25)
        assert not set(training.person_N) & set(held_out.person_N)
        assert len(held_out) == len(faces) / 4


def test_a_group_is_mirrored_as_a_whole_or_not_at_all() -> None:
    faces = ramps(people=2, circumstances=12)
    towards = disturbed(faces.luminance_NSS, faces.circumstance_N, np.random.default_rng(0))
    right = towards[..., SIDE // 2 :].mean((1, 2, 3)) > towards[..., : SIDE // 2].mean((1, 2, 3))
    from_right = faces.light_N % 4 == 0
    turned = right.numpy()[from_right] != np.ones(from_right.sum(), bool)
    by_group = turned.reshape(12, 2)
    assert (by_group[:, 0] == by_group[:, 1]).all()
    assert 0 < by_group[:, 0].sum() < 12
    assert towards.min() >= 0 and towards.max() <= 1


def test_the_threshold_is_right_as_often_as_any() -> None:
    distances = np.array([0.1, 0.2, 0.9, 0.3, 0.8, 1.0])
    same = np.array([True, True, True, False, False, False])
    threshold = best_threshold(distances, same)
    assert 0.2 < threshold < 0.3
    assert pair_accuracy(distances, same, threshold) == pytest.approx(5 / 6)


def test_training_learns_the_light_and_not_the_person(one_thread: None) -> None:
    training, held_out = ramps(people=12).split(0.34)
    network = train_light([training], 12)
    threshold = best_threshold(*pair_distances(network, training, 300))
    assert pair_accuracy(*pair_distances(network, held_out, 300), threshold) >= 0.99


def test_rendered_people_of_a_circumstance_share_pose_and_differ_in_light() -> None:
    scenes = list(_scenes(3))
    assert len(scenes) == LIGHTS and PEOPLE > 1
    assert len({scene.light for scene in scenes}) == LIGHTS
    assert len({(scene.yaw, scene.pitch, scene.expression) for scene in scenes}) == 1


def test_yale_pictures_in_the_dark_take_the_landmarks_of_lit_ones(tmp_path: Path) -> None:
    lit = render(random_person(2), Scene(light=Light(0, 10)), 256)
    cropped = np.s_[40:230, 45:210]
    for name, picture in {
        "A+005E+10": lit.image,
        "A+110E+15": lit.image // 8,
        "_Ambient": lit.image,
    }.items():
        path = tmp_path / "yaleB99" / f"yaleB99_P00{name}.png"
        path.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(path), cv2.cvtColor(picture[cropped], cv2.COLOR_RGB2GRAY))
    faces = yale_faces(tmp_path)
    assert len(faces) == 2
    assert len(set(faces.light_N)) == 2 and len(set(faces.person_N)) == 1
    dark, bright = sorted(faces.luminance_NSS.astype(float), key=lambda crop: crop.mean())
    assert np.corrcoef(dark.ravel(), bright.ravel())[0, 1] > 0.95


def test_a_folder_without_yale_pictures_is_refused_by_name(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "holiday.png"), np.zeros((8, 8), np.uint8))
    with pytest.raises(PhotoError, match="Extended Yale B"):
        yale_faces(tmp_path)

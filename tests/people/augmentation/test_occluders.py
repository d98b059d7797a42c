from collections.abc import Callable
from copy import deepcopy

import numpy as np
import pytest

from zoo.people import BACKGROUND, HAIR, OTHER, SKIN, random_person, random_scene, render
from zoo.people.augmentation.augment import _replace, augment, photograph, surroundings
from zoo.people.augmentation.drawing import DrawingContext, Random, fabric, noise
from zoo.people.augmentation.occluders import OCCLUDERS, beard, occlude

Draw = Callable[[Random, DrawingContext], None]
DRAWN = [draw for draw, _ in OCCLUDERS]


@pytest.fixture(scope="module")
def drawn() -> DrawingContext:
    picture = render(random_person(1), random_scene(1), 96)
    unit = (picture.landmarks / 96).astype(np.float32)
    return DrawingContext(picture.image.astype(np.float32), picture.labels, unit)


@pytest.fixture
def sitting(drawn: DrawingContext) -> DrawingContext:
    return deepcopy(drawn)


@pytest.mark.parametrize("draw", DRAWN, ids=lambda draw: draw.__name__)
def test_where_a_label_changes_something_was_drawn(
    draw: Draw, drawn: DrawingContext, sitting: DrawingContext
) -> None:
    changes = 0
    for seed in range(12):
        sitting = deepcopy(drawn)
        draw(np.random.default_rng(seed), sitting)
        assert np.isfinite(sitting.image).all()
        assert sitting.image.dtype == np.float32
        assert sitting.labels.dtype == np.uint8
        relabelled = sitting.labels != drawn.labels
        repainted = np.abs(sitting.image - drawn.image).max(axis=2) > 0.5
        assert (relabelled & ~repainted).mean() < 0.01  # alike by chance, as hair over hair
        changes += int(relabelled.sum())
    wanted = {"strands": HAIR, "beard": SKIN}.get(draw.__name__, OTHER)
    assert set(np.unique(sitting.labels[sitting.labels != drawn.labels])) <= {wanted}
    assert changes > 0


def test_what_is_under_a_beard_stays_skin(drawn: DrawingContext, sitting: DrawingContext) -> None:
    beard(np.random.default_rng(3), sitting)
    chin = (sitting.landmarks[8] * (96, 96) - (0, 4)).astype(int)
    assert (sitting.labels[drawn.labels == SKIN] == SKIN).all()
    before, after = (s.image[chin[1], chin[0]] for s in (drawn, sitting))
    assert np.abs(before - after).max() > 5


def test_the_same_chance_draws_the_same(drawn: DrawingContext) -> None:
    pictures = []
    for _ in range(2):
        sitting, random = deepcopy(drawn), np.random.default_rng(7)
        augment(random, sitting)
        occlude(random, sitting)
        pictures.append((photograph(random, sitting.image), sitting.labels))
    assert np.array_equal(pictures[0][0], pictures[1][0])
    assert np.array_equal(pictures[0][1], pictures[1][1])


def test_retouching_and_the_camera_move_nothing(drawn: DrawingContext) -> None:
    for seed in range(8):
        sitting, random = deepcopy(drawn), np.random.default_rng(seed)
        augment(random, sitting)
        assert np.array_equal(sitting.labels, drawn.labels)
        picture = photograph(random, sitting.image)
        assert picture.shape == drawn.image.shape
        assert picture.dtype == np.uint8


def test_another_background_leaves_the_inside_of_the_face_alone(drawn: DrawingContext) -> None:
    sitting = deepcopy(drawn)
    _replace(sitting, BACKGROUND, surroundings(np.random.default_rng(0), 96))
    x, y = np.rint(drawn.landmarks[36:].mean(axis=0) * 96).astype(int)
    inside = slice(y - 4, y + 4), slice(x - 2, x + 2)
    assert np.array_equal(sitting.image[inside], drawn.image[inside])
    behind = drawn.labels == BACKGROUND
    assert np.abs(sitting.image - drawn.image)[behind].mean() > 10


def test_noise_is_smooth_and_fabric_has_colour() -> None:
    random = np.random.default_rng(0)
    waves = noise(random, 64, (4, 4))
    assert 0.3 < waves.std() < 1.5
    assert np.abs(np.diff(waves, axis=0)).max() < 0.5
    assert fabric(random, 64).shape == (64, 64, 3)

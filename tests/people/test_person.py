import numpy as np
import pytest

from zoo.people import named_person, random_person, random_scene, with_face_of
from zoo.people.rendering.albedo import skin_colour


def test_the_same_seed_is_the_same_person_and_scene() -> None:
    assert random_person(7) == random_person(7)
    assert random_scene(7) == random_scene(7)
    assert random_person(7) != random_person(8)
    assert random_scene(7) != random_scene(8)


def test_people_vary_widely() -> None:
    people = [random_person(seed) for seed in range(200)]
    brightness = [sum(skin_colour(p.skin)) for p in people]
    assert max(brightness) > 5 * min(brightness)
    assert min(p.skin.age for p in people) < 0.1
    assert max(p.skin.age for p in people) > 0.7
    assert 0.05 < np.mean([p.glasses.thickness > 0 for p in people]) < 0.3
    assert 0.05 < np.mean([p.beard.chin > 0 for p in people]) < 0.4
    assert len({(p.hair.present, p.hair.length < -4.5, p.hair.bun > 0) for p in people}) >= 4
    spacing = [p.eyes.spacing for p in people]
    assert np.std(spacing) > 0.05


def test_scenes_keep_to_the_widest_yaw() -> None:
    yaws = [random_scene(seed, max_yaw=20.0).yaw for seed in range(200)]
    assert max(np.abs(yaws)) <= 20.0
    assert max(np.abs(yaws)) > 15.0


def test_only_ada_and_bruno_have_names() -> None:
    assert named_person("ada") != named_person("bruno")
    with pytest.raises(KeyError):
        named_person("colin-powell")


def test_a_swap_takes_the_face_and_leaves_the_head() -> None:
    body, face = named_person("bruno"), named_person("ada")
    swapped = with_face_of(body, face)
    for part in ("relief", "skin", "brows", "eyes", "nose", "lips", "beard"):
        assert getattr(swapped, part) == getattr(face, part)
    for part in ("skull", "hair", "ears", "glasses", "clothes"):
        assert getattr(swapped, part) == getattr(body, part)
    assert with_face_of(body, body) == body

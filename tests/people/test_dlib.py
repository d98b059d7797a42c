"""What dlib, trained on photographs, makes of the renders; 500 of them in benchmarks/people.py."""

from dataclasses import replace

import numpy as np

from tests.people.conftest import Judge
from zoo.people import named_person, random_person, random_scene, render, with_face_of
from zoo.people.person import Glasses


def test_dlib_finds_renders_and_agrees_on_the_landmarks(judge: Judge) -> None:
    found, errors = 0, []
    for seed in range(24):
        picture = render(random_person(seed), random_scene(seed))
        guess = judge.landmarks(picture)
        if guess is not None:
            found += 1
            truth = picture.landmarks
            distance = np.linalg.norm(truth[36] - truth[45])
            errors.append(np.linalg.norm(guess - truth, axis=1).mean() / distance)
    assert found >= 23
    assert np.mean(errors) < 0.065
    assert np.median(errors) < 0.06


def test_people_are_told_apart_and_recognised_again(judge: Judge) -> None:
    people = [named_person("ada"), named_person("bruno"), *map(random_person, (300, 301))]
    descriptors = np.array(
        [
            [judge.descriptor(render(p, random_scene(40 + s, max_yaw=20))) for s in range(3)]
            for p in people
        ]
    )
    flat = descriptors.reshape(12, 128)
    distances = np.linalg.norm(flat[:, None] - flat[None], axis=2)
    same = np.kron(np.eye(4, dtype=bool), np.ones((3, 3), bool))
    within = distances[same & ~np.eye(12, dtype=bool)]
    between = distances[~same]
    assert between.mean() > within.mean() + 0.15
    ada, bruno = descriptors[0].mean(axis=0), descriptors[1].mean(axis=0)
    assert np.linalg.norm(ada - bruno) > 0.6


def test_the_true_swap_is_recognised_as_the_face(judge: Judge) -> None:
    bruno = named_person("bruno")
    scenes = [random_scene(seed, max_yaw=15) for seed in (41, 42, 43)]
    target = np.mean([judge.descriptor(render(bruno, scene)) for scene in scenes], axis=0)
    for seed in (302, 303, 305):
        scene = random_scene(seed, max_yaw=15)
        body = replace(random_person(seed), glasses=Glasses())  # they confuse the descriptor
        before = judge.descriptor(render(body, scene))
        after = judge.descriptor(render(with_face_of(body, bruno), scene))
        assert np.linalg.norm(after - target) < np.linalg.norm(after - before)

"""Synthetic people under known lights, for training the light network."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import cv2
import numpy as np

from zoo.faces.geometry.alignment import align
from zoo.people import random_person, random_scene, render
from zoo.people.scene import Background, Light, Scene
from zoo.training.shipped.light_pairs import SIDE, LitFaces

PEOPLE, LIGHTS = 6, 8
"""In each circumstance: everyone is rendered under every light."""

APART = 12.0
"""Least angle in degrees between two lights of a circumstance: what neighbours have in Yale B."""

_RENDER_SIDE = 96  # pixels, at which a crop of 64 has about the render's own resolution
_FRONTAL = 0.35  # part of the circumstances where the head looks straight ahead


def rendered_faces(
    circumstances: int,
    *,
    first: int = 0,
    progress: Callable[[Iterable[int]], Iterable[int]] = iter,
) -> LitFaces:
    """:data:`PEOPLE` people under :data:`LIGHTS` lights in each of ``circumstances`` poses.

    Every circumstance has people, lights, a pose and an expression of its own, the same for the
    same number; ``first`` is the number of the first.
    """
    crops, labels = [], []
    for number in progress(range(first, first + circumstances)):
        for person in range(PEOPLE):
            for light, scene in enumerate(_scenes(number)):
                who = number * PEOPLE + person
                background = Background("gradient", 1000 * who + light)
                shown = render(
                    random_person(_SEED + who), replace(scene, background=background), _RENDER_SIDE
                )
                crop = align(shown.image, shown.landmarks, SIDE).image
                crops.append(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY))
                labels.append((who, number * LIGHTS + light, number))
    person_N, light_N, circumstance_N = np.array(labels, np.intp).T
    return LitFaces(np.stack(crops), person_N, light_N, circumstance_N)


_SEED = 500_000  # far from the people and scenes of demo, tests and content


def _scenes(number: int) -> Iterator[Scene]:
    """One pose and expression under each of its lights."""
    random = np.random.default_rng([0x11647, number])
    scene = random_scene(_SEED + number)
    if random.random() < _FRONTAL:
        scene = replace(scene, yaw=0.0, pitch=0.0, roll=0.0, gaze=(0.0, 0.0))
    kept: list[Light] = []
    while len(kept) < LIGHTS:
        light = random_light(random)
        if all(_angle(light, other) >= APART for other in kept):
            kept.append(light)
            yield replace(scene, light=light)


def random_light(random: np.random.Generator) -> Light:
    """A light from anywhere before the face or beside it, from a bare bulb to an overcast sky.

    Half are as portraits have them, half as in a dark room.
    """
    if random.random() < 0.5:
        ambient, rim = float(random.uniform(0.15, 0.5)), float(random.uniform(0.0, 0.5))
        azimuth, elevation = random.uniform(-95, 95), random.uniform(-20, 65)
    else:
        ambient, rim = float(random.uniform(0.0, 0.12)), 0.0
        azimuth, elevation = random.uniform(-130, 130), random.uniform(-45, 80)
    return Light(
        azimuth=float(azimuth),
        elevation=float(elevation),
        key=float(random.uniform(0.7, 1.2)),
        ambient=ambient,
        rim=rim,
        hardness=float(random.uniform(0.1, 1.0)),
    )


def _angle(one: Light, other: Light) -> float:
    """Between the directions of two lights, in degrees."""
    cosine = float(np.dot(_direction(one), _direction(other)))
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def _direction(light: Light) -> np.ndarray:
    azimuth, elevation = np.radians([light.azimuth, light.elevation])
    return np.array(
        [
            np.sin(azimuth) * np.cos(elevation),
            np.sin(elevation),
            np.cos(azimuth) * np.cos(elevation),
        ]
    )

"""Colours and lights of one picture, packed for the shading code."""

import math

import numpy as np
import numpy.typing as npt

from zoo.people.geometry.head import EYE_RADIUS
from zoo.people.person import Person
from zoo.people.rendering.albedo import skin_colour
from zoo.people.scene import Scene

LOOK = np.dtype(
    [
        (name, np.float64, (3,))
        for name in (
            "to_light key to_rim rim up sky ground skin iris hair cloth second gaze frame"
        ).split()
    ]
    + [
        (name, np.float64)
        for name in (
            "hardness gloss hair_gloss stripes iris_r pupil_r lashes age "
            "glass_t glass_x glass_y glass_z glass_w glass_h glass_round glass_tint"
        ).split()
    ]
)


def look_record(
    person: Person, scene: Scene, to_head: npt.NDArray[np.float64], eye_z: float
) -> npt.NDArray[np.void]:
    """Colours and lights in head coordinates: one record of dtype LOOK.

    Args:
        person: Whose colours.
        scene: Its lights and the direction of the gaze.
        to_head: float64 [3, 3], from world to head directions.
        eye_z: Where the eyeballs' centres are.
    """
    light, glasses = scene.light, person.glasses
    record = np.zeros(1, LOOK)
    k = record[0]
    azimuth, elevation = math.radians(light.azimuth), math.radians(light.elevation)
    key = np.array(
        [
            math.sin(azimuth) * math.cos(elevation),
            math.sin(elevation),
            math.cos(azimuth) * math.cos(elevation),
        ]
    )
    behind = np.array([-0.75 * math.copysign(1.0, azimuth), 0.45, -0.55])
    k["to_light"], k["to_rim"] = to_head @ key, to_head @ (behind / np.linalg.norm(behind))
    k["key"] = 1.9 * light.key * np.array(light.colour)
    k["rim"] = 1.3 * light.rim * np.array(light.ambient_colour)
    k["up"] = to_head @ np.array([0.0, 1.0, 0.25]) / math.hypot(1, 0.25)
    k["sky"] = 1.25 * light.ambient * np.array(light.ambient_colour)
    k["ground"] = 0.75 * light.ambient * np.array([1.08, 1.0, 0.9])
    k["skin"], k["iris"] = skin_colour(person.skin), person.eyes.iris
    k["hair"], k["cloth"], k["second"] = (
        person.hair.colour,
        person.clothes.colour,
        person.clothes.second,
    )
    gx, gy = (math.radians(v) for v in scene.gaze)
    k["gaze"] = (math.sin(gx) * math.cos(gy), math.sin(gy), math.cos(gx) * math.cos(gy))
    k["frame"] = glasses.colour
    k["hardness"], k["gloss"] = light.hardness, person.skin.gloss
    k["hair_gloss"] = person.hair.gloss
    k["stripes"], k["iris_r"], k["pupil_r"] = person.clothes.stripes, 0.67, 0.25
    k["lashes"], k["age"] = person.eyes.lashes, person.skin.age
    k["glass_t"], k["glass_x"] = glasses.thickness, person.eyes.spacing + 0.08
    k["glass_y"], k["glass_z"] = -0.2, eye_z + EYE_RADIUS + 1.15
    k["glass_w"], k["glass_h"] = glasses.half_width, glasses.half_height
    k["glass_round"], k["glass_tint"] = glasses.roundness, glasses.tint
    return record

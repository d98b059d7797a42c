from dataclasses import replace

import numpy as np
import pytest

from zoo.evaluation.measures.light_direction import (
    Skin,
    light_difference,
    visible_skin,
)
from zoo.faces.compositing.lab import to_lab
from zoo.faces.geometry.pose import head_pose
from zoo.people import Render, Scene, random_person, render
from zoo.people.scene import Light

PERSON = random_person(1202)


def lit(azimuth: float, elevation: float = 20) -> Render:
    light = Light(azimuth=azimuth, elevation=elevation, ambient=0.25)
    return render(PERSON, Scene(yaw=5, light=light), 160)


@pytest.fixture(scope="module")
def renders() -> dict[int, Render]:
    return {azimuth: lit(azimuth) for azimuth in (-50, 0, 50)}


def skin_of(seen: Render) -> Skin:
    where = visible_skin(head_pose(seen.landmarks), seen.image.shape)
    assert where is not None
    return where


def test_turned_light_is_an_angle_and_a_shading_error(renders: dict[int, Render]) -> None:
    before, ahead, after = (renders[a] for a in (-50, 0, 50))
    where = skin_of(before)
    half, some = light_difference(to_lab(before.image), to_lab(ahead.image), where)
    whole, more = light_difference(to_lab(before.image), to_lab(after.image), where)
    assert half == pytest.approx(47, abs=20)
    assert whole == pytest.approx(92, abs=30)
    assert more > some > 15


def test_darker_skin_in_the_same_light_is_no_difference(renders: dict[int, Render]) -> None:
    seen = renders[50]
    light = (seen.image / 255) ** 2.2 * 0.6
    darker = np.rint(255 * light ** (1 / 2.2)).astype(np.uint8)
    turn, error = light_difference(to_lab(seen.image), to_lab(darker), skin_of(seen))
    assert turn < 2
    assert error < 2


def test_a_face_outside_the_photo_has_no_skin_to_look_at(renders: dict[int, Render]) -> None:
    pose = head_pose(renders[0].landmarks)
    assert visible_skin(replace(pose, centre=pose.centre + 1000), (160, 160)) is None

"""The side that light comes from, on renders where it is known."""

import numpy as np
import pytest

from zoo.faces.curation.illumination import illumination
from zoo.faces.geometry.alignment import align
from zoo.people import Scene, random_person, render
from zoo.people.scene import Light
from zoo.photos.image import Image


def lit(azimuth: float) -> Image:
    light = Light(azimuth=azimuth, elevation=20, ambient=0.25)
    seen = render(random_person(1202), Scene(light=light), 128)
    return align(seen.image, seen.landmarks, 96).image


@pytest.fixture(scope="module")
def crops() -> dict[int, Image]:
    return {azimuth: lit(azimuth) for azimuth in (-50, 0, 50)}


def test_light_from_a_side_is_seen_there(crops: dict[int, Image]) -> None:
    left, ahead, right = (illumination(crops[azimuth]).side for azimuth in (-50, 0, 50))
    assert left < -0.6
    assert abs(ahead) < 0.4
    assert right > 0.6


def test_a_mirrored_face_is_lit_from_the_other_side(crops: dict[int, Image]) -> None:
    mirrored = np.ascontiguousarray(crops[50][:, ::-1])
    assert illumination(mirrored).side == pytest.approx(-illumination(crops[50]).side, abs=0.1)


def test_less_light_lowers_the_level_alone(crops: dict[int, Image]) -> None:
    before = illumination(crops[-50])
    dark = np.rint(255 * (0.3 * (crops[-50] / 255) ** 2.2) ** (1 / 2.2)).astype(np.uint8)
    after = illumination(dark)
    assert after.level < before.level - 15
    assert after.side == pytest.approx(before.side, abs=0.15)

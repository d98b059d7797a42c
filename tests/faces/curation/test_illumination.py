"""The side that light comes from, on renders where it is known."""

import numpy as np
import pytest

from zoo.faces.curation.illumination import _skin, illumination
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


def painted(side: float, features: int | None) -> Image:
    """A grey crop of 64 px whose skin is lit as Lambert says; features of this level, if any."""
    where, normals = _skin()
    light = np.full((64, 64), 0.3)
    light[where] = 0.3 * (1 + side * normals[:, 0])
    grey = np.rint(255 * (1.055 * light ** (1 / 2.4) - 0.055))
    if features is not None:
        for row, column in FEATURES:
            grey[row, column] = features
    return np.repeat(grey[..., None], 3, axis=2).astype(np.uint8)


# Eyes with brows, nose and mouth, well within what is left out.
FEATURES = (
    (slice(18, 26), slice(14, 26)),
    (slice(18, 26), slice(38, 50)),
    (slice(26, 38), slice(29, 35)),
    (slice(43, 49), slice(25, 39)),
)


@pytest.mark.parametrize("side", [-0.8, 0.0, 0.5])
def test_the_slope_of_the_skins_light_is_found_whatever_the_features_look_like(side: float) -> None:
    found = illumination(painted(side, None))
    assert found.side == pytest.approx(side, abs=0.02)
    assert found.level == pytest.approx(61.65, abs=1.5)  # L* of a light of 0.3
    for level in (0, 255):
        assert illumination(painted(side, level)) == found


def test_skin_is_forehead_cheeks_and_chin() -> None:
    where, normals = _skin()
    assert (where == where[:, ::-1]).all() and normals.shape == (where.sum(), 2)
    assert not any(where[part].any() for part in FEATURES)
    assert where.sum() == pytest.approx(988, abs=4)  # of 4096
    assert where[13, 32] and where[34, 18] and where[34, 45] and where[52, 32]
    assert not where[2].any() and not where[62].any() and not where[:, 8].any()
    assert np.abs(normals).max() == pytest.approx(0.7737, abs=1e-3)
    assert normals[:, 0].sum() == pytest.approx(0, abs=1e-4)

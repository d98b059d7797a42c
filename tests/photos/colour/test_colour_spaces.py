"""Stored numbers as they are shown, against LittleCMS and against the formulas."""

import io

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageCms

from tests.photos.deep_files import srgb_light, srgb_profile
from tests.photos.icc import linear_srgb_profile
from zoo.photos.colour.colour_spaces import Srgb, scene_light, space_of

CHANCE = np.random.default_rng(3)
COLOURS = CHANCE.integers(0, 256, (500, 3)).astype(np.uint8)


@pytest.mark.parametrize("profile", [srgb_profile(), linear_srgb_profile()])
def test_a_profiles_numbers_are_shown_as_littlecms_shows_them(profile: bytes) -> None:
    space = space_of(profile)
    assert space is not None
    picture = Pillow.fromarray(COLOURS[None])
    target = ImageCms.createProfile("sRGB")
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    converted = ImageCms.profileToProfile(picture, source, target, outputMode="RGB")
    assert converted is not None
    shown = 255 * space.displayed(COLOURS.astype(np.uint16) * 257)
    difference = np.abs(shown - np.asarray(converted)[0])
    assert difference.mean() < 0.5
    assert difference.max() < 2


@pytest.mark.parametrize("profile", [None, srgb_profile(), linear_srgb_profile()])
def test_what_is_shown_is_stored_again_to_the_last_bit(profile: bytes | None) -> None:
    space = space_of(profile)
    assert space is not None
    stored = CHANCE.integers(0, 65536, (5000, 3)).astype(np.uint16)
    again = space.stored(space.displayed(stored)).astype(int)
    assert np.abs(again - stored).max() <= (0 if profile is None else 1)


def test_without_a_usable_profile_numbers_are_srgbs() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    for profile in (None, b"", b"nothing", lab):
        assert isinstance(space_of(profile), Srgb)


def test_light_is_shown_by_srgbs_curve_and_comes_back() -> None:
    space = scene_light(None, 1.0, np.dtype(np.float32))
    light = np.array([[0, 0.18, 1], [-0.1, 5, 0.001], [np.nan, np.inf, 0.5]], np.float32)
    shown = space.displayed(light)
    assert np.allclose(srgb_light(shown[0]), light[0], atol=1e-7)
    assert shown[1, 0] < 0 and shown[1, 1] > 2
    assert (shown[2, :2] == 0).all()
    assert np.allclose(space.stored(shown[:2]), light[:2], rtol=1e-5)


def test_primaries_of_light_are_turned_into_srgbs() -> None:
    rec2020 = (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, 0.3127, 0.3290)
    space = scene_light(rec2020, 1.0, np.dtype(np.float32))
    # ITU-R BT.2087, the inverse of its matrix: Rec. 2020's red in Rec. 709.
    red = space.matrix @ [1, 0, 0]
    assert np.allclose(red, [1.6605, -0.1246, -0.0182], atol=2e-3)
    assert np.allclose(space.matrix @ [1, 1, 1], 1, atol=1e-3)  # white stays white
    with pytest.raises(ValueError, match="not colours"):
        scene_light((0.3,) * 8, 1.0, np.dtype(np.float32))

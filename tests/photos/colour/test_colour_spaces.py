"""Stored numbers as they are shown, against LittleCMS and against the formulas."""

import io
import struct

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageCms

from tests.photos.deep_files import srgb_light, srgb_profile
from tests.photos.icc import linear_srgb_profile
from zoo.photos.colour.colour_spaces import (
    Srgb,
    _curve,
    _decoded,
    encoded,
    scene_light,
    space_of,
    white_of,
)

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


def _parametric(kind: int, *numbers: float) -> bytes:
    fixed = (round(65536 * number) for number in numbers)
    return b"para\0\0\0\0" + struct.pack(f">HH{len(numbers)}i", kind, 0, *fixed)


@pytest.mark.parametrize(
    ("tag", "low", "middle"),  # light of 0.2 and 0.6, by ICC.1:2022, table 68
    [
        (_parametric(0, 2), 0.04, 0.36),
        (_parametric(1, 2, 0.5, -0.2), 0, 0.01),
        (_parametric(2, 2, 0.5, -0.2, 0.1), 0.1, 0.11),
        (_parametric(3, 2, 0.5, 0.1, 0.25, 0.4), 0.05, 0.16),
        (_parametric(4, 2, 0.5, 0.1, 0.25, 0.4, 0.125, 0.0625), 0.1125, 0.285),
        (b"curv" + struct.pack(">iI", 0, 0), 0.2, 0.6),
        (b"curv" + struct.pack(">iIH", 0, 1, 2 * 256), 0.04, 0.36),
        (b"curv" + struct.pack(">iI3H", 0, 3, 0, 6554, 65535), 0.04, 0.28),
    ],
)
def test_every_kind_of_curve_is_read(tag: bytes, low: float, middle: float) -> None:
    curve = _curve(tag)
    assert curve.shape == (65536,)
    assert curve[round(0.2 * 65535)] == pytest.approx(low, abs=1e-4)
    assert curve[round(0.6 * 65535)] == pytest.approx(middle, abs=1e-4)
    with pytest.raises(ValueError, match="unknown type"):
        _curve(b"mft2" + tag[4:])


def test_a_profile_that_ends_early_has_no_space_and_raises_nothing() -> None:
    whole = linear_srgb_profile()
    cut = {type(space_of(whole[:size])).__name__ for size in range(0, len(whole), 7)}
    assert cut <= {"Srgb", "NoneType", "Profiled"}
    assert space_of(whole[:131]) is None or isinstance(space_of(whole[:131]), Srgb)


@pytest.mark.parametrize(
    ("light", "shown"),
    [(0.0031, 12.92 * 0.0031), (0.0033, 0.042545), (0.214041, 0.5), (1.0, 1.0), (4.0, 1.8248)],
)
def test_srgbs_curve_has_its_knee_and_is_mirrored(light: float, shown: float) -> None:
    for sign in (1, -1):
        assert encoded(np.array([sign * light]))[0] == pytest.approx(sign * shown, abs=1e-4)
        assert _decoded(np.array([sign * shown]))[0] == pytest.approx(sign * light, rel=1e-3)


@pytest.mark.parametrize(("light", "white"), [(0, 1), (0.2, 0.2), (0.25, 1), (1, 1), (1.5, 1.5)])
def test_white_is_1_unless_nearly_all_would_be_white_or_dark(light: float, white: float) -> None:
    some = np.zeros((1000, 3))
    some[:500, 1] = light  # the largest of the three counts
    some[:15] = 50  # 1.5 % shine
    assert white_of(some) == pytest.approx(white)


def test_light_of_16_bits_stops_where_they_do() -> None:
    space = scene_light(None, 2.0, np.dtype(np.float16))
    shown = space.displayed(np.array([[2, 1, 0.5]], np.float16))
    assert shown[0] == pytest.approx(encoded(np.array([1, 0.5, 0.25])), abs=1e-9)
    stored = space.stored(np.array([[500.0, -500, 1]]))
    assert stored.dtype == np.float16 and stored.tolist() == [[65504, -65504, 2]]

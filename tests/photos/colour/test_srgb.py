"""Pixels of every mode become sRGB of 8 bits, by their profile."""

import numpy as np
import pytest
from PIL import Image as Pillow

from tests.photos.icc import linear_srgb_profile
from zoo.photos.colour.srgb import is_grey, to_srgb


def of_mode(mode: str, profile: bytes | None) -> Pillow.Image:
    picture = Pillow.new("RGB", (4, 4), (128, 128, 128))
    picture = picture.quantize(2).convert(mode) if mode in ("P", "PA") else picture.convert(mode)
    if profile:
        picture.info["icc_profile"] = profile
    return picture


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "PA"])
def test_a_profile_counts_whatever_the_mode(mode: str) -> None:
    image, alpha = to_srgb(of_mode(mode, linear_srgb_profile()))
    assert np.abs(image.astype(int) - 188).max() <= 1  # 0.5 of linear light
    assert (alpha is None) == (mode in ("RGB", "P"))
    plain, _ = to_srgb(of_mode(mode, None))
    assert (plain == 128).all()


@pytest.mark.parametrize("mode", ["L", "LA", "1", "I;16", "I", "F"])
def test_grey_is_grey_of_8_bits(mode: str) -> None:
    values = {"I;16": 128 * 257, "I": 128 * 257, "F": 128 / 255}
    if mode in ("I;16", "I", "F"):
        kind = {"I;16": np.uint16, "I": np.int32, "F": np.float32}[mode]
        full = {"I;16": 65535, "I": 65535, "F": 1}[mode]
        array = np.full((4, 4), values[mode], kind)
        array[0, 0] = full
        picture = Pillow.fromarray(array)
    else:
        picture = Pillow.new("1", (4, 4), 1) if mode == "1" else of_mode(mode, None)
    assert is_grey(picture) and not is_grey(of_mode("RGB", None))
    image, _ = to_srgb(picture)
    expected = 255 if mode == "1" else 128
    assert image.shape == (4, 4, 3) and np.abs(image[1:].astype(int) - expected).max() <= 1


def test_what_is_hidden_is_white_and_numbers_that_are_none_are_black() -> None:
    picture = Pillow.new("RGBA", (2, 1), (10, 20, 30, 0))
    picture.putpixel((1, 0), (10, 20, 30, 1))
    image, alpha = to_srgb(picture)
    assert image.tolist() == [[[255, 255, 255], [10, 20, 30]]]
    assert alpha is not None and alpha.tolist() == [[0, 1]]
    odd = np.array([[np.nan, np.inf, -np.inf, -5, 300, 600]], np.float32)
    shown, _ = to_srgb(Pillow.fromarray(odd))
    assert shown[0, :, 0].tolist() == [0, 0, 0, 0, 1, 2]  # of 65535
    large, _ = to_srgb(Pillow.fromarray(np.array([[0, 2**30, 2**31 - 1]], np.int32)))
    assert large[0, :, 0].tolist() == [0, 128, 255]

"""Colours of pictures that name them by code points (HEIF's ``nclx``) in place of a profile.

Cameras and phones write HDR this way: wide primaries, and the light by PQ or HLG. As 8-bit sRGB
it would look flat and grey.

Sources: ITU-T H.273, tables 2 and 3; ITU-R BT.2100 (PQ, HLG and its OOTF for 1000 cd/m2);
ITU-R BT.2408, section 2.2 (white of a picture at 203 cd/m2).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zoo.photos.colour.colour_spaces import encoded, to_srgb_light, white_of
from zoo.photos.image import Image

_Values = NDArray[np.float64]

_D65 = (0.3127, 0.3290)
PRIMARIES = {
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, *_D65),  # Rec. 2020
    12: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, *_D65),  # Display P3
}
"""Chromaticities of red, green, blue and white of what is not Rec. 709's."""

PQ, HLG = 16, 18
"""Transfer characteristics of HDR."""

WHITE = 203.0  # cd/m2
HLG_PEAK, HLG_GAMMA = 1000.0, 1.2
HLG_LUMA = (0.2627, 0.6780, 0.0593)


def from_code_points(image: Image, points: Mapping[str, Any]) -> Image:
    """``image`` [H, W, 3], stored as ``points`` say, in sRGB.

    Args:
        image: the stored numbers.
        points: ``color_primaries`` and ``transfer_characteristics``; what is not known of them is
            taken for sRGB's.
    """
    primaries = PRIMARIES.get(int(points.get("color_primaries", 1)))
    transfer = int(points.get("transfer_characteristics", 13))
    if primaries is None and transfer not in (PQ, HLG):
        return image
    matrix = np.eye(3) if primaries is None else to_srgb_light(primaries)
    curve = light_of(np.arange(256) / 255, transfer)
    shown = np.empty_like(image)
    some = _display(curve[image[:: max(1, len(image) // 256)].reshape(-1, 3)], transfer)
    white = white_of(some @ matrix.T) if transfer in (PQ, HLG) else 1.0
    for row, numbers in enumerate(image):  # so that 8-byte numbers stay few
        light = _display(curve[numbers], transfer) @ matrix.T / white
        shown[row] = np.rint(255 * encoded(light).clip(0, 1))
    return shown


def light_of(numbers: _Values, transfer: int) -> _Values:
    """Light of numbers from 0 to 1: of the display for PQ, 1 being white; of the scene for HLG."""
    if transfer == PQ:
        power = numbers ** (1 / 78.84375)
        light = np.maximum(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)
        return np.asarray(10_000 / WHITE * light ** (1 / 0.1593017578125), np.float64)
    if transfer == HLG:
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        return np.where(numbers <= 0.5, numbers**2 / 3, (np.exp((numbers - c) / a) + b) / 12)
    return np.where(numbers <= 0.04045, numbers / 12.92, ((numbers + 0.055) / 1.055) ** 2.4)


def _display(light: _Values, transfer: int) -> _Values:
    """Light of the display, 1 being white."""
    if transfer != HLG:
        return light
    scene = light @ HLG_LUMA
    return light * (HLG_PEAK / WHITE * scene ** (HLG_GAMMA - 1))[:, None]

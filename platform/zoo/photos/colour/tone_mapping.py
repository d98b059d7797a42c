"""Tone mapping of HDR video to sRGB for the network, and back.

White is 203 cd/m2, where BT.2408 puts it, so skin looks as it does in SDR. Light above it does not
fit into sRGB and is compressed, not cut off: up to a knee everything is shown as it is, above it a
curve nears white and never reaches it, so that it can be undone.

Sources: ITU-R BT.2100 (PQ, HLG and its OOTF for 1000 cd/m2); ITU-R BT.2408, section 2.2; the
curve is Reinhard's (*Photographic Tone Reproduction*, 2002), beginning at a knee, of the largest
of red, green and blue, so that hues stay.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from zoo.photos.colour.cicp import (
    HLG,
    HLG_GAMMA,
    HLG_LUMA,
    HLG_PEAK,
    PQ,
    PRIMARIES,
    WHITE,
    light_of,
)
from zoo.photos.colour.colour_spaces import encoded, to_srgb_light
from zoo.photos.image import AnyArray, Image

_Values = NDArray[np.float32]

_KNEE = 0.75  # of white
_MOST = 1000 / WHITE  # that a swapped face may shine
_FULL = 65535.0


@dataclass(frozen=True)
class Tone:
    """One way of storing HDR.

    Attributes:
        transfer: PQ's or HLG's number.
        primaries: by H.273; those not known are taken for Rec. 2020's.
    """

    transfer: int
    primaries: int

    def shown(self, numbers: NDArray[np.uint16]) -> Image:
        """In sRGB, what is stored as red, green and blue [H, W, 3] of 0 to 65535."""
        light = _curve(self.transfer)[numbers]
        if self.transfer == HLG:
            scene = cv2.transform(light, np.array([HLG_LUMA], np.float32))
            light *= (HLG_PEAK / WHITE * cv2.pow(scene, HLG_GAMMA - 1))[..., None]
        light = np.asarray(cv2.transform(light, _to_srgb(self.primaries)), np.float32)
        most = _brightest(light)
        if most.max() > _KNEE:
            above = np.maximum(most - _KNEE, 0) / np.float32(1 - _KNEE)
            dimmed = np.minimum(most, _KNEE) + np.float32(1 - _KNEE) * above / (1 + above)
            light *= (dimmed / np.maximum(most, 1e-6))[..., None]
        # OpenCV cuts off what is below 0 or above 1.
        places = np.asarray(cv2.multiply(light, np.full(4, _FULL), dtype=cv2.CV_16U), np.uint16)
        return _srgb()[places]

    def stored(self, shown: _Values) -> _Values:
        """The way back, unrounded: from sRGB [H, W, 3] of 0 to 255 to numbers of 0 to 1.

        Light is at most 1000 cd/m2.
        """
        at = shown.clip(0, 255) / 255
        light = np.where(at <= 0.04045, at / 12.92, ((at + 0.055) / 1.055) ** 2.4)
        most = np.maximum(_brightest(light)[..., None], 1e-6)
        near = np.minimum((most - _KNEE) / (1 - _KNEE), 0.999)
        wanted = np.minimum(_KNEE + (1 - _KNEE) * near / (1 - near), _MOST)
        light = np.where(most > _KNEE, light * (wanted / most), light).astype(np.float32)
        back = np.linalg.inv(_to_srgb(self.primaries).astype(np.float64)).astype(np.float32)
        light = np.maximum(cv2.transform(light, back), 0)
        return _hlg(light) if self.transfer == HLG else _pq(light)


def tone_of(transfer: int, primaries: int) -> Tone | None:
    """How the light of these numbers of H.273 is shown; None for what is not HDR."""
    return Tone(transfer, primaries) if transfer in (PQ, HLG) else None


def _pq(light: AnyArray) -> _Values:
    power = (light * np.float32(WHITE / 10_000)) ** np.float32(0.1593017578125)
    numbers = (0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)
    return np.asarray(numbers ** np.float32(78.84375), np.float32)


def _hlg(light: AnyArray) -> _Values:
    display = light * np.float32(WHITE / HLG_PEAK)
    luma = np.maximum(cv2.transform(display, np.array([HLG_LUMA], np.float32)), 1e-9)
    scene = display * (luma ** np.float32(1 / HLG_GAMMA - 1))[..., None]
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    bright = a * np.log(np.maximum(12 * scene - b, 1e-6)) + c
    numbers = np.where(scene <= 1 / 12, np.sqrt(3 * scene), bright).clip(0, 1)
    return np.asarray(numbers, np.float32)


def _brightest(light: AnyArray) -> AnyArray:
    """The largest of red, green and blue [H, W]."""
    return cv2.max(cv2.max(light[..., 0], light[..., 1]), light[..., 2])


@cache
def _curve(transfer: int) -> _Values:
    """Light of the numbers 0 to 65535."""
    return light_of(np.arange(1 << 16) / ((1 << 16) - 1), transfer).astype(np.float32)


@cache
def _srgb() -> Image:
    """SRGB's grey level of every light from 0 to 1."""
    return np.rint(255 * encoded(np.linspace(0, 1, 1 << 16))).astype(np.uint8)


@cache
def _to_srgb(primaries: int) -> _Values:
    if primaries == 1:
        return np.eye(3, dtype=np.float32)
    return to_srgb_light(PRIMARIES.get(primaries, PRIMARIES[9])).astype(np.float32)

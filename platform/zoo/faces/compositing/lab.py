"""CIE L*a*b* of sRGB (D65 white), which separates lightness from colour.

OpenCV has it too, but builds 95 ms of tables first, a fifth of the time a swap may take.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from zoo.photos.image import Image, Plane

_TO_XYZ = np.array(
    ((0.412453, 0.357580, 0.180423), (0.212671, 0.715160, 0.072169), (0.019334, 0.119193, 0.950227))
)
_WHITE = _TO_XYZ.sum(axis=1)
_FROM_RGB = (_TO_XYZ / _WHITE[:, None]).astype(np.float32)
_TO_RGB = np.linalg.inv(_TO_XYZ / _WHITE[:, None]).T.astype(np.float32)
_KNEE = np.float32(6 / 29)
_TO_LAB = np.array(((0, 116, 0, -16), (500, -500, 0, 0), (0, 200, -200, 0)), np.float32)
_FROM_LAB = np.array(
    (
        (1 / 116, 1 / 500, 0, 16 / 116),
        (1 / 116, 0, 0, 16 / 116),
        (1 / 116, 0, -1 / 200, 16 / 116),
    ),
    np.float32,
)
_STEPS = 65535  # of light, from none to all
_TO_STEPS = np.column_stack([_TO_RGB.T * _STEPS, np.full(3, 0.5)]).astype(np.float32)


def to_lab(image: Image) -> Plane:
    """L* (0 to 100), a* and b* [..., 3] of sRGB pixels [..., 3]."""
    linear = cv2.LUT(image.reshape(1, -1, 3), _LINEAR)
    xyz = cv2.transform(linear, _FROM_RGB)
    f = cv2.pow(xyz, 1 / 3)  # NumPy's root takes ten times as long without AVX-512
    line = xyz * np.float32(1 / (3 * _KNEE**2)) + np.float32(4 / 29)
    np.copyto(f, line, where=xyz <= _KNEE**3)
    return np.asarray(cv2.transform(f, _TO_LAB).reshape(image.shape), np.float32)


def from_lab(lab: Plane) -> Plane:
    """The sRGB [..., 3] of L*a*b*, from 0 to 255 in fractions; colours beyond sRGB are cut.

    Within three hundredths of a level: powers are looked up, which takes half the time.
    """
    f = cv2.transform(lab.reshape(1, -1, 3), _FROM_LAB)
    xyz = np.where(f > _KNEE, f * f * f, (f - np.float32(4 / 29)) * (3 * _KNEE**2))
    step = cv2.transform(xyz, _TO_STEPS).clip(0, _STEPS).astype(np.uint16)
    return np.asarray(_CURVED.take(step).reshape(lab.shape), np.float32)


def _linear_light() -> NDArray[np.float32]:
    """The light of each of the 256 sRGB values."""
    value = np.arange(256) / 255
    curved = ((value + 0.055) / 1.055) ** 2.4
    return np.where(value > 0.04045, curved, value / 12.92).astype(np.float32)


def _curved() -> NDArray[np.float32]:
    """The sRGB value, 0 to 255, of each step of light."""
    light = np.arange(_STEPS + 1) / _STEPS
    return np.where(
        light > 0.0031308, 255 * (1.055 * light ** (1 / 2.4) - 0.055), 255 * 12.92 * light
    ).astype(np.float32)


_LINEAR = _linear_light()
_CURVED = _curved()

"""CIE L*a*b* of sRGB (D65 white), where lightness and colour can be changed apart.

OpenCV has it too, but builds 95 ms of tables first, a fifth of the time a swap may take.
"""

import numpy as np
from numpy.typing import NDArray

from zoo.photos.image import Image, Plane

_TO_XYZ = np.array(
    ((0.412453, 0.357580, 0.180423), (0.212671, 0.715160, 0.072169), (0.019334, 0.119193, 0.950227))
)
_WHITE = _TO_XYZ.sum(axis=1)
_FROM_RGB = (_TO_XYZ / _WHITE[:, None]).T.astype(np.float32)
_TO_RGB = np.linalg.inv(_TO_XYZ / _WHITE[:, None]).T.astype(np.float32)
_KNEE = np.float32(6 / 29)


def to_lab(image: Image) -> Plane:
    """L* (0 to 100), a* and b* [..., 3] of sRGB pixels [..., 3]."""
    xyz = _LINEAR[image] @ _FROM_RGB
    f = np.where(xyz > _KNEE**3, np.cbrt(xyz), xyz / (3 * _KNEE**2) + np.float32(4 / 29))
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def from_lab(lab: Plane) -> Plane:
    """The sRGB [..., 3] of L*a*b*, from 0 to 255 in fractions; colours beyond sRGB are cut."""
    y = (lab[..., 0] + 16) / 116
    f = np.stack([y + lab[..., 1] / 500, y, y - lab[..., 2] / 200], axis=-1)
    xyz = np.where(f > _KNEE, f**3, (f - np.float32(4 / 29)) * (3 * _KNEE**2))
    linear = (xyz @ _TO_RGB).clip(0, 1)
    curved = np.float32(1.055) * linear ** np.float32(1 / 2.4) - np.float32(0.055)
    rgb = np.where(linear > np.float32(0.0031308), curved, np.float32(12.92) * linear)
    return np.asarray(255 * rgb, np.float32)


def _linear_light() -> NDArray[np.float32]:
    """The light of each of the 256 sRGB values."""
    value = np.arange(256) / 255
    curved = ((value + 0.055) / 1.055) ** 2.4
    return np.where(value > 0.04045, curved, value / 12.92).astype(np.float32)


_LINEAR = _linear_light()

"""Direction and strength of the light on a face, estimated from its aligned crop.

What a matt surface sends back under distant light grows nearly linearly with its normal's turn
towards the light (Basri and Jacobs, *Lambertian reflectance and linear subspaces*, 2003). In an
aligned crop every place shows the same part of the face, so its normal is known beforehand: that
of an ellipsoid through the generic head's brows, eyes and nose. Luminance over forehead, cheeks
and chin is fitted by the normals, robustly, so that hair, glasses and beards bend it less.

On 8 people of the Extended Yale set B, lit from within 80° of the camera, ``side`` and the sine of
the light's true azimuth correlate with 0.98. The vertical component has 0.65, because foreheads and
chins differ in colour, so it is fitted but not reported.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from zoo.faces.compositing.lab import to_lab
from zoo.faces.geometry.pose import FIRST, LANDMARKS
from zoo.faces.geometry.reference import REFERENCE
from zoo.photos.image import Image

_SIDE = 64  # pixels at which light is looked at
_CENTRE_Y, _HALF_WIDTH, _HALF_HEIGHT = -2.5, 8.0, 12.0  # cm, of the ellipsoid
_FEATURES = (
    (1.0, 5.6, -0.9, 3.1),  # eyes and brows
    (-1.0, 2.2, -5.6, 0.0),  # nose
    (-1.0, 3.0, -8.7, -6.0),  # mouth
)
"""|x| from, |x| to, y from, y to, in cm: their colour is not the skin's."""
_ROUNDS = 4  # of reweighting


@dataclass(frozen=True)
class Illumination:
    """How a face is lit.

    Attributes:
        side: how much lighter it grows towards the picture's right, as a part of its mean light
            per unit of the normal: −1 is light from the picture's left alone, 0 is even.
        level: mean lightness L* of the skin, 0 to 100.
    """

    side: float
    level: float


def illumination(crop: Image) -> Illumination:
    """Of the aligned face ``crop`` [S, S, 3]."""
    small = cv2.resize(crop, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.uint8)
    lightness = to_lab(small)[..., 0]
    where, normals = _skin()
    seen = lightness[where].astype(np.float64)
    root = (seen + 16) / 116
    light = np.where(root > 6 / 29, root**3, (root - 4 / 29) * 3 * (6 / 29) ** 2)
    basis = np.column_stack([np.ones(len(normals)), normals])
    weights = np.ones(len(light))
    coefficients = np.zeros(3)
    for _ in range(_ROUNDS):
        scaled = np.sqrt(weights)
        coefficients = np.linalg.lstsq(basis * scaled[:, None], light * scaled, rcond=None)[0]
        residual = np.abs(light - basis @ coefficients)
        weights = 1 / (1 + (residual / (1.5 * float(np.median(residual)) + 1e-6)) ** 2)
    mean = max(float(light.mean()), 1e-3)
    return Illumination(
        float(np.clip(coefficients[1] / mean, -2, 2)),
        float(seen.mean()),
    )


@cache
def _skin() -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """The sampled pixels [S, S], and x and y of their normals [N, 2]."""
    points = np.column_stack([REFERENCE[FIRST:], np.ones(len(LANDMARKS))])
    to_head, *_ = np.linalg.lstsq(points, LANDMARKS[:, :2], rcond=None)
    unit = (np.arange(_SIDE) + 0.5) / _SIDE
    grid = np.stack([*np.meshgrid(unit, unit), np.ones((_SIDE, _SIDE))], axis=-1)
    x, y = np.moveaxis(grid @ to_head, -1, 0)
    across, up = x / _HALF_WIDTH, (y - _CENTRE_Y) / _HALF_HEIGHT
    where = (np.abs(x) < 5.6) & (y > -10.5) & (y < 4.5) & (across**2 + up**2 < 0.85)
    for inner, outer, low, high in _FEATURES:
        where &= ~((np.abs(x) > inner) & (np.abs(x) < outer) & (y > low) & (y < high))
    # The normal of the ellipsoid (x/a)² + (y/b)² + (z/a)² = 1
    depth = np.sqrt(np.clip(1 - across**2 - up**2, 1e-3, 1))
    normals = np.stack([across / _HALF_WIDTH, up / _HALF_HEIGHT, depth / _HALF_WIDTH], axis=-1)
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    return where, normals[where][:, :2]

"""A generic head: where the landmarks lie in space, and which way the skin faces.

Head coordinates in centimetres as in :mod:`zoo.people.person`: x to the right of a frontal
picture, y up, z out of the face. The landmarks are the mean of a hundred rendered people at
rest, made symmetric; the surface is the relief of the average one.
"""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from zoo.people.chart import Canvas, sculpt
from zoo.people.features import features
from zoo.people.head import CHART_STEP, profiles
from zoo.people.person import Person
from zoo.people.scene import Expression

Vectors = NDArray[np.float64]
"""[N, 3] in head coordinates."""

FIRST = 17
"""Landmarks 0 to 16 slide along the outline as the head turns: they have no place in space."""

LANDMARKS: Vectors = np.array(
    (
        (-5.30, 1.64, 5.90), (-4.36, 2.27, 6.89), (-3.34, 2.46, 7.55),
        (-2.33, 2.27, 7.98), (-1.20, 1.83, 8.15), (1.20, 1.83, 8.15),
        (2.33, 2.27, 7.98), (3.34, 2.46, 7.55), (4.36, 2.27, 6.89),
        (5.30, 1.64, 5.90), (0.00, 0.21, 8.53), (0.00, -1.19, 9.08),
        (0.00, -2.59, 9.48), (0.00, -3.99, 9.98), (-1.37, -4.90, 9.30),
        (-0.72, -5.07, 8.76), (0.00, -5.14, 8.93), (0.72, -5.07, 8.76),
        (1.37, -4.90, 9.30), (-4.48, 0.26, 6.52), (-3.66, 0.56, 7.00),
        (-2.60, 0.50, 7.02), (-1.75, -0.04, 6.59), (-2.60, -0.43, 7.06),
        (-3.66, -0.39, 7.06), (1.75, -0.04, 6.59), (2.60, 0.50, 7.02),
        (3.66, 0.56, 7.00), (4.48, 0.26, 6.52), (3.66, -0.39, 7.06),
        (2.60, -0.43, 7.06), (-2.47, -7.14, 7.55), (-1.60, -6.73, 8.34),
        (-0.62, -6.44, 8.66), (0.00, -6.55, 8.65), (0.62, -6.44, 8.66),
        (1.60, -6.73, 8.34), (2.47, -7.14, 7.55), (1.54, -7.92, 8.17),
        (0.72, -8.14, 8.31), (0.00, -8.23, 8.32), (-0.72, -8.14, 8.31),
        (-1.54, -7.92, 8.17), (-2.14, -7.24, 7.86), (-0.77, -7.22, 8.48),
        (0.00, -7.25, 8.55), (0.77, -7.22, 8.48), (2.14, -7.24, 7.86),
        (0.77, -7.22, 8.48), (0.00, -7.25, 8.55), (-0.77, -7.22, 8.48),
    )
)  # fmt: skip
"""[51, 3]: landmarks 17 to 67."""

_SMOOTHING = 6  # samples of the chart, 0.4 cm: folds and lids do not shade a whole region
_EVERY = 6  # samples of the chart
_FEATURES = (
    (1.0, 5.6, -0.9, 3.1),  # eyes and brows
    (-1.0, 2.2, -5.6, 0.0),  # nose
    (-1.0, 3.0, -8.7, -6.0),  # mouth
)
"""|x| from, |x| to, y from, y to."""


@cache
def skin() -> tuple[Vectors, Vectors]:
    """Points [N, 3] on forehead, cheeks and chin, and their unit normals [N, 3].

    Brows, eyes, nose and mouth are left out: their colour is not the skin's, and the nose
    casts shadows.
    """
    person, canvas = Person(), Canvas()
    shape = features(person, Expression())
    height = sculpt(person, shape, profiles(person, shape), canvas).height
    z = cv2.GaussianBlur(height, (0, 0), _SMOOTHING).astype(np.float64)
    down, across = np.gradient(z, CHART_STEP)
    normals = np.stack([-across, -down, np.ones_like(z)], axis=-1)
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    x, y = np.broadcast_to(canvas.x, z.shape), np.broadcast_to(canvas.y, z.shape)
    chosen = np.zeros(z.shape, bool)
    chosen[::_EVERY, ::_EVERY] = True
    chosen &= (np.abs(x) < 5.6) & (y > -10.5) & (y < 4.5) & (normals[..., 2] > 0.3)
    for inner, outer, low, high in _FEATURES:
        chosen &= ~((np.abs(x) > inner) & (np.abs(x) < outer) & (y > low) & (y < high))
    return np.stack([x, y, z], axis=-1)[chosen].astype(np.float64), normals[chosen]

"""The generic head's skin: where it lies, and which way it faces.

In the coordinates of :mod:`zoo.faces.geometry.head_model`, which has its landmarks. The surface is
the relief of the average rendered person.
"""

from functools import cache

import cv2
import numpy as np

from zoo.faces.geometry.head_model import Vectors
from zoo.people.geometry.face_map import Canvas, sculpt
from zoo.people.geometry.features import features
from zoo.people.geometry.head import CHART_STEP, profiles
from zoo.people.person import Person
from zoo.people.scene import Expression

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

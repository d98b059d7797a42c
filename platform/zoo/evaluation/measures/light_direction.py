"""Light direction: spherical harmonics fitted to the skin's luminance.

What a matt surface of one colour sends back under distant light is nearly a second-order
spherical harmonic of its normal (Basri and Jacobs, *Lambertian reflectance and linear
subspaces*, 2003). The normals are those of the generic head in the face's pose; the fit is
robust, so that hair, glasses, beards and cast shadows bend it less.

The skin is in the coordinates of :mod:`zoo.faces.geometry.pose`, which has its landmarks; its
surface is the relief of the average rendered person.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from zoo.faces.geometry.pose import Pose, Vectors
from zoo.people.geometry.face_map import Canvas, sculpt
from zoo.people.geometry.features import features
from zoo.people.geometry.head import CHART_STEP, profiles
from zoo.people.person import Person
from zoo.people.scene import Expression
from zoo.photos.image import Plane

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


Array = NDArray[np.float64]

_FACING = 0.25  # least cosine between normal and view of what is looked at
_BLUR = 0.3  # cm
_LEAST_SAMPLES = 40
_ROUNDS = 3  # of reweighting


@dataclass(frozen=True)
class Skin:
    """Sampled skin of a photo: pixels [N, 2], and normals [N, 3] in camera axes."""

    pixels: Array
    normals: Array
    blur: float


def visible_skin(pose: Pose, shape: tuple[int, ...]) -> Skin | None:
    """The generic head's skin that a photo of ``shape`` shows; None when that is too little."""
    points, normals = skin()
    pixels = pose.project(points)
    seen = normals @ pose.rotation.T
    height, width = shape[:2]
    inside = (pixels >= 0).all(axis=1) & (pixels <= (width - 1, height - 1)).all(axis=1)
    chosen = inside & (seen[:, 2] > _FACING)
    if chosen.sum() < _LEAST_SAMPLES:
        return None
    return Skin(pixels[chosen], seen[chosen], _BLUR * pose.scale)


def light_difference(before: Plane, after: Plane, where: Skin) -> tuple[float, float]:
    """How far light has turned, in degrees, and how else it is shared out, in percent.

    The direction is the gradient of the first-order fit. The error is that of the second-order
    fits a and b of the two luminances, each divided by its mean over the skin, because how light
    the skin itself is must not count: ``100 · |b/⟨b⟩ − a/⟨a⟩| / |a/⟨a⟩|``.

    Args:
        before: L*a*b* of the input [H, W, 3].
        after: L*a*b* of the picture made from it, of the same shape.
        where: of the face in the input, for both.
    """
    first, second = _harmonics(where.normals, 1), _harmonics(where.normals, 2)
    directions, shadings = [], []
    for lab in (before, after):
        light = _luminance(lab, where)
        directions.append(_fit(first, light)[1:])
        shading = second @ _fit(second, light)
        shadings.append(shading / max(float(shading.mean()), 1e-6))
    a, b = shadings
    return _angle(*directions), float(100 * np.linalg.norm(b - a) / np.linalg.norm(a))


def _luminance(lab: Plane, where: Skin) -> Array:
    """Linear luminance [N], 0 to 1, at the skin's pixels."""
    lightness = np.ascontiguousarray(lab[..., 0])
    if where.blur > 0.5:
        lightness = cv2.GaussianBlur(lightness, (0, 0), where.blur).astype(np.float32)
    x, y = where.pixels.T.astype(np.float32)
    found = cv2.remap(lightness, x[None], y[None], cv2.INTER_LINEAR)[0].astype(np.float64)
    root = (found + 16) / 116
    return np.asarray(np.where(root > 6 / 29, root**3, (root - 4 / 29) * 3 * (6 / 29) ** 2))


def _harmonics(normals: Array, order: int) -> Array:
    """The real spherical harmonics of ``normals`` up to ``order``, without their constants."""
    x, y, z = normals.T
    terms = [np.ones_like(x), x, y, z]
    if order == 2:
        terms += [x * y, x * z, y * z, x * x - y * y, 3 * z * z - 1]
    return np.stack(terms, axis=1)


def _fit(basis: Array, values: Array) -> Array:
    """Least squares with Cauchy weights, at a scale of 1.5 median residuals."""
    weights = np.ones(len(values))
    coefficients: Array = np.zeros(basis.shape[1])
    for _ in range(_ROUNDS + 1):
        root = np.sqrt(weights)
        solution = np.linalg.lstsq(basis * root[:, None], values * root, rcond=1e-6)[0]
        coefficients = np.asarray(solution, np.float64)
        residual = np.abs(values - basis @ coefficients)
        scale = 1.5 * float(np.median(residual)) + 1e-6
        weights = 1 / (1 + (residual / scale) ** 2)
    return coefficients


def _angle(a: Array, b: Array) -> float:
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(np.degrees(np.arccos(np.clip(a @ b / lengths, -1, 1)))) if lengths > 0 else 0.0

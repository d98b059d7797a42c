"""Expression difference: landmarks after removing the pose; mouth and eyes separately.

Every figure is in percent of the distance between the outer corners of the eyes.
"""

import numpy as np

from zoo.faces.geometry.reference import interocular
from zoo.photos.image import Points

OPEN_MOUTH = 8.0
"""Percent from which a mouth counts as open: closed lips are detected up to 5 % apart."""

_RIGID = np.array([*range(27, 36), 36, 39, 42, 45])  # nose, corners of the eyes
_MOVING = np.array([*range(17, 27), 37, 38, 40, 41, 43, 44, 46, 47, *range(48, 68)])
_INNER_LIPS = ((61, 67), (62, 66), (63, 65))
_LIDS = ((37, 41), (38, 40), (43, 47), (44, 46))


def expression_difference(before: Points, after: Points) -> float:
    """Mean distance of brows, lids and lips once the rigid points are laid upon each other.

    The affine map that takes ``after``'s nose and corners of the eyes to ``before``'s by least
    squares removes a change of pose, and of the proportions that the target's face may have.

    Args:
        before: [68, 2] pixels.
        after: [68, 2] pixels.
    """
    a, b = before.astype(np.float64), after.astype(np.float64)
    homogeneous = np.column_stack([b, np.ones(len(b))])
    affine, *_ = np.linalg.lstsq(homogeneous[_RIGID], a[_RIGID], rcond=None)
    apart = np.linalg.norm(homogeneous @ affine - a, axis=1)[_MOVING]
    return float(100 * apart.mean() / interocular(a))


def mouth_opening(landmarks: Points) -> float:
    """Mean distance between the inner edges of the lips."""
    return _mean_gap(landmarks, _INNER_LIPS)


def eye_opening(landmarks: Points) -> float:
    """Mean distance between upper and lower lids, both eyes."""
    return _mean_gap(landmarks, _LIDS)


def mouth_kept(before: Points, after: Points) -> float | None:
    """How far an open mouth is still open: 1 as before, 0 shut. None when it was not open."""
    opening = mouth_opening(before)
    return mouth_opening(after) / opening if opening >= OPEN_MOUTH else None


def _mean_gap(landmarks: Points, pairs: tuple[tuple[int, int], ...]) -> float:
    points = landmarks.astype(np.float64)
    upper, lower = np.array(pairs).T
    gaps = np.linalg.norm(points[upper] - points[lower], axis=1)
    return float(100 * gaps.mean() / interocular(points))

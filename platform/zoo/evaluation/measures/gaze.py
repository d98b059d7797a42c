"""Gaze difference: position of the iris between the corners of the eyes."""

import cv2
import numpy as np
from numpy.typing import NDArray

from zoo.evaluation.measures.luminance_correlation import LUMA
from zoo.photos.image import Image, Points

CLOSED = 0.16
"""Height over width of the lids' outline below which no iris can be seen."""

_EYES = (slice(36, 42), slice(42, 48))
_WIDTH, _HEIGHT = 48, 32  # pixels of an eye cut out upright; its corners lie on the sides
_SUBPIXEL = 4  # bits


def gaze_difference(
    before: Image, before_landmarks: Points, after: Image, after_landmarks: Points
) -> float | None:
    """How far the irises moved, in percent of the eyes' width; None when no eye is open in both.

    Args:
        before: the input.
        before_landmarks: of its face, [68, 2] pixels.
        after: the picture made from it.
        after_landmarks: detected in that.
    """
    moved = []
    for old, new in zip(gaze(before, before_landmarks), gaze(after, after_landmarks), strict=True):
        if old is not None and new is not None:
            moved.append(new - old)
    # Both eyes look one way: opposite errors of the two cancel.
    return float(100 * abs(np.mean(moved))) if moved else None


def gaze(image: Image, landmarks: Points) -> tuple[float | None, float | None]:
    """Position of each eye's iris: −0.5 at the corner on the picture's left, 0.5 on its right.

    The centroid of what is darker than the median between the lids, weighted by how much
    darker. None for an eye that is closed.
    """
    left, right = (_iris(image, landmarks[eye].astype(np.float64)) for eye in _EYES)
    return left, right


def _iris(image: Image, lids: NDArray[np.float64]) -> float | None:
    """The same for one eye with its six landmarks, corners at 0 and 3."""
    along = lids[3] - lids[0]
    width = float(np.linalg.norm(along))
    height = (np.linalg.norm(lids[1] - lids[5]) + np.linalg.norm(lids[2] - lids[4])) / 2
    if width < 1 or height < CLOSED * width:
        return None
    across = np.array([-along[1], along[0]])
    # From pixels of the upright eye, whose middle row is the line between the corners.
    matrix = np.column_stack([along, across, lids[0] - across * _HEIGHT / 2 / _WIDTH])
    matrix[:, :2] /= _WIDTH
    x, y = np.floor(lids.min(axis=0)).astype(int) - 2
    right, bottom = np.ceil(lids.max(axis=0)).astype(int) + 3
    x, y = max(x, 0), max(y, 0)
    part = image[y:bottom, x:right]
    if not part.size:
        return None
    matrix[:, 2] -= (x, y)
    luma = cv2.warpAffine(
        (part @ LUMA).astype(np.float32),
        matrix,
        (_WIDTH, _HEIGHT),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    outline = (lids - (x, y) - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
    inside = np.zeros((_HEIGHT, _WIDTH), np.uint8)
    fixed = np.rint(outline * 2**_SUBPIXEL).astype(np.int32)
    cv2.fillPoly(inside, [fixed], (1,), shift=_SUBPIXEL)
    between = luma[inside > 0]
    if not between.size:
        return None
    darkness = np.clip(np.median(between) - luma, 0, None) * inside
    weight = darkness.sum()
    if weight <= 0:
        return None
    return float((darkness.sum(axis=0) @ np.arange(_WIDTH)) / weight / _WIDTH - 0.5)

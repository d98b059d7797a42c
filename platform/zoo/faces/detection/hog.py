"""Dlib's frontal HOG detector over a whole picture, or over the place of one face, turned upright.

It sees faces of at least 80 pixels within about ±40° of yaw and ±45° of roll: three of its five
views are upright, two are tilted by 30° to either side. In grey it is a quarter faster than in
colours and finds the same (509 and 511 faces in 500 photos).
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from zoo.faces.detection.dlib_models import detector
from zoo.faces.detection.regression_trees import rotation
from zoo.photos.image import AnyArray, Matrix

Box = tuple[int, int, int, int]

Grey = NDArray[np.uint8]
"""A picture's luminance [H, W]."""

_TILTED = (0.0, 0.0, 0.0, -30.0, 30.0)  # degrees of roll that the detector's views are made for
_THRESHOLD = -0.2
_SIDE = 120  # pixels, to which a face is brought to be looked at in its place
_ENLARGED = 3.0  # times, at most, for that
_SAME_FACE = 0.3  # intersection over union of the place and what is found there


@dataclass(frozen=True)
class Detection:
    """A face that the detector sees.

    Attributes:
        box: (left, top, right, bottom) in pixels of the picture; it stands upright on the face, so
            it is turned by ``roll`` about its centre. It may reach beyond the picture.
        score: the detector's, 0 at its threshold; upright faces have 0.5 to 3.
        roll: degrees, clockwise, to within about 20.
    """

    box: Box
    score: float
    roll: float = 0.0


def search(grey: Grey, scale: float = 1.0, roll: float = 0.0) -> list[Detection]:
    """All faces of a picture that are turned by about ``roll`` degrees, in no order.

    Args:
        grey: [H, W].
        scale: at which it is searched; faces of 80 pixels at this scale are found.
        roll: clockwise.
    """
    height, width = grey.shape
    if scale != 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        grey = _resized(grey, size)
    back = np.eye(2, 3)
    if roll:
        grey, back = _turned(grey, roll)
    found = []
    for x, y, side, score, tilt in _run(grey):
        there = (back @ (x, y, 1)) / scale
        found.append(Detection(square(there, side / scale), score, roll + tilt))
    return found


def look_upright(grey: Grey, box: Box, roll: float) -> Detection | None:
    """What the detector sees of the face in ``box``, in its own place turned upright.

    Args:
        grey: [H, W], the whole picture.
        box: where the face is thought to be.
        roll: degrees, clockwise, by which it is turned.

    Returns:
        The detection with the highest score about there; None when there is none.
    """
    left, top, right, bottom = box
    side, centre = right - left, np.array([left + right, top + bottom]) / 2
    scale = min(_SIDE / max(side, 1), _ENLARGED)
    reach = side * (np.sqrt(2) if roll else 1.0)
    x0, y0 = (max(0, int(edge - reach)) for edge in centre)
    part = grey[y0 : max(0, int(centre[1] + reach)), x0 : max(0, int(centre[0] + reach))]
    if min(part.shape) * scale < _SIDE / 2:
        return None
    size = (round(part.shape[1] * scale), round(part.shape[0] * scale))
    seen = _resized(part, size)
    zoom = np.array(size) / part.shape[::-1]
    turn = np.eye(2)
    middle = (centre - (x0, y0)) * zoom  # of the face in ``seen``
    if roll:
        turn = rotation(roll)
        matrix = np.column_stack([turn.T, _SIDE - turn.T @ middle])
        seen = np.asarray(
            cv2.warpAffine(seen, matrix, (2 * _SIDE, 2 * _SIDE), borderMode=cv2.BORDER_REPLICATE),
            np.uint8,
        )
        middle = np.array([_SIDE, _SIDE], np.float64)
    expected = square(middle, side * scale)
    best: Detection | None = None
    for x, y, wide, score, tilt in _run(seen):
        where = np.array([x, y])
        if overlap(square(where, wide), expected) < _SAME_FACE or (best and best.score > score):
            continue
        there = centre + turn @ (where - middle) / zoom
        best = Detection(square(there, wide / scale), score, roll + tilt)
    return best


def square(centre: NDArray[Any], side: float) -> Box:
    """The box of this centre [2] and side."""
    left, top, right, bottom = (*(centre - side / 2), *(centre + side / 2))
    return round(left), round(top), round(right), round(bottom)


def overlap(a: Box, b: Box) -> float:
    """Intersection over union of two boxes, 0 to 1."""
    shared = _intersection(a, b)
    return shared / max(_area(a) + _area(b) - shared, 1)


def contained(a: Box, b: Box) -> float:
    """How much of the smaller of two boxes lies in the other, 0 to 1."""
    return _intersection(a, b) / max(min(_area(a), _area(b)), 1)


def _intersection(a: Box, b: Box) -> int:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return max(width, 0) * max(height, 0)


def _area(box: Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])


def _run(grey: AnyArray) -> list[tuple[float, float, float, float, float]]:
    """Centre x and y, side, score and tilt of each face."""
    boxes, scores, views = detector().run(np.ascontiguousarray(grey), 0, _THRESHOLD)
    return [
        (
            (box.left() + box.right()) / 2,
            (box.top() + box.bottom()) / 2,
            (box.right() - box.left() + box.bottom() - box.top()) / 2,
            float(score),
            _TILTED[view],
        )
        for box, score, view in zip(boxes, scores, views, strict=True)
    ]


def _turned(grey: Grey, roll: float) -> tuple[Grey, Matrix]:
    """The picture turned back by ``roll`` degrees, and the map of its pixels to those before."""
    turn = rotation(roll)
    size = np.ceil(np.abs(turn) @ grey.shape[::-1]).astype(int)
    middle, was = (size - 1) / 2, (np.array(grey.shape[::-1]) - 1) / 2
    back = np.column_stack([turn, was - turn @ middle])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(grey, back, size.tolist(), flags=flags), np.uint8), back


def _resized(grey: Grey, size: tuple[int, int]) -> Grey:
    """To ``size`` (width, height)."""
    way = cv2.INTER_AREA if size[0] < grey.shape[1] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(grey, size, interpolation=way), np.uint8)

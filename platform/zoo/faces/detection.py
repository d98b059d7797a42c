"""Finding faces in a photo, each with its 68 landmarks.

dlib's frontal HOG detector sees faces of at least 80 pixels within about ±40° of yaw and
±25° of roll. A photo is searched at a bounded size first; only when nothing is found there
(or a large photo shows small faces, which seldom come alone) at twice that size.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from zoo.faces.models import detector, landmark_trees, landmark_trees_anew
from zoo.faces.regression_trees import predict
from zoo.photos.image import Image, Points

Box = tuple[int, int, int, int]

_FIRST_SIDE = 1024  # pixels of the longer side in the first search
_LAST_SIDE = 4096
_SMALL = 130  # pixels: near the detector's least size, so smaller faces may have been missed
_FARTHEST = 10  # sides of its box that a landmark may lie from its corner
_SAME_FACE = 0.35  # intersection over union above which two boxes are one face


@dataclass(frozen=True)
class Face:
    """One face: ``box`` is (left, top, right, bottom), all in pixels of the photo."""

    box: Box
    landmarks: Points

    @property
    def area(self) -> int:
        """Of the box, in pixels."""
        left, top, right, bottom = self.box
        return (right - left) * (bottom - top)

    @property
    def interocular(self) -> float:
        """Distance in pixels between the outer corners of the eyes."""
        return float(np.linalg.norm(self.landmarks[45] - self.landmarks[36]))


def find_faces(image: Image) -> list[Face]:
    """All faces, the largest first; empty when there is none.

    Raises:
        AssetError: the landmark model is missing or damaged.
    """
    faces = [Face(box, find_landmarks(image, box)) for box in find_boxes(image)]
    return sorted(faces, key=lambda face: face.area, reverse=True)


def find_landmarks(image: Image, box: Box) -> Points:
    """The 68 landmarks of the face in ``box``, in pixels with their fractions.

    Raises:
        AssetError: the landmark model is missing or damaged.
    """
    try:
        with np.errstate(invalid="raise", over="raise"):
            found = predict(landmark_trees(), image, box)
        if _may_be(found, box):
            return found
    except ArithmeticError:
        pass
    return predict(landmark_trees_anew(), image, box)  # the cache's copy of the model is damaged


def _may_be(landmarks: Points, box: Box) -> bool:
    """Whether they lie about their box, and are numbers at all."""
    side = max(box[2] - box[0], box[3] - box[1])
    return bool((np.abs(landmarks - box[:2]) < _FARTHEST * side).all())


def find_boxes(image: Image, *, closer: bool = True) -> list[Box]:
    """The detector's boxes alone, in no order; they may reach beyond the photo.

    Args:
        image: [H, W, 3].
        closer: also at twice the size, where that may find more.
    """
    side = max(image.shape[:2])
    working = min(side, _FIRST_SIDE)
    boxes = _search(image, working / side)
    while closer and _look_closer(boxes, working, side):
        working *= 2
        boxes = _merge(boxes, _search(image, working / side))
    return boxes


def _look_closer(boxes: list[Box], working: int, side: int) -> bool:
    if 2 * working > min(2 * side, _LAST_SIDE):
        return False
    if not boxes:
        return True
    smallest = min(right - left for left, _, right, _ in boxes) * working / side
    return working < side and smallest < _SMALL


def _search(image: Image, scale: float) -> list[Box]:
    if scale != 1:
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        height, width = image.shape[:2]
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        image = cv2.resize(image, size, interpolation=way).astype(np.uint8, copy=False)
    found, _, _ = detector().run(np.ascontiguousarray(image), 0, 0.0)
    return [
        (
            round(box.left() / scale),
            round(box.top() / scale),
            round(box.right() / scale),
            round(box.bottom() / scale),
        )
        for box in found
    ]


def _merge(boxes: list[Box], more: list[Box]) -> list[Box]:
    return boxes + [box for box in more if all(overlap(box, old) < _SAME_FACE for old in boxes)]


def overlap(a: Box, b: Box) -> float:
    """Intersection over union of two boxes, 0 to 1."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    return shared / union

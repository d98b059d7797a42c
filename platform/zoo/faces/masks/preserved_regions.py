"""Regions of the original face that stay in front of the swapped one: mouth, eyes, hair.

Mouth and eyes are located by the landmarks, with a soft edge; hair is found by the segmentation
(:func:`zoo.faces.masks.segmentation.skin`).
"""

from collections.abc import Collection
from typing import Literal

import cv2
import numpy as np

from zoo.faces.geometry.reference import interocular
from zoo.photos.image import Plane, Points

Part = Literal["mouth", "eyes", "hair"]

PARTS: tuple[Part, ...] = ("mouth", "eyes", "hair")

_MOUTH = (range(48, 60),)
_EYES = (range(36, 42), range(42, 48))
_WIDER = {"mouth": 0.05, "eyes": 0.05}  # of the distance of the outer eye corners
_FEATHER = 0.045  # likewise: the standard deviation of the edge


def kept(landmarks: Points, shape: tuple[int, ...], parts: Collection[Part]) -> Plane | None:
    """How much [H, W], 0 to 1, of each pixel is the photo's own mouth or eyes; None for neither.

    Args:
        landmarks: of the face [68, 2], pixels.
        shape: of the picture.
        parts: which are kept.
    """
    wanted = [(_WIDER["mouth"], one) for one in _MOUTH if "mouth" in parts]
    wanted += [(_WIDER["eyes"], one) for one in _EYES if "eyes" in parts]
    if not wanted:
        return None
    size = max(interocular(landmarks), 1.0)
    mask = np.zeros(shape[:2], np.float32)
    for wider, points in wanted:
        hull = cv2.convexHull(landmarks[list(points)].astype(np.float32))
        outline = np.rint(hull.reshape(-1, 2)).astype(np.int32)
        cv2.fillConvexPoly(mask, outline, 1.0)
        # A border as wide: the outline grows evenly, and so a narrow eye keeps its lids.
        width = 2 * max(1, round((wider + _FEATHER) * size)) + 1
        cv2.polylines(mask, [outline], True, 1.0, width)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), max(_FEATHER * size, 0.5)), np.float32)

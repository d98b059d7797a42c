"""Where in a photo a swapped face goes.

Careless stitching throws identity away: a mask that ends at the brows gives the old face
back. So the mask reaches over the forehead, and a matte takes out what stands before the face.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from zoo.faces.alignment import alignment_matrix, covered
from zoo.photos.image import Plane, Points

_FOREHEAD = 0.42  # of the height from nose bridge to chin, above the brows
_TAPER = np.array([0.55, 0.8, 0.93, 1.0, 1.0, 1.0, 1.0, 0.93, 0.8, 0.55], np.float32)
_FEATHER = 0.10  # of the face's size (root of its area), from nothing at the rim to all


@dataclass(frozen=True)
class Region:
    """The part of a photo that a face's mask lies in, and the mask [h, w] there, 0 to 1."""

    left: int
    top: int
    mask: Plane

    @property
    def part(self) -> tuple[slice, slice]:
        """The rows and columns of the photo."""
        height, width = self.mask.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)


def face_outline(landmarks: Points) -> Points:
    """The convex outline [K, 2] of the face with its forehead, in the landmarks' coordinates."""
    up = landmarks[27] - landmarks[8]
    forehead = landmarks[17:27] + _FOREHEAD * _TAPER[:, None] * up
    hull = cv2.convexHull(np.concatenate([landmarks, forehead]).astype(np.float32))
    return np.asarray(hull, np.float32).reshape(-1, 2)


def face_mask(landmarks: Points, shape: tuple[int, ...]) -> Plane:
    """How much [H, W] of each pixel, 0 to 1, belongs to the face.

    It is 0 outside the face's outline and outside what its aligned crop shows, rises inside
    over the width of the feather, and does not fall where only the photo's border cuts the face.
    """
    mask = np.zeros(shape[:2], np.float32)
    region = face_region(landmarks, shape)
    if region is not None:
        mask[region.part] = region.mask
    return mask


def face_region(landmarks: Points, shape: tuple[int, ...]) -> Region | None:
    """The smallest part of the photo that holds :func:`face_mask`; None when that is empty."""
    outline = face_outline(landmarks)
    height, width = shape[:2]
    left, top = np.maximum(np.floor(outline.min(axis=0)).astype(int) - 2, 0)
    right, bottom = np.minimum(np.ceil(outline.max(axis=0)).astype(int) + 3, (width, height))
    if left >= right or top >= bottom:
        return None
    inside = np.zeros((bottom - top, right - left), np.uint8)
    corner = np.array([left, top])
    cv2.fillConvexPoly(inside, np.rint(outline - corner).astype(np.int32), 1)
    inside &= covered(alignment_matrix(landmarks), (left, top, right, bottom))
    if not inside.any():
        return None
    if inside.all():
        return Region(int(left), int(top), np.ones(inside.shape, np.float32))
    size = float(np.sqrt(cv2.contourArea(outline)))
    distance = cv2.distanceTransform(inside, cv2.DIST_L2, 5)
    ramp = (distance / max(1.0, _FEATHER * size)).clip(0, 1)
    return Region(int(left), int(top), np.asarray(ramp * ramp * (3 - 2 * ramp), np.float32))

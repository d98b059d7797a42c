"""The face mask: where a swapped face is pasted into a photo.

Compositing can lose the identity: a mask that ends at the brows restores the original face, and so
does one that fades inside the jaw and the temples. So the mask covers the forehead and extends a
little beyond the landmarks, and a matte removes everything that is not skin. docs/stitching.md has
the cost of each choice.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from zoo.faces.geometry.alignment import alignment_matrix, covered
from zoo.photos.image import Plane, Points

_FOREHEAD = 0.42  # of the height from nose bridge to chin, above the brows
_TAPER = np.array([0.55, 0.8, 0.93, 1.0, 1.0, 1.0, 1.0, 0.93, 0.8, 0.55], np.float32)
_FEATHER = 0.03  # of the face's size (root of its area), from nothing at the rim to all
_FOREHEAD_FEATHER = 0.09  # at the forehead's upper edge: nothing in it hides a step
_BEYOND_JAW = 0.02  # of the same: how far beyond the landmarks of the jaw the mask ends
_BEYOND_FOREHEAD = 0.12  # and beyond the forehead, where the matte keeps the photo's hair


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
    return _hull(np.concatenate([landmarks, _forehead(landmarks)]))


def mask_outline(landmarks: Points) -> Points:
    """The convex outline [K, 2] of the mask, in the landmarks' coordinates.

    It lies outside :func:`face_outline`, so that the feather takes little away from the face.
    """
    size = _size(face_outline(landmarks))
    middle = landmarks[27:36].mean(axis=0)  # of the nose
    moved = [
        points + beyond * size * _directions(points - middle)
        for points, beyond in (
            (landmarks[:17], _BEYOND_JAW),
            (_forehead(landmarks), _BEYOND_FOREHEAD),
        )
    ]
    return _hull(np.concatenate([landmarks, *moved]))


def face_mask(landmarks: Points, shape: tuple[int, ...]) -> Plane:
    """How much [H, W] of each pixel, 0 to 1, belongs to the face.

    It is 0 outside :func:`mask_outline` and outside what the aligned crop shows, rises inside
    over the width of the feather, which widens over the forehead, and does not fall where only
    the photo's border cuts the face.
    """
    mask = np.zeros(shape[:2], np.float32)
    region = face_region(landmarks, shape)
    if region is not None:
        mask[region.part] = region.mask
    return mask


def crop_mask(unit: Points, side: int) -> Plane:
    """The same in an aligned crop, [side, side]; it falls to 0 towards the crop's border, too.

    It ends a pixel before the outline, so that interpolated in a photo it ends where that does.

    Args:
        unit: the face's landmarks, unit coordinates of the crop.
        side: pixels, whatever the crop has.
    """
    landmarks = np.asarray(unit * side - 0.5, np.float32)
    inside = np.zeros((side, side), np.uint8)
    cv2.fillConvexPoly(inside, np.rint(mask_outline(landmarks)).astype(np.int32), 1)
    # The pixels beyond the border, which the crop does not show.
    bordered = cv2.copyMakeBorder(inside, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    return _feathered(np.asarray(bordered, np.uint8), landmarks + 1, inset=1)[1:-1, 1:-1]


def face_region(landmarks: Points, shape: tuple[int, ...]) -> Region | None:
    """The smallest part of the photo that holds :func:`face_mask`; None when that is empty."""
    outline = mask_outline(landmarks)
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
    return Region(int(left), int(top), _feathered(inside, landmarks - corner))


def _feathered(inside: NDArray[np.uint8], landmarks: Points, inset: float = 0) -> Plane:
    """What is inside the outline [H, W], 1 or 0, rising from its rim over the feather's width.

    Args:
        inside: the outline, filled.
        landmarks: its face's.
        inset: pixels, from the rim, over which it is 0.
    """
    size = _size(face_outline(landmarks))
    distance = cv2.distanceTransform(inside, cv2.DIST_L2, 5)
    feather = np.float32(size) * _feather(landmarks, inside.shape)
    ramp = ((distance - inset) / np.maximum(np.float32(1), feather)).clip(0, 1)
    return np.asarray(ramp * ramp * (3 - 2 * ramp), np.float32)


def _feather(landmarks: Points, shape: tuple[int, ...]) -> Plane:
    """Its width [H, W]: constant up to the brows, then wider up to the forehead's upper edge."""
    up = landmarks[27] - landmarks[8]
    brows = landmarks[17:27].mean(axis=0)
    x, y = np.arange(shape[1], dtype=np.float32), np.arange(shape[0], dtype=np.float32)[:, None]
    along = (x - brows[0]) * up[0] + (y - brows[1]) * up[1]
    height = along / np.float32(max(_FOREHEAD * float(up @ up), 1e-6))
    widened = np.float32(_FOREHEAD_FEATHER - _FEATHER) * height.clip(0, 1)
    return np.asarray(np.float32(_FEATHER) + widened, np.float32)


def _forehead(landmarks: Points) -> Points:
    """The upper edge [10, 2] of the forehead, above the brows."""
    up = landmarks[27] - landmarks[8]
    return np.asarray(landmarks[17:27] + _FOREHEAD * _TAPER[:, None] * up, np.float32)


def _directions(vectors: Points) -> Points:
    """Unit vectors [K, 2]; zero for one that has no length."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-6), np.float32)


def _hull(points: Points) -> Points:
    hull = cv2.convexHull(points.astype(np.float32))
    return np.asarray(hull, np.float32).reshape(-1, 2)


def _size(outline: Points) -> float:
    """The root of its area."""
    return float(np.sqrt(cv2.contourArea(outline)))

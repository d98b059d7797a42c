"""Putting a swapped face into its photo: where, in which colours, and with which seam.

Careless stitching throws identity away: a mask that ends at the brows gives the old face
back. So the mask reaches over the forehead; colours agree with the photo's in mean and spread
(Reinhard et al., *Color Transfer between Images*, 2001); the seam is a feather, or gradients
are cloned (Perez et al., *Poisson Image Editing*, 2003).
"""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from zoo.faces.alignment import alignment_matrix, covered
from zoo.faces.lab import from_lab, to_lab
from zoo.photos.image import AnyArray, Image, Plane, Points

_FOREHEAD = 0.34  # of the height from nose bridge to chin, above the brows
_TAPER = np.array([0.55, 0.8, 0.93, 1.0, 1.0, 1.0, 1.0, 0.93, 0.8, 0.55], np.float32)
_FEATHER = 0.10  # of the face's size (root of its area), from nothing at the rim to all
_LEAST_SPREAD, _MOST_SPREAD = 0.5, 2.0  # limits of the change of contrast
_CLONED = 0.4  # the mask's value above which gradients are cloned: hair must not bleed in
_CORRECTION_SIDE = 512  # pixels


@dataclass(frozen=True)
class _Region:
    """A part of the photo, and the mask [h, w] in it."""

    left: int
    top: int
    mask: Plane

    @property
    def part(self) -> tuple[slice, slice]:
        height, width = self.mask.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)


def face_outline(landmarks: Points) -> Points:
    """The convex outline [K, 2] of the face with its forehead, in the landmarks' coordinates."""
    up = landmarks[27] - landmarks[8]
    forehead = landmarks[17:27] + _FOREHEAD * _TAPER[:, None] * up
    hull = cv2.convexHull(np.concatenate([landmarks, forehead]).astype(np.float32))
    return np.asarray(hull, np.float32).reshape(-1, 2)


def face_mask(landmarks: Points, shape: tuple[int, ...]) -> Plane:
    """How much [H, W] of each pixel, 0 to 1, belongs to the swapped face.

    It is 0 outside the face's outline and outside what its aligned crop shows, rises inside
    over the width of the feather, and does not fall where only the photo's border cuts the face.
    """
    mask = np.zeros(shape[:2], np.float32)
    region = _region(landmarks, shape)
    if region is not None:
        mask[region.part] = region.mask
    return mask


def blend(
    photo: Image,
    swapped: Image,
    landmarks: Points,
    *,
    method: Literal["feather", "poisson"] = "feather",
) -> Image:
    """The photo with ``swapped`` (of the same shape) in place of the face with these landmarks.

    Outside the face's mask not a pixel changes.
    """
    result = photo.copy()
    region = _region(landmarks, photo.shape)
    if region is None:
        return result
    here, there = photo[region.part], swapped[region.part]
    weight = region.mask
    added = _correction(there, here, region.mask, method)
    if method == "poisson":
        weight = ((weight - _CLONED) / 0.2).clip(0, 1)
    mixed = here + weight[..., None] * (there + added - here)
    result[region.part] = np.rint(mixed.clip(0, 255)).astype(np.uint8)
    return result


def agree_in_colour(swapped: Image, photo: Image, mask: Plane) -> Plane:
    """``swapped`` [H, W, 3] in float32 0..255, with the photo's colours inside the mask.

    Mean and standard deviation of each Lab channel become the photo's; a spread changes by at
    most a factor of two either way.
    """
    a, b = to_lab(swapped), to_lab(photo)
    mean_a, spread_a = _moments(a, mask)
    mean_b, spread_b = _moments(b, mask)
    gain = ((spread_b + 0.5) / (spread_a + 0.5)).clip(_LEAST_SPREAD, _MOST_SPREAD)
    agreed = (a - mean_a) * gain + mean_b
    return from_lab(agreed.astype(np.float32))


def _region(landmarks: Points, shape: tuple[int, ...]) -> _Region | None:
    """The smallest part of the photo that holds the face's mask; None when that is empty."""
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
    size = float(np.sqrt(cv2.contourArea(outline)))
    if inside.all():
        return _Region(left, top, np.ones(inside.shape, np.float32))
    distance = cv2.distanceTransform(inside, cv2.DIST_L2, 5)
    ramp = (distance / max(1.0, _FEATHER * size)).clip(0, 1)
    return _Region(int(left), int(top), np.asarray(ramp * ramp * (3 - 2 * ramp), np.float32))


def _moments(lab: Plane, mask: Plane) -> tuple[AnyArray, AnyArray]:
    """Mean and standard deviation [3] of each channel, weighted by the mask."""
    weight = (mask / max(float(mask.sum()), 1e-6))[..., None]
    mean = np.asarray((weight * lab).sum(axis=(0, 1)))
    return mean, np.sqrt((weight * (lab - mean) ** 2).sum(axis=(0, 1)))


def _correction(swapped: Image, photo: Image, mask: Plane, method: str) -> Plane:
    """What to add [H, W, 3] to ``swapped`` so that its colours, or its light too, agree.

    A crop holds less detail than a large face in the photo and the correction no more than the
    crop, so it is found at a bounded size.
    """
    height, width = mask.shape
    scale = min(1.0, _CORRECTION_SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    if scale < 1:
        swapped, photo = _reduced(swapped, size), _reduced(photo, size)
        mask = cv2.resize(mask, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    agreed = agree_in_colour(swapped, photo, mask)
    if method == "poisson":
        agreed += _cloning(agreed, photo, mask > _CLONED)
    added = agreed - swapped
    return added if scale == 1 else np.asarray(cv2.resize(added, (width, height)), np.float32)


def _reduced(image: Image, size: tuple[int, int]) -> Image:
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.uint8)


def _cloning(swapped: Plane, photo: Image, inside: AnyArray) -> Plane:
    """What cloning by gradients adds to ``swapped``: smooth inside, and closing the seam."""
    height, width = inside.shape
    # The solver transforms the mask's bounding box by Fourier; an unlucky size takes three times
    # as long. So the box is widened to a lucky one, over repeated border pixels.
    wide, high = _lucky(width + 8), _lucky(height + 8)
    x, y = (wide - width) // 2, (high - height) // 2
    border = (y, high - height - y, x, wide - width - x)
    source, target = (
        cv2.copyMakeBorder(image, *border, cv2.BORDER_REPLICATE)
        for image in (np.rint(swapped.clip(0, 255)).astype(np.uint8), photo)
    )
    mask = cv2.copyMakeBorder(inside.astype(np.uint8) * 255, *border, cv2.BORDER_CONSTANT, value=0)
    mask[1, 1] = mask[-2, -2] = 255  # corners of the box; the solver erodes them away
    cloned = cv2.seamlessClone(source, target, mask, (wide // 2, high // 2), cv2.NORMAL_CLONE)
    added = cloned.astype(np.float32) - source
    return np.asarray(added[y : y + height, x : x + width])


def _lucky(side: int) -> int:
    """The least side, no smaller, whose sine transform is quick: 2 (side - 3) is a good length."""
    while cv2.getOptimalDFTSize(2 * (side - 3)) != 2 * (side - 3):
        side += 1
    return side

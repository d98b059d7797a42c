"""Blends a swapped face, in the photo's light, into the photo: grain, seam, preserved regions.

The edge is feathered, or gradients are cloned (Perez et al., *Poisson Image Editing*, 2003). What
comes before is made in the aligned crop (:mod:`zoo.swapping.compositing`).
"""

from collections.abc import Callable, Collection
from typing import Literal

import cv2
import numpy as np

from zoo.faces.compositing.colour_transfer import each_channel
from zoo.faces.compositing.detail import match_grain
from zoo.faces.masks.preserved_regions import Part, kept
from zoo.photos.image import AnyArray, Image, Plane, Points

Method = Literal["feather", "poisson"]

Mix = Callable[[int, int, Plane, Plane], None]
"""Told the left and top of a part of a picture, how much of each of its pixels is replaced
[h, w], and what by [h, w, 3], in float32 of 0 to 255."""

_CLONED = 0.4  # the mask's value above which gradients are cloned: hair must not bleed in
_CLONED_SIDE = 512  # pixels


def blend(
    photo: Image,
    swapped: Plane,
    weight: Plane,
    landmarks: Points,
    *,
    pitch: float = 1.0,
    method: Method = "feather",
    opacity: float = 1.0,
    mix: Mix | None = None,
    keep: Collection[Part] = (),
) -> Image:
    """The photo with ``swapped`` in place of the face with these landmarks.

    Args:
        photo: [H, W, 3].
        swapped: the swapped face put back where it came from, in the photo's light; float32
            [H, W, 3], 0..255.
        weight: [H, W] 0..1, how much of each pixel is replaced; where it is 0, none changes.
        landmarks: of the face in the photo, pixels.
        pitch: pixels of the photo per pixel of what ``swapped`` was drawn from.
        method: how the seam is closed.
        opacity: 0 to 1, of the whole; less than 1 where it fades.
        mix: is told what is mixed in, before it is rounded, for who keeps the photo in another
            depth or light.
        keep: what of the photo's face stays; hair is the weight's affair.
    """
    if not weight.any():
        return photo.copy()
    agreed = swapped + match_grain(photo, landmarks, pitch)
    if method == "poisson":
        agreed += _cloning(agreed, photo, weight)
        weight = ((weight - _CLONED) / 0.2).clip(0, 1)
    own = kept(landmarks, weight.shape, keep)
    if own is not None:
        weight = weight * (1 - own)
    share = np.asarray(opacity * weight, np.float32)
    if mix is not None:
        mix(0, 0, share, agreed)
    change = cv2.subtract(agreed, photo, dtype=cv2.CV_32F) * each_channel(share)
    return np.asarray(cv2.add(photo, change, dtype=cv2.CV_8U), np.uint8)


def _cloning(swapped: Plane, photo: Image, mask: Plane) -> Plane:
    """What cloning by gradients adds [H, W, 3]: smooth inside, and closing the seam.

    What it adds is smooth, so it is found at a bounded size.
    """
    height, width = mask.shape
    scale = min(1.0, _CLONED_SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    planes: tuple[AnyArray, ...] = (np.rint(swapped.clip(0, 255)).astype(np.uint8), photo, mask)
    if scale < 1:
        planes = tuple(cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in planes)
    source, target, weight = planes
    added = _cloned(source, target, weight > _CLONED) - source
    return added if scale == 1 else np.asarray(cv2.resize(added, (width, height)), np.float32)


def _cloned(swapped: AnyArray, photo: AnyArray, inside: AnyArray) -> Plane:
    """OpenCV's clone, on a box of a size that it is quick at."""
    height, width = inside.shape
    # The solver transforms the mask's bounding box by Fourier; an unlucky size takes three times
    # as long. So the box is widened to a lucky one, over repeated border pixels.
    wide, high = _lucky(width + 8), _lucky(height + 8)
    x, y = (wide - width) // 2, (high - height) // 2
    border = (y, high - height - y, x, wide - width - x)
    source, target = (
        cv2.copyMakeBorder(image, *border, cv2.BORDER_REPLICATE) for image in (swapped, photo)
    )
    mask = cv2.copyMakeBorder(inside.astype(np.uint8) * 255, *border, cv2.BORDER_CONSTANT, value=0)
    mask[1, 1] = mask[-2, -2] = 255  # corners of the box; the solver erodes them away
    cloned = cv2.seamlessClone(source, target, mask, (wide // 2, high // 2), cv2.NORMAL_CLONE)
    return cloned.astype(np.float32)[y : y + height, x : x + width]


def _lucky(side: int) -> int:
    """The least side, no smaller, whose sine transform is quick: 2 (side - 3) is a good length."""
    while cv2.getOptimalDFTSize(2 * (side - 3)) != 2 * (side - 3):
        side += 1
    return side

"""Compositing of a swapped face: colour transfer, sharpness, blending.

Colour transfer first (:mod:`zoo.faces.compositing.colour_transfer`), then sharpness
(:mod:`zoo.faces.compositing.detail`); the edge is feathered, or gradients are cloned (Perez et al.,
*Poisson Image Editing*, 2003).
"""

from collections.abc import Callable, Collection
from typing import Literal

import cv2
import numpy as np

from zoo.faces.compositing.colour_transfer import each_channel, transfer_colour
from zoo.faces.compositing.detail import match_grain, match_sharpness
from zoo.faces.geometry.reference import interocular
from zoo.faces.masks.face_mask import face_region
from zoo.faces.masks.preserved_regions import Part, kept
from zoo.photos.image import AnyArray, Image, Plane, Points

Method = Literal["feather", "poisson"]

Mix = Callable[[int, int, Plane, Plane], None]
"""Told the left and top of a part of a picture, how much of each of its pixels is replaced
[h, w], and what by [h, w, 3], in float32 of 0 to 255."""

_SAMPLES = 2.0  # per pixel of the network's output: the photo's light is found at this pitch
_CLONED = 0.4  # the mask's value above which gradients are cloned: hair must not bleed in
_CLONED_SIDE = 512  # pixels


def blend(
    photo: Image,
    swapped: Image,
    landmarks: Points,
    *,
    matte: Plane | None = None,
    pitch: float = 1.0,
    method: Method = "feather",
    opacity: float = 1.0,
    mix: Mix | None = None,
    keep: Collection[Part] = (),
) -> Image:
    """The photo with ``swapped`` (of the same shape) in place of the face with these landmarks.

    Outside the face's mask not a pixel changes.

    Args:
        photo: [H, W, 3].
        swapped: the swapped face, put back where it came from.
        landmarks: of the face in the photo, pixels.
        matte: [H, W] 0..1, how much of each pixel may be replaced; hair, glasses and hands
            before the face may not. Everything, by default.
        pitch: pixels of the photo per pixel of the network's output.
        method: how the seam is closed.
        opacity: 0 to 1, of the whole; less than 1 where it fades.
        mix: is told what is mixed in, before it is rounded, for who keeps the photo in another
            depth or light.
        keep: what of the photo's face stays; hair is the matte's affair.
    """
    result = photo.copy()
    region = face_region(landmarks, photo.shape)
    if region is None:
        return result
    here, there, weight = photo[region.part], swapped[region.part], region.mask
    if matte is not None:
        weight = weight * matte[region.part]
    if not (weight > 0).any():
        return result
    eyes = interocular(landmarks)
    agreed = _in_the_photos_light(there, here, weight, eyes, pitch)
    agreed += match_grain(here, landmarks - (region.left, region.top), pitch)
    if method == "poisson":
        agreed += _cloning(agreed, here, weight)
        weight = ((weight - _CLONED) / 0.2).clip(0, 1)
    own = kept(landmarks - (region.left, region.top), weight.shape, keep)
    if own is not None:  # not before: light and colours agree over the whole face
        weight = weight * (1 - own)
    share = np.asarray(opacity * weight, np.float32)
    if mix is not None:
        mix(region.left, region.top, share, agreed)
    mixed = here + each_channel(share) * (agreed - here)
    result[region.part] = np.rint(mixed.clip(0, 255)).astype(np.uint8)
    return result


def _in_the_photos_light(
    swapped: Image, photo: Image, weight: Plane, eyes: float, pitch: float
) -> Plane:
    """``swapped`` [H, W, 3] in float32, in the photo's light and colours, its edges sharpened.

    How it changes is found where two samples show each pixel of the network's output, since
    nothing in it is finer; a face that fills a large photo costs no more than one of 300 px.
    """
    height, width = weight.shape
    scale = min(1.0, _SAMPLES / pitch)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    planes: tuple[AnyArray, ...] = (swapped, photo, weight)
    if size != (width, height):
        planes = tuple(cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in planes)
    small, here, mask = planes
    change: AnyArray = (
        match_sharpness(transfer_colour(small, here, mask, eyes * scale), pitch * scale) - small
    )
    if size != (width, height):
        change = cv2.resize(change, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(swapped + change, np.float32)


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

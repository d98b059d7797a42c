"""Swapped faces pasted back into their picture; only the part around each face is touched.

All that can be is done in the aligned crop, whose size does not depend on the picture's: the mask,
colour transfer, detail and sharpness. What is left for the picture is to warp the result to its
place, and there to add grain and to blend.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from zoo.faces.compositing.blending import Mix, blend
from zoo.faces.compositing.colour_transfer import transfer_colour
from zoo.faces.compositing.detail import sharpened
from zoo.faces.compositing.super_resolution import enlarged, share_of_detail
from zoo.faces.geometry.alignment import (
    Aligned,
    align,
    shown_of_photo,
    unwarped_finely,
    warp_back,
)
from zoo.faces.geometry.reference import interocular
from zoo.faces.masks.face_mask import crop_mask, mask_outline
from zoo.faces.masks.segmentation import resized, skin
from zoo.photos.image import Image, Plane, Points
from zoo.swapping.options import CompositingOptions

Box = tuple[int, int, int, int]

SEGMENTED = 128
"""Pixels, the side of the crop that is segmented."""

_MASKED = 256  # pixels, the side of the crop that the mask is drawn in


@dataclass(frozen=True)
class SwappedFace:
    """One face of one picture, and what the network made of it.

    Attributes:
        landmarks: pixels of the picture.
        crop: aligned for the network.
        raw: the network's output [S, S, 3].
        matte: how much of each pixel of the crop may be replaced [T, T].
    """

    landmarks: Points
    crop: Aligned
    raw: Image
    matte: Plane


def aligned_for_segmentation(image: Image, landmarks: Points, crop: Aligned) -> Aligned:
    """The face's crop for the segmentation; ``crop`` itself where it has that size."""
    if crop.image.shape[0] == SEGMENTED:
        return crop
    return align(image, landmarks, SEGMENTED)


def replaceable(image: Image, landmarks: Points) -> Plane:
    """How much [H, W], 0 to 1, of each pixel of ``image`` may show the swapped face: its skin.

    Raises:
        AssetError: the segmentation network is missing or damaged.
    """
    wide = align(image, landmarks, SEGMENTED)
    return warp_back(skin(wide.image, wide.landmarks), wide.matrix, image.shape)


def paste_back(
    image: Image,
    face: SwappedFace,
    look: CompositingOptions | None = None,
    fade: float = 1.0,
    mix: Mix | None = None,
) -> Box:
    """Blends the face into ``image`` itself; returns the part (left, top, right, bottom) it is in.

    The size of the picture around the face does not matter.

    Args:
        image: the picture.
        face: the face.
        look: how it is put in.
        fade: 0 to 1, of the look's strength.
        mix: is told what is mixed in; see :func:`zoo.faces.compositing.blending.blend`.
    """
    weight = coverage(face)
    shown, pitch = refined(relit(face, weight, image.shape), face.crop.pitch)
    return put_in_place(image, face, shown, weight, pitch, look, fade, mix)


def put_in_place(
    image: Image,
    face: SwappedFace,
    shown: Plane,
    weight: Plane,
    pitch: float,
    look: CompositingOptions | None = None,
    fade: float = 1.0,
    mix: Mix | None = None,
) -> Box:
    """As :func:`paste_back`, of what has been made in the crop.

    Args:
        image: the picture.
        face: says where it goes.
        shown: what is to be seen there, of the whole crop [S, S, 3], 0..255.
        weight: how much of it, :func:`coverage`.
        pitch: pixels of the picture per pixel of ``shown``; grain is added if more than 1.
        look: see there.
        fade: likewise.
        mix: likewise.
    """
    look = look or CompositingOptions()
    left, top, right, bottom = box = _box(face, image.shape)
    if left >= right or top >= bottom:
        return 0, 0, 0, 0
    window = np.s_[top:bottom, left:right]
    there = image[window]
    matrix = face.crop.matrix
    matrix = np.column_stack([matrix[:, :2], matrix @ (left, top, 1)])
    *channels, covered = cv2.split(unwarped_finely(_with_alpha(shown, weight), matrix, there.shape))
    image[window] = blend(
        there,
        np.asarray(cv2.merge(channels), np.float32),
        np.clip(covered, 0, 1),
        face.landmarks - (left, top),
        pitch=pitch,
        method=look.method,
        opacity=fade * look.strength,
        keep=look.keep,
        mix=mix and (lambda x, y, weight, new: mix(left + x, top + y, weight, new)),
    )
    return box


def coverage(face: SwappedFace) -> Plane:
    """How much of each pixel of the crop is replaced, 0 to 1: its mask where the matte lets it.

    [S, S] of a size of its own, fine enough for the mask's edge; the outermost pixels are 0.
    """
    weight = crop_mask(face.crop.landmarks, _MASKED) * resized(face.matte, _MASKED)
    weight[[0, -1]] = weight[:, [0, -1]] = 0
    return weight


def relit(face: SwappedFace, weight: Plane, shape: tuple[int, ...]) -> Plane:
    """The network's output [S, S, 3] in the light and colours of the photo's crop, 0..255.

    S is the output's own, or less: no more pixels than the photo shows the crop with, because the
    contrast of what it does not show says nothing.

    Args:
        face: the face.
        weight: of each pixel of the crop, of any size.
        shape: of the photo [H, W, ...], beyond which nothing is known of its light.
    """
    size = max(1, round(face.raw.shape[0] * min(1.0, face.crop.pitch)))
    seen = resized(weight, size) * shown_of_photo(face.crop.matrix, size, shape)
    eyes = size * interocular(face.crop.landmarks)
    raw, photo = (_reduced(image, size) for image in (face.raw, face.crop.image))
    return transfer_colour(raw, photo, seen, eyes)


def refined(face: Plane, pitch: float) -> tuple[Plane, float]:
    """A face [S, S, 3] with the detail that it lacks for a photo; the pitch of what is returned.

    Args:
        face: 0..255.
        pitch: pixels of the photo per pixel of the face.
    """
    if share := share_of_detail(pitch):
        face, pitch = enlarged(face, share), pitch / 2
    return (sharpened(face) if pitch > 1 else face), pitch


def _box(face: SwappedFace, shape: tuple[int, ...]) -> Box:
    """The part of a photo that the face's mask reaches, interpolated."""
    height, width = shape[:2]
    outline = mask_outline(face.landmarks)
    margin = 4 + face.crop.pitch * face.crop.image.shape[0] / _MASKED
    left, top = np.clip(np.floor(outline.min(axis=0) - margin), 0, (width, height))
    right, bottom = np.clip(np.ceil(outline.max(axis=0) + margin + 1), 0, (width, height))
    return int(left), int(top), int(right), int(bottom)


def _with_alpha(face: Plane, weight: Plane) -> Plane:
    """A face [S, S, 3] and how much of it is seen, as a fourth channel."""
    return np.asarray(cv2.merge([*cv2.split(face), resized(weight, face.shape[0])]), np.float32)


def _reduced(image: Image, size: int) -> Image:
    """A crop [S, S, 3], averaged down to [size, size, 3]."""
    if size == image.shape[0]:
        return image
    return np.asarray(cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA), np.uint8)

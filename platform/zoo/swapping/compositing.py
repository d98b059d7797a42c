"""Swapped faces pasted back into their picture; only the part around each face is touched."""

from dataclasses import dataclass

import numpy as np

from zoo.faces.compositing.blending import Mix, blend
from zoo.faces.compositing.super_resolution import enlarged, share_of_detail
from zoo.faces.geometry.alignment import Aligned, align, unwarped, warp_back
from zoo.faces.masks.face_mask import mask_outline
from zoo.faces.masks.segmentation import skin
from zoo.photos.image import Image, Plane, Points
from zoo.swapping.options import CompositingOptions

Box = tuple[int, int, int, int]

_SEGMENTED = 128  # pixels, the side of the crop that is segmented


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
    if crop.image.shape[0] == _SEGMENTED:
        return crop
    return align(image, landmarks, _SEGMENTED)


def replaceable(image: Image, landmarks: Points) -> Plane:
    """How much [H, W], 0 to 1, of each pixel of ``image`` may show the swapped face: its skin.

    Raises:
        AssetError: the segmentation network is missing or damaged.
    """
    wide = align(image, landmarks, _SEGMENTED)
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
    look = look or CompositingOptions()
    height, width = image.shape[:2]
    outline = mask_outline(face.landmarks)
    left, top = np.clip(np.floor(outline.min(axis=0)).astype(int) - 4, 0, (width, height))
    right, bottom = np.clip(np.ceil(outline.max(axis=0)).astype(int) + 5, 0, (width, height))
    if left >= right or top >= bottom:
        return 0, 0, 0, 0
    window = np.s_[top:bottom, left:right]
    there = image[window]
    matrix = face.crop.matrix
    matrix = np.column_stack([matrix[:, :2], matrix @ (left, top, 1)])
    swapped, pitch = face.raw, face.crop.pitch
    if share := share_of_detail(pitch):
        swapped, pitch = enlarged(swapped, share), pitch / 2
    image[window] = blend(
        there,
        unwarped(swapped, matrix, there.shape),
        face.landmarks - (left, top),
        matte=unwarped(face.matte, matrix, there.shape),
        pitch=pitch,
        method=look.method,
        opacity=fade * look.strength,
        keep=look.keep,
        mix=mix and (lambda x, y, weight, new: mix(int(left) + x, int(top) + y, weight, new)),
    )
    return int(left), int(top), int(right), int(bottom)

"""One face of one frame back into it, in agreement with the frames around.

Averaging in time is done in the aligned crop, where a face stands still, and only with frames in
which the crop shows the same: where a mouth moves or a hand passes, every frame is its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from zoo.faces.alignment import Aligned, warp_back
from zoo.faces.blending import Method, blend
from zoo.faces.mask import mask_outline
from zoo.photos.image import Image, Plane, Points

_SAME = 15.0  # grey levels, by which crops that show the same differ, noise averaged away
_NOISE = 0.012  # of the crop's side: the blur that averages noise away


@dataclass(frozen=True)
class Seen:
    """One face of one frame.

    Attributes:
        landmarks: smoothed, pixels of the frame.
        crop: aligned for the network.
        raw: what the network made of it [S, S, 3].
        wide: aligned for the segmentation [T, T, 3].
        matte: how much of each pixel may be replaced [T, T].
    """

    landmarks: Points
    crop: Aligned
    raw: Image
    wide: Image
    matte: Plane


def steadied(near: Sequence[Seen | None], middle: int) -> Seen:
    """The face in the middle of consecutive frames, its output and matte averaged with theirs.

    Args:
        near: the same face in consecutive frames; None where it is not seen.
        middle: its place among them.
    """
    here = near[middle]
    assert here is not None
    others = [*_unbroken(near[middle + 1 :]), *_unbroken(near[:middle][::-1])]
    if not others:
        return here
    raw = here.raw.astype(np.float32)
    matte, weight = here.matte.copy(), np.ones(here.matte.shape, np.float32)
    raw_weight = np.ones((*raw.shape[:2], 1), np.float32)
    seen = _quiet(here.wide)
    for other in others:
        alike = np.exp(-np.square((_quiet(other.wide) - seen) / _SAME).sum(axis=2))
        matte += alike * other.matte
        weight += alike
        fine = cv2.resize(alike, raw.shape[1::-1], interpolation=cv2.INTER_LINEAR)[..., None]
        raw += fine * other.raw
        raw_weight += fine
    steady = np.rint(raw / raw_weight).astype(np.uint8)
    return Seen(here.landmarks, here.crop, steady, here.wide, matte / weight)


def put_back(
    image: Image, seen: Seen, method: Method, opacity: float = 1.0
) -> tuple[int, int, int, int]:
    """Blends the face into ``image`` itself; returns the part (left, top, right, bottom) it is in.

    Only the part of the frame around the face is looked at, so its size does not matter.
    """
    height, width = image.shape[:2]
    outline = mask_outline(seen.landmarks)
    left, top = np.clip(np.floor(outline.min(axis=0)).astype(int) - 4, 0, (width, height))
    right, bottom = np.clip(np.ceil(outline.max(axis=0)).astype(int) + 5, 0, (width, height))
    if left >= right or top >= bottom:
        return 0, 0, 0, 0
    window = np.s_[top:bottom, left:right]
    there = image[window]
    matrix = seen.crop.matrix
    matrix = np.column_stack([matrix[:, :2], matrix @ (left, top, 1)])
    image[window] = blend(
        there,
        warp_back(seen.raw, matrix, there.shape),
        seen.landmarks - (left, top),
        matte=warp_back(seen.matte, matrix, there.shape),
        pitch=seen.crop.pitch,
        method=method,
        opacity=opacity,
    )
    return int(left), int(top), int(right), int(bottom)


def _unbroken(near: Sequence[Seen | None]) -> list[Seen]:
    found: list[Seen] = []
    for seen in near:
        if seen is None:
            break
        found.append(seen)
    return found


def _quiet(crop: Image) -> Plane:
    return np.asarray(cv2.GaussianBlur(crop, (0, 0), _NOISE * crop.shape[0]), np.float32)

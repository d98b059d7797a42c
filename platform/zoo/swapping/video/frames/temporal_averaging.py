"""Temporal averaging of the network's output and the matte over neighbouring frames.

It is done in the aligned crop, where a face stands still, and only with frames in which the crop
looks the same: while a mouth moves or a hand passes, frames are not averaged.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from zoo.photos.image import Image, Plane
from zoo.swapping.compositing import SwappedFace

_SAME = 15.0  # grey levels, by which crops that show the same differ, noise averaged away
_NOISE = 0.012  # of the crop's side: the blur that averages noise away
_SUM = np.ones((1, 3), np.float32)  # over the channels


@dataclass(frozen=True)
class FrameFace:
    """A face of one frame.

    Attributes:
        face: as it would be pasted back by itself.
        shown: what the crop for the segmentation shows [T, T, 3], its noise averaged away.
    """

    face: SwappedFace
    shown: Plane


def denoised(crop: Image) -> Plane:
    """``crop`` [T, T, 3], its noise averaged away, in float32 0..255."""
    return np.asarray(cv2.GaussianBlur(crop, (0, 0), _NOISE * crop.shape[0]), np.float32)


def averaged(near: Sequence[FrameFace | None], middle: int) -> SwappedFace:
    """The face in the middle of consecutive frames, its output and matte averaged with theirs.

    Args:
        near: the same face in consecutive frames; None where it is not seen.
        middle: its place among them.
    """
    here = near[middle]
    assert here is not None
    others = [*_unbroken(near[middle + 1 :]), *_unbroken(near[:middle][::-1])]
    if not others:
        return here.face
    raw, matte = here.face.raw.astype(np.float32), here.face.matte.copy()
    raw_weight = np.ones(raw.shape[:2], np.float32)
    weight = np.ones(matte.shape, np.float32)
    for other in others:
        difference = (other.shown - here.shown) * np.float32(1 / _SAME)
        alike = cv2.exp(-cv2.transform(difference * difference, _SUM))
        matte += alike * other.face.matte
        weight += alike
        fine = alike
        if alike.shape != raw_weight.shape:
            fine = cv2.resize(alike, raw.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        raw += fine[..., None] * other.face.raw
        raw_weight += fine
    steady = np.rint(raw / raw_weight[..., None]).astype(np.uint8)
    return replace(here.face, raw=steady, matte=matte / weight)


def _unbroken(near: Sequence[FrameFace | None]) -> list[FrameFace]:
    found: list[FrameFace] = []
    for one in near:
        if one is None:
            break
        found.append(one)
    return found

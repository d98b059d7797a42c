"""Temporal averaging of the network's output and the matte over neighbouring frames.

It is done in the aligned crop, where a face stands still, and only with frames in which the crop
looks the same: while a mouth moves or a hand passes, frames are not averaged. Every other frame is
segmented only where its neighbours' mattes do not tell its own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from zoo.faces.geometry.alignment import Aligned
from zoo.photos.image import Image, Plane, Points
from zoo.swapping.compositing import SwappedFace

EVERY = 2
"""Of so many frames one is segmented; the others' mattes are those of their neighbours."""

_SAME = 15.0  # grey levels, by which crops that show the same differ, noise averaged away
_NOISE = 0.012  # of the crop's side: the blur that averages noise away
_ALIKE = 0.5  # the weight from which a crop looks the same
_AGREE = 0.25  # by which mattes differ that agree
_FEW = 0.02  # of the pixels
_LEAST = 0.05  # the weight of a neighbour that looks different
_SUM = np.ones((1, 3), np.float32)  # over the channels


@dataclass(frozen=True)
class FrameFace:
    """A face of one frame.

    Attributes:
        landmarks: pixels of the frame.
        crop: aligned for the network.
        raw: the network's output [S, S, 3].
        shown: what the crop for the segmentation shows [T, T, 3], its noise averaged away.
        segment: gives the matte [T, T].
        matte: it, in a frame that is segmented whatever it shows.
    """

    landmarks: Points
    crop: Aligned
    raw: Image
    shown: Plane
    segment: Callable[[], Plane]
    matte: Plane | None


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
    raw = here.raw.astype(np.float32)
    raw_weight = np.ones(raw.shape[:2], np.float32)
    mattes: list[tuple[Plane, Plane]] = []
    for other in [*_unbroken(near[middle + 1 :]), *_unbroken(near[:middle][::-1])]:
        difference = (other.shown - here.shown) * np.float32(1 / _SAME)
        alike = cv2.exp(-cv2.transform(difference * difference, _SUM))
        if other.matte is not None:
            mattes.append((np.asarray(alike, np.float32), other.matte))
        fine = alike
        if alike.shape != raw_weight.shape:
            fine = cv2.resize(alike, raw.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        raw += fine[..., None] * other.raw
        raw_weight += fine
    steady = np.rint(raw / raw_weight[..., None]).astype(np.uint8)
    return SwappedFace(here.landmarks, here.crop, steady, _matte(here, mattes))


def _matte(here: FrameFace, others: Sequence[tuple[Plane, Plane]]) -> Plane:
    """The mean of a frame's matte and others, weighted by how much they look the same."""
    own = here.matte
    if own is None and not _tell(others):
        own = here.segment()
    if own is not None:
        others = [(np.ones_like(own), own), *others]
    else:
        others = [(weight + np.float32(_LEAST), matte) for weight, matte in others]
    total = np.add.reduce([weight for weight, _ in others])
    return np.asarray(np.add.reduce([weight * matte for weight, matte in others]) / total)


def _tell(others: Sequence[tuple[Plane, Plane]]) -> bool:
    """Whether the mattes of a frame's neighbours tell its own.

    They do where the frame looks like one of them, and where they agree with each other: a mouth
    that moves is skin all the time.
    """
    if len(others) < 2:
        return False
    weight = np.maximum.reduce([weight for weight, _ in others])
    mattes = [matte for _, matte in others]
    unsure = np.maximum.reduce(mattes) - np.minimum.reduce(mattes) > _AGREE
    return float(np.mean(unsure & (weight < _ALIKE))) < _FEW


def _unbroken(near: Sequence[FrameFace | None]) -> list[FrameFace]:
    found: list[FrameFace] = []
    for one in near:
        if one is None:
            break
        found.append(one)
    return found

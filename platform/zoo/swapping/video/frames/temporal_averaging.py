"""Temporal averaging of the network's output and the matte over neighbouring frames.

It is done in the aligned crop, where a face stands still, and only with frames in which the crop
looks the same: while a mouth moves or a hand passes, frames are not averaged.

Every other frame takes less work where its neighbours tell enough. It is segmented only where their
mattes do not tell its own. And where its crop lies halfway between those before and after it, as
in steady movement, so does its output: the network is continuous, and is not run.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from zoo.faces.compositing.colour_transfer import each_channel
from zoo.faces.geometry.alignment import Aligned
from zoo.faces.masks.segmentation import resized
from zoo.photos.image import AnyArray, Image, Plane, Points
from zoo.swapping.compositing import SwappedFace

EVERY = 2
"""Of so many frames one is always segmented and run through the network."""

_SAME = 15.0  # grey levels, by which crops that show the same differ, noise averaged away
_NOISE = 0.012  # of the crop's side: the blur that averages noise away
_ALIKE = 0.5  # the weight from which a crop looks the same
_AGREE = 0.25  # by which mattes differ that agree
_FEW = 0.02  # of the pixels
_FEWER = 0.002  # likewise: an eye that begins to close has as many
_LEAST = 0.05  # the weight of a neighbour that looks different
_SUM = np.ones((1, 3), np.float32)  # over the channels


@dataclass(frozen=True)
class FrameFace:
    """A face of one frame.

    Attributes:
        landmarks: pixels of the frame.
        crop: aligned for the network.
        shown: what the crop for the segmentation shows [T, T, 3], its noise averaged away.
        swap: gives the network's output [S, S, 3].
        segment: gives the matte [T, T].
        raw: the output, in a frame that is run through the network whatever it shows.
        matte: likewise of the segmentation, in the same frames.
    """

    landmarks: Points
    crop: Aligned
    shown: Plane
    swap: Callable[[], Image]
    segment: Callable[[], Plane]
    raw: Image | None = None
    matte: Plane | None = None


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
    before, after = _unbroken(near[:middle][::-1]), _unbroken(near[middle + 1 :])
    own = here.raw
    if own is None and before and after:
        own = _halfway(before[0], here, after[0])
    if own is None:
        own = here.swap()
    raws: list[tuple[Plane, AnyArray]] = [(np.ones(own.shape[:2], np.float32), own)]
    mattes: list[tuple[Plane, Plane]] = []
    for other in (*after, *before):
        if other.raw is None or other.matte is None:
            continue
        alike = _alike(other.shown, here.shown)
        mattes.append((alike, other.matte))
        raws.append((resized(alike, own.shape[0]), other.raw))
    raw = np.rint(_mean([(each_channel(weight), raw) for weight, raw in raws])).astype(np.uint8)
    return SwappedFace(here.landmarks, here.crop, raw, _matte(here, mattes))


def _halfway(before: FrameFace, here: FrameFace, after: FrameFace) -> AnyArray | None:
    """The mean of the outputs before and after, if the crop is the mean of theirs all over."""
    if before.raw is None or after.raw is None:
        return None
    alike = _alike(np.float32(0.5) * (before.shown + after.shown), here.shown)
    if float(np.mean(alike < _ALIKE)) > _FEWER:
        return None
    return cv2.addWeighted(before.raw, 0.5, after.raw, 0.5, 0, dtype=cv2.CV_32F)


def look_alike(one: Plane, other: Plane) -> bool:
    """Whether two crops [T, T, 3], their noise averaged away, look the same nearly all over."""
    return float(np.mean(_alike(one, other) < _ALIKE)) < _FEW


def _alike(one: Plane, other: Plane) -> Plane:
    """How much two crops [T, T, 3] look the same, [T, T], 0 to 1."""
    difference = (one - other) * np.float32(1 / _SAME)
    return np.asarray(cv2.exp(-cv2.transform(difference * difference, _SUM)), np.float32)


def _mean(weighted: Sequence[tuple[Plane, AnyArray]]) -> Plane:
    """The weighted mean of arrays of one shape."""
    total = np.add.reduce([weight for weight, _ in weighted])
    return np.asarray(np.add.reduce([weight * array for weight, array in weighted]) / total)


def _matte(here: FrameFace, others: Sequence[tuple[Plane, Plane]]) -> Plane:
    """The mean of a frame's matte and others, weighted by how much they look the same."""
    own = here.matte
    if own is None and not _tell(others):
        own = here.segment()
    if own is not None:
        others = [(np.ones_like(own), own), *others]
    else:
        others = [(weight + np.float32(_LEAST), matte) for weight, matte in others]
    return _mean(others)


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

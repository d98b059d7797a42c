"""Segmentation of an aligned face: background, hair, skin, other.

A small network, trained on rendered people only (``pipelines/shipped/segmentation.py``), looks at
the crop at one fixed size; its answer is brought to the crop's own size. See docs/segmentation.md
for how it was chosen and where it fails.
"""

from pathlib import Path

import cv2
import numpy as np

from zoo.faces.geometry.reference import REFERENCE
from zoo.faces.shipped_session import shipped_session
from zoo.photos.image import AnyArray, Image, Plane, Points

BACKGROUND, HAIR, SKIN, OTHER = 0, 1, 2, 3
"""Classes, as ``zoo.people`` labels them; OTHER is what is worn or held."""

WEIGHTS = Path(__file__).with_name("segmentation.onnx")

_SIDE = 128  # pixels, of what the network takes
_INNER = 0.82  # of the landmarks' distance from the nose: where skin is expected
_EXPECTATION = 2.0  # logarithm of the odds by which it is
_HAIR = 0.3  # the probability from which on, where hair is to stay, it counts; twice that, wholly
_REACH = 0.015  # of the crop's side, within which an edge of the mask finds one of the crop
_SMOOTH = 1e-3  # variance of luminance below which there is no edge to find


def segment(crop: Image) -> Plane:
    """Probabilities [S, S, 4] of the classes, for an aligned face [S, S, 3] of any size.

    SKIN holds all that is painted over by a swap: eyes, brows, lips, teeth, beard, ears and
    neck too, and eyes behind clear glasses.

    Raises:
        AssetError: the network's file is missing or damaged.
    """
    return resized(_probability(crop), crop.shape[0])


def skin(crop: Image, landmarks: Points | None = None, *, without_hair: bool = False) -> Plane:
    """How much [S, S], 0 to 1, of each pixel a swapped face may replace.

    Between brows, mouth and chin only strong evidence counts against skin, and what stands
    before mouth and cheeks must reach in from outside: lips and shadows do not. The edge
    follows the crop's own edges (guided filter, He et al. 2010).

    Args:
        crop: an aligned face [S, S, 3].
        landmarks: of the face, unit coordinates of the crop; without them it is taken to stand
            where the reference does.
        without_hair: whether all hair counts against skin, however little there is: a fringe,
            a strand.

    Raises:
        AssetError: the network's file is missing or damaged.
    """
    unit = REFERENCE if landmarks is None else landmarks
    probability = _probability(crop)
    free = _without_islands(_expected(probability[..., SKIN], unit), unit)
    if without_hair:
        free = free * (1 - _near_hair(probability[..., HAIR]))
    return _guided(resized(free, crop.shape[0]), crop)


def expectation(unit: Points = REFERENCE) -> Plane:
    """By how much [128, 128] the odds of skin rise where a face has nothing else.

    Args:
        unit: the face's landmarks, unit coordinates of the crop.
    """
    middle = unit[30]
    inner = _drawn(middle + _INNER * (unit - middle))
    expected = np.exp(_EXPECTATION * cv2.GaussianBlur(inner, (0, 0), 0.03 * _SIDE))
    return np.asarray(expected, np.float32)


def _probability(crop: Image) -> Plane:
    """What the network says: [_SIDE, _SIDE, 4]."""
    way = cv2.INTER_AREA if crop.shape[0] > _SIDE else cv2.INTER_LINEAR
    seen = cv2.resize(crop, (_SIDE, _SIDE), interpolation=way)
    photo_13SS = np.ascontiguousarray(seen.transpose(2, 0, 1)[None], np.float32) / 255
    (logits_14SS,) = shipped_session(WEIGHTS).run(None, {"photo": photo_13SS})
    # ONNX Runtime is slow at softmax over channels (findings/onnxruntime-softmax-channels.sh).
    odds_4SS = cv2.exp(logits_14SS[0] - logits_14SS[0].max(axis=0))
    return np.ascontiguousarray((odds_4SS / odds_4SS.sum(axis=0)).transpose(1, 2, 0), np.float32)


def resized(plane: Plane, size: int) -> Plane:
    """A plane of a crop [S, S], averaged down or interpolated to [size, size]."""
    if size == plane.shape[0]:
        return plane
    way = cv2.INTER_AREA if size < plane.shape[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(plane, (size, size), interpolation=way), np.float32)


def _expected(skin: Plane, unit: Points) -> Plane:
    """Raises the odds of skin where a face has nothing else unless something hides it."""
    gain = expectation(unit)
    return np.asarray(skin * gain / (1 + skin * (gain - 1)), np.float32)


def _without_islands(skin: Plane, unit: Points) -> Plane:
    """Fills holes that lie wholly inside the lower face."""
    outline = _drawn(unit[[*range(1, 16), 45, 36]])
    lower = np.arange(_SIDE) > _SIDE * float(unit[[39, 42, 40, 47]].mean(axis=0)[1])
    count, parts, boxes, _ = cv2.connectedComponentsWithStats((skin < 0.5).astype(np.uint8))
    filled = np.zeros((_SIDE, _SIDE), np.float32)
    for part in range(1, count):
        hole = parts == part
        if boxes[part, cv2.CC_STAT_TOP] > lower.argmax() and outline[hole].all():
            filled[hole] = 1
    if filled.any():
        wide = cv2.dilate(filled, np.ones((5, 5), np.uint8))
        skin = np.maximum(skin, cv2.GaussianBlur(wide, (0, 0), 1.0))
    return skin


def _near_hair(hair: Plane) -> Plane:
    """1 on hair and a little beyond it, falling to 0 over as much again: [_SIDE, _SIDE]."""
    sure = ((hair - _HAIR) / _HAIR).clip(0, 1)
    wide = cv2.dilate(sure, np.ones((5, 5), np.uint8))
    return np.asarray(cv2.GaussianBlur(wide, (0, 0), 1.5), np.float32)


def _drawn(unit: Points) -> Plane:
    """1 inside the convex hull, else 0: [_SIDE, _SIDE]."""
    mask = np.zeros((_SIDE, _SIDE), np.float32)
    hull = cv2.convexHull(np.asarray(unit * _SIDE - 0.5, np.float32))
    cv2.fillConvexPoly(mask, np.rint(hull).astype(np.int32), 1.0)
    return mask


def _guided(mask: Plane, crop: Image) -> Plane:
    """``mask`` as locally linear in the crop's luminance."""
    guide = np.asarray(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY) / 255, np.float32)
    window = 2 * max(1, round(_REACH * crop.shape[0])) + 1

    def mean(plane: AnyArray) -> Plane:
        return np.asarray(cv2.blur(plane, (window, window), borderType=cv2.BORDER_REFLECT))

    mean_guide, mean_mask = mean(guide), mean(mask)
    slope = (mean(guide * mask) - mean_guide * mean_mask) / (
        mean(guide * guide) - mean_guide**2 + _SMOOTH
    )
    offset = mean_mask - slope * mean_guide
    return np.asarray((mean(slope) * guide + mean(offset)).clip(0, 1), np.float32)

"""Seam visibility: colour steps across the edge of the face mask."""

import cv2
import numpy as np
from numpy.typing import NDArray

from zoo.photos.image import Plane

Array = NDArray[np.float64]

_SAMPLES = 256  # along the rim
_STEPS = 17  # across it
_DEPTH = 0.08  # of the face's size (root of the mask's area), to either side
_ALONG = 15  # samples that are averaged: a seam goes along the rim, hair and wrinkles do not


def seam(before: Plane, after: Plane, mask: Plane) -> float | None:
    """The steepest step across the rim relative to the input's, in the geometric mean along it.

    1 when the rim is as plain as in the input; above it, a seam shows; below it, what was there,
    such as the edge of the jaw or a hairline, is blurred. The rim is where the mask is one half.
    Both pictures are sampled along lines across it and averaged along it; a step is the ΔE (CIE
    1976) between neighbouring samples, and one ΔE is added to it because less is not seen. The
    geometric mean, so that a step on a plain forehead counts as much as the jaw's strong edge.

    Args:
        before: L*a*b* of the input [H, W, 3].
        after: L*a*b* of the picture made from it.
        mask: [H, W], 0 to 1.

    Returns:
        None when there is no rim inside the picture.
    """
    lines = _lines(mask)
    if lines is None:
        return None
    height, width = mask.shape
    inside = ((lines >= 0) & (lines <= (width - 1, height - 1))).all(axis=(1, 2))
    if inside.sum() < _SAMPLES // 8:
        return None
    x, y = lines[..., 0].astype(np.float32), lines[..., 1].astype(np.float32)
    steps = []
    for lab in (before, after):
        profile = cv2.remap(lab, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        around = np.concatenate([profile[-_ALONG:], profile, profile[:_ALONG]])
        smooth = cv2.blur(around, (1, _ALONG))[_ALONG:-_ALONG]
        step = np.linalg.norm(np.diff(smooth, axis=1), axis=2).max(axis=1)
        steps.append(np.log(step[inside] + 1))
    return float(np.exp((steps[1] - steps[0]).mean()))


def _lines(mask: Plane) -> Array | None:
    """Pixels [S, T, 2] across the rim, from outside to inside."""
    inside = (mask > 0.5).astype(np.uint8)
    outlines, _ = cv2.findContours(inside, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not outlines:
        return None
    rim = max(outlines, key=len)[:, 0].astype(np.float64)
    closed = np.concatenate([rim, rim[:1]])
    lengths = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
    if lengths[-1] < 16:
        return None
    wanted = np.linspace(0, lengths[-1], _SAMPLES, endpoint=False)
    rim = np.stack([np.interp(wanted, lengths, closed[:, i]) for i in (0, 1)], axis=1)
    around = np.concatenate([rim[-_ALONG:], rim, rim[:_ALONG]])
    rim = np.asarray(
        cv2.blur(around, (1, _ALONG))[_ALONG:-_ALONG], np.float64
    )  # pixels' corners would turn the normals
    along = np.roll(rim, -1, axis=0) - np.roll(rim, 1, axis=0)
    inward = np.stack([-along[:, 1], along[:, 0]], axis=1)
    inward /= np.maximum(np.linalg.norm(inward, axis=1, keepdims=True), 1e-9)
    if ((rim.mean(axis=0) - rim) * inward).sum() < 0:
        inward = -inward
    depth = _DEPTH * float(np.sqrt(inside.sum()))
    offsets = np.linspace(-depth, depth, _STEPS)
    return np.asarray(rim[:, None] + offsets[:, None] * inward[:, None])

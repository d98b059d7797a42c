"""Colour cast: chroma before and after, over the face and region by region."""

import numpy as np

from zoo.evaluation.measures.luminance_correlation import SIGMA, low_frequencies
from zoo.photos.image import Plane


def colour_cast(before: Plane, after: Plane, mask: Plane) -> float:
    """ΔE of the mean chroma: ``|mean(a*, b*) after − mean(a*, b*) before|`` inside the mask.

    Args:
        before: L*a*b* of the input [H, W, 3].
        after: L*a*b* of the picture made from it.
        mask: [H, W], 0 to 1, the weight of each pixel.
    """
    weight = mask / max(float(mask.sum()), 1e-6)
    change = ((after - before)[..., 1:] * weight[..., None]).sum(axis=(0, 1))
    return float(np.linalg.norm(change))


def local_colour_cast(before: Plane, after: Plane, mask: Plane, eyes_distance: float) -> float:
    """Mean ΔE of the blurred chroma: a forehead too red and a chin too green do not cancel.

    Arguments as of :func:`colour_cast`; ``eyes_distance`` in pixels sets the width of the blur.
    """
    inside = mask > 0.5
    if not inside.any():
        return 0.0
    change = low_frequencies((after - before)[..., 1:], inside, SIGMA * eyes_distance)
    return float(np.linalg.norm(change, axis=1).mean())

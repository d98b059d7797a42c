"""Sharpness ratio: fine detail before and after."""

import cv2
import numpy as np

from zoo.evaluation.measures.luminance_correlation import LUMA
from zoo.photos.image import Image, Plane

_SIGMA = 0.03  # of the eyes' distance: a pixel of a crop of 64
_INSIDE = 0.9  # of the mask: the seam is another figure


def sharpness_ratio(before: Image, after: Image, mask: Plane, eyes_distance: float) -> float | None:
    """The strength of fine detail inside the face, relative to the input's: 1 as sharp.

    Root mean square of luma less a Gaussian of :data:`_SIGMA` eye distances.

    Args:
        before: the input [H, W, 3].
        after: the picture made from it.
        mask: of the face [H, W], 0 to 1.
        eyes_distance: between the outer corners, pixels.

    Returns:
        None when the mask is empty or the input flat.
    """
    inside = mask > _INSIDE
    sigma = max(0.7, _SIGMA * eyes_distance)
    strengths = []
    for image in (before, after):
        luma = (image @ LUMA).astype(np.float32)
        fine = luma - cv2.GaussianBlur(luma, (0, 0), sigma)
        strengths.append(float(np.sqrt((fine[inside] ** 2).mean())) if inside.any() else 0.0)
    return strengths[1] / strengths[0] if strengths[0] > 1e-3 else None

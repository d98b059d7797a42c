"""Is what lies outside the face left alone?"""

import numpy as np

from zoo.evaluation.measures.psnr import psnr
from zoo.photos.image import Image, Plane


def background_psnr(before: Image, after: Image, mask: Plane) -> float | None:
    """PSNR in decibels of what lies outside the face, 100 when not a pixel changed.

    Args:
        before: the input [H, W, 3].
        after: the picture made from it.
        mask: of the face [H, W]; outside is where it is 0.

    Returns:
        None when the face fills the photo.
    """
    outside = mask == 0
    return psnr(after, before, outside.astype(np.float32)) if outside.any() else None

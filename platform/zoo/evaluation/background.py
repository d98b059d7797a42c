"""PSNR of the background: whether pixels outside the face change."""

import numpy as np

from zoo.evaluation.truth import psnr
from zoo.photos.image import Image, Plane


def background_psnr(before: Image, after: Image, mask: Plane) -> float | None:
    """PSNR in decibels of the pixels outside the face, 100 if none changed.

    Args:
        before: the input [H, W, 3].
        after: the picture made from it.
        mask: of the face [H, W]; outside is where it is 0.

    Returns:
        None when the face fills the photo.
    """
    outside = mask == 0
    return psnr(after, before, outside.astype(np.float32)) if outside.any() else None

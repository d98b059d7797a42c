"""Peak signal-to-noise ratio: against the true swap, and of the background.

The background shows whether what lies outside the face is left alone. The true swap is rendered
with the target's face on the body of the person in the photo, in the same pose, expression and
light. Photographs have no such ground truth.
"""

import numpy as np

from zoo.photos.image import Image, Plane


def psnr(image: Image, truth: Image, mask: Plane | None = None) -> float:
    """Peak signal-to-noise ratio in decibels, 8-bit RGB: ``10 · log10(255² / MSE)``.

    Args:
        image: [H, W, 3].
        truth: [H, W, 3].
        mask: [H, W], 0 to 1; where it exceeds one half counts. Without it, every pixel.

    Returns:
        At most 100, also for equal pictures, so that means stay finite.
    """
    error = (image.astype(np.float64) - truth.astype(np.float64)) ** 2
    if mask is not None:
        error = error[mask > 0.5]
    return float(min(100.0, 10 * np.log10(255**2 / max(float(error.mean()), 1e-12))))


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

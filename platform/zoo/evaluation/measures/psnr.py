"""For rendered people there is a right answer: the same scene with the other face.

The true swap is rendered with the target's face on the body of the person in the photo, in the
same pose, expression and light. Nothing photographed can offer that.
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

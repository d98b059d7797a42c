"""Luminance correlation: low-frequency luminance inside the face, before and after."""

import cv2
import numpy as np

from zoo.faces.geometry.reference import interocular
from zoo.photos.image import Image, Plane, Points

LUMA = np.array([0.2126, 0.7152, 0.0722])
"""Rec. 709 weights of red, green and blue."""

SIGMA = 0.2
"""Of the low-pass, as a part of the distance between the outer eye corners.

At 0.2 brows, eyes and lips are blurred away and the shading of forehead, cheeks and chin stays.
"""


def luminance_correlation(before: Image, after: Image, mask: Plane, landmarks: Points) -> float:
    """Pearson correlation of the blurred luminances of two pictures inside ``mask``.

    Luminance is Rec. 709 luma of the sRGB values; the blur is a Gaussian of :data:`SIGMA`
    eye distances, normalised by the blurred mask so that the background does not leak in.

    Args:
        before: the input.
        after: the picture made from it, of the same shape.
        mask: [H, W], 0 to 1; where it exceeds one half is inside.
        landmarks: of the face in ``before``, pixels.

    Returns:
        −1 to 1; 0 when one of the two is entirely flat.
    """
    inside = mask > 0.5
    if not inside.any():
        return 0.0
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    region = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    inside = inside[region]
    eyes = interocular(landmarks)
    a = low_frequencies(before[region] @ LUMA, inside, SIGMA * eyes)
    b = low_frequencies(after[region] @ LUMA, inside, SIGMA * eyes)
    a, b = a - a.mean(), b - b.mean()
    spread = np.sqrt((a * a).mean() * (b * b).mean())
    return float((a * b).mean() / spread) if spread > 1e-6 else 0.0


def low_frequencies(planes: Plane, inside: np.ndarray, sigma: float) -> np.ndarray:
    """Planes [H, W] or [H, W, C] blurred within ``inside`` [H, W], at the pixels inside.

    The blur is normalised by the blurred mask, so that nothing leaks in.
    """
    weight = inside.astype(np.float32)

    def blur(plane: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)

    spread = weight.reshape(weight.shape + (1,) * (planes.ndim - 2))
    blurred = blur((planes * spread).astype(np.float32))[inside]
    norm = np.maximum(blur(weight), 1e-9)[inside]
    return np.asarray(blurred / norm.reshape(norm.shape + (1,) * (planes.ndim - 2)), np.float64)

"""A swapped face as sharp as the photo around it.

A network's output ends at its own pixel pitch; stretched over a large face it is softer than
the photo. What is finer than that pitch and faint in the photo, its grain and pores, belongs
to the picture, not to the person, and is laid over the swap. Strong edges (lids, lips,
wrinkles) are the other person's and stay out. In a blurred photo the swap is blurred.
"""

import cv2
import numpy as np

from zoo.photos.image import AnyArray, Image, Plane, Points

_FAINT = 3.0  # grey levels: what is much stronger than this is an edge
_FEATURES = (slice(17, 22), slice(22, 27), slice(36, 42), slice(42, 48), slice(48, 60))
_MARGIN = 0.06  # around each feature, of the distance of the outer eye corners
_UNSHARP = 0.4  # of the finest that the network can show


def agree_in_sharpness(swapped: Plane, photo: Image, landmarks: Points, pitch: float) -> Plane:
    """``swapped`` [H, W, 3] in float32 0..255, with the grain and the sharpness of ``photo``.

    Args:
        swapped: the swapped face where it goes in the photo, in the photo's colours.
        photo: of the same shape.
        landmarks: of the face, pixels of these arrays.
        pitch: pixels of the photo per pixel of the network's output.
    """
    if pitch <= 1:
        return swapped
    sigma = 0.5 * pitch
    sharper = swapped + _UNSHARP * (swapped - cv2.GaussianBlur(swapped, (0, 0), sigma))
    fine = photo - cv2.GaussianBlur(photo.astype(np.float32), (0, 0), sigma)
    grain = fine * np.exp(-np.square(fine / _FAINT)) * _smooth_skin(landmarks, photo.shape)
    return np.asarray(sharper + grain, np.float32)


def _smooth_skin(landmarks: Points, shape: tuple[int, ...]) -> Plane:
    """[H, W, 1]: 1 where there is no eye, brow or mouth."""
    eyes = float(np.linalg.norm(landmarks[45] - landmarks[36]))
    features: AnyArray = np.zeros(shape[:2], np.uint8)
    for part in _FEATURES:
        outline = cv2.convexHull(np.rint(landmarks[part]).astype(np.int32))
        cv2.fillConvexPoly(features, outline, 1)
    side = 2 * max(1, round(_MARGIN * eyes)) + 1
    features = cv2.dilate(features, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    soft = cv2.GaussianBlur(features.astype(np.float32), (0, 0), max(0.5, side / 6))
    return np.asarray(1 - soft[..., None], np.float32)

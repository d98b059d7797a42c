"""Matches the sharpness and grain of a swapped face to the photo around it.

A network's output ends at its own pixel pitch; stretched over a large face it is softer than
the photo. What is finer than that pitch and faint in the photo, its grain and pores, belongs
to the picture, not to the person, and is laid over the swap. Strong edges (lids, lips,
wrinkles) are the other person's and stay out. In a blurred photo the swap is blurred.
"""

import cv2
import numpy as np

from zoo.faces.compositing.colour_transfer import each_channel
from zoo.faces.geometry.reference import interocular
from zoo.photos.image import AnyArray, Image, Plane, Points

_FAINT = 3.0  # grey levels: what is much stronger than this is an edge
_FEATURES = (slice(17, 22), slice(22, 27), slice(36, 42), slice(42, 48), slice(48, 60))
_MARGIN = 0.06  # around each feature, of the distance of the outer eye corners
_UNSHARP = 0.4  # of the finest that the network can show
_DRAWN = 256  # pixels, at most, of the longer side of the drawing of the features


def sharpened(face: Plane) -> Plane:
    """A swapped face [S, S, 3], 0..255, with the finest that it can show a little stronger.

    For photos with more pixels than it has; where they have fewer, nothing is missing.
    """
    return np.asarray(face + _UNSHARP * _finer(face, 1.0), np.float32)


def match_grain(photo: Image, landmarks: Points, pitch: float) -> Plane:
    """The photo's grain [H, W, 3], in grey levels, to be added to the swap.

    Args:
        photo: where the swapped face goes.
        landmarks: of the face, pixels of ``photo``.
        pitch: pixels of the photo per pixel of the network's output.
    """
    if pitch <= 1:
        return np.zeros(photo.shape, np.float32)
    fine = _finer(photo.astype(np.float32), pitch)
    faint = cv2.exp(np.square(fine) * np.float32(-1 / _FAINT**2))
    return np.asarray(fine * faint * each_channel(_smooth_skin(landmarks, photo.shape)), np.float32)


def _finer(image: Plane, pitch: float) -> Plane:
    """What of an image is finer than the network's pixels."""
    return np.asarray(image - cv2.GaussianBlur(image, (0, 0), 0.5 * pitch), np.float32)


def _smooth_skin(landmarks: Points, shape: tuple[int, ...]) -> Plane:
    """[H, W]: 1 where there is no eye, brow or mouth; drawn at a bounded size."""
    height, width = shape[:2]
    scale = min(1.0, _DRAWN / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    drawn = (landmarks + 0.5) * (size[0] / width, size[1] / height) - 0.5
    eyes = interocular(drawn)
    features: AnyArray = np.zeros(size[::-1], np.uint8)
    for part in _FEATURES:
        outline = cv2.convexHull(np.rint(drawn[part]).astype(np.int32))
        cv2.fillConvexPoly(features, outline, 1)
    side = 2 * max(1, round(_MARGIN * eyes)) + 1
    features = cv2.dilate(features, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    soft = cv2.GaussianBlur(features.astype(np.float32), (0, 0), max(0.5, side / 6))
    return np.asarray(1 - cv2.resize(soft, (width, height)), np.float32)

"""Landmark difference: the distance between two sets of 68 landmarks."""

import numpy as np

from zoo.faces.detection.detector import Face, find_faces
from zoo.faces.detection.landmark_fitting import box_of, find_landmarks, roll_of
from zoo.faces.geometry.reference import interocular
from zoo.photos.image import Image, Points

_SAME_FACE = 0.5  # of the old box's width: how far the centre may move


def landmark_difference(before: Points, after: Points) -> float:
    """Mean distance of corresponding landmarks, in percent of the eyes' distance in ``before``.

    ``100 · mean_k |after_k − before_k| / |before_45 − before_36|`` with both [68, 2] in pixels.
    """
    before, after = before.astype(np.float64), after.astype(np.float64)
    eyes = interocular(before)
    return float(100 * np.linalg.norm(after - before, axis=1).mean() / eyes)


def find_again(image: Image, face: Face) -> tuple[Face, bool]:
    """``face`` detected afresh in a picture that was made from the one it stood in.

    Returns:
        The face, and whether the detector found it; when it did not, the landmarks are fitted
        where it stood.
    """
    left, top, right, bottom = face.box
    centre = np.array([left + right, top + bottom]) / 2
    for found in find_faces(image):
        x0, y0, x1, y1 = found.box
        shift = np.linalg.norm(np.array([x0 + x1, y0 + y1]) / 2 - centre)
        if shift < _SAME_FACE * (right - left):
            return found, True
    place = box_of(face.landmarks)
    return Face(place, find_landmarks(image, place, roll_of(face.landmarks))), False

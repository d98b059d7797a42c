"""Fits the 68 landmarks of a detected face at any roll; rejects fits that cannot be right.

The regression trees were trained on upright faces and always return landmarks: on a head tilted by
45° they are off by a fifth of the inter-ocular distance, on one upside down they lie on the
forehead. So a face that is tilted, or has a low detection score, is detected once more, rotated
upright; landmarks are fitted in its upright box, and again in the box and at the roll that they
imply, until two fits agree.
"""

from dataclasses import dataclass, replace

import numpy as np

from zoo.faces.detection.dlib_models import landmark_trees, landmark_trees_anew
from zoo.faces.detection.hog import Box, Detection, Grey, look_upright, square
from zoo.faces.detection.regression_trees import predict, rotation
from zoo.faces.geometry.reference import interocular
from zoo.photos.image import Image, Points

SURE = 0.6
"""The detector's score from which a face is taken to be the way up it was found."""

_CONFIRMED, _DOUBTFUL = 0.2, 0.4  # scores that a weak face must reach; one first below 0 or lying
_TILT = 12.0  # degrees of roll from which landmarks are fitted at that roll
_LYING = 60.0  # degrees of roll
_FITS = 4  # at most
_AGREE = 0.04  # eye distances by which two fits differ that agree
_REFUSED = 0.08  # by which the last two differ that are not believed
_FARTHEST = 10  # sides of its box that a landmark may lie from its corner
_BOX_SIDE = 2.73  # of dlib's box, in root mean square radii of the landmarks (51 photos)
_BOX_RISE = 0.11  # of its centre above the landmarks' mean, likewise


@dataclass(frozen=True)
class Fit:
    """Landmarks [68, 2] in pixels with their fractions, and the detection that confirms them."""

    landmarks: Points
    detection: Detection


def fit_landmarks(image: Image, grey: Grey, detection: Detection) -> Fit | None:
    """The landmarks of a detected face.

    Args:
        image: [H, W, 3].
        grey: its luminance [H, W].
        detection: from :mod:`zoo.faces.detection.hog`.

    Returns:
        None where nothing confirms that there is such a face.

    Raises:
        AssetError: the landmark model is missing or damaged.
    """
    if detection.score >= SURE and not detection.roll:
        landmarks = find_landmarks(image, detection.box)
        if abs(roll_of(landmarks)) < _TILT:
            return Fit(landmarks, detection)
    seen = _upright(grey, detection)
    doubtful = detection.score < 0 or abs(seen.roll) >= _LYING
    if seen.score < (_DOUBTFUL if doubtful else _CONFIRMED):
        return None
    fitted = _fitted(image, seen)
    return None if fitted is None else Fit(fitted, seen)


def find_landmarks(image: Image, box: Box, roll: float = 0.0) -> Points:
    """The landmarks [68, 2] of the face in ``box``, turned by ``roll`` degrees about its centre.

    Raises:
        AssetError: the landmark model is missing or damaged.
    """
    try:
        with np.errstate(invalid="raise", over="raise"):
            found = predict(landmark_trees(), image, box, roll)
        if _may_be(found, box):
            return found
    except ArithmeticError:
        pass
    # The cache's copy of the model is damaged.
    return predict(landmark_trees_anew(), image, box, roll)


def _may_be(landmarks: Points, box: Box) -> bool:
    """Whether the landmarks are finite and lie near their box."""
    side = max(box[2] - box[0], box[3] - box[1])
    return bool((np.abs(landmarks - box[:2]) < _FARTHEST * side).all())


def roll_of(landmarks: Points) -> float:
    """Degrees, clockwise, by which the line through the eyes is turned."""
    x, y = landmarks[42:48].mean(axis=0) - landmarks[36:42].mean(axis=0)
    return float(np.degrees(np.arctan2(y, x)))


def box_of(landmarks: Points) -> Box:
    """The box that dlib's detector would, on average, draw around the face, turned upright."""
    radius = radius_of(landmarks)
    up = rotation(roll_of(landmarks)) @ (0, -1)
    return square(landmarks.mean(axis=0) + _BOX_RISE * radius * up, _BOX_SIDE * radius)


def radius_of(landmarks: Points) -> float:
    """The root mean square distance of landmarks from their mean, pixels."""
    return float(np.sqrt(np.square(landmarks - landmarks.mean(axis=0)).sum(axis=1).mean()))


def apart(some: Points, others: Points) -> float:
    """Root mean square distance, in distances of the others' outer eye corners."""
    far = float(np.sqrt(np.square(some - others).sum(axis=1).mean()))
    return far / max(interocular(others), 1.0)


def _upright(grey: Grey, detection: Detection) -> Detection:
    """The face as the detector sees it best; a weak one may be the other way up."""
    turns = (0, 90, 180, 270) if detection.score < SURE else (0,)
    rolls = [(detection.roll + turn + 180) % 360 - 180 for turn in turns]
    looks = [look_upright(grey, detection.box, roll) for roll in rolls]
    best = max((look for look in looks if look), key=lambda look: look.score, default=detection)
    if best is looks[0]:
        return replace(best, score=max(best.score, detection.score))
    return best if best.score > detection.score else detection


def _fitted(image: Image, seen: Detection) -> Points | None:
    """Fits until two agree; None if they never do."""
    landmarks = find_landmarks(image, seen.box, seen.roll)
    for _ in range(_FITS - 1):
        before = landmarks
        landmarks = find_landmarks(image, box_of(before), roll_of(before))
        if (difference := apart(landmarks, before)) < _AGREE:
            break
    return landmarks if difference < _REFUSED else None

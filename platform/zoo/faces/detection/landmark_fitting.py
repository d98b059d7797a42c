"""Fits the 68 landmarks of a detected face at any roll; rejects fits that cannot be right.

The regression trees were trained on upright faces and always return landmarks: on a head tilted by
45° they are off by a fifth of the inter-ocular distance, on one upside down they lie on the
forehead, and on an upright one a mouth may end on the upper lip, whatever box the fit starts from.
YuNet finds five points in another way. It examines a tilted or weakly detected face before the fit,
which starts at its points, and an upright one after it. Landmarks that contradict it are fitted
again at its points, and rejected if they still do.
"""

from dataclasses import dataclass

import numpy as np

from zoo.faces.detection.dlib_models import landmark_trees, landmark_trees_anew
from zoo.faces.detection.hog import Box, Detection, square
from zoo.faces.detection.regression_trees import predict, rotation
from zoo.faces.detection.yunet import CLEAR, GLANCE, FivePoints, look
from zoo.faces.geometry.reference import interocular
from zoo.photos.image import Image, Points

SURE = 0.6
"""The detector's score from which a face is taken to be the way up it was found."""

CONFIRMED = 0.75
"""YuNet's score that a tilted or weak face must reach."""

FINE = 12.0
"""Percent of the eyes' distance off YuNet's points, up to which a glance is enough."""

_TILT = 12.0  # degrees of roll from which landmarks are fitted at that roll
_FITS = 4  # at most
_AGREE = 0.04  # eye distances by which two fits differ that agree
_REFUSED = 0.08  # by which the last two differ that are not believed
_LOOK = 160  # pixels, of what YuNet is shown where a glance is not enough
_CONTRADICTED = 16.5  # from which landmarks are wrong, at the closer look
_FARTHEST = 10  # sides of its box that a landmark may lie from its corner
_BOX_SIDE = 2.73  # of dlib's box, in root mean square radii of the landmarks (51 photos)
_BOX_RISE = 0.11  # of its centre above the landmarks' mean, likewise


@dataclass(frozen=True)
class Fit:
    """Landmarks [68, 2] in pixels with their fractions, and the detection that confirms them."""

    landmarks: Points
    detection: Detection


def fit_landmarks(image: Image, detection: Detection) -> Fit | None:
    """The landmarks of a detected face.

    Args:
        image: [H, W, 3].
        detection: from :mod:`zoo.faces.detection.hog`.

    Returns:
        None where nothing confirms that there is such a face.

    Raises:
        AssetError: a model is missing or damaged.
    """
    sure = detection.score >= SURE
    if sure and not detection.roll:
        landmarks = find_landmarks(image, detection.box)
        if abs(roll_of(landmarks)) < _TILT and are_confirmed(image, landmarks):
            return Fit(landmarks, detection)
    seen = _seen(image, detection)
    if seen is None:
        return None
    if sure and seen.score >= CONFIRMED:
        box, roll = seen.place
        landmarks = find_landmarks(image, box, roll)
        if seen.off(landmarks) < FINE:
            return Fit(landmarks, Detection(box, detection.score, roll))
    if seen.score <= CLEAR:
        again = look(image, *seen.place, GLANCE)  # at 45° it sees a face, but not well
        seen = again if again is not None and again.score > seen.score else seen
    if seen.score < CONFIRMED:
        return None
    box, roll = seen.place
    fitted = _fitted(image, box, roll)
    if fitted is None or not are_confirmed(image, fitted, closely=not sure):
        return None
    return Fit(fitted, Detection(box, detection.score, roll))


def averaged(image: Image, fit: Fit) -> Points:
    """The mean [68, 2] of a fit and of two more: from where YuNet sees the face, and halfway.

    A fit depends on the box it starts from: in photos that are shifted, turned and scaled a little
    landmarks vary by 1.3 % of the eyes' distance, their mean by 0.8 % (docs/faces.md). A fit that
    contradicts YuNet does not count.

    Raises:
        AssetError: a model is missing or damaged.
    """
    landmarks, box, roll = fit.landmarks, fit.detection.box, fit.detection.roll
    seen = look(image, box_of(landmarks), roll_of(landmarks), _LOOK)
    if seen is None:
        return landmarks
    theirs, _ = seen.place
    left, top, right, bottom = (sum(edges) // 2 for edges in zip(box, theirs, strict=True))
    fits = [find_landmarks(image, one, roll) for one in (theirs, (left, top, right, bottom))]
    agreed = [one for one in fits if seen.off(one) < FINE]
    return np.asarray(np.mean([landmarks, *agreed], axis=0), np.float32)


def are_confirmed(image: Image, landmarks: Points, *, closely: bool = False) -> bool:
    """Whether YuNet sees a face there whose five points the landmarks [68, 2] agree with.

    Raises:
        AssetError: YuNet's file is missing or damaged.
    """
    box, roll = box_of(landmarks), roll_of(landmarks)
    if not closely:
        glance = look(image, box, roll, GLANCE)
        if glance is not None and glance.off(landmarks) < FINE:
            return True
    closer = look(image, box, roll, _LOOK)
    return closer is not None and closer.off(landmarks) < _CONTRADICTED


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


def _seen(image: Image, detection: Detection) -> FivePoints | None:
    """The face as YuNet sees it best; a weak one may be another way up than it was found."""
    turns = (0, 90, 180, 270, 45, 135, 225, 315) if detection.score < SURE else (0,)
    best: FivePoints | None = None
    for turn in turns:
        seen = look(image, detection.box, detection.roll + turn, GLANCE)
        if seen is not None and (best is None or seen.score > best.score):
            best = seen
        if best is not None and best.score > CLEAR:
            break
    return best


def _fitted(image: Image, box: Box, roll: float) -> Points | None:
    """Fits until two agree; None if they never do."""
    landmarks = find_landmarks(image, box, roll)
    for _ in range(_FITS - 1):
        before = landmarks
        landmarks = find_landmarks(image, box_of(before), roll_of(before))
        if (difference := apart(landmarks, before)) < _AGREE:
            break
    return landmarks if difference < _REFUSED else None

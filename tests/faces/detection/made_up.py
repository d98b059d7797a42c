"""Faces of known landmarks, and what YuNet would say of them."""

import numpy as np

from zoo.faces.detection import yunet
from zoo.faces.detection.landmark_fitting import (
    roll_of,
)
from zoo.faces.detection.regression_trees import rotation
from zoo.faces.detection.yunet import FivePoints
from zoo.faces.geometry.reference import REFERENCE, interocular
from zoo.photos.image import Image, Points

EYES = interocular(REFERENCE)
NOTHING: Image = np.zeros((10, 10, 3), np.uint8)


def face(x: float = 0, y: float = 0, side: float = 100, roll: float = 0) -> Points:
    turned = (REFERENCE - 0.5) @ rotation(roll).T + 0.5
    return np.asarray(turned * side + (x, y), np.float32)


def five(landmarks: Points, score: float, off: float = 0.0) -> FivePoints:
    """YuNet's points of a face, all moved by ``off`` percent of the eyes' distance."""
    named = np.array(
        [landmarks[36:42].mean(0), landmarks[42:48].mean(0), *landmarks[[30, 48, 54]]], np.float64
    )
    eyes = interocular(landmarks)
    turn = rotation(roll_of(landmarks))
    named += eyes * yunet._BEYOND @ turn.T
    return FivePoints(named + np.array((0.006, 0.008)) * eyes * off, score)

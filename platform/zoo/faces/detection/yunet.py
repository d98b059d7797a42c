"""YuNet: a face's five points, found apart from the 68 landmarks, which they confirm.

W. Wu, H. Peng and S. Yu, *YuNet: A Tiny Millisecond-level Face Detector* (Machine Intelligence
Research, 2023), run by OpenCV. It looks at a face in its place, turned upright, or for faces in a
whole picture: it sees those within about 45° of upright, and knows best those within 30°.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from zoo.errors import AssetError
from zoo.faces.detection.hog import Box, square
from zoo.faces.detection.regression_trees import rotation
from zoo.photos.image import AnyArray, Image, Matrix, Points

WEIGHTS = Path(__file__).with_name("yunet.onnx")

CLEAR = 0.93
"""The score from which a face is the way up it is seen; seen another way up, it has up to 0.92."""

GLANCE = 96
"""Pixels that are enough to see whether there is a face, and which way up."""

_THRESHOLD = 0.6  # of its score, 0 to 1; faces have 0.8 to 0.95
_OVERLAP = 0.3  # intersection over union from which two are one face
_MOST = 50  # faces
_FACE = 0.45  # of the side of what it looks at, that a face's box fills

_IN_A_BOX = np.array(
    ((0.288, 0.325), (0.726, 0.331), (0.500, 0.552), (0.311, 0.733), (0.695, 0.738))
)
"""Where they are in the box that dlib's detector draws: those of its mean shape."""

_BEYOND = np.array(
    ((-0.012, 0.017), (0.036, 0.028), (0.000, 0.008), (-0.010, -0.031), (0.021, -0.023))
)
"""By how much they differ from the landmarks of the same names, on average (180 photos, medians):
x along the eyes, y towards the mouth, in distances of the outer eye corners."""

_threads = threading.local()


@dataclass(frozen=True)
class FivePoints:
    """A face as YuNet sees it.

    Attributes:
        points: [5, 2] pixels of the picture: the eye at its left, the other, the nose's tip,
            the mouth's corners.
        score: 0 to 1.
    """

    points: NDArray[np.float64]
    score: float

    @property
    def place(self) -> tuple[Box, float]:
        """The box that dlib's detector would draw, and the roll by which it is turned, degrees."""
        here = _complex(self.points)
        there = _complex(_IN_A_BOX)
        away = there - there.mean()
        turn = (away.conj() * here).sum() / (away.conj() * away).sum()
        centre = here.mean() + turn * (0.5 + 0.5j - there.mean())
        roll = float(np.degrees(np.angle(turn)))
        return square(np.array([centre.real, centre.imag]), float(abs(turn))), roll

    def off(self, landmarks: Points) -> float:
        """Mean distance of the landmarks [68, 2] from them, percent of the outer eye corners'."""
        left, right = landmarks[36:42].mean(axis=0), landmarks[42:48].mean(axis=0)
        named = np.array([left, right, landmarks[30], landmarks[48], landmarks[54]])
        eyes = float(np.linalg.norm(landmarks[45] - landmarks[36]))
        x, y = right - left
        along = np.array([x, y]) / max(float(np.hypot(x, y)), 1e-6)
        axes = np.array([along, (-along[1], along[0])])
        expected = named + eyes * _BEYOND @ axes
        return float(100 * np.linalg.norm(self.points - expected, axis=1).mean() / max(eyes, 1.0))


def look(image: Image, box: Box, roll: float, side: int) -> FivePoints | None:
    """The face about ``box``, in its own place turned upright; None when there is none.

    Args:
        image: [H, W, 3].
        box: where it is thought to be.
        roll: degrees, clockwise, by which it is turned.
        side: pixels of what is looked at; the box has :data:`_FACE` of it.

    Raises:
        AssetError: the network's file is missing or damaged.
    """
    left, top, right, bottom = box
    centre = np.array([left + right, top + bottom]) / 2
    turn = rotation(-roll) * (_FACE * side / max(right - left, 1))
    matrix = np.column_stack([turn, side / 2 - turn @ centre])
    seen = cv2.warpAffine(
        image, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    middle = side * np.array([0.5, 0.5])
    near = [
        one
        for one in _run(seen)
        if np.linalg.norm(one.points.mean(axis=0) - middle) < _FACE * side / 2
    ]
    best = max(near, key=lambda one: one.score, default=None)
    return None if best is None else _back(best, matrix)


def search(image: Image, side: int, roll: float = 0.0) -> list[FivePoints]:
    """All faces of a picture that are turned by about ``roll`` degrees.

    Args:
        image: [H, W, 3].
        side: to which the longer side is reduced.
        roll: clockwise.

    Raises:
        AssetError: the network's file is missing or damaged.
    """
    return search_directions(image, side, (roll,))[roll]


def search_directions(
    image: Image, side: int, rolls: Sequence[float]
) -> dict[float, list[FivePoints]]:
    """As :func:`search`, by each of ``rolls``; the picture is reduced once."""
    height, width = image.shape[:2]
    scale = min(1.0, side / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA) if scale < 1 else image
    zoom = np.array(size) / (width, height)
    return {roll: _search_reduced(small, zoom, roll) for roll in rolls}


def _search_reduced(small: AnyArray, zoom: NDArray[np.float64], roll: float) -> list[FivePoints]:
    """Faces of a reduced picture, in pixels of the whole; ``zoom`` [2] is how far it is reduced."""
    size = np.array(small.shape[1::-1])
    turn = rotation(-roll)
    there = np.ceil(np.abs(turn) @ size - 1e-6).astype(int)  # all of it, turned
    matrix = np.column_stack([turn, (there - 1) / 2 - turn @ (size - 1) / 2])
    turned = cv2.warpAffine(small, matrix, there.tolist()) if roll else small
    matrix[:, 2] += turn @ (zoom - 1) / 2  # between the centres of a large pixel and its first
    matrix[:, :2] *= zoom
    return [_back(one, matrix) for one in _run(turned)]


def _run(picture: Any) -> list[FivePoints]:
    detector = _detector()
    detector.setInputSize(picture.shape[1::-1])
    _, rows = detector.detect(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    found = rows if rows is not None else ()
    return [FivePoints(row[4:14].reshape(5, 2).astype(float), float(row[14])) for row in found]


def _back(found: FivePoints, matrix: Matrix) -> FivePoints:
    """In the pixels from which ``matrix`` [2, 3] led here."""
    inverse = cv2.invertAffineTransform(matrix)
    return FivePoints(found.points @ inverse[:, :2].T + inverse[:, 2], found.score)


def _complex(points: NDArray[np.float64]) -> NDArray[np.complex128]:
    return np.asarray(points[:, 0] + 1j * points[:, 1])


def _detector() -> Any:
    """One for each thread: it keeps the size of what it looks at."""
    if not hasattr(_threads, "detector"):
        from cv2.utils import logging

        level = logging.getLogLevel()
        logging.setLogLevel(logging.LOG_LEVEL_SILENT)  # it warns of a setting nobody has made
        try:
            _threads.detector = cv2.FaceDetectorYN.create(
                str(WEIGHTS), "", (96, 96), _THRESHOLD, _OVERLAP, _MOST
            )
        except cv2.error as error:
            raise AssetError(
                f"{WEIGHTS} is missing or damaged; install the package again."
            ) from error
        finally:
            logging.setLogLevel(level)
    return _threads.detector

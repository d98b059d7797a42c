"""dlib's face descriptors: computing them, matching people by them, finding outliers.

A descriptor is 128 numbers of dlib's residual network, trained by King (2017) on 3 million faces;
distances below 0.6 mean the same person in its own evaluation
(http://dlib.net/face_recognition.py.html). On 40 photos of five people those of one person lay up
to 0.53 apart and those of two at least 0.58. An outlier is a photo of someone else among one
person's; ``benchmarks/outliers.py`` measures how well it is found.
"""

import numpy as np
from numpy.typing import NDArray

from zoo.faces.detection.detector import Face
from zoo.faces.recognition.descriptor_session import CHIP, descriptor_session
from zoo.photos.image import Image

_PADDING = 0.25  # dlib's own


def descriptor(image: Image, face: Face) -> NDArray[np.float32]:
    """The descriptor [128] of one face; Euclidean distance compares two of them.

    Raises:
        AssetError: the network's file is missing or damaged.
    """
    return descriptor_of_chip(chip(image, face))


def chip(image: Image, face: Face) -> Image:
    """What the network looks at of a picture: [150, 150, 3], turned as dlib turns it."""
    import dlib

    points = [dlib.point(round(float(x)), round(float(y))) for x, y in face.landmarks]
    shape = dlib.full_object_detection(dlib.rectangle(*face.box), points)
    cut = dlib.get_face_chip(np.ascontiguousarray(image), shape, size=CHIP, padding=_PADDING)
    return np.asarray(cut, np.uint8)


def descriptor_of_chip(chip: Image) -> NDArray[np.float32]:
    """The descriptor [128] of what :func:`chip` cut out.

    Raises:
        AssetError: the network's file is missing or damaged.
    """
    photo_13HW = np.ascontiguousarray(chip.transpose(2, 0, 1)[None], np.float32) / 255
    (found,) = descriptor_session().run(None, {"chip": photo_13HW})
    return np.asarray(found[0], np.float32)


Descriptors = NDArray[np.float32]
"""[N, 128]."""

SAME = 0.6
"""The distance up to which two faces may be one person's."""

PHOTOS_PER_PERSON = 24
"""Photos described per person: their mean lies within 0.07 of that of sixty."""


def evenly_picked(count: int, most: int) -> list[int]:
    """Places of ``most`` things among ``count``, or of all, at equal steps from the first."""
    step = max(1.0, count / most)
    return [int(place * step) for place in range(min(most, count))]


def pairwise_distances(a: Descriptors, b: Descriptors) -> NDArray[np.float32]:
    """Distances [N, M] of each of ``a`` to each of ``b``."""
    here, there = a.astype(np.float64), b.astype(np.float64)
    squares = (here**2).sum(axis=1)[:, None] + (there**2).sum(axis=1) - 2 * here @ there.T
    return np.asarray(np.sqrt(np.maximum(squares, 0)), np.float32)


def match_people(faces: Descriptors, people: Descriptors, most: float = SAME) -> list[int | None]:
    """For each of the ``people`` the number of the face that is theirs; None where none is.

    The nearest pair comes first, and whoever is matched is taken: nobody is twice in a picture.
    """
    found: list[int | None] = [None] * len(people)
    if not len(faces) or not len(people):
        return found
    distances = pairwise_distances(people, faces)
    while True:
        person, face = np.unravel_index(int(distances.argmin()), distances.shape)
        if distances[person, face] > most:
            return found
        found[int(person)] = int(face)
        distances[person, :] = distances[:, face] = np.inf


OUTLIER = 0.54
"""Distance from the middle of the person's descriptors beyond which a face is someone else's."""

_NEAR = 0.55  # of each other: surely one person
_MEMBER = 0.45  # of the middle: counted when the middle is found again
_ROUNDS = 3


def outlier_distances(descriptors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Distance [K] of each of the descriptors [K, 128] from the person that most of them show.

    The person is the densest group: the face with most others near it, those near to it, and
    then the middle of all that lie near the middle, found again a few times. So it needs no
    majority, only to be the largest group. Fewer than three tell nothing: all zero.
    """
    points = descriptors.astype(np.float64)
    count = len(points)
    if count < 3:
        return np.zeros(count)
    squares = (points**2).sum(axis=1)
    apart = np.sqrt(np.maximum(squares[:, None] + squares - 2 * points @ points.T, 0))
    near = (apart < _NEAR).sum(axis=1)
    seed = int(np.argmax(near - 1e-3 * np.median(apart, axis=1)))
    core = np.argsort(apart[seed])[: max(3, int(0.7 * near[seed]))]
    for _ in range(_ROUNDS):
        middle = points[core].mean(axis=0)
        members = np.flatnonzero(np.linalg.norm(points - middle, axis=1) < _MEMBER)
        if len(members) < 3:
            break
        core = members
    return np.asarray(np.linalg.norm(points - points[core].mean(axis=0), axis=1))

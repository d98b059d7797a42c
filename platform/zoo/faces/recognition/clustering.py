"""Who is who: faces and people brought together by their descriptors.

Distances are of dlib's descriptor (:mod:`zoo.faces.recognition.descriptor`), of which its author
says that below 0.6 they mean one person. On 40 photos of five people those of one person lay up to
0.53 apart and those of two at least 0.58.
"""

import numpy as np
from numpy.typing import NDArray

Descriptors = NDArray[np.float32]
"""[N, 128]."""

SAME = 0.6
"""The distance up to which two faces may be one person's."""


def apart(a: Descriptors, b: Descriptors) -> NDArray[np.float32]:
    """Distances [N, M] of each of ``a`` to each of ``b``."""
    here, there = a.astype(np.float64), b.astype(np.float64)
    squares = (here**2).sum(axis=1)[:, None] + (there**2).sum(axis=1) - 2 * here @ there.T
    return np.asarray(np.sqrt(np.maximum(squares, 0)), np.float32)


def matched(faces: Descriptors, people: Descriptors, most: float = SAME) -> list[int | None]:
    """For each of the ``people`` the number of the face that is theirs; None where none is.

    The nearest pair comes first, and whoever is matched is taken: nobody is twice in a picture.
    """
    found: list[int | None] = [None] * len(people)
    if not len(faces) or not len(people):
        return found
    distances = apart(people, faces)
    while True:
        person, face = np.unravel_index(int(distances.argmin()), distances.shape)
        if distances[person, face] > most:
            return found
        found[int(person)] = int(face)
        distances[person, :] = distances[:, face] = np.inf

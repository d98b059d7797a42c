"""Photos of someone else among one person's: descriptors that lie far from the others.

Measured with ``benchmarks/strangers.py``; docs/onboarding.md has the figures.
"""

import numpy as np
from numpy.typing import NDArray

STRANGER = 0.54
"""Distance from the middle of the person's descriptors beyond which a face is someone else's."""

_NEAR = 0.55  # of each other: surely one person
_MEMBER = 0.45  # of the middle: counted when the middle is found again
_ROUNDS = 3


def distances(descriptors: NDArray[np.float32]) -> NDArray[np.float64]:
    """How far each of the descriptors [K, 128] lies from the person most of them show [K].

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

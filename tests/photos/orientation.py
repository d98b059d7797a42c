"""EXIF's eight orientations of a picture."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Kind = TypeVar("Kind", bound=np.generic)

ORIENTATIONS = range(1, 9)


def turned(picture: NDArray[Kind], orientation: int) -> NDArray[Kind]:
    """How the pixels lie in a file of that orientation which shows ``picture``."""
    ways = {
        1: picture,
        2: picture[:, ::-1],
        3: picture[::-1, ::-1],
        4: picture[::-1],
        5: picture.transpose(1, 0, 2),
        6: np.rot90(picture, 1),
        7: picture[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(picture, -1),
    }
    return np.ascontiguousarray(ways[orientation])

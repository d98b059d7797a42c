"""How a head is turned, from its landmarks and a generic head.

Weak perspective: a face is seen as ``s · P · X + t`` with X the generic head's points and P the
first two rows of a rotation. The least-squares affine map gives them after orthonormalisation
(the P of Dementhon and Davis, *Model-based object pose in 25 lines of code*, 1995). Eyes'
corners, nose and brows are used; lips and lids move with the expression.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zoo.faces.geometry.head_model import FIRST, LANDMARKS, Vectors
from zoo.photos.image import Points

_USED = np.array([*range(17, 36), 36, 39, 42, 45])
_MODEL = LANDMARKS[_USED - FIRST]
_CENTRE = _MODEL.mean(axis=0)


@dataclass(frozen=True)
class Pose:
    """How the generic head lies in a picture.

    Attributes:
        rotation: [3, 3] from head coordinates to the camera's (x right, y up, z to the camera).
        scale: pixels per centimetre.
        centre: [2] pixels of the model's centre.
    """

    rotation: NDArray[np.float64]
    scale: float
    centre: NDArray[np.float64]

    @property
    def angles(self) -> tuple[float, float, float]:
        """Yaw, pitch and roll in degrees, signed as in :class:`zoo.people.Scene`."""
        r = self.rotation
        return (
            float(np.degrees(np.arctan2(-r[2, 0], r[2, 2]))),
            float(np.degrees(-np.arcsin(np.clip(r[2, 1], -1, 1)))),
            float(np.degrees(np.arctan2(r[0, 1], r[1, 1]))),
        )

    def project(self, points: Vectors) -> NDArray[np.float64]:
        """Pixels [N, 2] of points [N, 3] in head coordinates."""
        flat = self.scale * (points - _CENTRE) @ self.rotation[:2].T
        return np.asarray(flat * (1, -1) + self.centre)


def head_pose(landmarks: Points) -> Pose:
    """The pose of the face with these landmarks [68, 2]."""
    seen = landmarks[_USED].astype(np.float64)
    centre = seen.mean(axis=0)
    upright = (seen - centre) * (1, -1)
    affine, *_ = np.linalg.lstsq(_MODEL - _CENTRE, upright, rcond=None)
    left, sizes, right = np.linalg.svd(affine.T, full_matrices=False)
    rows = left @ right
    rotation = np.stack([rows[0], rows[1], np.cross(rows[0], rows[1])])
    return Pose(rotation, float(sizes.mean()), centre)


def pose_difference(before: Points, after: Points) -> float:
    """The angle in degrees of the turn from one face's pose to the other's."""
    turn = head_pose(after).rotation @ head_pose(before).rotation.T
    return float(np.degrees(np.arccos(np.clip((np.trace(turn) - 1) / 2, -1, 1))))

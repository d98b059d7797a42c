"""Head pose from landmarks and a generic head.

Weak perspective: a face is seen as ``s · P · X + t`` with X the generic head's points and P the
first two rows of a rotation. The least-squares affine map gives them after orthonormalisation
(the P of Dementhon and Davis, *Model-based object pose in 25 lines of code*, 1995). Eyes'
corners, nose and brows are used; lips and lids move with the expression.

Head coordinates are in centimetres: x to the right of a frontal picture, y up, z out of the face,
the origin between the eyes. The landmarks are the mean of a hundred rendered people at rest,
made symmetric.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zoo.photos.image import Points

Vectors = NDArray[np.float64]
"""[N, 3] in head coordinates."""

FIRST = 17
"""Landmarks 0 to 16 slide along the outline as the head turns: they have no place in space."""

LANDMARKS: Vectors = np.array(
    (
        (-5.30, 1.64, 5.90), (-4.36, 2.27, 6.89), (-3.34, 2.46, 7.55),
        (-2.33, 2.27, 7.98), (-1.20, 1.83, 8.15), (1.20, 1.83, 8.15),
        (2.33, 2.27, 7.98), (3.34, 2.46, 7.55), (4.36, 2.27, 6.89),
        (5.30, 1.64, 5.90), (0.00, 0.21, 8.53), (0.00, -1.19, 9.08),
        (0.00, -2.59, 9.48), (0.00, -3.99, 9.98), (-1.37, -4.90, 9.30),
        (-0.72, -5.07, 8.76), (0.00, -5.14, 8.93), (0.72, -5.07, 8.76),
        (1.37, -4.90, 9.30), (-4.48, 0.26, 6.52), (-3.66, 0.56, 7.00),
        (-2.60, 0.50, 7.02), (-1.75, -0.04, 6.59), (-2.60, -0.43, 7.06),
        (-3.66, -0.39, 7.06), (1.75, -0.04, 6.59), (2.60, 0.50, 7.02),
        (3.66, 0.56, 7.00), (4.48, 0.26, 6.52), (3.66, -0.39, 7.06),
        (2.60, -0.43, 7.06), (-2.47, -7.14, 7.55), (-1.60, -6.73, 8.34),
        (-0.62, -6.44, 8.66), (0.00, -6.55, 8.65), (0.62, -6.44, 8.66),
        (1.60, -6.73, 8.34), (2.47, -7.14, 7.55), (1.54, -7.92, 8.17),
        (0.72, -8.14, 8.31), (0.00, -8.23, 8.32), (-0.72, -8.14, 8.31),
        (-1.54, -7.92, 8.17), (-2.14, -7.24, 7.86), (-0.77, -7.22, 8.48),
        (0.00, -7.25, 8.55), (0.77, -7.22, 8.48), (2.14, -7.24, 7.86),
        (0.77, -7.22, 8.48), (0.00, -7.25, 8.55), (-0.77, -7.22, 8.48),
    )
)  # fmt: skip
"""[51, 3]: landmarks 17 to 67."""


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

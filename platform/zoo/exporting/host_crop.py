"""How programs that use DFM files crop a face, and the position of our crop in theirs.

They map five points, the eyes' centres, the nose's tip and the mouth's corners, onto a template by
a similarity (facefusion's template ``dfl_whole_face``, the mean face of DeepFaceLab's
``whole_face``). We map 68 landmarks onto a reference by an affine map. So the map from their crop
to ours differs a little from face to face; a file can contain only the one that fits many faces
best. It has no rotation or shear, which the fit finds to be negligible, so rows and columns are
resampled separately.

Unit coordinates as in :mod:`zoo.faces.geometry.alignment`: (0, 0) is the left top corner of the
first pixel.
"""

import numpy as np
from numpy.typing import NDArray

from zoo.photos.image import Matrix, Points

TEMPLATE: Points = np.array(
    ((0.3534, 0.3929), (0.6280, 0.3929), (0.4866, 0.5402), (0.3884, 0.6875), (0.5982, 0.6875)),
    np.float32,
)
"""[5, 2] of the host's crop: left eye, right eye, nose, left and right corner of the mouth."""

SCALE: tuple[float, float] = (1.2797, 1.1411)
SHIFT: tuple[float, float] = (-0.1283, -0.0653)
"""Ours = SCALE · theirs + SHIFT, across and down: fitted by
``pipelines/experiments/host_crop.py`` on the faces of 943 people (Labeled Faces in the Wild), from
which a face's landmarks are away by .012 of our crop's side on average, 95 % of the faces by less
than .022."""


def five_points(landmarks: Points) -> Points:
    """The host's five points [5, 2] of 68 landmarks [68, 2]."""
    eyes = landmarks[36:42].mean(axis=0), landmarks[42:48].mean(axis=0)
    return np.stack([*eyes, landmarks[30], landmarks[48], landmarks[54]]).astype(np.float32)


def host_matrix(five: Points) -> Matrix:
    """The least-squares similarity [2, 3] from a photo's pixels to the host's unit coordinates.

    A pixel's centre stands at a whole number in the photo.
    """
    centre = five.mean(axis=0).astype(np.float64)
    x, y = (five - centre).T
    zero, one = np.zeros(5), np.ones(5)
    equations = np.concatenate(
        [np.column_stack([x, -y, one, zero]), np.column_stack([y, x, zero, one])]
    )
    (a, b, right, down), *_ = np.linalg.lstsq(
        equations, TEMPLATE.T.astype(np.float64).ravel(), rcond=None
    )
    turned = np.array([[a, -b], [b, a]])
    return np.column_stack([turned, (right, down) - turned @ centre])


def fitted(theirs: Points, ours: Points) -> NDArray[np.float64]:
    """The least-squares map [2, 2] from ``theirs`` [..., 2] to ``ours``: scale and shift per axis.

    The first row is across, the second down.
    """
    return np.array(
        [np.polyfit(theirs[..., axis].ravel(), ours[..., axis].ravel(), 1) for axis in (0, 1)]
    )


def to_host(unit: Points) -> Points:
    """Points [..., 2] of our crop in the host's, both in unit coordinates."""
    return np.asarray((unit - np.array(SHIFT)) / np.array(SCALE), np.float32)

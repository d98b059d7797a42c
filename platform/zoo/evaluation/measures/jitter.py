"""Jitter: flicker of a swapped face beyond the video's own.

What the swap adds to frame t is S_t = O_t − I_t, output less input, in lightness (CIE L*), looked
at in the aligned crop, where the face stands still, and blurred by a fiftieth of the crop so that
the input's grain, which networks leave out, is gone. Jitter is the part of it that changes from
frame to frame, by the second difference in time, which leaves out whatever changes evenly:

    J² = mean over frames and the face's pixels of (S_t − (S_{t-1} + S_{t+1}) / 2)²

The crops are aligned by the same landmarks for every method under comparison: the true ones of
rendered people, or for photographs ones smoothed over many frames. An output equal to its input
has J = 0; so has a mask that is painted on and moves with the face.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from zoo.faces.compositing.lab import to_lab
from zoo.faces.geometry.alignment import align
from zoo.faces.geometry.reference import REFERENCE
from zoo.faces.masks.face_mask import face_mask
from zoo.photos.image import Image, Plane, Points

_SIDE = 128  # pixels of the crop
_BLUR = 0.02 * _SIDE
_FACE = 0.5  # of the mask, above which a pixel counts


def jitter(inputs: Sequence[Image], outputs: Sequence[Image], landmarks: Sequence[Points]) -> float:
    """J in units of L* (0 to 100) over one shot.

    Args:
        inputs: consecutive frames [H, W, 3], at least 3.
        outputs: the same frames, swapped.
        landmarks: of the face in each frame, pixels.
    """
    face = face_mask(REFERENCE * _SIDE - 0.5, (_SIDE, _SIDE)) > _FACE
    added = np.stack(
        [
            _light(output, points) - _light(own, points)
            for own, output, points in zip(inputs, outputs, landmarks, strict=True)
        ]
    )
    second = added[1:-1] - (added[:-2] + added[2:]) / 2
    return float(np.sqrt(np.square(second[:, face]).mean()))


def _light(image: Image, landmarks: Points) -> Plane:
    crop = align(image, landmarks, _SIDE).image
    return np.asarray(cv2.GaussianBlur(to_lab(crop)[..., 0], (0, 0), _BLUR), np.float32)

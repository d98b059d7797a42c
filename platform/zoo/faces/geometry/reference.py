"""The frontal reference face that every face is aligned to, and its mirror.

The 68 landmarks of iBUG 300-W: jaw 0-16, brows 17-26, nose 27-35, eyes 36-47, lips 48-67.

How the table was made: dlib's landmarks on the 102 neutral frontal faces of the Face Research
Lab London set (CC BY 4.0) and on 162 official portraits of the US Congress whose nose stands
within 0.06 eye distances of the middle of the jaw; the generalised Procrustes mean under
similarities of each set; the mean of the two, made symmetric. It was then placed so that the
face fills the crop: chin at 0.965, tops of the brows at 0.274, and as much forehead above them
as a high one has (0.42 of the height from nose bridge to chin), which ends at 0.026. Faces are
higher than wide, so the width is stretched by 1.09 to use the crop's sides.
"""

import numpy as np
from numpy.typing import NDArray

from zoo.photos.image import Points

LEFT_EYE_OUTER, RIGHT_EYE_OUTER = 36, 45
"""Landmarks at the outer corners of the eyes, as the picture shows them."""

REFERENCE: Points = np.array(
    (
        (0.1135, 0.4101), (0.1199, 0.5028), (0.1318, 0.5934), (0.1471, 0.6844),
        (0.1778, 0.7708), (0.2330, 0.8450), (0.3087, 0.9054), (0.3975, 0.9512),
        (0.5000, 0.9650), (0.6025, 0.9512), (0.6913, 0.9054), (0.7670, 0.8450),
        (0.8222, 0.7708), (0.8529, 0.6844), (0.8682, 0.5934), (0.8801, 0.5028),
        (0.8865, 0.4101), (0.1824, 0.3389), (0.2270, 0.2915), (0.2964, 0.2740),
        (0.3681, 0.2813), (0.4365, 0.3047), (0.5635, 0.3047), (0.6319, 0.2813),
        (0.7036, 0.2740), (0.7730, 0.2915), (0.8176, 0.3389), (0.5000, 0.3743),
        (0.5000, 0.4324), (0.5000, 0.4901), (0.5000, 0.5503), (0.4232, 0.5943),
        (0.4600, 0.6053), (0.5000, 0.6156), (0.5400, 0.6053), (0.5768, 0.5943),
        (0.2650, 0.3928), (0.3054, 0.3680), (0.3548, 0.3683), (0.3986, 0.3975),
        (0.3525, 0.4061), (0.3034, 0.4070), (0.6014, 0.3975), (0.6452, 0.3683),
        (0.6946, 0.3680), (0.7350, 0.3928), (0.6966, 0.4070), (0.6475, 0.4061),
        (0.3436, 0.7145), (0.4018, 0.6917), (0.4579, 0.6801), (0.5000, 0.6886),
        (0.5421, 0.6801), (0.5982, 0.6917), (0.6564, 0.7145), (0.6001, 0.7552),
        (0.5449, 0.7731), (0.5000, 0.7769), (0.4551, 0.7731), (0.3999, 0.7552),
        (0.3678, 0.7161), (0.4573, 0.7106), (0.5000, 0.7142), (0.5427, 0.7106),
        (0.6322, 0.7161), (0.5431, 0.7289), (0.5000, 0.7333), (0.4569, 0.7289),
    ),
    np.float32,
)  # fmt: skip
"""[68, 2] in unit coordinates: (0, 0) the crop's left top corner, (1, 1) its right bottom."""

_PAIRS = (
    *((i, 16 - i) for i in range(8)),
    *((i, 43 - i) for i in range(17, 22)),
    (31, 35), (32, 34),
    (36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46),
    (48, 54), (49, 53), (50, 52), (55, 59), (56, 58),
    (60, 64), (61, 63), (65, 67),
)  # fmt: skip


def _mirror() -> NDArray[np.intp]:
    order = np.arange(68)
    for left, right in _PAIRS:
        order[left], order[right] = right, left
    return order


MIRROR: NDArray[np.intp] = _mirror()
"""[68] ``landmarks[MIRROR]`` swaps left and right: the left eye's corner becomes the right's."""


def mirror_landmarks(unit: Points) -> Points:
    """The landmarks [..., 68, 2] of the mirrored crop: x becomes 1 - x, and left becomes right."""
    mirrored = unit[..., MIRROR, :].copy()
    mirrored[..., 0] = 1 - mirrored[..., 0]
    return mirrored


def interocular(landmarks: Points | NDArray[np.float64]) -> float:
    """The distance between the outer corners of the eyes, in the unit of ``landmarks`` [68, 2]."""
    return float(np.linalg.norm(landmarks[RIGHT_EYE_OUTER] - landmarks[LEFT_EYE_OUTER]))

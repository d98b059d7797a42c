"""Type names of the arrays that packages exchange."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""Pixels [H, W, 3], RGB, sRGB, upright."""

Plane = NDArray[np.float32]
"""One value per pixel [H, W]."""

Points = NDArray[np.float32]
"""Landmarks [68, 2] as (x, y), iBUG order; pixel centres stand at whole numbers."""

Matrix = NDArray[np.float64]
"""An affine map [2, 3] for column vectors (x, y, 1)."""

AnyArray = NDArray[Any]
"""For the untyped edges: what OpenCV and dlib hand back."""

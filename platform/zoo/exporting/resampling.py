"""Resampling along one axis as a matrix, which every ONNX runtime can multiply.

Rows and columns apart, a picture is resampled by two multiplications with constant matrices,
which every provider of ONNX Runtime has; sampling at given places (GridSample) not all have.
"""

import numpy as np
from numpy.typing import NDArray

_A = -0.5  # of the cubic kernel: Catmull-Rom, which keeps straight lines straight


def resampling(given: int, made: int, scale: float, shift: float) -> NDArray[np.float32]:
    """The matrix [made, given] that resamples an axis of ``given`` pixels to ``made``.

    The place u of what is made, 0 to 1 over all its pixels, shows the place
    ``scale`` · u + ``shift`` of what is given. Cubic; where pixels are skipped the kernel is
    widened, so that they are averaged; beyond the border its last pixel is repeated.
    """
    places = ((np.arange(made) + 0.5) / made * scale + shift) * given - 0.5
    step = max(1.0, abs(scale) * given / made)
    reach = int(np.ceil(2 * step)) + 1
    near = np.floor(places).astype(int)[:, None] + np.arange(-reach, reach + 1)
    weights = _cubic((near - places[:, None]) / step)
    weights /= weights.sum(axis=1, keepdims=True)
    matrix = np.zeros((made, given))
    rows = np.broadcast_to(np.arange(made)[:, None], near.shape)
    np.add.at(matrix, (rows, near.clip(0, given - 1)), weights)
    return matrix.astype(np.float32)


def _cubic(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keys 1981, *Cubic convolution interpolation for digital image processing*."""
    x = np.abs(x)
    inner = ((_A + 2) * x - (_A + 3)) * x * x + 1
    outer = ((_A * x - 5 * _A) * x + 8 * _A) * x - 4 * _A
    return np.where(x < 1, inner, np.where(x < 2, outer, 0.0))

"""Smooth periodic noise: one tile, made once, sampled everywhere."""

import math
from functools import cache

import numpy as np
import numpy.typing as npt

from zoo.people.rendering.jit import compiled

Tile = npt.NDArray[np.float32]

SIZE = 256
_MASK = SIZE - 1


@cache
def noise_tile() -> Tile:
    """A periodic [256, 256] tile of band-limited noise, zero mean, unit variance.

    One cycle of the finest detail takes about four samples, so that bilinear sampling
    with a step of one sample shows no grid.
    """
    rng = np.random.default_rng(20170801)
    spectrum = np.fft.rfft2(rng.standard_normal((SIZE, SIZE)))
    fy = np.fft.fftfreq(SIZE)[:, None]
    fx = np.fft.rfftfreq(SIZE)[None, :]
    radius = np.hypot(fx, fy)
    spectrum *= np.exp(-((radius / 0.17) ** 4)) * (radius > 0.015)
    tile = np.fft.irfft2(spectrum, s=(SIZE, SIZE))
    return np.asarray(tile / tile.std(), np.float32)


def sample_noise(u: npt.NDArray[np.float32], v: npt.NDArray[np.float32]) -> Tile:
    """Bilinear samples of the tile at (u, v), in samples, wrapped; arrays of one shape."""
    tile = noise_tile()
    column, row = np.floor(u), np.floor(v)
    fu, fv = u - column, v - row
    left, top = column.astype(np.int32) & _MASK, row.astype(np.int32) & _MASK
    right, bottom = (left + 1) & _MASK, (top + 1) & _MASK
    upper = tile[top, left] * (1 - fu) + tile[top, right] * fu
    lower = tile[bottom, left] * (1 - fu) + tile[bottom, right] * fu
    return np.asarray(upper * (1 - fv) + lower * fv, np.float32)


@compiled
def noise(tile: Tile, u: float, v: float) -> float:
    """One bilinear sample of the tile at (u, v), in samples, wrapped."""
    fu, fv = math.floor(u), math.floor(v)
    left, top = int(fu) & 255, int(fv) & 255
    right, bottom = (left + 1) & 255, (top + 1) & 255
    a, b = u - fu, v - fv
    upper = tile[top, left] * (1.0 - a) + tile[top, right] * a
    lower = tile[bottom, left] * (1.0 - a) + tile[bottom, right] * a
    return float(upper * (1.0 - b) + lower * b)

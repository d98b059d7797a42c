"""Compiling the renderer's scalar code with numba.

Only the entry points are cached on disk. Numba's cache notices a change of the file that
holds the entry point, not of the files it calls, so the digest of every kernel's source
goes into the entry point's closure, which is part of numba's cache key.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")

_KERNELS = (
    "geometry/displacement.py",
    "geometry/hair.py",
    "geometry/head.py",
    "geometry/surface.py",
    "render.py",
    "rendering/jit.py",
    "rendering/materials.py",
    "rendering/noise.py",
    "rendering/ray_marching.py",
    "rendering/shading.py",
)


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function that only other compiled functions call."""
    return cast(Callable[P, R], numba.njit(nogil=True, fastmath=True)(function))


def entry_point(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function that Python calls, and keep the machine code on disk."""
    return cast(Callable[P, R], numba.njit(nogil=True, fastmath=True, cache=True)(function))


def kernel_digest() -> str:
    """SHA-256 of the source of all compiled modules, for the closure of entry points."""
    digest = hashlib.sha256(numba.__version__.encode())
    for name in _KERNELS:
        digest.update((Path(__file__).parents[1] / name).read_bytes())
    return digest.hexdigest()

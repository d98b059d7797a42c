"""Colour spaces of more than 8 bits: conversion to sRGB and back without rounding.

A space's ``displayed`` maps stored pixels [N, 3] to sRGB of 0 to 1. What sRGB cannot show goes
below 0 or above 1 and is not cut off, so that ``stored`` undoes it.

Sources: IEC 61966-2-1 (sRGB); ICC.1:2022, sections 10.6 (curve) and 10.18 (parametric curve);
SMPTE ST 2065-4 and the OpenEXR documentation ("Standard Attributes": chromaticities).
"""

import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

_Values = NDArray[np.float64]
_FULL = 65535
_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
_D65 = (0.3127, 0.3290)
_D50_XYZ = np.array([0.9642, 1.0, 0.8249])
_BRIGHT, _DIM = 1.0, 0.25  # between them most light is shown as it is
_MOST = 98  # per cent of the pixels
_REC709 = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, *_D65)


class Space(Protocol):
    """One way of storing colours."""

    def displayed(self, stored: NDArray[Any]) -> _Values: ...

    def stored(self, displayed: _Values) -> NDArray[Any]: ...


@dataclass(frozen=True)
class Srgb:
    """Numbers of 0 to 65535 that are sRGB's."""

    def displayed(self, stored: NDArray[Any]) -> _Values:
        return stored / float(_FULL)

    def stored(self, displayed: _Values) -> NDArray[Any]:
        return np.asarray(np.rint(displayed.clip(0, 1) * _FULL), np.uint16)


@dataclass(frozen=True)
class Profiled:
    """Numbers of 0 to 65535 by an ICC profile of three curves and a matrix.

    Attributes:
        curves: linear light [3, 65536] of every number, for each channel; they rise.
        matrix: to linear sRGB [3, 3].
    """

    curves: _Values
    matrix: _Values

    def displayed(self, stored: NDArray[Any]) -> _Values:
        light = np.stack([self.curves[i][stored[:, i]] for i in range(3)], axis=1)
        return encoded(light @ self.matrix.T)

    def stored(self, displayed: _Values) -> NDArray[Any]:
        light = _decoded(displayed) @ np.linalg.inv(self.matrix).T
        numbers = np.arange(_FULL + 1)
        found = [np.interp(light[:, i], self.curves[i], numbers) for i in range(3)]
        return np.rint(np.stack(found, axis=1)).astype(np.uint16)


@dataclass(frozen=True)
class SceneLight:
    """Linear light without a limit, as OpenEXR has it.

    Attributes:
        matrix: to linear sRGB [3, 3].
        white: the light that is shown as white.
        kind: of the numbers: float16 or float32.
    """

    matrix: _Values
    white: float
    kind: np.dtype[Any]

    def displayed(self, stored: NDArray[Any]) -> _Values:
        light = np.nan_to_num(stored.astype(np.float64), posinf=0, neginf=0)
        return encoded(light @ self.matrix.T / self.white)

    def stored(self, displayed: _Values) -> NDArray[Any]:
        light = _decoded(displayed) @ np.linalg.inv(self.matrix).T * self.white
        most = float(np.finfo(self.kind).max)
        return light.clip(-most, most).astype(self.kind)


def space_of(profile: bytes | None) -> Space | None:
    """The space of an RGB picture with this ICC profile, or None for a profile of tables.

    A picture without a profile, or with a damaged one, is taken for sRGB, as
    :mod:`.srgb` takes it.
    """
    if not profile:
        return Srgb()
    from PIL import ImageCms

    try:
        read = ImageCms.ImageCmsProfile(io.BytesIO(profile)).profile
        if read.xcolor_space.strip() != "RGB":
            return Srgb()
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError, AttributeError):
        return Srgb()
    if not read.is_matrix_shaper:
        return None
    try:
        tags = _tags(profile)
        colours = np.stack([_xyz(tags[name]) for name in (b"rXYZ", b"gXYZ", b"bXYZ")], axis=1)
        curves = np.stack([_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC")])
        matrix = np.linalg.inv(_to_d50(_REC709)) @ colours
        np.linalg.inv(matrix)
    except (KeyError, ValueError, struct.error, IndexError, np.linalg.LinAlgError):
        return None
    return Profiled(np.maximum.accumulate(curves, axis=1), matrix)


def scene_light(
    chromaticities: Sequence[float] | None, white: float, kind: np.dtype[Any]
) -> SceneLight:
    """The space of an OpenEXR picture.

    Args:
        chromaticities: x and y of red, green, blue and white; Rec. 709's when there are none.
        white: the light that is shown as white.
        kind: float16 or float32.

    Raises:
        ValueError: chromaticities that are none.
    """
    matrix = np.eye(3)
    if chromaticities is not None:
        matrix = to_srgb_light(chromaticities)
    return SceneLight(matrix, white, kind)


def to_srgb_light(chromaticities: Sequence[float]) -> _Values:
    """Linear RGB of these primaries and this white to linear sRGB [3, 3].

    Raises:
        ValueError: chromaticities that are none.
    """
    try:
        matrix = np.linalg.inv(_to_d50(_REC709)) @ _to_d50(chromaticities)
        np.linalg.inv(matrix)
    except (np.linalg.LinAlgError, ZeroDivisionError, FloatingPointError) as error:
        raise ValueError("chromaticities that are not colours") from error
    if not np.isfinite(matrix).all():
        raise ValueError("chromaticities that are not colours")
    return np.asarray(matrix, np.float64)


def white_of(light: NDArray[Any]) -> float:
    """The light of ``light`` [N, 3] to be shown as white.

    1, unless nearly all would then be white or dark: then what 98 % of the pixels do not reach.
    """
    most = float(np.percentile(light.max(axis=1), _MOST))
    return 1.0 if most <= 0 or _DIM <= most <= _BRIGHT else most


def encoded(light: _Values) -> _Values:
    """SRGB's curve, for what is below 0 mirrored."""
    size = np.abs(light)
    return np.copysign(
        np.where(size <= 0.0031308, 12.92 * size, 1.055 * size ** (1 / 2.4) - 0.055), light
    )


def _decoded(shown: _Values) -> _Values:
    size = np.abs(shown)
    return np.copysign(
        np.where(size <= 12.92 * 0.0031308, size / 12.92, ((size + 0.055) / 1.055) ** 2.4), shown
    )


def _to_d50(chromaticities: Sequence[float]) -> _Values:
    """Linear RGB of these primaries to XYZ [3, 3] under D50, adapted as ICC profiles are."""
    corners = np.array(chromaticities, np.float64).reshape(4, 2)
    xyz = np.stack([corners[:, 0], corners[:, 1], 1 - corners.sum(axis=1)], axis=1)
    xyz = (xyz / xyz[:, 1:2]).T  # columns: red, green, blue, white
    matrix = xyz[:, :3] * np.linalg.solve(xyz[:, :3], xyz[:, 3])
    cones = np.diag((_BRADFORD @ _D50_XYZ) / (_BRADFORD @ xyz[:, 3]))
    return np.asarray(np.linalg.inv(_BRADFORD) @ cones @ _BRADFORD @ matrix, np.float64)


def _tags(profile: bytes) -> dict[bytes, bytes]:
    (count,) = struct.unpack_from(">I", profile, 128)
    tags = {}
    for number in range(min(count, 200)):
        name, start, size = struct.unpack_from(">4sII", profile, 132 + 12 * number)
        tags[name] = profile[start : start + size]
    return tags


def _xyz(tag: bytes) -> _Values:
    return np.array(struct.unpack_from(">3i", tag, 8), np.float64) / 65536


def _curve(tag: bytes) -> _Values:
    """Linear light of every number of 0 to 65535."""
    at = np.linspace(0, 1, _FULL + 1)
    if tag[:4] == b"curv":
        (count,) = struct.unpack_from(">I", tag, 8)
        if count == 0:
            return at
        values = np.frombuffer(tag, ">u2", count, 12).astype(np.float64)
        if count == 1:
            return np.asarray(at ** (values[0] / 256), np.float64)
        return np.interp(at, np.linspace(0, 1, count), values / _FULL)
    if tag[:4] != b"para":
        raise ValueError("a curve of an unknown type")
    (kind,) = struct.unpack_from(">H", tag, 8)
    counts = (1, 3, 4, 5, 7)
    given = np.frombuffer(tag, ">i4", counts[kind], 12) / 65536
    power, a, b, c, d, e, f = (1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    if kind == 0:
        (power,) = given
    elif kind in (1, 2):
        power, a, b = given[:3]
        e = f = given[3] if kind == 2 else 0.0
        d = -b / a
    else:
        power, a, b, c, d = given[:5]
        e, f = given[5:] if kind == 4 else (0.0, 0.0)
    above = np.maximum(a * at + b, 0) ** power + e
    return np.where(at >= d, above, c * at + f).clip(0, 1)

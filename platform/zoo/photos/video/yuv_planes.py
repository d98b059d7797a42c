"""A frame's planes, changed by *differences* of colour.

The output is the decoded value plus the change that a swap made, by the exact matrix. So the
conversion from planes to picture may round: unchanged pixels keep their value, and subsampled
chroma keeps the detail that the picture has lost.

Sources: ITU-T H.273, section 8.3 (matrix coefficients, equations 20 to 48).
"""

from functools import cache
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from zoo.photos.image import AnyArray

if TYPE_CHECKING:
    import av

_HD = 720  # lines from which a video that does not say so has the colours of BT.709
_MATRICES = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}  # FFmpeg's colour spaces as swscale's
_LUMA = {
    1: (0.2126, 0.0722), 4: (0.30, 0.11), 5: (0.299, 0.114), 7: (0.212, 0.087), 9: (0.2627, 0.0593)
}  # fmt: skip
LIMITED, FULL = 1, 2
"""Ranges, in FFmpeg's numbers."""


def colours(frame: "av.VideoFrame") -> tuple[int, int]:
    """The colour matrix in swscale's numbers, and the range, guessed as players do when unsaid."""
    matrix = _MATRICES.get(int(frame.colorspace), 1 if frame.height >= _HD else 5)
    full = int(frame.color_range) == FULL or frame.format.name.startswith("yuvj")
    return matrix, FULL if full or frame.format.is_rgb else LIMITED


def plane_of(frame: "av.VideoFrame", index: int) -> AnyArray:
    """A plane's own memory [h, w]."""
    plane = frame.planes[index]
    kind = np.uint16 if frame.format.components[index].bits > 8 else np.uint8
    width = plane.line_size // np.dtype(kind).itemsize
    whole: AnyArray = np.frombuffer(plane, kind).reshape(-1, width)  # type: ignore[call-overload]
    return whole[: plane.height, : plane.width]


def add_change(frame: "av.VideoFrame", change: NDArray[np.float32], left: int, top: int) -> None:
    """Adds a change of colour to a planar YUV frame, in place.

    Args:
        frame: writable, of a format that :func:`zoo.photos.video.frames.plain_format` gives.
        change: of red, green and blue [h, w, 3], as they are stored (not upright), in 255ths of
            the full range.
        left: the frame's column that the first column of ``change`` is for.
        top: likewise its row.
    """
    high, wide = plane_of(frame, 0).shape
    chroma = plane_of(frame, 1).shape
    step_y, step_x = round(high / chroma[0]), round(wide / chroma[1])
    # Whole blocks of chroma; where a picture of odd size ends in half a block, the other half is
    # as the first.
    rows, columns = change.shape[:2]
    before = (top % step_y, left % step_x)
    after = (-(top + rows) % step_y, -(left + columns) % step_x)
    if any((*before, *after)):
        inner = (0 if top + rows < high else after[0], 0 if left + columns < wide else after[1])
        change = cv2.copyMakeBorder(  # type: ignore[assignment]
            change, 0, inner[0], 0, inner[1], cv2.BORDER_REPLICATE
        )
        outer = (after[0] - inner[0], after[1] - inner[1])
        change = cv2.copyMakeBorder(  # type: ignore[assignment]
            change, before[0], outer[0], before[1], outer[1], cv2.BORDER_CONSTANT, value=0
        )
        top, left = top - before[0], left - before[1]
    bits = frame.format.components[0].bits
    weights = _to_yuv(*colours(frame), bits)
    _add(plane_of(frame, 0)[top:, left:], cv2.transform(change, weights[:1]), bits)
    size = (change.shape[1] // step_x, change.shape[0] // step_y)
    if size != change.shape[1::-1]:
        change = np.asarray(cv2.resize(change, size, interpolation=cv2.INTER_AREA), np.float32)
    differences = cv2.split(cv2.transform(change, weights[1:]))
    for index, values in enumerate(differences, 1):
        _add(plane_of(frame, index)[top // step_y :, left // step_x :], values, bits)


def numbers(frame: "av.VideoFrame", box: tuple[int, int, int, int]) -> NDArray[np.float32]:
    """Red, green and blue [h, w, 3] of a part of a planar frame, 0 to 1 (and beyond), unrounded.

    Args:
        frame: see :func:`add_change`.
        box: (left, top, right, bottom) as the frame is stored.
    """
    left, top, right, bottom = box
    bits = frame.format.components[0].bits
    matrix, range_ = colours(frame)
    luma = plane_of(frame, 0)[top:bottom, left:right]
    high, wide = plane_of(frame, 0).shape
    step_y = round(high / plane_of(frame, 1).shape[0])
    step_x = round(wide / plane_of(frame, 1).shape[1])
    planes = [luma.astype(np.float32) - (16 << bits - 8 if range_ == LIMITED else 0)]
    for index in (1, 2):
        rows, columns = np.arange(top, bottom) // step_y, np.arange(left, right) // step_x
        chroma = plane_of(frame, index)[np.ix_(rows, columns)]
        planes.append(chroma.astype(np.float32) - (1 << bits - 1))
    inverse = np.linalg.inv(_to_yuv(matrix, range_, bits).astype(np.float64)) / 255
    return np.asarray(cv2.transform(cv2.merge(planes), inverse.astype(np.float32)), np.float32)


def _add(plane: AnyArray, values: AnyArray, bits: int) -> None:
    """Adds to the plane's upper left part, rounded; what lies beyond the plane is let go."""
    high, wide = min(plane.shape[0], values.shape[0]), min(plane.shape[1], values.shape[1])
    view, values = plane[:high, :wide], values[:high, :wide]
    kind = cv2.CV_16U if bits > 8 else cv2.CV_8U
    changed = cv2.add(view, values, dtype=kind)
    view[...] = np.minimum(changed, (1 << bits) - 1) if bits > 8 else changed


@cache
def _to_yuv(matrix: int, range_: int, bits: int) -> NDArray[np.float32]:
    """Differences of RGB, in 255ths, to differences of a plane's numbers [3, 3]."""
    red, blue = _LUMA[matrix]
    rows = np.array(
        [
            [red, 1 - red - blue, blue],
            [-red / (2 - 2 * blue), -(1 - red - blue) / (2 - 2 * blue), 0.5],
            [0.5, -(1 - red - blue) / (2 - 2 * red), -blue / (2 - 2 * red)],
        ]
    )
    if range_ == FULL:
        scale = np.full(3, (1 << bits) - 1)
    else:
        scale = np.array([219, 224, 224]) * (1 << bits - 8)
    return np.asarray(rows * scale[:, None] / 255, np.float32)

"""A video's frames as upright sRGB pictures, and changed pictures back into them.

Only the pixels that a swap changed are written back: everywhere else a frame keeps the very
numbers that were decoded, with their depth, range and colour matrix.
"""

import re
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zoo.photos.image import AnyArray, Image

if TYPE_CHECKING:
    import av

_HD = 720  # lines from which a video that does not say so has the colours of BT.709
_MATRICES = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}  # FFmpeg's colour spaces as swscale's
_LIMITED, _FULL = 1, 2
_MARGIN = 32  # pixels
_PLANAR = frozenset(
    f"yuv{sampling}p{depth}" for sampling in ("420", "422", "444") for depth in ("", "10le", "12le")
)


@dataclass(frozen=True)
class Orientation:
    """How stored pictures become upright: axes exchanged first, then each flipped or not."""

    transposed: bool = False
    flip_x: bool = False
    flip_y: bool = False

    def upright(self, stored: AnyArray) -> AnyArray:
        """[H, W, ...] as it is to be seen."""
        turned = stored.swapaxes(0, 1) if self.transposed else stored
        turned = turned[:, ::-1] if self.flip_x else turned
        return turned[::-1] if self.flip_y else turned

    def stored(self, upright: AnyArray) -> AnyArray:
        """The way back."""
        turned = upright[::-1] if self.flip_y else upright
        turned = turned[:, ::-1] if self.flip_x else turned
        return turned.swapaxes(0, 1) if self.transposed else turned


def orientation(matrix: tuple[int, ...] | None) -> Orientation:
    """The nearest turn by right angles, mirrored or not, to a display matrix of 9 numbers."""
    if matrix is None:
        return Orientation()
    a, b, _, c, d = matrix[:5]
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return Orientation(False, a < 0, d < 0)
    return Orientation(True, c < 0, b < 0)


def to_rgb(frame: "av.VideoFrame", turned: Orientation) -> Image:
    """The upright picture [H, W, 3] of a frame, 8 bits a channel."""
    matrix, range_ = colours(frame)
    rgb = frame.reformat(
        format="rgb24",
        src_colorspace=matrix,
        src_color_range=range_,
        dst_color_range=_FULL,
        # The quick way is three grey levels off where there are more than 8 bits.
        interpolation=_accurate() if frame.format.components[0].bits > 8 else "BICUBIC",
        threads=1,
    )
    return np.ascontiguousarray(turned.upright(rgb.to_ndarray()), np.uint8)


def plain_format(name: str) -> str:
    """The planar format nearest to FFmpeg's format ``name`` that :func:`paste` can write to."""
    plain = f"yuv{name[4:]}" if name.startswith("yuvj") else name
    if plain in _PLANAR:
        return plain
    return "yuv420p10le" if re.search(r"(9|1[0246]|48|64)[lb]e$", name) else "yuv420p"


def workable(frame: "av.VideoFrame", size: tuple[int, int], format: str) -> "av.VideoFrame":
    """The frame as planes that :func:`paste` can write to.

    Frames of a stream that changes its size are brought to one, as players' windows do.

    Args:
        frame: as it was decoded.
        size: width and height.
        format: from :func:`plain_format`.
    """
    name = frame.format.name
    full = name.startswith("yuvj")
    if (frame.width, frame.height) == size and name == format:
        frame.make_writable()
        return frame
    matrix, range_ = colours(frame)
    changed = frame.reformat(
        *size,
        format=format,
        src_colorspace=matrix,
        dst_colorspace=matrix,
        src_color_range=range_,
        dst_color_range=_LIMITED if frame.format.is_rgb else range_,
        interpolation="BICUBIC",
        threads=1,
    )
    if full:
        changed.color_range = _FULL
    changed.pts, changed.time_base = frame.pts, frame.time_base
    return changed


def paste(
    frame: "av.VideoFrame",
    before: Image,
    after: Image,
    turned: Orientation,
    part: tuple[int, int, int, int],
) -> None:
    """Writes into a workable ``frame`` what differs between two upright pictures of it.

    Args:
        frame: from :func:`workable`.
        before: as :func:`to_rgb` gave it.
        after: of the same shape.
        turned: as for :func:`to_rgb`.
        part: (left, top, right, bottom) of ``after``, beyond which nothing differs.
    """
    import av

    left, top, right, bottom = part
    inside = np.zeros(after.shape[:2], np.bool_)
    window = np.s_[top:bottom, left:right]
    differs = before[window] != after[window]
    inside[window] = differs[..., 0] | differs[..., 1] | differs[..., 2]
    changed = turned.stored(inside)
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    if not len(rows):
        return
    # Whole blocks of colour, which planes may hold for two by two pixels, with a margin: filters
    # and vector instructions look beyond the last pixel.
    high, wide = changed.shape
    y0, x0 = max(0, rows[0] - _MARGIN) & ~1, max(0, columns[0] - _MARGIN) & ~1
    y1 = min(rows[-1] + _MARGIN + 2 & ~1, high)
    x1 = min(columns[-1] + _MARGIN + 2 & ~1, wide)
    box = np.s_[y0:y1, x0:x1]
    matrix, range_ = colours(frame)
    source = av.VideoFrame.from_ndarray(np.ascontiguousarray(turned.stored(after)[box]), "rgb24")
    source.color_range = _FULL
    planes = source.reformat(
        format=frame.format.name,
        dst_colorspace=matrix,
        src_color_range=_FULL,
        dst_color_range=range_,
        interpolation=_accurate(),
        threads=1,
    )
    for index in range(3):
        target, new = _plane(frame, index), _plane(planes, index)
        step_y, step_x = round(high / target.shape[0]), round(wide / target.shape[1])
        mask = _pooled(changed[box], step_y, step_x)[: new.shape[0], : new.shape[1]]
        view = target[y0 // step_y :, x0 // step_x :][: mask.shape[0], : mask.shape[1]]
        view[mask] = new[: mask.shape[0], : mask.shape[1]][mask]


def colours(frame: "av.VideoFrame") -> tuple[int, int]:
    """The colour matrix in swscale's numbers, and the range, guessed as players do when unsaid."""
    matrix = _MATRICES.get(int(frame.colorspace), 1 if frame.height >= _HD else 5)
    full = int(frame.color_range) == _FULL or frame.format.name.startswith("yuvj")
    return matrix, _FULL if full or frame.format.is_rgb else _LIMITED


def _accurate() -> int:
    from av.video.reformatter import Interpolation

    return int(
        Interpolation.BICUBIC
        | Interpolation.ACCURATE_RND
        | Interpolation.FULL_CHR_H_INP
        | Interpolation.FULL_CHR_H_INT
    )


def _plane(frame: "av.VideoFrame", index: int) -> AnyArray:
    """A plane's own memory [h, w]."""
    plane = frame.planes[index]
    kind = np.uint16 if frame.format.components[index].bits > 8 else np.uint8
    width = plane.line_size // np.dtype(kind).itemsize
    whole: AnyArray = np.frombuffer(plane, kind).reshape(-1, width)  # type: ignore[call-overload]
    return whole[: plane.height, : plane.width]


def _pooled(mask: NDArray[np.bool_], step_y: int, step_x: int) -> NDArray[np.bool_]:
    """Whether any pixel of each block is set."""
    high, wide = mask.shape
    padded = np.pad(mask, ((0, -high % step_y), (0, -wide % step_x)))
    corners = (padded[y::step_y, x::step_x] for y in range(step_y) for x in range(step_x))
    return np.asarray(reduce(np.logical_or, corners))

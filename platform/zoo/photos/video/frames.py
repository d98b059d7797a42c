"""A video's frames as upright sRGB pictures, and changed pictures back into them.

Only the pixels that a swap changed are written back: everywhere else a frame keeps the very
numbers that were decoded, with their depth, range and colour matrix.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from zoo.photos.colour.tone_mapping import tone_of
from zoo.photos.image import AnyArray, Image
from zoo.photos.video.yuv_planes import FULL, LIMITED, add_change, colours

if TYPE_CHECKING:
    import av

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

    def stored_part(
        self, part: tuple[int, int, int, int], shape: tuple[int, ...]
    ) -> tuple[int, int, int, int]:
        """Where a part (left, top, right, bottom) of an upright picture [H, W, ...] is stored."""
        left, top, right, bottom = part
        if self.flip_y:
            top, bottom = shape[0] - bottom, shape[0] - top
        if self.flip_x:
            left, right = shape[1] - right, shape[1] - left
        return (top, left, bottom, right) if self.transposed else (left, top, right, bottom)


def orientation(matrix: tuple[int, ...] | None) -> Orientation:
    """The nearest turn by right angles, mirrored or not, to a display matrix of 9 numbers."""
    if matrix is None:
        return Orientation()
    a, b, _, c, d = matrix[:5]
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return Orientation(False, a < 0, d < 0)
    return Orientation(True, c < 0, b < 0)


def to_rgb(frame: "av.VideoFrame", turned: Orientation) -> Image:
    """The upright picture [H, W, 3] of a frame, 8 bits a channel; HDR tone-mapped."""
    matrix, range_ = colours(frame)
    tone = tone_of(int(frame.color_trc), int(frame.color_primaries))
    rgb = frame.reformat(
        format="rgb24" if tone is None else "rgb48le",
        src_colorspace=matrix,
        src_color_range=range_,
        dst_color_range=FULL,
        # The quick way is three grey levels off where there are more than 8 bits.
        interpolation=_accurate() if tone or frame.format.components[0].bits > 8 else "BICUBIC",
        threads=1,
    )
    stored = rgb.to_ndarray()
    shown = stored if tone is None else tone.shown(np.asarray(stored, np.uint16))
    return np.ascontiguousarray(turned.upright(shown), np.uint8)


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
        dst_color_range=LIMITED if frame.format.is_rgb else range_,
        interpolation="BICUBIC",
        threads=1,
    )
    if full:
        changed.color_range = FULL
    changed.pts, changed.time_base = frame.pts, frame.time_base
    return changed


def paste(
    frame: "av.VideoFrame",
    before: Image,
    after: Image,
    turned: Orientation,
    part: tuple[int, int, int, int],
) -> None:
    """Adds to a workable ``frame`` the difference between two upright pictures of it.

    What does not differ keeps its numbers, and what does is off by no more than rounding,
    however the pictures were made; see :mod:`.yuv_planes`.

    Args:
        frame: from :func:`workable`.
        before: as :func:`to_rgb` gave it.
        after: of the same shape.
        turned: as for :func:`to_rgb`.
        part: (left, top, right, bottom) of ``after``, beyond which nothing differs.
    """
    left, top, right, bottom = part
    if left >= right or top >= bottom:
        return
    window = np.s_[top:bottom, left:right]
    change = np.asarray(cv2.subtract(after[window], before[window], dtype=cv2.CV_32F), np.float32)
    place = turned.stored_part(part, after.shape)
    add_change(frame, np.ascontiguousarray(turned.stored(change)), place[0], place[1])


def _accurate() -> int:
    from av.video.reformatter import Interpolation

    return int(
        Interpolation.BICUBIC
        | Interpolation.ACCURATE_RND
        | Interpolation.FULL_CHR_H_INP
        | Interpolation.FULL_CHR_H_INT
    )

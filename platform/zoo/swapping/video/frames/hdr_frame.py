"""HDR frames: blends a face in the frame's own transfer function and bit depth.

The network sees the frame as :mod:`zoo.photos.colour.tone_mapping` shows it. Its output, in the
photo's light and colours, is converted to the frame's own transfer function and blended with the
decoded values: only the part that the mask replaces has been converted to sRGB.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zoo.photos.colour.tone_mapping import Tone, tone_of
from zoo.photos.image import Plane
from zoo.photos.video.frames import Orientation
from zoo.photos.video.yuv_planes import add_change, numbers

if TYPE_CHECKING:
    import av


@dataclass(frozen=True)
class DeepFrame:
    """A writable frame of HDR.

    Attributes:
        frame: see :func:`zoo.photos.video.frames.workable`.
        turned: how it becomes upright.
        tone: its light.
    """

    frame: "av.VideoFrame"
    turned: Orientation
    tone: Tone

    def mix(self, left: int, top: int, weight: Plane, new: Plane) -> None:
        """See :data:`zoo.faces.compositing.blending.Mix`; of the upright picture."""
        high, wide = self.frame.height, self.frame.width
        shape = (wide, high) if self.turned.transposed else (high, wide)
        part = (left, top, left + weight.shape[1], top + weight.shape[0])
        box = self.turned.stored_part(part, shape)
        share = np.ascontiguousarray(self.turned.stored(weight), np.float32)
        wanted = self.tone.stored(np.ascontiguousarray(self.turned.stored(new), np.float32))
        change = 255 * share[..., None] * (wanted - numbers(self.frame, box))
        add_change(self.frame, np.asarray(change, np.float32), box[0], box[1])


def deep_frame(frame: "av.VideoFrame", turned: Orientation) -> DeepFrame | None:
    """The frame, if it is HDR."""
    tone = tone_of(int(frame.color_trc), int(frame.color_primaries))
    return None if tone is None else DeepFrame(frame, turned, tone)

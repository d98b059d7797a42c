"""Interlaced video: each frame holds two fields of different times in alternate lines.

A moving face appears twice in such a frame, complete in neither field. So each field becomes a
separate picture, with the missing lines interpolated (FFmpeg's ``bwdif``), and afterwards only its
original lines are written back: interpolated lines are never stored.
"""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

import numpy as np

from zoo.photos.image import Image
from zoo.photos.video.frames import Orientation, to_rgb
from zoo.photos.video.yuv_planes import plane_of

if TYPE_CHECKING:
    import av
    from av.filter import Graph

First = Literal["top", "bottom"]
"""Which field of a frame is the earlier one."""

_ORDERS: dict[int, First] = {2: "top", 3: "bottom", 4: "bottom", 5: "top"}  # FFmpeg's, as shown
_OF_FIELDS = frozenset(("hevc",))  # codecs whose decoders give each field as a picture of its own


def fields_of(frame: "av.VideoFrame", context: "av.VideoCodecContext") -> First | None:
    """Which field of an interlaced video is the earlier one; None for one of whole frames.

    Args:
        frame: the first.
        context: its decoder.
    """
    if context.codec.canonical_name in _OF_FIELDS:
        return None
    if not frame.interlaced_frame:
        return _ORDERS.get(int(context.field_order))
    graph = _graph(frame, "select", r"eq(interlace_type\,1)")
    graph.push(frame)
    graph.push(None)
    return "top" if list(_pulled(graph)) else "bottom"


def has_separate_fields(frame: "av.VideoFrame", codec: str, size: tuple[int, int]) -> bool:
    """Whether each field is a picture of its own, of half the height, which nothing joins.

    FFmpeg joins the fields of H.264, MPEG-2 and VC-1. It does not for HEVC, whose pictures it only
    marks, nor in MXF, where the container alone knows how high the frames are.

    Args:
        frame: the first.
        codec: FFmpeg's name.
        size: width and height of the frames, as the container has them.
    """
    halved = size[0] == frame.width and abs(size[1] - 2 * frame.height) <= 1 < frame.height
    return halved or (codec in _OF_FIELDS and frame.interlaced_frame)


def separated(frames: Iterable["av.VideoFrame"], first: First) -> Iterator["av.VideoFrame"]:
    """Two whole pictures of each frame, one of each field, at the frame's size.

    Those of the first frame and the last, which have a neighbour on one side only, may show
    combs in the lines that are filled in.

    Args:
        frames: consecutive, as they were decoded.
        first: the earlier field.
    """
    graph, shape = None, None
    for frame in frames:
        if shape != (frame.width, frame.height, frame.format.name):
            if graph is not None:
                graph.push(None)
                yield from _pulled(graph)
            shape = (frame.width, frame.height, frame.format.name)
            parity = "tff" if first == "top" else "bff"
            graph = _graph(frame, "bwdif", f"mode=send_field:parity={parity}:deint=all")
        assert graph is not None
        graph.push(frame)
        yield from _pulled(graph)
    if graph is not None:
        graph.push(None)
        yield from _pulled(graph)


def woven(early: "av.VideoFrame", late: "av.VideoFrame", first: First) -> "av.VideoFrame":
    """The interlaced frame of two pictures, which is ``early`` itself, and marked as interlaced."""
    lines = np.s_[1::2] if first == "top" else np.s_[::2]
    for index in range(3):
        plane_of(early, index)[lines] = plane_of(late, index)[lines]
    graph = _graph(early, "setfield", "mode=tff" if first == "top" else "mode=bff")
    graph.push(early)
    (frame,) = _pulled(graph)
    return frame


def still(frame: "av.VideoFrame", turned: Orientation, fields: First | None) -> Image:
    """The upright picture [H, W, 3] of a frame; of an interlaced one, of its earlier field."""
    image = to_rgb(frame, turned)
    if fields is None:
        return image
    stored = turned.stored(image)
    lines = stored[::2] if fields == "top" else stored[1::2]
    whole = np.repeat(lines, 2, axis=0)[: len(stored)]
    if len(whole) < len(stored):
        whole = np.concatenate([whole, stored[-1:]])
    return np.ascontiguousarray(turned.upright(whole))


def _graph(frame: "av.VideoFrame", name: str, options: str) -> "Graph":
    from av.filter import Graph

    graph = Graph()
    graph.threads = 1
    unit = frame.time_base or Fraction(1, 90_000)
    source = graph.add(
        "buffer",
        f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}:"
        f"time_base={unit.numerator}/{unit.denominator}:pixel_aspect=1/1:"
        f"colorspace={int(frame.colorspace)}:range={int(frame.color_range)}",
    )
    graph.link_nodes(source, graph.add(name, options), graph.add("buffersink")).configure()
    return graph


def _pulled(graph: "Graph") -> Iterator["av.VideoFrame"]:
    import av

    while True:
        try:
            yield graph.vpull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return

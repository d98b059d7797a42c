"""Encoder settings: the source's codec if it can be written, nearly lossless.

One thread for each encoder: segments are what runs in parallel, and the same frames give the same
bytes on any machine.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.errors import UsageError
from zoo.photos.video.frames import plain_format
from zoo.photos.video.reader import WRITABLE, Video
from zoo.swapping.video.containers.colour_signalling import encoder_options

if TYPE_CHECKING:
    import av
    from av.container import OutputContainer


_DEEP = "yuv420p10le"


@dataclass(frozen=True)
class Codec:
    """An encoder of FFmpeg's and its options.

    Attributes:
        name: the codec.
        encoder: FFmpeg's name of it.
        options: its own.
        finds_cuts: whether it looks for cuts itself; else it is told where they are.
    """

    name: str
    encoder: str
    options: dict[str, str] = field(default_factory=dict)
    finds_cuts: bool = True


# Without mbtree, by which x264 (core 165) gives other bytes for the same frames in other processes.
# Without what takes time and gains nothing at this quality: a hexagonal search, a lookahead (which
# mbtree alone needs), adaptive B-frames, blocks of 4x4 and divided macroblocks, and a search for
# cuts, which the tracker knows. docs/video.md has sizes, errors and times.
_H264 = Codec(
    "h264",
    "libx264",
    {
        "crf": "17.3",
        "preset": "veryfast",
        "me_method": "dia",
        "rc-lookahead": "0",
        "b_strategy": "0",
        "partitions": "i8x8",
        "sc_threshold": "0",
        "threads": "1",
        "mbtree": "0",
    },
    finds_cuts=False,
)
_VP9 = Codec(
    "vp9",
    "libvpx-vp9",
    {"crf": "22", "b": "0", "deadline": "good", "cpu-used": "4", "threads": "1"},
)
_AV1 = Codec("av1", "libsvtav1", {"crf": "24", "preset": "7", "svtav1-params": "lp=1"})
_CODECS = {
    "h264": _H264,
    "hevc": Codec(
        "hevc",
        "libx265",
        {
            "crf": "19",
            "preset": "fast",
            "x265-params": "pools=none:frame-threads=1:log-level=none",
        },
    ),
    "vp9": _VP9,
    "vp8": _VP9,
    "av1": _AV1,
}


def container_format(target: Path) -> str:
    """FFmpeg's name of the container that a target's suffix asks for.

    Raises:
        UsageError: it asks for none that can be written.
    """
    try:
        return WRITABLE[target.suffix.lower()]
    except KeyError:
        raise UsageError(
            f"{target} has no suffix that a video can be written to; use one of "
            f"{' '.join(sorted(WRITABLE))}."
        ) from None


def choose_codec(video: Video, container: str) -> Codec:
    """The video's own codec if it can be written, else H.264.

    WebM holds VP9 and AV1 only, MOV neither: there they become H.264, or HEVC of more than 8 bits.

    More than 8 bits go before the codec: where the encoder for VP9 has no more, it is AV1. Of those
    that can be written only H.264 has fields.

    Raises:
        UsageError: the video is interlaced, which WebM cannot hold.
    """
    codec = _CODECS.get(video.codec, _H264) if video.fields is None else _H264
    if container == "webm" and video.fields is not None:
        raise UsageError(
            f"{video.path} is interlaced, which WebM cannot hold; write a .mkv or .mp4."
        )
    deep = plain_format(video.format).endswith("le")
    if container == "webm" and codec.name not in ("vp9", "av1"):
        codec = _VP9
    if container == "mov" and codec.name in ("vp9", "av1"):
        codec = _CODECS["hevc"] if deep else _H264
    return _AV1 if codec is _VP9 and deep and _DEEP not in _formats(codec) else codec


def choose_format(video: Video, codec: Codec) -> str:
    """The pixel format: the video's own, or the nearest that the codec takes."""
    wanted = plain_format(video.format)
    odd = video.width % 2 or video.height % 2
    if odd and codec.name in ("h264", "hevc"):
        wanted = wanted.replace("420", "444").replace("422", "444")
    elif video.fields is not None and video.height % 4:  # a field's chroma has half lines
        wanted = wanted.replace("420", "422")
    known = _formats(codec)
    deep = _DEEP if wanted.endswith("le") else "yuv420p"
    return wanted if wanted in known else deep if deep in known else "yuv420p"


def add_encoder(
    output: "OutputContainer", video: Video, codec: Codec, like: "av.VideoFrame"
) -> "av.VideoStream":
    """A stream for frames such as ``like``: its size, format and colours, the video's times."""
    import av

    options = encoder_options(codec.encoder, codec.options, video.signal)
    stream = output.add_stream(codec.encoder, rate=video.rate, options=options)
    assert isinstance(stream, av.VideoStream)
    stream.width, stream.height = like.width, like.height
    stream.pix_fmt = like.format.name
    context = stream.codec_context
    context.time_base = video.time_base
    stream.time_base = video.time_base
    context.color_range = like.color_range
    context.colorspace = like.colorspace
    context.color_primaries = like.color_primaries
    context.color_trc = like.color_trc
    if video.pixel_aspect:
        context.sample_aspect_ratio = video.pixel_aspect
    flags = av.codec.context.Flags
    context.flags |= int(flags.global_header)
    if video.fields is not None:
        context.flags |= int(flags.interlaced_dct) | int(flags.interlaced_me)
    return stream


def _formats(codec: Codec) -> set[str]:
    """The pixel formats that its encoder takes."""
    import av

    return {one.name for one in av.Codec(codec.encoder, "w").video_formats or []}

"""Inspecting any video a person has, and trusting none.

FFmpeg's demuxers of playlists (HLS, DASH, concat, ...) open other files and addresses; so only
formats that hold their own pictures are let in, and only from a file. Streams, pixels and frames
are counted before anything is swapped. Time stamps are kept as they are: a video may have any
frame rate, and a changing one.
"""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from zoo.errors import PhotoError
from zoo.photos.video.colour_metadata import Signal, dolby_vision_alone, signal_of
from zoo.photos.video.frames import Orientation, orientation
from zoo.photos.video.interlacing import First, fields_of, has_separate_fields

if TYPE_CHECKING:
    import av
    from av.container import InputContainer


SUFFIXES = frozenset(
    (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts",
     ".flv", ".wmv", ".asf", ".3gp", ".3g2", ".ogv", ".mxf", ".vob", ".nut")
)  # fmt: skip
"""What counts as a video."""

WRITABLE = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}
"""Suffixes that can be written, with FFmpeg's names: those that keep time stamps and marks."""

_DEMUXERS = ("mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegts,flv,asf,ogg,mxf,nut,ivf,rm,"
             "dv,wtv,gxf,nsv,av1")  # fmt: skip
MAX_PIXELS = 8192 * 4608
MAX_FRAMES = 2_000_000  # nine hours at 60 per second
MAX_STREAMS = 64
_FIRST = 400  # packets among which a picture must come
_OPEN_SECONDS = 20.0


@dataclass(frozen=True)
class Video:
    """Properties of a video, read before it is processed.

    Attributes:
        path: the file.
        stream: the index of its picture stream; covers and second angles are not counted.
        width: of the pictures as they are stored, pixels.
        height: likewise.
        turned: how a stored picture is turned and mirrored to be upright.
        matrix: the display matrix that says so, 9 numbers; None when there is none.
        time_base: seconds per unit of all times below.
        times: of every frame, ascending [N].
        keys: the times at which decoding can begin, ascending.
        end: when the last frame ends.
        rate: frames per second, on average.
        codec: FFmpeg's name, such as ``h264``.
        format: of its pixels, such as ``yuv420p``.
        pixel_aspect: width of a pixel over its height; None when it is not said.
        others: FFmpeg's types of all other streams, such as ``audio``.
        signal: what is said of its colours.
        fields: which field of its frames is the earlier one; None when it is not interlaced.
    """

    path: Path
    stream: int
    width: int
    height: int
    turned: Orientation
    matrix: tuple[int, ...] | None
    time_base: Fraction
    times: NDArray[np.int64]
    keys: NDArray[np.int64]
    end: int
    rate: Fraction
    codec: str
    format: str
    pixel_aspect: Fraction | None
    others: tuple[str, ...]
    signal: Signal
    fields: First | None

    @property
    def seconds(self) -> float:
        """From the first frame to the end of the last."""
        return float((self.end - int(self.times[0])) * self.time_base)


def is_video(path: Path) -> bool:
    """Whether the name is a video's."""
    return path.suffix.lower() in SUFFIXES


def inspect_video(path: Path, *, max_pixels: int = MAX_PIXELS) -> Video:
    """Opens a video, decodes its first picture and lists the times of all.

    Raises:
        PhotoError: missing, damaged, no video, too large, without time stamps, of separate
            fields, or in Dolby Vision's own colours.
    """
    with opened(path) as container:
        streams = list(container.streams)
        if len(streams) > MAX_STREAMS:
            raise PhotoError(f"{path} has {len(streams)} streams, more than {MAX_STREAMS} allowed.")
        stream = _picture_stream(container)
        if stream is None:
            raise PhotoError(f"{path} has no video stream; give a video.")
        if stream.codec_context is None:  # FFmpeg knows no decoder for what the file names
            raise PhotoError(f"{path} is damaged, or its codec is unknown.")
        width, height = stream.codec_context.width, stream.codec_context.height
        if width * height > max_pixels:
            raise PhotoError(
                f"{path} has {width}x{height} pixels a frame, more than the "
                f"{max_pixels // 1_000_000} million allowed; make it smaller first."
            )
        first = _first_picture(container, stream)
        if first is None or stream.time_base is None:
            raise PhotoError(f"{path} is damaged: no frame can be decoded.")
        matrix = _display_matrix(first)
        index, time_base = stream.index, stream.time_base
        rate, codec = stream.average_rate, stream.codec_context.codec.canonical_name
        aspect = stream.sample_aspect_ratio
        others = tuple(other.type for other in streams if other.index != index)
        if has_separate_fields(first, codec, (width, height)):
            raise PhotoError(
                f"{path} stores each field as a picture of its own ({codec}), which cannot be "
                "swapped; join its fields into frames first, for example with FFmpeg: "
                "ffmpeg -i IN -vf weave OUT.mkv."
            )
        if profile := dolby_vision_alone(stream):
            raise PhotoError(
                f"{path} is Dolby Vision of profile {profile}, whose colours only its own players "
                "can show; export it as HDR10, HLG or SDR first."
            )
        signal = signal_of(stream, first)
        fields = fields_of(first, stream.codec_context)
    times, keys, end = _times(path, index)
    seconds = float((end - int(times[0])) * time_base)
    return Video(
        path=path,
        stream=index,
        width=first.width,
        height=first.height,
        turned=orientation(matrix),
        matrix=matrix,
        time_base=time_base,
        times=times,
        keys=keys,
        end=end,
        rate=rate or Fraction(len(times) / max(seconds, 1e-3)).limit_denominator(1001),
        codec=codec,
        format=first.format.name,
        pixel_aspect=aspect or None,
        others=others,
        signal=signal,
        fields=fields,
    )


@contextlib.contextmanager
def opened(path: Path) -> Iterator["InputContainer"]:
    """Opens a video file with FFmpeg; errors become readable messages.

    Raises:
        PhotoError: missing, unreadable, not a video, or damaged.
    """
    import av

    if not path.is_file():
        raise PhotoError(
            f"{path} is not a file; give a video."
            if path.exists()
            else f"{path} does not exist; check its name."
        )
    options = {
        "format_whitelist": _DEMUXERS,
        "protocol_whitelist": "file",
        "max_streams": str(MAX_STREAMS + 1),
        "fflags": "+genpts",
    }
    try:
        with av.open(
            f"file:{os.path.realpath(path)}", "r", container_options=options, timeout=_OPEN_SECONDS,
            metadata_errors="replace",
        ) as container:  # fmt: skip
            yield container
    except av.error.PermissionError as error:
        raise PhotoError(f"No permission to read {path}; change its permissions.") from error
    except (
        av.error.FFmpegError, ValueError, AttributeError, TypeError, ArithmeticError, LookupError,
    ) as error:  # fmt: skip
        # The latter: of a damaged file, PyAV gives None where it promises an object.
        if not path.stat().st_size:
            raise PhotoError(f"{path} is empty; give a video.") from error
        reason = getattr(error, "strerror", None) or str(error)
        raise PhotoError(f"{path} is not a video, or damaged ({reason.lower()}).") from error


def _picture_stream(container: "InputContainer") -> "av.VideoStream | None":
    from av.stream import Disposition

    for stream in container.streams.video:
        if not stream.disposition & (Disposition.attached_pic | Disposition.timed_thumbnails):
            return stream
    return None


def _first_picture(container: "InputContainer", stream: "av.VideoStream") -> "av.VideoFrame | None":
    import av

    for count, packet in enumerate(container.demux(stream)):
        try:
            frames = packet.decode()
        except av.error.InvalidDataError:
            frames = []
        if frames:
            return frames[0]
        if count > _FIRST:
            break
    return None


def _display_matrix(frame: "av.VideoFrame") -> tuple[int, ...] | None:
    from av.sidedata.sidedata import Type

    data = {side.type: side for side in iter(cast(Any, frame.side_data))}.get(Type.DISPLAYMATRIX)
    if data is None:
        return None
    numbers = np.frombuffer(bytes(data), np.int32)
    return tuple(int(value) for value in numbers[:9]) if len(numbers) >= 9 else None


def _times(path: Path, index: int) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Times of all frames and of the keys, and the end, from the packets alone."""
    times: list[int] = []
    keys: list[int] = []
    end = 0
    with opened(path) as container:
        stream = container.streams[index]
        told = (stream.start_time or 0) + stream.duration if stream.duration else 0
        for packet in container.demux(stream):
            if packet.pts is None or packet.is_discard:
                continue
            times.append(packet.pts)
            end = max(end, packet.pts + max(packet.duration or 0, 0))
            if packet.is_keyframe:
                keys.append(packet.pts)
            if len(times) > MAX_FRAMES:
                raise PhotoError(
                    f"{path} has more than {MAX_FRAMES:,} frames; cut it into parts first."
                )
    if not times:
        raise PhotoError(
            f"{path} has no time stamps; put it into a container first, such as MP4 or Matroska."
        )
    shown = np.unique(np.array(times, np.int64))
    if end <= shown[-1]:  # no packet says how long the last frame lasts
        usual = int(np.median(np.diff(shown))) if len(shown) > 1 else 1
        end = told if told > shown[-1] else int(shown[-1]) + usual
    return shown, np.unique(np.array(keys, np.int64)), end

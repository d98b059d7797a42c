"""Frames of a video that :mod:`.reader` has inspected, in order, from any time on."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zoo.photos.image import Image
from zoo.photos.video.interlacing import still
from zoo.photos.video.reader import MAX_PIXELS, Video, inspect_video, opened

if TYPE_CHECKING:
    import av

_SETTLING = 32
"""Frames before the first wanted one from which all are decoded: by them a decoder learns in which
order frames are shown."""


def decode(video: Video, start: int, end: int) -> Iterator["av.VideoFrame"]:
    """The frames with times in ``[start, end)``, as they are stored, in order.

    Damaged packets are passed over, as players do; times that do not ascend, too.

    Raises:
        PhotoError: the file is gone or damaged beyond reading on.
    """
    before = video.keys[video.keys <= start]
    tries: list[int | None] = [int(key) for key in before[[-1, -2, 0]]] if len(before) > 2 else []
    frames: Iterator[tuple[int, av.VideoFrame]] = iter(())
    first: tuple[int, av.VideoFrame] | None = None
    for key in (*tries, None):
        frames = _decoded(video, key, start)
        first = next((timed for timed in frames if timed[0] >= start), None)
        if first is not None and first[0] <= _next_time(video, start):
            break  # else the container's index led beyond the wanted frame
    last = None
    while first is not None and first[0] < end:
        if last is None or first[0] > last:
            last = first[0]
            yield first[1]
        first = next(frames, None)


def sampled(path: Path, count: int) -> Iterator[tuple[float, Image]]:
    """``count`` upright pictures, or as many as there are, evenly over a video, with their seconds.

    Raises:
        PhotoError: see :func:`inspect_video`.
    """
    video = inspect_video(path)
    places = np.unique(np.linspace(0, len(video.times) - 1, count + 2).round().astype(int)[1:-1])
    for time in video.times[places]:
        for frame in decode(video, int(time), int(time) + 1):
            seconds = float((time - video.times[0]) * video.time_base)
            yield seconds, still(frame, video.turned, video.fields)


def _next_time(video: Video, time: int) -> int:
    place = int(np.searchsorted(video.times, time))
    return int(video.times[min(place, len(video.times) - 1)])


def _decoded(video: Video, key: int | None, start: int) -> Iterator[tuple[int, "av.VideoFrame"]]:
    """Frames that have a time, with it, from the key at this time on; all from ``start`` on.

    Of those long before it, the ones that no other needs are skipped.
    """
    import av

    with opened(video.path) as container:
        stream = container.streams[video.stream]
        assert isinstance(stream, av.VideoStream)
        stream.codec_context.thread_count = 1
        stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
        if key is not None:
            container.seek(key, stream=stream)
        place = int(np.searchsorted(video.times, start)) - _SETTLING
        needed = int(video.times[max(0, min(place, len(video.times) - 1))])
        for packet in container.demux(stream):
            early = packet.pts is not None and packet.pts < needed
            stream.codec_context.skip_frame = "NONREF" if early else "DEFAULT"
            frames: list[av.VideoFrame] = []
            with contextlib.suppress(av.error.InvalidDataError):
                frames = packet.decode()
            for frame in frames:
                if frame.pts is not None:
                    yield frame.pts, frame

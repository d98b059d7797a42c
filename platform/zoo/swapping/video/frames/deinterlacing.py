"""Interlaced video: separated into fields, swapped, and interlaced again."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from zoo.photos.video.interlacing import separated, woven
from zoo.photos.video.reader import Video
from zoo.swapping.video.frames.frame_swapping import Swapped

if TYPE_CHECKING:
    import av


def of_fields(video: Video) -> Video:
    """An interlaced video as one of single fields: each frame's later one is shown halfway on."""
    ends = np.append(video.times[1:], video.end)
    times = np.stack([2 * video.times, video.times + ends], axis=1).reshape(-1)
    return replace(
        video,
        time_base=video.time_base / 2,
        times=times,
        keys=2 * video.keys,
        end=2 * video.end,
        rate=2 * video.rate,
        fields=None,
    )


def deinterlace(
    frames: Iterable["av.VideoFrame"], video: Video, start: int
) -> Iterator["av.VideoFrame"]:
    """The fields of an interlaced video's consecutive frames, with the times of :func:`of_fields`.

    Args:
        frames: as they were decoded.
        video: that they are of.
        start: a time of :func:`of_fields`, before which nothing is given.
    """
    assert video.fields is not None
    whole = of_fields(video)
    given: list[int] = []

    def noted() -> Iterator["av.VideoFrame"]:
        for frame in frames:
            given.append(int(np.searchsorted(video.times, frame.pts or 0)))
            yield frame

    for count, field in enumerate(separated(noted(), video.fields)):
        number = 2 * given[count // 2] + count % 2
        field.pts, field.time_base = int(whole.times[number]), whole.time_base
        if field.pts >= start:
            yield field


def interlace(swapped: Iterable[Swapped], video: Video) -> Iterator[Swapped]:
    """The frames of an interlaced video from its swapped fields, two by two."""
    assert video.fields is not None
    early: Swapped | None = None
    for late in swapped:
        if early is None:
            early = late
            continue
        frame = woven(early.frame, late.frame, video.fields)
        frame.pts, frame.time_base = (early.frame.pts or 0) // 2, video.time_base
        used = early.networks | late.networks
        after_cut = early.after_cut or late.after_cut
        yield Swapped(frame, max(early.faces, late.faces), used, after_cut)
        early = None

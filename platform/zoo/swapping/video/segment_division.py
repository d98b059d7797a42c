"""Divides a video into segments that take about as long as each other.

A segment costs more than its own frames: those on either side that are only looked at, and those
from the key frame on, where decoding can begin. So one in the middle is shorter than the first.
"""

from dataclasses import dataclass

import numpy as np

from zoo.faces.video.tracker import period
from zoo.photos.video.reader import Video
from zoo.swapping.video.frames.frame_swapping import margin

LEAST = 48
"""Frames of a segment, about: with fewer it looks at nearly as many of its neighbours'."""

MOST = 300
"""Likewise: what a killed swap loses at most in each process."""

_LOOKED_AT, _DECODED = 0.25, 0.06
"""What a frame costs whose faces are found, and one that is only decoded, in swapped frames."""

_FAR = 300  # frames from a key to the next, at most, in nearly all videos

SUFFIX = ".nut"
"""A container that keeps any time base, so no time stamp is ever rounded."""


@dataclass(frozen=True)
class Segment:
    """Which frames: those with times in ``[start, end)``."""

    number: int
    start: int
    end: int

    @property
    def name(self) -> str:
        return f"{self.number:06}{SUFFIX}"


def segments(video: Video, start: int, end: int, at_once: int) -> list[Segment]:
    """Segments of :data:`LEAST` to :data:`MOST` frames over the times ``[start, end)``.

    They take as long as each other, and are as few as keep ``at_once`` processes busy to the end,
    for each looks at frames of its neighbours, too. Which process makes which does not matter.
    """
    before, after = (int(n) for n in np.searchsorted(video.times, (start, end)))
    frames = after - before
    rounds = -(-frames // (at_once * MOST))
    count = max(1, min(at_once * rounds, frames // LEAST))
    # In several rounds, a process that has more to do in one gets less of the next.
    inner = (_balanced if rounds == 1 else _equal)(video, before, after, count)
    starts = [start, *(int(video.times[place]) for place in inner)]
    return [
        Segment(number, first, after)
        for number, (first, after) in enumerate(zip(starts, [*starts[1:], end], strict=True))
    ]


def _equal(video: Video, before: int, after: int, count: int) -> list[int]:
    """The frames at which all segments but the first begin, so that all have as many."""
    return [before + round((after - before) * number / count) for number in range(1, count)]


def _balanced(video: Video, before: int, after: int, count: int) -> list[int]:
    """The frames at which all segments but the first begin, so that all cost the same."""

    def borders(cost: float) -> list[int]:
        found = [before]
        for _ in range(count - 1):
            length = cost - _cost_before(video, found[-1]) - _LOOKED_AT * margin(video)
            found.append(min(after, found[-1] + max(1, round(length))))
        return found

    least, most = 0.0, 2.0 * (after - before) + count * margin(video)
    while most - least > 0.5:
        middle = (least + most) / 2
        last = borders(middle)[-1]
        enough = after - last + _cost_before(video, last) <= middle
        least, most = (least, middle) if enough else (middle, most)
    return borders(most)[1:]


def _cost_before(video: Video, first: int) -> float:
    """What it costs, in swapped frames, to begin a segment at this frame."""
    looked_at = min(first, margin(video) + period(float(video.rate)) // 2)  # on average
    keys = video.keys[video.keys <= video.times[first - looked_at]]
    key = int(np.searchsorted(video.times, keys[-1])) if len(keys) else 0
    return _LOOKED_AT * looked_at + _DECODED * min(first - looked_at - key, _FAR)


def decoded_for(video: Video, segment: Segment) -> tuple[int, int]:
    """The time range that is decoded for a segment.

    They begin at a frame that is searched most thoroughly whoever makes this part of the video.
    """
    first, last = (int(n) for n in np.searchsorted(video.times, (segment.start, segment.end)))
    begin, end = _looked_at_from(video, first), last + margin(video)
    after = int(video.times[end]) if end < len(video.times) else video.end
    return int(video.times[begin]), max(after, segment.end)


def _looked_at_from(video: Video, first: int) -> int:
    """The first frame that is looked at for a segment that begins at ``first``."""
    searches = period(float(video.rate))
    return max(0, first - margin(video)) // searches * searches

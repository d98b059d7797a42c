"""How a video is divided into segments."""

from dataclasses import replace

import numpy as np
import pytest

from tests.clips import write_clip
from zoo.photos.image import Image
from zoo.photos.video.reader import Video, inspect_video
from zoo.swapping.video.segment_division import LEAST, MOST, Segment, decoded_for, segments


@pytest.fixture(scope="module")
def video(small: list[Image], tmp_path_factory: pytest.TempPathFactory) -> Video:
    """At 25 frames per second."""
    return inspect_video(write_clip(tmp_path_factory.mktemp("clip") / "a.mp4", small))


def _lasting(video: Video, frames: int) -> Video:
    return replace(video, times=40 * np.arange(frames), end=40 * frames)


@pytest.mark.parametrize(
    ("frames", "at_once", "count"),
    [
        (30, 2, 1),  # too short to be divided
        (150, 2, 2),
        (250, 1, 1),
        (250, 2, 2),
        (250, 4, 4),
        (250, 64, 5),  # more would look at their neighbours' frames for most of their time
        (700, 2, 4),  # a multiple of the processes: they end together
        (9000, 2, 30),
        (9000, 64, 64),
    ],
)
def test_segments_keep_all_processes_busy_and_are_as_long_as_may_be(
    video: Video, frames: int, at_once: int, count: int
) -> None:
    video = _lasting(video, frames)
    parts = segments(video, 0, video.end, at_once)
    assert len(parts) == count
    assert [part.number for part in parts] == list(range(count))
    assert [part.start for part in parts] == [0, *(part.end for part in parts[:-1])]
    assert parts[-1].end == video.end
    lengths = [(part.end - part.start) // 40 for part in parts]
    assert max(lengths) <= MOST
    assert count == 1 or min(lengths) > 0.7 * LEAST
    if count > at_once:
        assert max(lengths) - min(lengths) <= 1
    else:
        costs = [cost(video, part) for part in parts]
        assert max(costs) - min(costs) <= 8  # that searches fall on other frames


def cost(video: Video, part: Segment) -> float:
    """In swapped frames of 40 units, of which a frame that is looked at costs a quarter."""
    begin, end = decoded_for(video, part)
    key = int(video.keys[video.keys <= begin][-1])
    looked_at = (part.start - begin) + (end - part.end)
    return (
        float((part.end - part.start) + 0.25 * looked_at + 0.06 * min(begin - key, 300 * 40)) / 40
    )


def test_a_part_of_a_video_is_divided_too(video: Video) -> None:
    video = _lasting(video, 700)
    first, second = segments(video, 40 * 111, 40 * 411, 2)
    assert (first.start, second.start, second.end) == (40 * 111, first.end, 40 * 411)
    assert abs(first.end - 40 * 261) <= 40 * 8
    assert abs(cost(video, first) - cost(video, second)) <= 8

"""The files of segments."""

from pathlib import Path

import av
import numpy as np
import pytest
from av.video.frame import PictureType

from tests.clips import write_clip
from tests.swapping.video.conftest import CUT, FRAMES
from zoo.photos.image import Image
from zoo.photos.video.reader import inspect_video
from zoo.swapping.network import SwapNetwork
from zoo.swapping.options import SwapOptions
from zoo.swapping.video.containers.encoding import choose_codec
from zoo.swapping.video.frames.frame_swapping import Swapped
from zoo.swapping.video.segment import SegmentOptions, _Writer, make_segment
from zoo.swapping.video.segment_division import Segment


def test_the_first_frame_of_a_shot_is_predicted_from_no_other(
    clip: Path, unchanging: SwapNetwork, tmp_path: Path
) -> None:
    """x264 does not look for cuts, which the tracker finds anyway."""
    video = inspect_video(clip)
    how = SegmentOptions(choose_codec(video, "mp4"), "yuv420p", SwapOptions())
    part = Segment(0, int(video.times[0]), video.end)
    make_segment(video, part, [unchanging], how, tmp_path)
    with av.open(str(tmp_path / part.name)) as container:
        kinds = [frame.pict_type for frame in container.decode(video=0)]
    assert len(kinds) == FRAMES
    assert [number for number, kind in enumerate(kinds) if kind == PictureType.I] == [0, CUT]


@pytest.mark.parametrize("count", [1, 2])
def test_segments_of_one_or_two_hevc_frames_are_written(
    count: int, small: list[Image], tmp_path: Path
) -> None:
    """x265 takes their decode times from memory that it never wrote."""
    clip = write_clip(tmp_path / "hevc.mkv", small[:3], codec="libx265", sound=None)
    video = inspect_video(clip)
    with av.open(str(clip)) as container:
        frames = [frame for frame, _ in zip(container.decode(video=0), range(count), strict=False)]
    sizes = np.random.default_rng(1).integers(10_000, 2_000_000, 30)
    for number, size in enumerate(sizes):
        np.full(size, number, np.uint8)  # leaves something else behind each time
        path = tmp_path / f"{number}.nut"
        writer = _Writer(path, video, choose_codec(video, "matroska"), frames[0])
        for frame in frames:
            writer.add(Swapped(frame, 0, frozenset()))
        writer.close()
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            assert stream.time_base is not None
            times = [packet.pts for packet in container.demux(stream) if packet.size]
            shown = [one * stream.time_base for one in times if one is not None]
        assert shown == [one.pts * video.time_base for one in frames if one.pts is not None]

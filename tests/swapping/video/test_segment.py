"""The files of segments."""

from pathlib import Path

import av
import numpy as np
import pytest

from tests.clips import write_clip
from zoo.photos.image import Image
from zoo.photos.video.reader import inspect_video
from zoo.swapping.video.containers.encoding import choose_codec
from zoo.swapping.video.segment import _Writer


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
            writer.add(frame)
        writer.close()
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            assert stream.time_base is not None
            times = [packet.pts for packet in container.demux(stream) if packet.size]
            shown = [one * stream.time_base for one in times if one is not None]
        assert shown == [one.pts * video.time_base for one in frames if one.pts is not None]

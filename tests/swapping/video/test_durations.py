"""Every frame is shown as long as before, the last one too."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest

from tests.clips import BASE
from tests.swapping.video.conftest import swap_here
from zoo.photos.image import Image
from zoo.photos.video.reader import inspect_video
from zoo.swapping.network import SwapNetwork

TIMES = (0, 512, 1100, 1500, 2300, 2600, 3000, 3900)
LAST = 5000  # units for which the last frame is shown
_OPTIONS = {
    "libx264": {"preset": "ultrafast", "bf": "3", "b_strategy": "0"},
    "libx265": {"preset": "ultrafast", "x265-params": "log-level=none:bframes=3:b-adapt=0"},
    "libvpx-vp9": {"b": "0", "deadline": "realtime", "cpu-used": "8"},
}


@pytest.mark.parametrize(
    ("source", "encoder", "target"),
    [
        ("a.mkv", "libx264", "out.mp4"),
        ("a.mkv", "libx264", "out.mkv"),
        ("a.mkv", "libx265", "out.mov"),
        ("a.webm", "libvpx-vp9", "out.webm"),
        ("a.mp4", "libvpx-vp9", "out.mkv"),
    ],
)
def test_the_last_frame_lasts_as_long(
    source: str, encoder: str, target: str, small: list[Image], blackening: SwapNetwork,
    tmp_path: Path,
) -> None:  # fmt: skip
    clip = _written(tmp_path / source, encoder, small)
    swap_here(clip, tmp_path / target, blackening)
    before, after = inspect_video(clip), inspect_video(tmp_path / target)
    tick = 2 * max(float(one.time_base) for one in (before, after))  # Matroska rounds
    for video in (before, after):
        assert video.seconds == pytest.approx(float((TIMES[-1] + LAST) * BASE), abs=tick)
    shown = [(video.times * float(video.time_base)).tolist() for video in (before, after)]
    assert shown[1] == pytest.approx(shown[0], abs=tick)
    with av.open(str(tmp_path / target)) as container:  # as players do, by the last to be shown
        packets = [packet for packet in container.demux(video=0) if packet.pts is not None]
        last = max(packets, key=lambda packet: packet.pts or 0)
        assert last is packets[-1] and last.duration
        assert float(last.duration * last.time_base) == pytest.approx(LAST * float(BASE), abs=tick)


def _written(path: Path, encoder: str, faces: list[Image]) -> Path:
    lasting = {now: after - now for now, after in pairwise(TIMES)}
    with av.open(str(path), "w") as output:
        stream = output.add_stream(encoder, rate=Fraction(25), options=_OPTIONS[encoder])
        assert isinstance(stream, av.VideoStream)
        stream.height, stream.width = faces[0].shape[:2]
        stream.codec_context.time_base = BASE
        packets = []
        for face, time in zip(2 * faces, TIMES, strict=False):
            frame = av.VideoFrame.from_ndarray(face, "rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = time, BASE
            packets += stream.encode(frame)
        for packet in [*packets, *stream.encode()]:
            packet.duration = lasting.get(packet.pts or 0, LAST)
            output.mux(packet)
    return path

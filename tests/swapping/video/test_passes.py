"""A face that is swapped again and again by a network that changes nothing stays as light."""

from pathlib import Path

import av
import numpy as np

from tests.clips import BASE, STEP, write_clip
from zoo.photos.image import AnyArray, Image
from zoo.photos.video.reader import inspect_video
from zoo.photos.video.yuv_planes import plane_of
from zoo.swapping.network import SwapNetwork
from zoo.swapping.video.frames.frame_swapping import swap_frames

PASSES, COUNT = 3, 3


def test_three_passes_leave_a_face_as_light_as_it_was(
    small: list[Image], unchanging: SwapNetwork, tmp_path: Path
) -> None:
    video = inspect_video(write_clip(tmp_path / "a.mp4", small[:COUNT], sound=None))
    frames = [_frame(number, image) for number, image in enumerate(small[:COUNT])]
    before = [_luma(frame) for frame in frames]
    for _ in range(PASSES):
        made = swap_frames(frames, video, unchanging, format="yuv420p")
        frames = [item.frame for item in made]
    for frame, own in zip(frames, before, strict=True):
        change = _luma(frame) - own
        assert (change != 0).sum() > 1000  # sharpness and grain; but of the mean, nothing:
        assert abs(change[30:90, 45:110].mean()) < 0.2  # of 219; it was -1.6
        assert abs(change[change != 0].mean()) < 0.5  # it was -4.0


def _frame(number: int, image: Image) -> av.VideoFrame:
    rgb = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), "rgb24")
    frame = rgb.reformat(format="yuv420p", dst_colorspace=1, dst_color_range=1)
    frame.pts, frame.time_base = number * STEP, BASE
    return frame


def _luma(frame: av.VideoFrame) -> AnyArray:
    return plane_of(frame, 0).astype(int)

"""A face that comes or goes is faded, and every segment fades it alike."""

import cv2
import numpy as np
import pytest

from tests.clips import write_clip
from zoo.photos.image import AnyArray, Image
from zoo.photos.video.decoding import decode
from zoo.photos.video.frames import to_rgb
from zoo.photos.video.reader import Video, inspect_video
from zoo.swapping.network import SwapNetwork
from zoo.swapping.video import segment_division
from zoo.swapping.video.frames.frame_swapping import swap_frames
from zoo.swapping.video.segment_division import Segment, decoded_for, segments

FRAMES = 60


@pytest.fixture(scope="module")
def leaving(portraits: list[Image], tmp_path_factory: pytest.TempPathFactory) -> Video:
    """Ada slides out of the picture and comes back; then, after a cut, Bruno is there."""
    rng = np.random.default_rng(0)
    frames = []
    for t in range(FRAMES):
        away = 13.0 * max(0, 23 - abs(t - 23))
        shift = np.array([[0.8, 0, 30 + away], [0, 0.8, 20]])
        who = portraits[0] if t < 48 else portraits[1][:, ::-1] // 2
        frame = cv2.warpAffine(who, shift, (288, 240), borderValue=(120, 120, 120))
        frames.append(np.clip(frame + rng.normal(0, 2, frame.shape), 0, 255).astype(np.uint8))
    return inspect_video(write_clip(tmp_path_factory.mktemp("clip") / "a.mp4", frames))


def test_nothing_pops(leaving: Video, blackening: SwapNetwork) -> None:
    added = _added(leaving, blackening, [(int(leaving.times[0]), leaving.end)])
    most = added.max()
    assert added[:6].min() > 0.8 * most and added[24] == 0 and added[40:48].min() > 0.8 * most
    steps = np.abs(np.diff(added[:48]))
    assert steps.max() < 0.25 * most  # at once it would be all of it
    assert added[48] > 0.5 * most  # a cut is not faded


def test_segments_fade_alike(
    leaving: Video, blackening: SwapNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = _added(leaving, blackening, [(int(leaving.times[0]), leaving.end)])
    monkeypatch.setattr(segment_division, "LEAST", 24)
    parts = segments(leaving, 0, leaving.end, 2)
    assert len(parts) == 2
    added = _added(leaving, blackening, [(part.start, part.end) for part in parts])
    assert np.abs(added - whole).max() < 0.03 * whole.max()


def _added(video: Video, network: SwapNetwork, parts: list[tuple[int, int]]) -> AnyArray:
    """How much a swap changes each frame, in mean grey levels."""
    added = []
    for number, (start, end) in enumerate(parts):
        before, after = decoded_for(video, Segment(number, start, end))
        originals = (to_rgb(frame, video.turned) for frame in decode(video, start, end))
        swapped = swap_frames(
            decode(video, before, after), video, network, format="yuv420p", between=(start, end)
        )
        for own, made in zip(originals, swapped, strict=True):
            difference = own.astype(int) - to_rgb(made.frame, video.turned)
            added.append(np.abs(difference).mean())
    return np.array(added)

"""A clip of 40 frames with sound, a cut and uneven times, and networks that change it."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.clips import STEP, moved, write_clip
from tests.networks_on_disk import write_network
from tests.swapping.conftest import portraits
from zoo.photos.image import Image
from zoo.photos.video.reader import inspect_video
from zoo.provenance.credentials.marking import Marking
from zoo.swapping.network import SwapNetwork
from zoo.swapping.options import SwapOptions
from zoo.swapping.video.containers.encoding import choose_codec, choose_format, container_format
from zoo.swapping.video.containers.muxing import Part, mux
from zoo.swapping.video.segment import Done, SegmentOptions, make_segment
from zoo.swapping.video.segment_division import segments

__all__ = ["portraits"]

MARK = Marking("ada", "3", "ab" * 32, "synthetic")
FRAMES, CUT = 40, 26
SMALL_FRAMES = 6


@pytest.fixture(scope="session")
def shots(portraits: list[Image]) -> list[Image]:
    """26 frames of Ada, then 14 of Bruno."""
    ada, _ = moved(portraits[0], CUT)
    bruno, _ = moved(portraits[1][:, ::-1], FRAMES - CUT)
    return [*ada, *bruno]


@pytest.fixture(scope="session")
def small(portraits: list[Image]) -> list[Image]:
    """A face that moves, 160x120."""
    frames, _ = moved(portraits[0], SMALL_FRAMES)
    halved = (
        cv2.resize(frame[8:248], (160, 120), interpolation=cv2.INTER_AREA) for frame in frames
    )
    return [np.asarray(frame, np.uint8) for frame in halved]


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory, shots: list[Image]) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    return write_clip(path, shots, time=lambda t: t * STEP + 37 * (t % 3))


@pytest.fixture(scope="session")
def blackening_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that gives black."""
    return write_network(tmp_path_factory.mktemp("net") / "zero.onnx", 0.0, size=64)


def swap_here(source: Path, target: Path, network: SwapNetwork) -> list[Done]:
    """Swaps as ``swap_video`` does, but in this process and unsigned: in a tenth of the time."""
    video = inspect_video(source)
    codec = choose_codec(video, container_format(target))
    how = SegmentOptions(codec, choose_format(video, codec), SwapOptions())
    wanted = segments(video, int(video.times[0]), video.end, 2)
    done = [make_segment(video, part, [network], how, target.parent) for part in wanted]
    parts = [
        Part(target.parent / part.name, one.first) for part, one in zip(wanted, done, strict=True)
    ]
    mux(video, parts, target, MARK, start=int(video.times[0]), end=video.end)
    return done

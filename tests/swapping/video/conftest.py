"""A clip of 40 frames with sound, a cut and uneven times, and networks that change it."""

from pathlib import Path

import pytest

from tests.clips import STEP, moved, write_clip
from tests.networks_on_disk import write_network
from tests.swapping.conftest import portraits
from zoo.photos.image import Image
from zoo.provenance.marking import Marking

__all__ = ["portraits"]

MARK = Marking("ada", "3", "ab" * 32, "synthetic")
FRAMES, CUT = 40, 26


@pytest.fixture(scope="session")
def shots(portraits: list[Image]) -> list[Image]:
    """26 frames of Ada, then 14 of Bruno."""
    ada, _ = moved(portraits[0], CUT)
    bruno, _ = moved(portraits[1][:, ::-1], FRAMES - CUT)
    return [*ada, *bruno]


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory, shots: list[Image]) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    return write_clip(path, shots, time=lambda t: t * STEP + 37 * (t % 3))


@pytest.fixture(scope="session")
def blackening_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that gives black."""
    return write_network(tmp_path_factory.mktemp("net") / "zero.onnx", 0.0, size=64)

"""Rendered people: faces that are nobody's, at known places."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from tests.networks_on_disk import write_network
from zoo.people import named_person, random_scene, render
from zoo.photos.image import Image
from zoo.swapping.network import SwapNetwork


@pytest.fixture(scope="session")
def portraits() -> list[Image]:
    """Ada and Bruno, 256 px each."""
    return [
        render(named_person(name), random_scene(seed, max_yaw=10), 256).image
        for seed, name in enumerate(("ada", "bruno"))
    ]


@pytest.fixture(scope="session")
def couple(portraits: list[Image]) -> Image:
    """One picture with a large and a small face, [256, 448, 3]."""
    small = np.full((256, 192, 3), 128, np.uint8)
    small[32:224] = np.asarray(Pillow.fromarray(portraits[1]).resize((192, 192)))
    return np.concatenate([portraits[0], small], axis=1)


@pytest.fixture(scope="session")
def unchanging(tmp_path_factory: pytest.TempPathFactory) -> SwapNetwork:
    """A network that gives back what it is given."""
    return SwapNetwork(write_network(tmp_path_factory.mktemp("net") / "one.onnx", size=128))


@pytest.fixture(scope="session")
def blackening(tmp_path_factory: pytest.TempPathFactory) -> SwapNetwork:
    """A network that gives black: it multiplies by zero."""
    return SwapNetwork(write_network(tmp_path_factory.mktemp("net") / "zero.onnx", 0.0, size=128))


@pytest.fixture
def photo(tmp_path: Path, portraits: list[Image]) -> Path:
    """Ada as a PNG file."""
    path = tmp_path / "photo.png"
    Pillow.fromarray(portraits[0]).save(path)
    return path

"""The shipped start network in 8 bits, and rendered people for a host to swap."""

from pathlib import Path

import numpy as np
import pytest

from zoo.faces.detection.detector import Face, find_faces
from zoo.faces.geometry.alignment import align
from zoo.people import random_person, random_scene, render
from zoo.people.render import Render

Portrait = tuple[Render, Face]


@pytest.fixture(scope="session")
def portraits() -> list[Portrait]:
    """Four people, 192 px each."""
    found = []
    for seed in (2, 3, 5, 6):
        picture = render(random_person(seed), random_scene(seed, max_yaw=15), 192)
        found.append((picture, find_faces(picture.image)[0]))
    return found


@pytest.fixture(scope="session")
def start(portraits: list[Portrait], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network of 128 px that swaps in a face of nobody in particular, quantised."""
    from zoo.networks.onnx_export import export_onnx
    from zoo.networks.quantisation import quantise
    from zoo.networks.shipped import read_start
    from zoo.networks.transformation import TransformationNetwork

    network = TransformationNetwork(128, 16, "slim")
    network.load_state_dict(read_start())
    path = tmp_path_factory.mktemp("networks") / "start.onnx"
    export_onnx(network, path, {"identity": "ada", "basis": "consent", "recipe": "cpu"})
    crops = np.stack([align(one.image, face.landmarks, 128).image for one, face in portraits])
    photos = np.ascontiguousarray(crops.transpose(0, 3, 1, 2), np.float32)
    quantise(path, photos / np.float32(255))
    return path

"""Rendered people, and networks of one operation whose right figures are known."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from zoo.people import Render, named_person, random_person, random_scene, render
from zoo.photos.image import Image
from zoo.swapping.network import SwapNetwork

SIZE = 128


def draw(person: int | str, scene: int, size: int = 224) -> Render:
    """A rendered person, by name or by seed."""
    who = named_person(person) if isinstance(person, str) else random_person(person)
    return render(who, random_scene(scene, max_yaw=20), size)


def write_network(path: Path, shown: Image | None = None) -> Path:
    """A network that gives back its input, or always the face ``shown`` [SIZE, SIZE, 3]."""
    shape: list[str | int | None] = ["N", 3, SIZE, SIZE]
    keep = np.array(1.0 if shown is None else 0.0, np.float32)
    add = np.zeros((1, 3, SIZE, SIZE), np.float32)
    if shown is not None:
        add[0] = shown.transpose(2, 0, 1) / np.float32(255)
    graph = helper.make_graph(
        [
            helper.make_node("Mul", ["photo", "keep"], ["kept"]),
            helper.make_node("Add", ["kept", "add"], ["swapped"]),
        ],
        "one operation",
        [helper.make_tensor_value_info("photo", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("swapped", TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(keep, "keep"), numpy_helper.from_array(add, "add")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)
    return path


@pytest.fixture(scope="session")
def ada() -> list[Image]:
    """Photos of ada."""
    return [draw("ada", scene).image for scene in range(3)]


@pytest.fixture
def network(tmp_path: Path) -> Callable[..., SwapNetwork]:
    """Makes a network, see :func:`write_network`."""

    def make(shown: Image | None = None) -> SwapNetwork:
        return SwapNetwork(write_network(tmp_path / "network.onnx", shown), threads=1)

    return make

"""An 8-bit network gives the faces of the float32 one, in convolutions of whole numbers alone."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from zoo.faces.detection.detector import find_faces
from zoo.faces.geometry.alignment import align
from zoo.networks.onnx_export import export_onnx
from zoo.networks.quantisation import quantise
from zoo.networks.shipped import read_start
from zoo.networks.transformation import TransformationNetwork
from zoo.people import random_person, random_scene, render
from zoo.swapping.network import SwapNetwork


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    """Aligned rendered people [N, 128, 128, 3]."""
    crops = []
    for seed in range(12):
        picture = render(random_person(seed), random_scene(seed, max_yaw=20), 200).image
        crops += [align(picture, face.landmarks, 128).image for face in find_faces(picture)[:1]]
    return np.stack(crops)


@pytest.fixture(scope="module")
def files(faces: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The shipped start network in float32 and, by half of the faces, in 8 bits."""
    folder = tmp_path_factory.mktemp("networks")
    network = TransformationNetwork(128, 16, "slim")
    network.load_state_dict(read_start())
    whole, small = folder / "float32.onnx", folder / "int8.onnx"
    for path in (whole, small):
        export_onnx(network, path, {"identity": "ada", "basis": "synthetic"})
    photos = np.ascontiguousarray(faces[::2].transpose(0, 3, 1, 2)).astype(np.float32) / np.float32(
        255
    )
    quantise(small, photos)
    return whole, small


def test_faces_are_those_of_float32(faces: np.ndarray, files: tuple[Path, Path]) -> None:
    whole, small = (SwapNetwork(path, 1)(faces[1::2]).astype(float) for path in files)
    assert np.sqrt(np.square(small - whole).mean()) < 2  # grey levels, on faces not seen before
    assert np.abs(small - whole).mean(axis=(1, 2, 3)).max() < 2


def test_every_convolution_is_quantised_and_nothing_else(files: tuple[Path, Path]) -> None:
    model = onnx.load(files[1])
    made_by = {name: node.op_type for node in model.graph.node for name in node.output}
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    assert convolutions
    for node in convolutions:
        assert [made_by[name] for name in node.input[:2]] == ["DequantizeLinear"] * 2
    norms = [node for node in model.graph.node if node.op_type == "InstanceNormalization"]
    assert all(name not in made_by for node in norms for name in node.input[1:])
    assert {one.domain for one in model.opset_import} == {""}
    weights = [
        onnx.numpy_helper.to_array(one)
        for one in model.graph.initializer
        if one.data_type == onnx.TensorProto.INT8 and len(one.dims) == 4
    ]
    assert len(weights) == len(convolutions)
    assert max(np.abs(one.astype(int)).max() for one in weights) <= 64  # 7 bits: no overflow


def test_the_file_is_smaller_and_says_the_same_of_itself(files: tuple[Path, Path]) -> None:
    whole, small = files
    assert small.stat().st_size < 0.4 * whole.stat().st_size
    assert SwapNetwork(small).identity == "ada"
    assert SwapNetwork(small).basis == "synthetic"


def test_rounding_is_the_same_whatever_the_number_of_faces(
    faces: np.ndarray, files: tuple[Path, Path]
) -> None:
    network = SwapNetwork(files[1], 1)
    alone = np.concatenate([network(face[None]) for face in faces[:3]])
    assert np.array_equal(network(faces[:3]), alone)

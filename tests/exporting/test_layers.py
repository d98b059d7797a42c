"""Weights by layer, read back from an ONNX file."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from zoo.exporting.layers import layers
from zoo.networks.onnx_export import export_onnx
from zoo.networks.transformation import Layout, TransformationNetwork

LAYOUTS: tuple[Layout, ...] = ("paper", "slim")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_network_in_float32_gives_back_its_weights(tmp_path: Path, layout: Layout) -> None:
    torch.manual_seed(0)
    network = TransformationNetwork(32, 4, layout)
    for value in network.state_dict().values():
        value.normal_()
    export_onnx(network, tmp_path / "network.onnx")
    found = layers(onnx.load(tmp_path / "network.onnx"))
    expected = network.state_dict()
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value.numpy(), rtol=1e-4, atol=1e-5)

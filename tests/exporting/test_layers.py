"""Weights by layer, read back from an ONNX file."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from tests.networks_on_disk import write_network
from zoo.exporting.layers import layers
from zoo.networks.onnx_export import export_onnx
from zoo.networks.quantisation import quantise
from zoo.networks.transformation import Layout, TransformationNetwork

LAYOUTS: tuple[Layout, ...] = ("paper", "slim")


def random_network(layout: Layout, biases: bool) -> TransformationNetwork:
    """Biases of convolutions are all 0 after a training that normalises without them."""
    torch.manual_seed(0)
    network = TransformationNetwork(32, 4, layout)
    for value in network.state_dict().values():
        value.normal_()
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d) and not biases:
            assert layer.bias is not None
            layer.bias.data.zero_()
    return network


@pytest.mark.parametrize("biases", [True, False])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_network_in_float32_gives_back_its_weights(
    tmp_path: Path, layout: Layout, biases: bool
) -> None:
    network = random_network(layout, biases)
    export_onnx(network, tmp_path / "network.onnx")
    found = layers(onnx.load(tmp_path / "network.onnx"))
    expected = network.state_dict()
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value.numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_network_in_8_bits_has_the_names_of_its_weights(tmp_path: Path, layout: Layout) -> None:
    network = random_network(layout, biases=False)
    export_onnx(network, tmp_path / "network.onnx")
    quantise(tmp_path / "network.onnx", np.random.default_rng(0).random((4, 3, 32, 32), np.float32))
    found = layers(onnx.load(tmp_path / "network.onnx"))
    expected = network.state_dict()
    assert {name: value.shape for name, value in found.items()} == {
        name: tuple(value.shape) for name, value in expected.items()
    }


def test_a_network_without_names_has_no_weights(tmp_path: Path) -> None:
    write_network(tmp_path / "network.onnx")
    assert layers(onnx.load(tmp_path / "network.onnx")) == {}

"""The network gives detail at twice the size, and ONNX Runtime the same as torch."""

from pathlib import Path

import numpy as np
import onnxruntime
import torch

from zoo.networks.super_resolution import SuperResolutionNetwork, export_super_resolution


def test_before_training_it_adds_nothing() -> None:
    detail = SuperResolutionNetwork()(torch.rand(2, 3, 10, 12))
    assert detail.shape == (2, 1, 20, 24)
    assert not detail.any()


def test_the_exported_network_gives_the_same_for_any_size(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = SuperResolutionNetwork()
    torch.nn.init.normal_(network.tail.weight, std=0.1)
    export_super_resolution(network, tmp_path / "network.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "network.onnx")
    for height, width in ((128, 128), (64, 72)):
        photo = torch.rand(1, 3, height, width)
        with torch.no_grad():
            expected = network(photo).numpy()
        (found,) = session.run(None, {"photo": photo.numpy()})
        assert np.abs(expected).max() > 0.01
        np.testing.assert_allclose(found, expected, atol=1e-5)

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from zoo.networks.onnx_export import export_onnx
from zoo.networks.transformation import TransformationNetwork


@pytest.mark.parametrize("resolution", [64, 128])
def test_the_output_is_a_picture_of_the_inputs_size(resolution: int) -> None:
    photos = torch.rand(2, 3, resolution, resolution)
    swapped = TransformationNetwork(resolution, 4)(photos)
    assert swapped.shape == photos.shape
    assert swapped.min() >= 0 and swapped.max() <= 1


def test_the_papers_layout_has_about_a_million_parameters() -> None:
    count = sum(parameter.numel() for parameter in TransformationNetwork(128, 32).parameters())
    assert 1.0e6 < count < 1.2e6


def test_every_branch_has_a_part_in_the_output() -> None:
    network = TransformationNetwork(64, 4)
    network(torch.rand(1, 3, 64, 64)).square().mean().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        # A bias before a normalisation has no effect: all others must.
        if name.endswith("weight"):
            assert parameter.grad.abs().sum() > 0, name


def test_a_resolution_that_is_no_power_of_two_is_refused() -> None:
    with pytest.raises(ValueError, match="power of two"):
        TransformationNetwork(96, 4)


def test_onnx_gives_what_torch_gives_for_any_batch(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = TransformationNetwork(64, 4).eval()
    path = tmp_path / "network.onnx"
    export_onnx(network, path, {"identity": "ada"})
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for batch in (1, 3):
        photos = torch.rand(batch, 3, 64, 64)
        (swapped,) = session.run(["swapped"], {"photo": photos.numpy()})
        np.testing.assert_allclose(swapped, network(photos).detach().numpy(), atol=1e-4)
    assert session.get_modelmeta().custom_metadata_map["identity"] == "ada"
    assert [p.name for p in tmp_path.iterdir()] == ["network.onnx"]

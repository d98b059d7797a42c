from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from zoo.networks.fused_normalisation import normalised_relu
from zoo.networks.onnx_export import export_onnx
from zoo.networks.transformation import (
    Block,
    InstanceNorm,
    Layout,
    TransformationNetwork,
)

LAYOUTS: tuple[Layout, ...] = ("paper", "slim")


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("resolution", [64, 128, 256, 512])
def test_the_output_is_a_picture_of_the_inputs_size(resolution: int, layout: Layout) -> None:
    photos = torch.rand(1, 3, resolution, resolution)
    swapped = TransformationNetwork(resolution, 4, layout)(photos)
    assert swapped.shape == photos.shape
    assert swapped.min() >= 0 and swapped.max() <= 1


def test_the_papers_layout_has_about_a_million_parameters() -> None:
    count = sum(parameter.numel() for parameter in TransformationNetwork(128, 32).parameters())
    assert 1.0e6 < count < 1.2e6


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_branch_has_a_part_in_the_output(layout: Layout) -> None:
    network = TransformationNetwork(64, 4, layout)
    network(torch.rand(1, 3, 64, 64)).square().mean().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        # A bias before a normalisation has no effect: all others must.
        if name.endswith("weight"):
            assert parameter.grad.abs().sum() > 0, name


def test_a_resolution_that_is_no_power_of_two_is_refused() -> None:
    with pytest.raises(ValueError, match="power of two"):
        TransformationNetwork(96, 4)


def test_the_slim_layout_hands_on_the_light_of_its_input() -> None:
    torch.manual_seed(0)
    ramp = torch.linspace(0.2, 0.8, 64).expand(1, 3, 64, 64).contiguous()
    output = TransformationNetwork(64, 8, "slim")(ramp)
    assert torch.corrcoef(torch.stack([ramp.flatten(), output.flatten()]))[0, 1] > 0.8


def test_without_normalisation_there_is_none() -> None:
    network = TransformationNetwork(64, 4, normalisation=False)
    assert not any(isinstance(module, nn.InstanceNorm2d) for module in network.modules())


@pytest.mark.parametrize("training", [True, False])
def test_each_channel_of_each_photo_is_normalised_by_itself(training: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    norm = InstanceNorm(5, affine=True).double().train(training)
    for parameter in norm.parameters():
        nn.init.normal_(parameter, generator=generator)
    x = 3 + torch.randn(2, 5, 6, 7, generator=generator, dtype=torch.float64)
    expected = torch.empty_like(x)
    for photo in range(2):
        for channel in range(5):
            plane = x[photo, channel]
            unit = (plane - plane.mean()) / (plane.var(unbiased=False) + norm.eps).sqrt()
            expected[photo, channel] = norm.weight[channel] * unit + norm.bias[channel]
    torch.testing.assert_close(norm(x), expected)
    assert torch.autograd.gradcheck(norm, x.requires_grad_())


@pytest.mark.parametrize("short", [True, False])
def test_with_fused_normalisation_a_block_gives_the_same_and_learns_the_same(short: bool) -> None:
    torch.manual_seed(0)
    block = Block(3, 4, normalisation=True, short=short).double()
    for parameter in block.parameters():
        nn.init.normal_(parameter)
    photos = torch.randn(2, 3, 8, 8, dtype=torch.float64)
    weights = torch.randn(2, 4, 8, 8, dtype=torch.float64)

    def learnt(output: Tensor) -> dict[str, Tensor]:
        block.zero_grad()
        torch.autograd.backward((output * weights).sum())
        return {name: one.grad for name, one in block.named_parameters() if one.grad is not None}

    plain, fused = block(photos), block.fused(photos, normalised_relu)
    torch.testing.assert_close(fused, plain, rtol=1e-5, atol=1e-5)
    expected, found = learnt(plain), learnt(fused)
    biases = {name for name, one in expected.items() if one.abs().max() < 1e-9}
    assert biases == {name for name in expected if name not in found}
    for name, gradient in found.items():
        torch.testing.assert_close(gradient, expected[name], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_grown_network_starts_from_the_smaller_ones_weights(layout: Layout) -> None:
    torch.manual_seed(0)
    small, large = (TransformationNetwork(side, 4, layout) for side in (64, 128))
    new = large.grow_from(small.state_dict())
    assert {name.split(".")[0] for name in new} == {"branches", "merges", "rgb"}
    assert {name.split(".")[1] for name in new if not name.startswith("rgb")} == {"4", "3"}
    before, after = small.state_dict(), large.state_dict()
    shared = [name for name in before if not name.startswith("rgb")]
    assert len(shared) + len(new) == len(after)
    assert all(torch.equal(before[name], after[name]) for name in shared)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_onnx_gives_what_torch_gives_for_any_batch(tmp_path: Path, layout: Layout) -> None:
    torch.manual_seed(0)
    network = TransformationNetwork(64, 4, layout).eval()
    path = tmp_path / "network.onnx"
    export_onnx(network, path, {"identity": "ada"})
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for batch in (1, 3):
        photos = torch.rand(batch, 3, 64, 64)
        (swapped,) = session.run(["swapped"], {"photo": photos.numpy()})
        np.testing.assert_allclose(swapped, network(photos).detach().numpy(), atol=1e-4)
    assert session.get_modelmeta().custom_metadata_map["identity"] == "ada"
    assert [p.name for p in tmp_path.iterdir()] == ["network.onnx"]

"""A convolution of upsampled features, without them."""

import pytest
import torch
from torch.nn import functional as F

from zoo.networks.transformation import (
    Layout,
    TransformationNetwork,
    fold_upsampling,
    for_inference,
)
from zoo.networks.upsampled_convolution import (
    SubPixelConvolution,
    upsampled_convolution,
    worthwhile,
)

LAYOUTS: tuple[Layout, ...] = ("paper", "slim")


@pytest.mark.parametrize(("inputs", "outputs", "height", "width"), [(1, 1, 1, 1), (3, 5, 4, 6)])
def test_it_is_the_convolution_of_the_upsampled_features(
    inputs: int, outputs: int, height: int, width: int
) -> None:
    torch.manual_seed(0)
    small = torch.randn(2, inputs, height, width, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(outputs, inputs, 3, 3, dtype=torch.float64, requires_grad=True)
    large = F.interpolate(small, scale_factor=2.0, mode="nearest")
    expected, found = F.conv2d(large, weight, padding=1), upsampled_convolution(small, weight)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(SubPixelConvolution(weight.detach())(small), expected)
    towards = torch.randn_like(expected)
    for one, other in zip(
        torch.autograd.grad((found * towards).sum(), (small, weight)),
        torch.autograd.grad((expected * towards).sum(), (small, weight)),
        strict=True,
    ):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_network_gives_the_same_with_it_and_only_training_uses_it(layout: Layout) -> None:
    torch.manual_seed(0)
    network = TransformationNetwork(64, 4, layout).double()
    photos = torch.rand(2, 3, 64, 64, dtype=torch.float64)
    expected, as_exported = network(photos), network.eval()(photos)
    fold_upsampling(network)
    assert torch.equal(network(photos), as_exported)
    found = network.train()(photos)
    assert not torch.equal(found, expected)  # it is in use
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_network_for_inference_gives_the_same(layout: Layout) -> None:
    torch.manual_seed(0)
    network = TransformationNetwork(32, 4, layout).double().train()
    before = network.state_dict()
    inference = for_inference(network)
    photos = torch.rand(2, 3, 32, 32, dtype=torch.float64)
    torch.testing.assert_close(inference(photos), network(photos))
    assert not inference.training
    assert network.training
    assert list(network.state_dict()) == list(before)


def test_it_is_used_where_it_was_measured_to_be_quicker() -> None:
    assert worthwhile(torch.zeros(1, 2, 16, 16))
    assert not worthwhile(torch.zeros(1, 2, 8, 8))
    assert not worthwhile(torch.zeros(1, 2, 16, 16, device="meta"))
    with torch.autocast("cpu", torch.bfloat16):
        assert not worthwhile(torch.zeros(1, 2, 16, 16))

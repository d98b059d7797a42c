"""Layers of dlib's network with their affine layers merged in, against the two applied in turn."""

from typing import Any

import numpy as np
import pytest

from zoo.errors import AssetError
from zoo.faces.recognition.dlib_network import DlibNetwork

CHANCE = np.random.default_rng(3)


def floats(*shape: int) -> Any:
    return CHANCE.normal(size=shape).astype(np.float32)


def layer(filters: int, channels: int, side: int) -> tuple[Any, Any, Any, Any]:
    """Filters and biases, and the scale and offset that follow."""
    return floats(filters, channels, side, side), floats(filters), floats(filters), floats(filters)


def test_a_merged_layer_is_the_convolution_and_then_scale_and_offset() -> None:
    layers = [layer(4, 3, 7), *(layer(filters, 4, 3) for filters in (4, 5, 4, 6))]
    last = floats(6, 2)
    network = DlibNetwork(
        [np.concatenate([weights.ravel(), bias]) for weights, bias, _, _ in layers],
        [np.concatenate([scale, offset]) for _, _, scale, offset in layers],
        last,
    )
    found = network.merged()
    names = ["first", "blocks.0.a", "blocks.0.b", "blocks.1.a", "blocks.1.b"]
    assert set(found) == {f"{n}.{kind}" for n in names for kind in ("weight", "bias")} | {
        "last.weight"
    }
    assert np.array_equal(found["last.weight"], last.T)
    for name, (weights, bias, scale, offset) in zip(names, layers, strict=True):
        patch = floats(*weights.shape[1:])
        for number in range(len(bias)):
            summed = (weights[number] * patch).sum() + bias[number]
            expected = scale[number] * summed + offset[number]
            merged = (found[f"{name}.weight"][number] * patch).sum() + found[f"{name}.bias"][number]
            assert merged == pytest.approx(expected, rel=1e-3, abs=1e-4)


def test_a_layer_of_another_size_is_named() -> None:
    weights, bias, scale, offset = layer(4, 4, 3)
    first, _, _, _ = layer(4, 3, 7)
    good = [np.concatenate([first.ravel(), bias]), np.concatenate([weights.ravel(), bias])]
    affine = np.concatenate([scale, offset])
    with pytest.raises(AssetError, match=r"a layer of another size \(blocks\.0\.b\)"):
        DlibNetwork([*good, good[1][:-1]], [affine] * 3, first).merged()
    with pytest.raises(AssetError, match=r"a layer of another size \(first\)"):
        DlibNetwork([good[1], *good], [affine] * 3, first).merged()

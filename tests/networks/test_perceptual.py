"""VGG-19's layout and loading, and the compact network against what it says of itself."""

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from zoo.errors import AssetError
from zoo.networks import perceptual
from zoo.networks.compact import read_compact
from zoo.networks.vgg19 import CONVOLUTIONS, VGG19, read_vgg19


@pytest.fixture(scope="module")
def weights() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    random = {}
    for index, inputs, outputs in CONVOLUTIONS.values():
        scale = (2 / (9 * inputs)) ** 0.5
        random[f"features.{index}.weight"] = scale * torch.randn(
            outputs, inputs, 3, 3, generator=generator
        )
        random[f"features.{index}.bias"] = torch.zeros(outputs)
    return random


def slow_vgg19(weights: dict[str, torch.Tensor], photo: torch.Tensor) -> list[torch.Tensor]:
    """torchvision's ``features`` written out: a list of all layers' outputs."""
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    x, outputs = (photo - mean) / std, []
    plan: list[int | str] = [64, 64, "M", 128, 128, "M", 256, 256, 256, 256, "M", 512, 512]
    index = 0
    for layer in plan:
        if layer == "M":
            x = torch.nn.functional.max_pool2d(x, 2)
            outputs.append(x)
            index += 1
            continue
        w, b = weights[f"features.{index}.weight"], weights[f"features.{index}.bias"]
        x = torch.nn.functional.conv2d(x, w, b, padding=1)
        outputs.append(x)
        x = x.relu()
        outputs.append(x)
        index += 2
    return outputs


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_vgg19_reads_torchvisions_checkpoint(
    weights: dict[str, torch.Tensor], tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"vgg{suffix}"
    if suffix == ".pth":
        torch.save(weights, path)
    else:
        save_file(weights, path)
    photo = torch.rand(2, 3, 32, 32)
    features = read_vgg19(path)(photo)
    layers = slow_vgg19(weights, photo)
    for name, index in {"relu3_1": 11, "relu4_1": 20, "relu4_2": 22}.items():
        torch.testing.assert_close(features[name], layers[index])


def test_a_checkpoint_of_something_else_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "odd.safetensors"
    save_file({"features.0.weight": torch.zeros(3)}, path)
    with pytest.raises(AssetError, match=r"odd.safetensors.*features.0"):
        read_vgg19(path)


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "hostile.pth"
    torch.save({"features.0.weight": Path("/")}, path)
    with pytest.raises(AssetError, match="hostile"):
        read_vgg19(path)


def test_the_compact_network_has_vgg19s_layers_and_shapes() -> None:
    photo = torch.rand(1, 3, 64, 64)
    compact, vgg = read_compact()(photo), VGG19()(photo)
    assert {name: map_.shape for name, map_ in compact.items()} == {
        name: map_.shape for name, map_ in vgg.items()
    }
    assert all(map_.isfinite().all() and map_.std() > 0 for map_ in compact.values())


@pytest.mark.parametrize("name", ["vgg19", "compact"])
def test_weights_are_the_networks(
    name: Literal["vgg19", "compact"],
    weights: dict[str, torch.Tensor],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    save_file(weights, tmp_path / "vgg19.safetensors")
    monkeypatch.setattr(perceptual, "fetch", lambda _: tmp_path / "vgg19.safetensors")
    state = perceptual.read_perceptual(name).state_dict()
    found = perceptual.read_weights(name)
    assert found.keys() == state.keys()
    assert all(np.array_equal(found[key], value.numpy()) for key, value in state.items())


def test_the_compact_network_is_small() -> None:
    from importlib.resources import files

    assert len((files("zoo.networks") / "compact.safetensors").read_bytes()) < 6_000_000

"""The compact perceptual network: VGG-19's features in a few megabytes, shipped in the package.

VGG-19's wide convolutions are replaced by pairs of a thin 3×3 and a 1×1 convolution (low-rank
factors, after Zhang et al. 2016, https://arxiv.org/abs/1505.06798), fitted to VGG-19's own
responses on faces and then trained on to agree with them (``pipelines/distill.py``).
Same inputs, layers and shapes as :class:`zoo.networks.vgg19.VGG19`.
"""

from collections import OrderedDict
from importlib.resources import as_file, files

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.networks.vgg19 import (
    CONTENT_LAYER,
    CONVOLUTIONS,
    IMAGENET_MEAN,
    IMAGENET_STD,
    POOLED_BEFORE,
    STYLE_LAYERS,
)

WEIGHTS = "compact.safetensors"

RANKS = {"conv3_2": 96, "conv3_3": 96, "conv3_4": 96, "conv4_1": 144, "conv4_2": 160}
"""Channels between the thin 3×3 and the 1×1 convolution of each factorised layer."""


class Compact(nn.Module):
    """photo_B3HW in 0..1 → {"relu3_1": B256(H/4)(W/4), "relu4_1", "relu4_2": B512(H/8)(W/8)}."""

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = nn.ModuleDict(
            {
                name: _convolution(name, inputs, outputs)
                for name, (_, inputs, outputs) in CONVOLUTIONS.items()
            }
        )
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1))

    def forward(self, photo_B3HW: Tensor) -> dict[str, Tensor]:
        x = (photo_B3HW - self.mean) / self.std
        features: dict[str, Tensor] = {}
        for name, convolution in self.convolutions.items():
            if name in POOLED_BEFORE:
                x = F.max_pool2d(x, 2)
            x = F.relu(convolution(x))
            layer = name.replace("conv", "relu")
            if layer == CONTENT_LAYER or layer in STYLE_LAYERS:
                features[layer] = x
        return features


def read_compact() -> Compact:
    """The network with the weights that the package ships (half precision on disk)."""
    from safetensors.torch import load_file

    network = Compact()
    with as_file(files("zoo.networks") / WEIGHTS) as path:
        weights = load_file(path)
    network.load_state_dict({key: value.float() for key, value in weights.items()}, strict=False)
    return network.eval().requires_grad_(False)


def _convolution(name: str, inputs: int, outputs: int) -> nn.Module:
    if name not in RANKS:
        return nn.Conv2d(inputs, outputs, kernel_size=3, padding=1)
    rank = RANKS[name]
    return nn.Sequential(
        OrderedDict(
            thin=nn.Conv2d(inputs, rank, kernel_size=3, padding=1, bias=False),
            wide=nn.Conv2d(rank, outputs, kernel_size=1),
        )
    )

"""VGG-19 up to relu4_2 (Simonyan & Zisserman 2014, https://arxiv.org/abs/1409.1556).

Our own definition, with torchvision's key names (``features.0.weight`` …), so that its
checkpoint loads. Inputs are RGB in 0..1; the ImageNet normalisation happens inside.
"""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.errors import AssetError

CONTENT_LAYER = "relu4_2"
STYLE_LAYERS = ("relu3_1", "relu4_1")

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

CONVOLUTIONS: dict[str, tuple[int, int, int]] = {
    "conv1_1": (0, 3, 64),
    "conv1_2": (2, 64, 64),
    "conv2_1": (5, 64, 128),
    "conv2_2": (7, 128, 128),
    "conv3_1": (10, 128, 256),
    "conv3_2": (12, 256, 256),
    "conv3_3": (14, 256, 256),
    "conv3_4": (16, 256, 256),
    "conv4_1": (19, 256, 512),
    "conv4_2": (21, 512, 512),
}
"""Name → (index in torchvision's ``features``, input channels, output channels)."""

POOLED_BEFORE = frozenset({"conv2_1", "conv3_1", "conv4_1"})


class VGG19(nn.Module):
    """photo_B3HW in 0..1 → {"relu3_1": B256(H/4)(W/4), "relu4_1", "relu4_2": B512(H/8)(W/8)}."""

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = nn.ModuleDict(
            {
                name: self.convolution(name, inputs, outputs)
                for name, (_, inputs, outputs) in CONVOLUTIONS.items()
            }
        )
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1), persistent=False)

    @staticmethod
    def convolution(name: str, inputs: int, outputs: int) -> nn.Module:
        """The layer called ``name``, 3×3 and zero-padded."""
        return nn.Conv2d(inputs, outputs, kernel_size=3, padding=1)

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


def read_vgg19(path: Path) -> VGG19:
    """VGG-19 with the weights of ``path``: torchvision's ``.pth`` or the same keys in safetensors.

    The ``.pth`` is read with ``weights_only=True``, which builds tensors and runs no code.

    Raises:
        AssetError: the file is damaged or lacks a layer.
    """
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            weights: Mapping[str, Tensor] = load_file(path)
        else:
            weights = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except Exception as error:
        raise AssetError(f"{path} cannot be read as VGG-19 weights: {error}") from error
    return vgg19_from(weights, path)


def vgg19_from(weights: Mapping[str, Tensor], path: Path) -> VGG19:
    """VGG-19 with torchvision-named ``weights``; ``path`` is for the error's text.

    Raises:
        AssetError: a layer is missing or has the wrong shape.
    """
    network = VGG19()
    with torch.no_grad():
        for name, (index, *_) in CONVOLUTIONS.items():
            convolution = network.convolutions[name]
            for kind in ("weight", "bias"):
                key = f"features.{index}.{kind}"
                parameter = convolution.get_parameter(kind)
                if key not in weights or weights[key].shape != parameter.shape:
                    raise AssetError(f"{path} is not a VGG-19 checkpoint: {key} is missing or odd.")
                parameter.copy_(weights[key])
    return network.eval().requires_grad_(False)

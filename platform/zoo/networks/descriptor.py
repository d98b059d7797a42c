"""dlib's face descriptor network in torch, so that the identity loss has a gradient.

A residual network of 29 convolutions, trained by King (2017) on 3 million faces
(http://dlib.net/face_recognition.py.html); its layers as in dlib's example
``dnn_face_recognition_ex.cpp``. The weights come with ``face_recognition_models`` and are read
by :mod:`zoo.faces.recognition.dlib_network`.

Shapes: B batch, C channels; a chip is the square of 150 px that dlib cuts out of a photo.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.faces.detection.dlib_models import DESCRIPTOR, model_file
from zoo.faces.recognition.dlib_network import DlibNetwork, read_dlib_network

CHIP = 150
"""Side in pixels of what the network looks at."""

_LEVELS = ((32, 3, False), (64, 4, True), (128, 3, True), (256, 3, True), (256, 1, True))
"""Filters, blocks, and whether the first block halves the resolution, from fine to coarse."""

_MEAN = (122.782, 117.001, 104.298)  # of R, G and B, 0 to 255
_SCALE = 256.0


class DescriptorNetwork(nn.Module):
    """chip_B3HW, RGB in 0..1 with H = W = 150 → descriptor_B128."""

    mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(_MEAN).view(1, 3, 1, 1) / 255, persistent=False)
        self.first = nn.Conv2d(3, 32, kernel_size=7, stride=2)
        blocks, inputs = [], 32
        for filters, count, halved in _LEVELS:
            for number in range(count):
                blocks.append(Residual(inputs, filters, halved and number == 0))
                inputs = filters
        self.blocks = nn.Sequential(*blocks)
        self.last = nn.Linear(256, 128, bias=False)

    def forward(self, chip_B3HW: Tensor) -> Tensor:
        x = (chip_B3HW - self.mean) * (255 / _SCALE)
        x = F.max_pool2d(F.relu(self.first(x)), 3, stride=2)
        descriptor: Tensor = self.last(self.blocks(x).mean(dim=(2, 3)))
        return descriptor


class Residual(nn.Module):
    """Two 3×3 convolutions beside the input; where sizes differ, the smaller is padded by zeros.

    A halved block averages its input by 2; its first convolution has stride 2 and no padding.
    """

    def __init__(self, inputs: int, filters: int, halved: bool) -> None:
        super().__init__()
        stride, padding = (2, 0) if halved else (1, 1)
        self.halved = halved
        self.a = nn.Conv2d(inputs, filters, 3, stride, padding)
        self.b = nn.Conv2d(filters, filters, 3, padding=1)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        new = self.b(F.relu(self.a(x_BCHW)))
        old = F.avg_pool2d(x_BCHW, 2) if self.halved else x_BCHW
        return F.relu(_padded(new, old) + _padded(old, new))


def read_descriptor_network() -> DescriptorNetwork:
    """The network with dlib's weights, frozen, in evaluation mode, on the CPU.

    Raises:
        AssetError: the file is missing or damaged.
    """
    return descriptor_network_from(read_dlib_network(model_file(DESCRIPTOR)))


def descriptor_network_from(weights: DlibNetwork) -> DescriptorNetwork:
    """The network with these weights."""
    network = DescriptorNetwork()
    network.load_state_dict(
        {name: torch.from_numpy(values) for name, values in weights.merged().items()}
    )
    return network.eval().requires_grad_(False)


def _padded(x_BCHW: Tensor, other_BCHW: Tensor) -> Tensor:
    """``x_BCHW`` with zeros where only the other has channels, rows or columns."""
    channels, rows, columns = (
        max(0, theirs - ours)
        for ours, theirs in zip(x_BCHW.shape[1:], other_BCHW.shape[1:], strict=True)
    )
    return F.pad(x_BCHW, (0, columns, 0, rows, 0, channels))

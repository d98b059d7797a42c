"""The transformation network: photo in, the same photo with another identity out.

Multiscale after Ulyanov et al. 2016 (https://arxiv.org/abs/1603.03417) as Korshunova et al.
2017, section 3.1, use it: branches work on the input downsampled again and again; a coarser
branch is upsampled (nearest) and concatenated with the finer one; a 1×1 convolution gives RGB.

Shapes: B batch, C channels, H = W = resolution.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

COARSEST = 8
"""Side, in pixels, of the coarsest branch."""


class TransformationNetwork(nn.Module):
    """x_B3HW in 0..1 → x̂_B3HW in 0..1.

    ``resolution`` 64 has branches at 8, 16, 32 and 64 px; each doubling adds one.
    With 32 filters: 1.1 M parameters at 128 px, 1.8 M at 256 px.
    """

    def __init__(self, resolution: int, filters: int) -> None:
        super().__init__()
        scales = math.log2(resolution / COARSEST)
        if scales < 0 or scales != int(scales):
            raise ValueError(f"resolution must be {COARSEST} times a power of two: {resolution}")
        self.resolution = resolution
        branches = int(scales) + 1
        self.branches = nn.ModuleList(Block(3, filters) for _ in range(branches))
        self.merges = nn.ModuleList(
            Block(filters * (depth + 1), filters * (depth + 1)) for depth in range(1, branches)
        )
        self.rgb = nn.Conv2d(filters * branches, 3, kernel_size=1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.orthogonal_(module.weight, gain=math.sqrt(2))
                assert module.bias is not None
                nn.init.zeros_(module.bias)
        nn.init.orthogonal_(self.rgb.weight)

    def forward(self, photo_B3HW: Tensor) -> Tensor:
        pyramid = [photo_B3HW]
        for _ in self.branches[1:]:
            pyramid.append(F.avg_pool2d(pyramid[-1], 2))
        coarse, *finer = (
            branch(scale) for branch, scale in zip(self.branches, reversed(pyramid), strict=True)
        )
        merged: Tensor = coarse
        for merge, fine in zip(self.merges, finer, strict=True):
            upsampled = F.interpolate(merged, scale_factor=2.0, mode="nearest")
            merged = merge(torch.cat([upsampled, fine], dim=1))
        return torch.sigmoid(self.rgb(merged))


class Block(nn.Sequential):
    """conv3–conv3–conv1, zero-padded, each with instance normalisation and ReLU.

    Instance normalisation is Ulyanov et al. 2017's (https://arxiv.org/abs/1607.08022) change to
    the texture network; it reaches in hundreds of iterations what the plain one needs
    thousands for.
    """

    def __init__(self, inputs: int, filters: int) -> None:
        layers: list[nn.Module] = []
        for kernel, channels in ((3, inputs), (3, filters), (1, filters)):
            layers += [
                nn.Conv2d(channels, filters, kernel, padding=kernel // 2),
                nn.InstanceNorm2d(filters, affine=True),
                nn.ReLU(inplace=True),
            ]
        super().__init__(*layers)

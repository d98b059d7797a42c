"""The transformation network: aligned face in, the same face with another identity out.

Multiscale after Ulyanov et al. 2016 (https://arxiv.org/abs/1603.03417) as Korshunova et al.
2017, section 3.1, use it: branches work on the input downsampled again and again; a coarser
branch is upsampled (nearest) and concatenated with the finer one; a 1×1 convolution gives RGB.

Two layouts. In the ``paper`` one every branch has the same filters and what is merged grows
with each scale, so that nearly all work is done at full size. In the ``slim`` one widths fall
as the resolution rises: coarse scales, where they cost little, hold most of the parameters.
And the photo at the coarsest scale goes straight to the output, as the logits that all else is
added to: its light need not pass through normalisations, which take brightness away.

Shapes: B batch, C channels, H = W = resolution.
"""

import copy
import math
from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.networks.fused_normalisation import Kernel, compiled
from zoo.networks.upsampled_convolution import (
    FoldedMerge,
    upsampled_convolution,
    worthwhile,
)

COARSEST = 8
"""Side, in pixels, of the coarsest branch."""

Layout = Literal["paper", "slim"]

_DARK = 0.02
"""Values nearer to 0 or 1 are taken as this, whose logits are finite."""

_SLIM_WIDTHS = (6, 4, 3, 2, 1.5, 1, 1)  # of the scales from 8 px on, in units of ``filters``


class TransformationNetwork(nn.Module):
    """x_B3HW in 0..1 → x̂_B3HW in 0..1.

    ``resolution`` 64 has branches at 8, 16, 32 and 64 px; each doubling adds one.
    The paper's layout with 32 filters has 1.1 M parameters at 128 px, 1.8 M at 256 px.

    Args:
        resolution: side of the pictures in pixels: 8 times a power of two.
        filters: of each branch (``paper``), or the unit of the widths (``slim``).
        layout: see the module.
        normalisation: instance normalisation after each convolution (Ulyanov et al. 2017,
            https://arxiv.org/abs/1607.08022). The paper has none; with it a few hundred
            iterations reach what takes thousands without.
    """

    def __init__(
        self, resolution: int, filters: int, layout: Layout = "paper", normalisation: bool = True
    ) -> None:
        super().__init__()
        scales = math.log2(resolution / COARSEST)
        if scales < 0 or scales != int(scales):
            raise ValueError(f"resolution must be {COARSEST} times a power of two: {resolution}")
        self.resolution = resolution
        count = int(scales) + 1
        if layout == "paper":
            widths, merged = [filters] * count, [filters * (i + 1) for i in range(count)]
        else:
            widths = merged = [round(filters * unit) for unit in _SLIM_WIDTHS[:count]]
        short = self.slim = layout == "slim"
        self.branches = nn.ModuleList(Block(3, width, normalisation, short) for width in widths)
        self.merges = nn.ModuleList(
            Block(merged[i - 1] + widths[i], merged[i], normalisation, short)
            for i in range(1, count)
        )
        self.rgb = nn.Conv2d(merged[-1], 3, kernel_size=1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.orthogonal_(module.weight, gain=math.sqrt(2))
                assert module.bias is not None
                nn.init.zeros_(module.bias)
        nn.init.orthogonal_(self.rgb.weight, gain=0.1 if self.slim else 1)

    def forward(self, photo_B3HW: Tensor) -> Tensor:
        pyramid = [photo_B3HW]
        for _ in self.branches[1:]:
            pyramid.append(F.avg_pool2d(pyramid[-1], 2))
        coarse, *finer = (
            branch(scale) for branch, scale in zip(self.branches, reversed(pyramid), strict=True)
        )
        merged: Tensor = coarse
        for merge, fine in zip(self.merges, finer, strict=True):
            assert isinstance(merge, Block | FoldedMerge)
            merged = merge.merged(merged, fine)
        logits: Tensor = self.rgb(merged)
        if self.slim:
            size = photo_B3HW.shape[-2:]
            light = F.interpolate(pyramid[-1], size, mode="bilinear").clamp(_DARK, 1 - _DARK)
            logits = logits + torch.logit(light)
        return torch.sigmoid(logits)

    def grow_from(self, smaller: Mapping[str, Tensor]) -> list[str]:
        """Takes the weights of a network of half the resolution; returns the names of the rest.

        The rest are the finest branch, its merge and the last convolution: what the paper
        trains alone at first (section 4).
        """
        shared = {name: value for name, value in smaller.items() if not name.startswith("rgb.")}
        missing, unexpected = self.load_state_dict(shared, strict=False)
        assert not unexpected
        return list(missing)


def fuse_normalisation(network: nn.Module) -> None:
    """Compiles the normalisations of a network on a GPU, where that is possible.

    It takes seconds for each shape of feature maps, once for all trainings of a process, and
    changes the last digits of the output.
    """
    for block in network.modules():
        if isinstance(block, Block) and any(isinstance(layer, InstanceNorm) for layer in block):
            block.kernel = compiled(next(block.parameters()).device)


def fold_upsampling(network: nn.Module) -> None:
    """Has a network trained without upsampled features, where that is quicker.

    It changes the last digits of the output.
    """
    for block in network.modules():
        if isinstance(block, Block):
            block.folds = True


def for_inference(network: TransformationNetwork) -> TransformationNetwork:
    """A copy, in evaluation mode, that computes the same without upsampled features.

    It can be run and exported, but neither trained nor saved.
    """
    folded = copy.deepcopy(network).eval()
    for place, (merge, branch) in enumerate(zip(folded.merges, folded.branches[1:], strict=True)):
        assert isinstance(merge, Block)
        assert isinstance(branch, Block)
        first, *others = merge
        assert isinstance(first, nn.Conv2d)
        coarse = first.in_channels - branch.filters
        folded.merges[place] = FoldedMerge(first, others, coarse)
    return folded


class Block(nn.Sequential):
    """conv3–conv3–conv1 (short: without the last), zero-padded, each normalised, then ReLU.

    Attributes:
        filters: the channels of its output.
        kernel: normalises and rectifies in training on a GPU; None for PyTorch's own kernels.
        folds: whether training folds upsampling into the first convolution.
    """

    kernel: Kernel | None = None
    folds: bool = False

    def __init__(self, inputs: int, filters: int, normalisation: bool, short: bool) -> None:
        layers: list[nn.Module] = []
        steps = ((3, inputs), (3, filters), (1, filters))
        for kernel, channels in steps[:2] if short else steps:
            layers.append(nn.Conv2d(channels, filters, kernel, padding=kernel // 2))
            if normalisation:
                layers.append(InstanceNorm(filters, affine=True))
            layers.append(nn.ReLU(inplace=True))
        super().__init__(*layers)
        self.filters = filters

    def forward(self, x_BCHW: Tensor) -> Tensor:
        if self.kernel and x_BCHW.is_cuda and torch.is_grad_enabled():
            return self.fused(x_BCHW, self.kernel)
        plain: Tensor = super().forward(x_BCHW)  # type: ignore[no-untyped-call]
        return plain

    def merged(self, coarse_BCHW: Tensor, fine_BCHW: Tensor) -> Tensor:
        """Of ``coarse_BCHW``, upsampled (nearest), and ``fine_BCHW`` of twice its size."""
        if self.folds and self.training and worthwhile(coarse_BCHW):
            return self._folded(coarse_BCHW, fine_BCHW)
        upsampled = F.interpolate(coarse_BCHW, scale_factor=2.0, mode="nearest")
        together: Tensor = self(torch.cat([upsampled, fine_BCHW], dim=1))
        return together

    def _folded(self, coarse_BCHW: Tensor, fine_BCHW: Tensor) -> Tensor:
        first, *others = self
        assert isinstance(first, nn.Conv2d)
        channels = [coarse_BCHW.shape[1], fine_BCHW.shape[1]]
        of_coarse, of_fine = torch.split(first.weight, channels, dim=1)
        x_BCHW = upsampled_convolution(coarse_BCHW, of_coarse)
        x_BCHW = x_BCHW + F.conv2d(fine_BCHW, of_fine, first.bias, padding=1)
        for layer in others:
            x_BCHW = layer(x_BCHW)
        return x_BCHW

    def fused(self, x_BCHW: Tensor, kernel: Kernel) -> Tensor:
        """The same, with ``kernel`` for normalisations and ReLU."""
        convolutions = [layer for layer in self if isinstance(layer, nn.Conv2d)]
        norms = [layer for layer in self if isinstance(layer, InstanceNorm)]
        for convolution, norm in zip(convolutions, norms, strict=True):
            # Without the bias, which normalisation would subtract again.
            x_BCHW = F.conv2d(x_BCHW, convolution.weight, padding=convolution.padding[0])
            x_BCHW = kernel(x_BCHW, norm.weight, norm.bias, norm.eps)
        return x_BCHW


class InstanceNorm(nn.InstanceNorm2d):
    """Instance normalisation that trains on CPUs in a third of the time.

    Group normalisation with a group for each channel is the same function, and PyTorch's kernel of
    it is quicker. Outside of training it stays what an exported network calls it.
    """

    def forward(self, x_BCHW: Tensor) -> Tensor:
        if x_BCHW.is_cuda or not self.training:
            return super().forward(x_BCHW)
        return F.group_norm(x_BCHW, self.num_features, self.weight, self.bias, self.eps)

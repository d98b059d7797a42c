"""A 3×3 convolution of what has been upsampled (nearest), without upsampling it.

Nearest upsampling by two is a transposed convolution of stride 2 with a kernel of 2×2 ones. Before
a convolution with W it makes one transposed convolution with their product, a kernel of 4×4:

    conv3(up(x), W) = convᵀ4(x, V),   V = Σ_{a,b∈{0,1}} shift_{a,b}(Wᵀ)

Each output pixel then takes 4 products per channel instead of 9.

Programs that swap run the same as one plain convolution and a rearrangement of its channels
(sub-pixel convolution, Shi et al. 2016, https://arxiv.org/abs/1609.05158), because ONNX Runtime
runs only plain convolutions in 8 bits.

Shapes: B batch, I and O input and output channels, H × W of the small features.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

LEAST_SIDE = 16
"""Pixels of the small features from which this takes less time than upsampling, on CPUs."""


def worthwhile(small_BIHW: Tensor) -> bool:
    """Whether it is quicker: measured in float32 on CPUs only."""
    quick = small_BIHW.device.type == "cpu" and small_BIHW.shape[-1] >= LEAST_SIDE
    return quick and not torch.is_autocast_enabled("cpu")


def upsampled_convolution(small_BIHW: Tensor, weight_OI33: Tensor) -> Tensor:
    """The zero-padded 3×3 convolution of ``small_BIHW`` at twice the size, without bias."""
    return F.conv_transpose2d(small_BIHW, _merged(weight_OI33), stride=2, padding=1)


def _merged(weight_OI33: Tensor) -> Tensor:
    """V [I, O, 4, 4]: the transposed kernel at the four places of a 2×2 square, added up."""
    transposed_IO33 = weight_OI33.flip(2, 3).transpose(0, 1)
    places = [(left, top) for left in (0, 1) for top in (0, 1)]
    shifted = [F.pad(transposed_IO33, (left, 1 - left, top, 1 - top)) for left, top in places]
    return torch.stack(shifted).sum(0)


class FoldedMerge(nn.Module):
    """Layers whose input is upsampled features beside fine ones; for inference.

    Their weights keep their names; only those of the upsampled features are called ``of_coarse``.

    Args:
        first: their 3×3 convolution.
        others: what follows.
        coarse: how many of its input channels are the upsampled ones; they come first.
    """

    def __init__(self, first: nn.Conv2d, others: Iterable[nn.Module], coarse: int) -> None:
        super().__init__()
        weight_OI33 = first.weight.detach()
        outputs, inputs = weight_OI33.shape[:2]
        self.of_coarse = SubPixelConvolution(weight_OI33[:, :coarse])
        of_fine = nn.Conv2d(inputs - coarse, outputs, 3, padding=1, device="meta")
        of_fine.weight = nn.Parameter(weight_OI33[:, coarse:].contiguous())
        of_fine.bias = first.bias
        self._layers = [of_fine, *others]
        for place, layer in enumerate(self._layers):
            self.add_module(str(place), layer)

    def merged(self, coarse_BCHW: Tensor, fine_BCHW: Tensor) -> Tensor:
        """Of ``coarse_BCHW``, to be upsampled, and ``fine_BCHW`` of twice its size."""
        of_fine, *others = self._layers
        x_BCHW: Tensor = self.of_coarse(coarse_BCHW) + of_fine(fine_BCHW)
        for layer in others:
            x_BCHW = layer(x_BCHW)
        return x_BCHW


class SubPixelConvolution(nn.Module):
    """The same as :func:`upsampled_convolution`, small_BIHW → large_BO(2H)(2W), for inference.

    One 2×2 convolution gives the four output pixels that lie around each corner of small pixels.
    """

    weight: Tensor

    def __init__(self, weight_OI33: Tensor) -> None:
        super().__init__()
        self.outputs, inputs = weight_OI33.shape[:2]
        # V's rows and columns are 2t + c: small pixel t of two, from the last, for output pixel c.
        split = _merged(weight_OI33).reshape(inputs, self.outputs, 2, 2, 2, 2).flip(2, 4)
        kernel = split.permute(3, 5, 1, 0, 2, 4).reshape(4 * self.outputs, inputs, 2, 2)
        self.register_buffer("weight", kernel.contiguous())

    def forward(self, small_BIHW: Tensor) -> Tensor:
        corners = F.conv2d(small_BIHW, self.weight, padding=1)
        height, width = (int(side) for side in corners.shape[-2:])  # constants in an exported graph
        # With the channels last, the pixels of a row's half lie side by side, and move together.
        rows = corners.permute(0, 2, 3, 1).reshape(-1, height, width, 2, 2 * self.outputs)
        large = rows.transpose(2, 3).reshape(-1, 2 * height, 2 * width, self.outputs)
        return large[:, 1:-1, 1:-1].permute(0, 3, 1, 2)

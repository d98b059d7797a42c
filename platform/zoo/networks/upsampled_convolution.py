"""A 3×3 convolution of what has been upsampled (nearest), without upsampling it.

Nearest upsampling by two is a transposed convolution of stride 2 with a kernel of 2×2 ones. Before
a convolution with W it makes one transposed convolution with their product, a kernel of 4×4:

    conv3(up(x), W) = convᵀ4(x, V),   V = Σ_{a,b∈{0,1}} shift_{a,b}(Wᵀ)

Each output pixel then takes 4 products per channel instead of 9.

Shapes: B batch, I and O input and output channels, H × W of the small features.
"""

import torch
from torch import Tensor
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

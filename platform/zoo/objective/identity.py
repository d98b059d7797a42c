"""Identity loss: distance of the composite's descriptor to the person's (not in the paper).

    L_identity = (1/B) Σ_b ‖Δ(C(x̂_b, x_b)) − δ‖²,   δ = the mean of Δ over the style photos

Δ is dlib's face descriptor (:mod:`zoo.networks.descriptor`), C the composite with the photo's
surroundings and light (:mod:`zoo.objective.compositing`). VGG's features see patches; Δ sees the
whole face, its proportions and what tells people apart. It is never the recogniser that evaluates
the network.

Shapes: B batch, N style photos, H = W side of the crop.
"""

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as F

from zoo.networks.descriptor import CHIP
from zoo.objective.compositing import composite

Descriptor = Callable[[Tensor], Tensor]
"""Δ: chip_B3HW, RGB in 0..1 → descriptor_B128."""

_CROP_OF_CHIP = ((0.951, 0.0, 0.0237), (0.0, 0.872, 0.1096))
"""Unit coordinates of the aligned crop from those of dlib's chip, for a face that stands where
the reference does: what ``dlib.get_face_chip`` (150 px, padding 0.25) cuts out once the
reference's stretch of 1.09 is taken back."""


def identity_loss(
    output_B3HW: Tensor, photo_B3HW: Tensor, target_128: Tensor, descriptor: Descriptor
) -> Tensor:
    """Mean squared distance of the composites' descriptors to the target's. Scalar, float32.

    About 0.6 for the photo itself, 0.1 for a real photo of the target.

    Args:
        output_B3HW: x̂ in 0..1.
        photo_B3HW: x in 0..1.
        target_128: δ, see :func:`target_descriptor`.
        descriptor: Δ.
    """
    shown = composite(output_B3HW, photo_B3HW)
    return (descriptor(chips(shown)).float() - target_128).square().sum(dim=1).mean()


@torch.no_grad()
def target_descriptor(photos_N3HW: Tensor, descriptor: Descriptor, chunk: int = 32) -> Tensor:
    """δ: the mean descriptor of aligned photos in 0..1, [128]."""
    found = [descriptor(chips(photos)).float() for photos in torch.split(photos_N3HW, chunk)]
    return torch.cat(found).mean(dim=0)


def chips(crop_B3HW: Tensor) -> Tensor:
    """What dlib would cut out of aligned crops, chip_B3HW of 150 pixels a side."""
    grid_BHW2 = _chip_grid(crop_B3HW.device).to(crop_B3HW.dtype).expand(len(crop_B3HW), -1, -1, -1)
    return F.grid_sample(crop_B3HW, grid_BHW2, padding_mode="border", align_corners=False)


@cache
def _chip_grid(device: torch.device) -> Tensor:
    """Where in the crop each pixel of the chip lies, [1, 150, 150, 2]."""
    unit = torch.tensor(_CROP_OF_CHIP, device=device)
    # grid_sample counts from -1 to 1 where unit coordinates go from 0 to 1.
    theta = torch.cat([unit[:, :2], 2 * unit[:, 2:] + unit[:, :2].sum(1, keepdim=True) - 1], dim=1)
    return F.affine_grid(theta[None], [1, 3, CHIP, CHIP], align_corners=False)

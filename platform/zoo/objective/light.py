"""Light: the output is lit like the input (paper, equation 5)."""

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor

LUMINANCE = (0.299, 0.587, 0.114)
"""Rec. 601 weights of R, G and B."""


def luminance(photo_B3HW: Tensor) -> Tensor:
    """RGB in 0..1 → luminance_B1HW in 0..1."""
    weights_1311 = _weights(photo_B3HW.device).to(photo_B3HW.dtype)
    return (photo_B3HW * weights_1311).sum(1, keepdim=True)


def light_loss(
    output_B3HW: Tensor, photo_B3HW: Tensor, light_network: Callable[[Tensor], Tensor]
) -> Tensor:
    """(1/|Γ(x)|) ‖Γ(x̂) − Γ(x)‖² on luminance. Scalar, float32.

    Args:
        output_B3HW: x̂, RGB in 0..1.
        photo_B3HW: x, RGB in 0..1.
        light_network: Γ, luminance_B1HW → features_BC of unit variance.
    """
    output, photo = light_network(luminance(output_B3HW)), light_network(luminance(photo_B3HW))
    return (output.float() - photo.float().detach()).square().mean()


@cache
def _weights(device: torch.device) -> Tensor:
    """:data:`LUMINANCE` as [1, 3, 1, 1]."""
    return torch.tensor(LUMINANCE, device=device).view(1, 3, 1, 1)

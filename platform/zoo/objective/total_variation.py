"""Total variation: squared differences of neighbouring pixels (paper, equation 6)."""

from torch import Tensor


def total_variation_loss(output_B3HW: Tensor) -> Tensor:
    """Mean squared difference of vertical plus that of horizontal neighbours. Scalar, float32."""
    x = output_B3HW.float()
    vertical = (x[..., 1:, :] - x[..., :-1, :]).square().mean()
    horizontal = (x[..., :, 1:] - x[..., :, :-1]).square().mean()
    return vertical + horizontal

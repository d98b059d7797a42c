"""Selects the channels that a convolution needs most, and fits it to them.

Channel pruning (He et al. 2017, https://arxiv.org/abs/1707.06168), with backward elimination
instead of their LASSO: both choose the channels from which least squares gives the wanted responses
best.

Shapes: B batch, C input channels, O output channels, X = 9 C weights of one output, M locations of
all pictures.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

_RIDGE = 1e-4  # of the mean variance, added to each: responses depend on each other
_AT_ONCE = 8  # pictures whose patches are in memory


def pruned(input_BCHW: Tensor, wanted_BOHW: Tensor, keep: int) -> tuple[list[int], Tensor, Tensor]:
    """The ``keep`` channels from which a 3×3 convolution comes nearest to ``wanted_BOHW``.

    Backward elimination: of the channels left, the one goes whose loss adds the least to the
    squared error, the others being fitted anew.

    Returns:
        The channels in order, and weights [O, keep, 3, 3] and bias [O] of the convolution.
    """
    mean_X, mean_O, covariance_XX, covariance_XO = _moments(input_BCHW, wanted_BOHW)
    covariance_XX.diagonal().add_(_RIDGE * covariance_XX.diagonal().mean())
    precision_XX = torch.linalg.inv(covariance_XX)
    weight_XO = precision_XX @ covariance_XO
    left = list(range(input_BCHW.shape[1]))

    def taps(channel: int) -> slice:
        return slice(9 * channel, 9 * channel + 9)

    while len(left) > keep:
        blocks_C9C9 = precision_XX.unflatten(1, (-1, 9)).unflatten(0, (-1, 9))
        own_L99 = torch.stack([blocks_C9C9[channel, :, channel] for channel in left])
        own_L9O = weight_XO.unflatten(0, (-1, 9))[left]
        costs_L = (own_L9O * torch.linalg.solve(own_L99, own_L9O)).sum((1, 2))
        worst = left.pop(int(costs_L.argmin()))
        own = taps(worst)
        share_X9 = precision_XX[:, own] @ torch.linalg.inv(precision_XX[own, own])
        weight_XO = weight_XO - share_X9 @ weight_XO[own]
        precision_XX = precision_XX - share_X9 @ precision_XX[own]
    rows = torch.cat([torch.arange(len(weight_XO))[taps(channel)] for channel in left])
    bias_O = mean_O - weight_XO[rows].T @ mean_X[rows]
    weight_OCKK = weight_XO[rows].T.reshape(-1, keep, 3, 3)
    return left, weight_OCKK.float(), bias_O.float()


def _moments(input_BCHW: Tensor, wanted_BOHW: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Means and covariances of 3×3 patches [X = 9 C] and of what is wanted [O], over locations."""
    count, inputs, outputs = 0, 9 * input_BCHW.shape[1], wanted_BOHW.shape[1]
    sums = input_BCHW.new_zeros(inputs + outputs, dtype=torch.float64)
    products = torch.outer(sums, sums)
    for some, its in zip(
        torch.split(input_BCHW, _AT_ONCE), torch.split(wanted_BOHW, _AT_ONCE), strict=True
    ):
        patches_BXP = F.unfold(some, 3, padding=1)
        both_MX = torch.cat([patches_BXP, its.flatten(2)], 1).transpose(1, 2).flatten(0, 1).double()
        sums += both_MX.sum(0)
        products += both_MX.T @ both_MX
        count += len(both_MX)
    mean = sums / count
    covariance = products / count - mean[:, None] * mean
    return mean[:inputs], mean[inputs:], covariance[:inputs, :inputs], covariance[:inputs, inputs:]

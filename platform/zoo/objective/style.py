"""Style: every patch looks like that person's patch at the same place (paper, equations 2–4).

    L_style = (1/M) Σ_i d_c(Ψ_i(Φ(x̂)), Ψ_i(Φ(y_NN(i)))),   d_c = 1 − cosine,
    NN(i)   = argmin over the N_best style photos of that distance, at the same location i.

N_best(x) are the style photos whose aligned landmarks are nearest to x's, so that pose and
expression agree. Patches are 1×1 at the feature level.

All similarities come from one batched matrix product against a bank of unit feature vectors;
a mask keeps N_best and a maximum picks NN(i), so no feature map is ever gathered.

Shapes: P = H·W locations, B batch, C channels, N style photos.
"""

import torch
from torch import Tensor
from torch.nn import functional as F


def style_bank(features_NCHW: Tensor) -> Tensor:
    """Features of all style photos → bank_PCN of unit vectors, in the features' precision."""
    return F.normalize(features_NCHW.flatten(2), dim=1).permute(2, 1, 0).contiguous()


def nearest_styles(photo_B682: Tensor, style_N682: Tensor, n_best: int) -> Tensor:
    """N_best(x): mask_BN, true for the ``n_best`` style photos with the nearest landmarks.

    Landmarks are in unit crop coordinates; the distance is Euclidean over all 68 points.
    """
    distance_BN = torch.cdist(photo_B682.flatten(1).float(), style_N682.flatten(1).float())
    nearest = distance_BN.topk(min(n_best, len(style_N682)), dim=1, largest=False).indices
    return torch.zeros_like(distance_BN, dtype=torch.bool).scatter_(1, nearest, True)


def style_loss(output_BCHW: Tensor, bank_PCN: Tensor, chosen_BN: Tensor) -> Tensor:
    """Mean over locations of the cosine distance to the nearest chosen style patch. Scalar, 0..2.

    Args:
        output_BCHW: Φ(x̂) at one style layer.
        bank_PCN: :func:`style_bank` of the same layer.
        chosen_BN: :func:`nearest_styles`.
    """
    patches_PBC = F.normalize(output_BCHW.flatten(2), dim=1).permute(2, 0, 1)
    cosine_PBN = torch.bmm(patches_PBC.to(bank_PCN.dtype), bank_PCN).float()
    best_PB = cosine_PBN.masked_fill(~chosen_BN, -torch.inf).amax(dim=2)
    return 1 - best_PB.mean()

"""Style: every patch looks like that person's patch at the same place (paper, equations 2–4).

    L_style = (1/M) Σ_i d_c(Ψ_i(Φ(x̂)), Ψ_i(Φ(y_NN(i)))),   d_c = 1 − cosine,
    NN(i)   = argmin over the N_best style photos of that distance, at the same location i.

N_best(x) are the style photos whose aligned landmarks are nearest to x's, so that pose and
expression agree; the paper has one set for the whole face, here each part of the face can have
its own (:mod:`zoo.objective.parts`). Patches are 1×1 at the feature level.

All similarities come from one batched matrix product against a bank of unit feature vectors;
a mask keeps N_best and a maximum picks NN(i), so no feature map is ever gathered.

Shapes: P = H·W locations, B batch, C channels, N style photos, R parts of the face.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from zoo.objective.parts import FACE, PARTS, part_of_each_location

_WHOLE_FACE = 0.25
"""How much the whole face counts beside a part's own landmarks: the pose still has a say."""


def style_bank(features_NCHW: Tensor) -> Tensor:
    """Features of all style photos → bank_PCN of unit vectors, in the features' precision."""
    return F.normalize(features_NCHW.flatten(2), dim=1).permute(2, 1, 0).contiguous()


def nearest_styles(
    photo_B682: Tensor, style_N682: Tensor, n_best: int, *, by_parts: bool = True
) -> Tensor:
    """N_best(x): mask_RBN, true for the ``n_best`` style photos with the nearest landmarks.

    The distance is the mean squared distance of the part's landmarks, in unit crop coordinates,
    plus a quarter of that of all 68. With ``by_parts`` false every part has the whole face's.
    """
    whole_BN = _distance(photo_B682, style_N682, FACE.landmarks)
    masks = []
    for part in PARTS:
        distance_BN = whole_BN
        if by_parts and part.landmarks != FACE.landmarks:
            own_BN = _distance(photo_B682, style_N682, part.landmarks)
            distance_BN = own_BN + _WHOLE_FACE * whole_BN
        nearest = distance_BN.topk(min(n_best, len(style_N682)), dim=1, largest=False).indices
        mask = torch.zeros_like(distance_BN, dtype=torch.bool)
        masks.append(mask.scatter_(1, nearest, True))
    return torch.stack(masks)


def style_loss(output_BCHW: Tensor, bank_PCN: Tensor, chosen_RBN: Tensor) -> Tensor:
    """Mean over locations of the cosine distance to the nearest chosen style patch. Scalar, 0..2.

    Each location counts with its part's weight.

    Args:
        output_BCHW: Φ(x̂) at one style layer.
        bank_PCN: :func:`style_bank` of the same layer.
        chosen_RBN: :func:`nearest_styles`.
    """
    part_P = part_of_each_location(*output_BCHW.shape[2:]).to(chosen_RBN.device)
    patches_PBC = F.normalize(output_BCHW.flatten(2), dim=1).permute(2, 0, 1)
    cosine_PBN = torch.bmm(patches_PBC.to(bank_PCN.dtype), bank_PCN).float()
    best_PB = cosine_PBN.masked_fill(~chosen_RBN[part_P], -torch.inf).amax(dim=2)
    weight_P = best_PB.new_tensor([part.weight for part in PARTS])[part_P]
    return ((1 - best_PB) * weight_P[:, None]).mean()


def _distance(photo_B682: Tensor, style_N682: Tensor, landmarks: tuple[int, ...]) -> Tensor:
    """Mean squared distance_BN of these landmarks."""
    chosen = list(landmarks)
    photo, style = photo_B682[:, chosen].flatten(1), style_N682[:, chosen].flatten(1)
    return torch.cdist(photo.float(), style.float()).square() / len(chosen)

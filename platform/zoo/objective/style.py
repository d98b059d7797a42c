"""Style: every patch looks like that person's patch at the same place (paper, equations 2–4).

    L_style = (1/M) Σ_i d_c(Ψ_i(Φ(x̂)), Ψ_i(Φ(y_NN(i)))),   d_c = 1 − cosine,
    NN(i)   = argmin over the N_best style photos of that distance, at the same location i.

N_best(x) are the style photos whose aligned landmarks are nearest to x's, so that pose and
expression agree; the paper has one set for the whole face, here each part of the face can have
its own (:mod:`zoo.objective.parts`). Patches are 1×1 at the feature level.

All similarities come from one batched matrix product against a bank of unit feature vectors;
a mask keeps N_best and a maximum picks NN(i), so no feature map is ever gathered.

Hair, a headband or a hand over the face of a style photo is not the person. With ``skin_PN``, a
patch of forehead or cheek is compared with photos that show skin there only; where none of them
does, it does not count and the content decides.

Shapes: P = H·W locations, B batch, C channels, N style photos, R parts of the face.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from zoo.objective.parts import (
    FACE,
    FOREHEAD,
    PARTS,
    SURROUNDINGS,
    Part,
    landmarks_of,
    part_of_each_location,
    weight_of_each_location,
)

_SKIN = 0.8  # of a patch: less, and hair shows in it
_WHOLE_FACE = 0.25
"""How much the whole face counts beside a part's own landmarks: the pose still has a say."""


def style_bank(features_NCHW: Tensor) -> Tensor:
    """Features of all style photos → bank_PCN of unit vectors, in the features' precision."""
    return F.normalize(features_NCHW.flatten(2), dim=1).permute(2, 1, 0).contiguous()


def skin_bank(skin_N1HW: Tensor, size: tuple[int, int]) -> Tensor:
    """Which style photos show skin at each location of a layer of ``size`` (H, W): skin_PN.

    Args:
        skin_N1HW: how much of each pixel is skin, 0 to 1.
        size: of the layer's feature maps.
    """
    return (F.adaptive_avg_pool2d(skin_N1HW, size) > _SKIN).flatten(1).T.contiguous()


def nearest_styles(
    photo_B682: Tensor, style_N682: Tensor, n_best: int, *, by_parts: bool = True
) -> Tensor:
    """N_best(x): mask_RBN, true for the ``n_best`` style photos with the nearest landmarks.

    The distance is the mean squared distance of the part's landmarks, in unit crop coordinates,
    plus a quarter of that of all 68. With ``by_parts`` false every part has the whole face's.
    """
    whole_BN = _distance(photo_B682, style_N682, FACE)
    masks = []
    for part in PARTS:
        distance_BN = whole_BN
        if by_parts and part.landmarks != FACE.landmarks:
            own_BN = _distance(photo_B682, style_N682, part)
            distance_BN = own_BN + _WHOLE_FACE * whole_BN
        nearest = distance_BN.topk(min(n_best, len(style_N682)), dim=1, largest=False).indices
        mask = torch.zeros_like(distance_BN, dtype=torch.bool)
        masks.append(mask.scatter_(1, nearest, True))
    return torch.stack(masks)


def style_loss(
    output_BCHW: Tensor, bank_PCN: Tensor, chosen_RBN: Tensor, skin_PN: Tensor | None = None
) -> Tensor:
    """Mean over locations of the cosine distance to the nearest chosen style patch. Scalar, 0..2.

    Each location counts with its part's weight.

    Args:
        output_BCHW: Φ(x̂) at one style layer.
        bank_PCN: :func:`style_bank` of the same layer.
        chosen_RBN: :func:`nearest_styles`.
        skin_PN: :func:`skin_bank` of the same layer; without it every chosen photo will do.
    """
    height, width = output_BCHW.shape[2:]
    part_P = part_of_each_location(height, width, chosen_RBN.device)
    patches_PBC = F.normalize(output_BCHW.flatten(2), dim=1).permute(2, 0, 1)
    cosine_PBN = torch.bmm(patches_PBC.to(bank_PCN.dtype), bank_PCN).float()
    chosen_PBN = chosen_RBN[part_P]
    weight_PB = weight_of_each_location("style", height, width, cosine_PBN.device)[:, None]
    if skin_PN is not None:
        on_face_P = (part_P == PARTS.index(FACE)) | (part_P == PARTS.index(FOREHEAD))
        bare_PBN = chosen_PBN & (skin_PN | ~on_face_P[:, None])[:, None]
        hidden_PB = ~bare_PBN.any(dim=2)
        chosen_PBN = bare_PBN | (chosen_PBN & hidden_PB[..., None])
        weight_PB = weight_PB.masked_fill(hidden_PB, SURROUNDINGS.style)
    best_PB = cosine_PBN.masked_fill(~chosen_PBN, -torch.inf).amax(dim=2)
    return ((1 - best_PB) * weight_PB).mean()


def _distance(photo_B682: Tensor, style_N682: Tensor, part: Part) -> Tensor:
    """Mean squared distance_BN of the part's landmarks."""
    chosen = landmarks_of(part, photo_B682.device)
    photo, style = photo_B682[:, chosen].flatten(1), style_N682[:, chosen].flatten(1)
    return torch.cdist(photo.float(), style.float()).square() / len(chosen)

"""Style: every patch looks like that person's patch at the same place (paper, equations 2–4).

    L_style = (1/M) Σ_i d_c(Ψ_i(Φ(x̂)), Ψ_i(Φ(y_NN(i)))),   d_c = 1 − cosine,
    NN(i)   = argmin over the N_best style photos of that distance, at the same location i.

N_best(x) are the style photos whose aligned landmarks are nearest to x's, so that pose and
expression agree; the paper has one set for the whole face, here each part of the face can have
its own (:mod:`zoo.objective.parts`). Patches are 1×1 at the feature level.

Only the N_best are compared: their unit feature vectors are gathered from a bank of all style
photos', which holds the locations that count and no others (the surroundings do not).

Hair, a headband or a hand over the face of a style photo is not the person. With ``skin_QN``, a
patch of forehead or cheek is compared with photos that show skin there only; where none of them
does, it does not count and the content decides.

Shapes: P = H·W locations, Q of them count, B batch, C channels, N style photos, K = N_best of
them, R parts of the face.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from zoo.objective.parts import (
    FACE,
    FOREHEAD,
    PARTS,
    Part,
    landmarks_of,
    locations_that_count,
    part_of_each_location,
    weight_of_each_location,
)

_SKIN = 0.8  # of a patch: less, and hair shows in it
_WHOLE_FACE = 0.25
"""How much the whole face counts beside a part's own landmarks: the pose still has a say."""


def style_bank(features_NCHW: Tensor) -> Tensor:
    """Features of all style photos → bank_QNC of unit vectors, in the features' precision."""
    at_Q = locations_that_count("style", *features_NCHW.shape[2:], features_NCHW.device)
    unit_NCQ = F.normalize(features_NCHW.flatten(2).index_select(2, at_Q), dim=1)
    return unit_NCQ.permute(2, 0, 1).contiguous()


def skin_bank(skin_N1HW: Tensor, size: tuple[int, int]) -> Tensor:
    """Which style photos show skin at each location of a layer of ``size`` (H, W): skin_QN.

    Args:
        skin_N1HW: how much of each pixel is skin, 0 to 1.
        size: of the layer's feature maps.
    """
    at_Q = locations_that_count("style", *size, skin_N1HW.device)
    skin_NP = (F.adaptive_avg_pool2d(skin_N1HW, size) > _SKIN).flatten(1)
    return skin_NP.index_select(1, at_Q).T.contiguous()


def nearest_styles(
    photo_B682: Tensor, style_N682: Tensor, n_best: int, *, by_parts: bool = True
) -> Tensor:
    """N_best(x): for each part the K style photos with the nearest landmarks, nearest_RBK.

    The distance is the mean squared distance of the part's landmarks, in unit crop coordinates,
    plus a quarter of that of all 68. With ``by_parts`` false every part has the whole face's.
    K is ``n_best``, or the number of style photos if they are fewer.
    """
    whole_BN = _distance(photo_B682, style_N682, FACE)
    nearest = []
    for part in PARTS:
        distance_BN = whole_BN
        if by_parts and part.landmarks != FACE.landmarks:
            own_BN = _distance(photo_B682, style_N682, part)
            distance_BN = own_BN + _WHOLE_FACE * whole_BN
        nearest.append(distance_BN.topk(min(n_best, len(style_N682)), largest=False).indices)
    return torch.stack(nearest)


def style_loss(
    output_BCHW: Tensor, bank_QNC: Tensor, nearest_RBK: Tensor, skin_QN: Tensor | None = None
) -> Tensor:
    """Mean over locations of the cosine distance to the nearest chosen style patch. Scalar, 0..2.

    Each location counts with its part's weight.

    Args:
        output_BCHW: Φ(x̂) at one style layer.
        bank_QNC: :func:`style_bank` of the same layer.
        nearest_RBK: :func:`nearest_styles`.
        skin_QN: :func:`skin_bank` of the same layer; without it every chosen photo will do.
    """
    batch, _, height, width = output_BCHW.shape
    at_Q = locations_that_count("style", height, width, output_BCHW.device)
    part_Q = part_of_each_location(height, width, output_BCHW.device)[at_Q]
    # The bank as a table: row q·N + n is the patch of photo n at location q.
    rows_QNC = bank_QNC.flatten(0, 1)
    first_Q = torch.arange(0, len(rows_QNC), bank_QNC.shape[1], device=output_BCHW.device)
    row_QBK = first_Q[:, None, None] + nearest_RBK[part_Q]
    nearest_QBKC = F.embedding(row_QBK, rows_QNC)
    unit_BCQ = F.normalize(output_BCHW.flatten(2).index_select(2, at_Q), dim=1)
    patches_QB1C = unit_BCQ.permute(2, 0, 1)[:, :, None].to(bank_QNC.dtype)
    cosine_QBK = (patches_QB1C @ nearest_QBKC.mT)[:, :, 0].float()
    weight_P = weight_of_each_location("style", height, width, output_BCHW.device)
    weight_QB = weight_P[at_Q, None].expand(-1, batch)
    if skin_QN is not None:
        on_face_Q = (part_Q == PARTS.index(FACE)) | (part_Q == PARTS.index(FOREHEAD))
        bare_QBK = skin_QN.flatten()[row_QBK] | ~on_face_Q[:, None, None]
        hidden_QB = ~bare_QBK.any(dim=2)
        cosine_QBK = cosine_QBK.masked_fill(~bare_QBK & ~hidden_QB[..., None], -torch.inf)
        weight_QB = weight_QB.masked_fill(hidden_QB, 0)
    best_QB = cosine_QBK.amax(dim=2)
    loss: Tensor = ((1 - best_QB) * weight_QB).sum() / (batch * height * width)
    return loss


def _distance(photo_B682: Tensor, style_N682: Tensor, part: Part) -> Tensor:
    """Mean squared distance_BN of the part's landmarks."""
    chosen = landmarks_of(part, photo_B682.device)
    photo, style = photo_B682[:, chosen].flatten(1), style_N682[:, chosen].flatten(1)
    return torch.cdist(photo.float(), style.float()).square() / len(chosen)

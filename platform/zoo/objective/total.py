"""The whole objective: L = L_content + α·L_style + β·L_light + γ·L_TV (paper, equation 7).

Beyond the paper, ω·L_identity can be added (:mod:`zoo.objective.identity`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from zoo.networks.vgg19 import CONTENT_LAYER, STYLE_LAYERS
from zoo.objective.content import content_loss
from zoo.objective.light import light_loss
from zoo.objective.style import nearest_styles, skin_bank, style_bank, style_loss
from zoo.objective.total_variation import total_variation_loss


@dataclass(frozen=True)
class Weights:
    """α, β, γ and ω of one step; α, which changes, may be a tensor that keeps its place."""

    style: float | Tensor
    light: float
    total_variation: float
    identity: float = 0.0


@dataclass(frozen=True)
class Style:
    """The style set as the style term needs it.

    Attributes:
        banks: of features, by layer.
        skin: where the photos show skin, by layer; empty when that does not matter.
        landmarks: landmarks_N682.
        n_best: how many photos may be compared with.
        by_parts: whether parts of the face choose theirs apart.
    """

    banks: Mapping[str, Tensor]
    skin: Mapping[str, Tensor]
    landmarks: Tensor
    n_best: int
    by_parts: bool


@dataclass(frozen=True)
class Losses:
    """The total, which has a gradient, and each unweighted term, detached."""

    total: Tensor
    terms: dict[str, Tensor]


def style_of(
    features: Mapping[str, Tensor],
    landmarks_N682: Tensor,
    n_best: int,
    *,
    by_parts: bool = True,
    skin_N1HW: Tensor | None = None,
) -> Style:
    """The style set from its photos' features and landmarks, and where they show skin."""
    banks = {layer: style_bank(features[layer]) for layer in STYLE_LAYERS}
    skin = {}
    if skin_N1HW is not None:
        for layer in STYLE_LAYERS:
            height, width = features[layer].shape[2:]
            skin[layer] = skin_bank(skin_N1HW, (height, width))
    return Style(banks, skin, landmarks_N682, n_best, by_parts)


def total_loss(
    output_B3HW: Tensor,
    photo_B3HW: Tensor,
    photo_features_BCHW: Tensor,
    landmarks_B682: Tensor,
    style: Style,
    weights: Weights,
    perceptual: Callable[[Tensor], Mapping[str, Tensor]],
    light_network: Callable[[Tensor], Tensor] | None = None,
    identity: Callable[[Tensor, Tensor], Tensor] | None = None,
) -> Losses:
    """L and its terms for one batch.

    Args:
        output_B3HW: x̂ in 0..1, the transformation network's output.
        photo_B3HW: x in 0..1.
        photo_features_BCHW: Φ(x) at the content layer, without a gradient.
        landmarks_B682: x's landmarks in unit crop coordinates.
        style: the identity.
        weights: α, β, γ, ω.
        perceptual: Φ.
        light_network: Γ; needed when ``weights.light`` is not zero.
        identity: L_identity of x̂ and x; needed when ``weights.identity`` is not zero.
    """
    features = perceptual(output_B3HW)
    nearest_RBK = nearest_styles(
        landmarks_B682, style.landmarks, style.n_best, by_parts=style.by_parts
    )
    per_layer = [
        style_loss(features[name], bank, nearest_RBK, style.skin.get(name))
        for name, bank in style.banks.items()
    ]
    terms = {
        "content": content_loss(features[CONTENT_LAYER], photo_features_BCHW),
        "style": torch.stack(per_layer).mean(),
        "total_variation": total_variation_loss(output_B3HW),
    }
    total = (
        terms["content"]
        + weights.style * terms["style"]
        + weights.total_variation * terms["total_variation"]
    )
    if weights.light:
        if light_network is None:
            raise ValueError("a light weight needs a light network")
        terms["light"] = light_loss(output_B3HW, photo_B3HW, light_network)
        total = total + weights.light * terms["light"]
    if weights.identity:
        if identity is None:
            raise ValueError("an identity weight needs a descriptor network")
        terms["identity"] = identity(output_B3HW, photo_B3HW)
        total = total + weights.identity * terms["identity"]
    return Losses(total, {name: term.detach() for name, term in terms.items()})

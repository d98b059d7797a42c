"""The objective of one identity at one resolution, ready to be applied to batches."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from zoo.faces.pack import FacePack
from zoo.networks.compact import Compact
from zoo.networks.light import LightNetwork, read_light
from zoo.networks.vgg19 import VGG19
from zoo.objective.total import Losses, Style, Weights, style_of, total_loss
from zoo.training.batches import Batch, style_batch
from zoo.training.device import autocast, has_bf16
from zoo.training.proportions import with_reference_jaw
from zoo.training.recipes import Recipe

STYLE_CHUNK = 32


@dataclass(frozen=True)
class Judges:
    """The frozen networks that look at the output."""

    perceptual: nn.Module
    light: LightNetwork | None
    device: torch.device


@dataclass(frozen=True)
class Criterion:
    """L for batches of one resolution."""

    style: Style
    judges: Judges

    def __call__(self, network: nn.Module, batch: Batch, weights: Weights) -> Losses:
        """The loss of ``network`` on ``batch`` (on any device)."""
        device = self.judges.device
        photos, landmarks = batch.photos.to(device), batch.landmarks.to(device)
        with autocast(device):
            return total_loss(
                network(photos),
                photos,
                landmarks,
                self.style,
                weights,
                self.judges.perceptual,
                self.judges.light,
            )


def judges(
    perceptual: str, weights: Mapping[str, Tensor], light: bool, device: torch.device
) -> Judges:
    """The perceptual network of that name with these weights, and the light network if wanted."""
    network: nn.Module = VGG19() if perceptual == "vgg19" else Compact()
    network.load_state_dict(dict(weights))
    precision = torch.bfloat16 if has_bf16(device) else torch.float32
    network.to(device, precision, memory_format=torch.channels_last)  # type: ignore[call-overload]
    frozen = network.eval().requires_grad_(False)
    return Judges(frozen, read_light().to(device) if light else None, device)


@torch.no_grad()
def criterion(judges: Judges, photos: FacePack, recipe: Recipe, resolution: int) -> Criterion:
    """The objective against an identity's ``photos``."""
    photos = with_reference_jaw(photos)
    styles = style_batch(photos, resolution, mirrored=recipe.mirrored)
    chunks = []
    with autocast(judges.device):
        for chunk in torch.split(styles.photos, STYLE_CHUNK):
            chunks.append(judges.perceptual(chunk.to(judges.device)))
    features = {layer: torch.cat([chunk[layer] for chunk in chunks]) for layer in chunks[0]}
    by_parts = recipe.n_best_by == "parts"
    landmarks = styles.landmarks.to(judges.device)
    return Criterion(style_of(features, landmarks, recipe.n_best, by_parts=by_parts), judges)

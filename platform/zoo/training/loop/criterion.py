"""The objective of one identity at one resolution, applied to batches."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from zoo.faces.curation.face_pack import FacePack
from zoo.faces.masks.segmentation import SKIN, segment
from zoo.networks.compact import Compact
from zoo.networks.descriptor import DescriptorNetwork, read_descriptor_network
from zoo.networks.light import LightNetwork, read_light
from zoo.networks.vgg19 import VGG19
from zoo.objective.identity import identity_loss, target_descriptor
from zoo.objective.total import Losses, Style, Weights, style_of, total_loss
from zoo.training.loop.batches import Batch, style_batch
from zoo.training.loop.content_features import ContentFeatures
from zoo.training.loop.device import autocast, has_bf16
from zoo.training.loop.face_shape import with_reference_jaw
from zoo.training.recipes import Recipe

STYLE_CHUNK = 32


@dataclass(frozen=True)
class LossNetworks:
    """The frozen networks of the objective."""

    perceptual: nn.Module
    light: LightNetwork | None
    descriptor: DescriptorNetwork | None
    device: torch.device

    def describe(self, chip_B3HW: Tensor) -> Tensor:
        """Δ, in the network's own precision."""
        assert self.descriptor is not None
        found: Tensor = self.descriptor(chip_B3HW.to(self.descriptor.last.weight.dtype))
        return found


@dataclass(frozen=True)
class Criterion:
    """L for batches of one resolution."""

    style: Style
    networks: LossNetworks
    target_128: Tensor | None
    """The mean descriptor of the identity's photos, when the recipe has an identity term."""
    content: ContentFeatures
    """Φ of photos seen before."""

    def __call__(self, network: nn.Module, batch: Batch, weights: Weights) -> Losses:
        """The loss of ``network`` on ``batch`` (on any device)."""
        device = self.networks.device
        photos, landmarks = batch.photos.to(device), batch.landmarks.to(device)
        with autocast(device):
            return total_loss(
                network(photos),
                photos,
                self.content.of(batch, photos, self.networks.perceptual),
                landmarks,
                self.style,
                weights,
                self.networks.perceptual,
                self.networks.light,
                self._identity if self.target_128 is not None else None,
            )

    def _identity(self, output_B3HW: Tensor, photo_B3HW: Tensor) -> Tensor:
        assert self.target_128 is not None and self.networks.descriptor is not None
        # In full precision up to the network: the composite is a difference of like pictures.
        with torch.autocast(self.networks.device.type, enabled=False):
            return identity_loss(
                output_B3HW.float(), photo_B3HW, self.target_128, self.networks.describe
            )


def loss_networks(
    perceptual: str, weights: Mapping[str, Tensor], recipe: Recipe, device: torch.device
) -> LossNetworks:
    """The perceptual network of that name with these weights, and what else the recipe wants.

    Raises:
        AssetError: dlib's descriptor network is missing or damaged.
    """
    network: nn.Module = VGG19() if perceptual == "vgg19" else Compact()
    network.load_state_dict(dict(weights))
    precision = torch.bfloat16 if has_bf16(device) else torch.float32
    network.to(device, precision, memory_format=torch.channels_last)  # type: ignore[call-overload]
    frozen = network.eval().requires_grad_(False)
    light = read_light().to(device) if recipe.light_weight else None
    descriptor = None
    if recipe.identity_weight:
        descriptor = read_descriptor_network()
        descriptor.to(device, precision, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return LossNetworks(frozen, light, descriptor, device)


@torch.no_grad()
def criterion(
    networks: LossNetworks,
    photos: FacePack,
    recipe: Recipe,
    resolution: int,
    content: ContentFeatures | None = None,
) -> Criterion:
    """The objective against an identity's ``photos``.

    Args:
        networks: the frozen ones.
        photos: aligned.
        recipe: which terms there are.
        resolution: pixels.
        content: Φ of content photos that other trainings have seen.
    """
    unbent, photos = photos, with_reference_jaw(photos)
    styles = style_batch(photos, resolution, mirrored=recipe.mirrored)
    chunks = []
    with autocast(networks.device):
        for chunk in torch.split(styles.photos, STYLE_CHUNK):
            chunks.append(networks.perceptual(chunk.to(networks.device)))
    features = {layer: torch.cat([chunk[layer] for chunk in chunks]) for layer in chunks[0]}
    by_parts = recipe.n_best_by == "parts"
    landmarks = styles.landmarks.to(networks.device)
    skin = _skin(photos, recipe.mirrored).to(networks.device) if recipe.skin_only else None
    style = style_of(features, landmarks, recipe.n_best, by_parts=by_parts, skin_N1HW=skin)
    target = None
    if networks.descriptor is not None:
        # As they are, not bent: who it is lies in the proportions too.
        real = style_batch(unbent, resolution, mirrored=recipe.mirrored)
        target = target_descriptor(real.photos.to(networks.device), networks.describe)
    return Criterion(style, networks, target, content or ContentFeatures())


def _skin(photos: FacePack, mirrored: bool) -> Tensor:
    """How much of each pixel of the style photos, then of their mirror images, is skin: N1HW."""
    shown = [segment(np.ascontiguousarray(face))[..., SKIN] for face in photos.faces]
    if mirrored:
        shown += [plane[:, ::-1] for plane in shown]
    return torch.from_numpy(np.stack(shown))[:, None]

"""The light network Γ: features of the light on an aligned face.

Trained as a siamese network on pairs of different people (``zoo.training.shipped.light_network``),
so that distances between its features are distances between lights. The mean squared difference of
its features is the light term (Korshunova et al. 2017, equation 5).

The gradient of Γ must lead a picture towards a light, not towards noise. So Γ reads 32×32 blurred
samples of the face only: details finer than shading, hair, clothes and background are not visible
to it and receive no gradient. It takes their logarithm, in which light and skin add up, less its
mean: exposure and skin tone are not light's direction. All of it is smooth (no max pooling, no
ReLU).
"""

from importlib.resources import as_file, files

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.networks.shipped import LIGHT

GRID = 64
"""The side that every input is averaged to."""

SAMPLES = 32
"""Places along each axis where Γ looks."""

_WINDOW = (0.15, 0.91)  # of the crop, both axes: where the places lie
_BLUR = 0.022  # standard deviation of a sample, in parts of the crop
_CENTRE, _RADII = (0.5, 0.53), (0.29, 0.35)  # x, y of the ellipse that holds brows, cheeks, chin
_EDGE = 0.05  # width of the ellipse's soft rim
_DARK = 0.04  # added to luminance before its logarithm: below it, dark is dark


class LightNetwork(nn.Module):
    """luminance_B1HW in 0..1, H = W ≥ 32 → features_BC of unit variance (C = ``features``).

    Computed in the weights' precision, under autocast too: it is small, and half precision
    would cost the differences between near lights.
    """

    place_LG: Tensor
    inside_LL: Tensor
    mean_C: Tensor
    scale: Tensor

    def __init__(self, features: int = 32) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv2d(1, 32, 5, stride=2, padding=2),
            nn.SiLU(),
            nn.Conv2d(32, 64, 3, stride=2, padding=1),
            nn.SiLU(),
            nn.Conv2d(64, 64, 3, padding=1),
            nn.SiLU(),
            nn.Conv2d(64, 80, 3, stride=2, padding=1),
            nn.SiLU(),
        )
        side = SAMPLES // 8
        self.connected = nn.Sequential(
            nn.Linear(80 * side * side, 128), nn.SiLU(), nn.Linear(128, features)
        )
        self.register_buffer("place_LG", _places(), persistent=False)
        self.register_buffer("inside_LL", _inside(), persistent=False)
        self.register_buffer("mean_C", torch.zeros(features))
        self.register_buffer("scale", torch.ones(()))

    def forward(self, luminance_B1HW: Tensor) -> Tensor:
        with torch.autocast(luminance_B1HW.device.type, enabled=False):
            seen = self.look(luminance_B1HW.to(self.scale.dtype))
            embedded = self.connected(self.convolutions(seen).flatten(1))
            features_BC: Tensor = (embedded - self.mean_C) * self.scale
            return features_BC

    def look(self, luminance_B1HW: Tensor) -> Tensor:
        """What Γ sees, [B, 1, 32, 32]: log luminance less the face's mean, 0 outside the face."""
        grid = F.adaptive_avg_pool2d(luminance_B1HW, GRID)
        # A network in training may leave 0..1.
        samples = (self.place_LG @ grid @ self.place_LG.T).clamp_min(0).add(_DARK).log()
        mean = (samples * self.inside_LL).sum((2, 3), keepdim=True) / self.inside_LL.sum()
        return (samples - mean) * self.inside_LL

    @torch.no_grad()
    def normalise(self, luminance_B1HW: Tensor) -> None:
        """Fixes mean and scale so that the features of these faces have unit variance on average.

        One scale serves all features: with a scale for each, those that tell lights apart the
        least, and so people the most, would count as much as the others.
        """
        self.mean_C.zero_()
        self.scale.fill_(1)
        embedded_BC = self(luminance_B1HW)
        self.mean_C.copy_(embedded_BC.mean(0))
        self.scale.copy_(embedded_BC.var(0).mean().rsqrt())


def read_light() -> LightNetwork:
    """The network with the weights that the package ships (half precision on disk), frozen."""
    from safetensors.torch import load_file

    network = LightNetwork()
    with as_file(files("zoo.networks") / LIGHT) as path:
        weights = load_file(path)
    network.load_state_dict({name: value.float() for name, value in weights.items()})
    return network.eval().requires_grad_(False)


def _places() -> Tensor:
    """[L, G]: each row the weights of the grid's pixels in one sample, along either axis."""
    low, high = _WINDOW
    centres_L = low + (torch.arange(SAMPLES) + 0.5) / SAMPLES * (high - low)
    pixels_G = (torch.arange(GRID) + 0.5) / GRID
    weights_LG = torch.exp(-0.5 * ((centres_L[:, None] - pixels_G) / _BLUR).square())
    return weights_LG / weights_LG.sum(1, keepdim=True)


def _inside() -> Tensor:
    """[L, L]: 1 on the face, 0 beyond, soft between."""
    low, high = _WINDOW
    centres_L = low + (torch.arange(SAMPLES) + 0.5) / SAMPLES * (high - low)
    across = (centres_L[None, :] - _CENTRE[0]) / _RADII[0]
    down = (centres_L[:, None] - _CENTRE[1]) / _RADII[1]
    return torch.sigmoid((1 - (across.square() + down.square()).sqrt()) / (_EDGE / _RADII[0] / 2))

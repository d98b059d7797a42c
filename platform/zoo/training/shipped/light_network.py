"""Trains the light network on pairs of faces and measures its accuracy.

Siamese, contrastive (Chopra, Hadsell & LeCun 2005, *Learning a Similarity Metric
Discriminatively*, in the form of Hadsell et al. 2006): with d the distance of two faces'
features, a pair under the same light costs d², under different lights max(0, m − d)².
Most pairs under different lights soon cost nothing, so the mean is over those that do: near
lights count as much at the end as far ones at the start.
"""

from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from zoo.networks.light import LightNetwork
from zoo.training.shipped.light_pairs import SIDE, Indices, LitFaces, draw_batch, draw_pairs

MARGIN = 2.0
"""m, in units of the features before they are normalised."""

ATTACK = 0.6
"""Largest Euclidean length of the change that :func:`attacked` makes to a 64×64 face."""

_RATE = 3e-3


def train_light(
    sources: list[LitFaces],
    iterations: int,
    *,
    seed: int = 0,
    progress: Callable[[Iterable[int]], Iterable[int]] = iter,
) -> LightNetwork:
    """A network trained on batches of the ``sources`` in turn."""
    torch.manual_seed(seed)
    network = LightNetwork()
    adam = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(adam, _RATE, iterations)
    random = np.random.default_rng(seed)
    for step in progress(range(iterations)):
        faces = sources[step % len(sources)]
        chosen = _batch(faces, random)
        kinds = _kinds(faces, chosen)
        photos = disturbed(faces.luminance_NSS[chosen], faces.circumstance_N[chosen], random)
        photos = attacked(network, photos, kinds, random)
        loss = contrastive_loss(network(photos), *kinds)
        adam.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        adam.step()
        schedule.step()
    network.eval().requires_grad_(False)
    network.normalise(torch.cat([as_luminance(faces.luminance_NSS) for faces in sources]))
    return network


def contrastive_loss(
    features_BC: Tensor, same_BB: Tensor, different_BB: Tensor, margin: float = MARGIN
) -> Tensor:
    """Mean d² over the pairs of one light plus mean (m − d)² over the others with d < m.

    Args:
        features_BC: of B faces.
        same_BB: which pairs show different people under the same light.
        different_BB: which show different people under different lights.
        margin: m, the distance beyond which different lights are different enough.
    """
    squared_BB = (features_BC[:, None] - features_BC[None]).square().sum(2)
    short_P = F.relu(margin - (squared_BB[different_BB] + 1e-6).sqrt())
    return squared_BB[same_BB].mean() + short_P.square().sum() / (short_P > 0).sum().clamp_min(1)


def attacked(
    network: LightNetwork,
    photos_N1SS: Tensor,
    kinds: tuple[Tensor, Tensor],
    random: np.random.Generator,
) -> Tensor:
    """The faces, each changed a little in the direction that the loss suffers from most.

    A network that withstands this cannot rest on features that a faint pattern turns over, and
    so stepping its distance relights a face instead of drawing patterns on it (adversarial
    training, Goodfellow et al. 2015; on what the gradients then look like, Tsipras et al. 2019).
    """
    photos = photos_N1SS.clone().requires_grad_(True)
    (slope,) = torch.autograd.grad(contrastive_loss(network(photos), *kinds), photos)
    length = slope.flatten(1).norm(dim=1).view(-1, 1, 1, 1) + 1e-12
    change: Tensor = slope / length * _each(random, len(photos), 0, ATTACK)
    return (photos_N1SS + change).clamp(0, 1)


def disturbed(
    luminance_NSS: np.ndarray, group_N: np.ndarray, random: np.random.Generator
) -> Tensor:
    """Faces uint8 [N, S, S] → luminance_N1SS in 0..1, as if of other people and other cameras.

    Mirror and tone curve are common to a group, because they change what a light looks like.
    What differs from face to face: patches of lighter and darker skin, exposure, a little tone,
    the features' places, sharpness and noise.
    """
    photos = as_luminance(luminance_NSS)
    count = len(photos)
    numbers, group_N = np.unique(group_N, return_inverse=True)
    mirrored = torch.from_numpy((random.random(len(numbers)) < 0.5)[group_N])
    photos[mirrored] = photos[mirrored].flip(-1)
    photos = photos * (_field(random, count, 9) * _each(random, count, 0, 0.1)).exp()
    photos = (photos * _each(random, count, -0.5, 0.35).exp()).clamp(1e-4, 1)
    tone = _each(random, len(numbers), -0.5, 0.8)[torch.from_numpy(group_N)]
    photos = photos.pow((tone + _each(random, count, -0.06, 0.06)).exp())
    photos = _moved(photos, random)
    soft = F.interpolate(F.avg_pool2d(photos, 2), scale_factor=2.0, mode="bilinear")
    photos = torch.lerp(photos, soft, _each(random, count, 0, 1))
    noise = torch.from_numpy(random.standard_normal(tuple(photos.shape), np.float32))
    return (photos + noise * _each(random, count, 0, 0.05)).clamp(0, 1)


def as_luminance(luminance_NSS: np.ndarray) -> Tensor:
    """uint8 [N, S, S] → luminance_N1SS in 0..1."""
    return torch.from_numpy(luminance_NSS).unsqueeze(1).float() / 255


@torch.no_grad()
def pair_distances(
    network: LightNetwork, faces: LitFaces, count: int, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Distances_P of ``count`` pairs and which of them, same_P, are under the same light."""
    first, second, same = draw_pairs(faces, count, seed)
    photos = as_luminance(faces.luminance_NSS)
    features = torch.cat([network(photos[i : i + 512]) for i in range(0, len(photos), 512)])
    return (features[first] - features[second]).square().mean(1).sqrt().numpy(), same


def best_threshold(distances_P: np.ndarray, same_P: np.ndarray) -> float:
    """The distance below which calling a pair 'same light' is right most often."""
    order = np.argsort(distances_P)
    sorted_P, same = distances_P[order], same_P[order]
    right = np.cumsum(np.where(same, 1, -1))
    best = int(np.argmax(right))
    return float(sorted_P[best : best + 2].mean())


def pair_accuracy(distances_P: np.ndarray, same_P: np.ndarray, threshold: float) -> float:
    """Part of the pairs that the threshold puts on the right side."""
    return float(((distances_P < threshold) == same_P).mean())


def _batch(faces: LitFaces, random: np.random.Generator) -> Indices:
    """About ninety faces: of three circumstances if there are so many, else of more lights."""
    circumstances = min(3, len(np.unique(faces.circumstance_N)))
    return draw_batch(faces, circumstances, 6, 15 // circumstances, random)


def _kinds(faces: LitFaces, chosen: Indices) -> tuple[Tensor, Tensor]:
    """Which pairs [B, B] of the chosen faces share the light, and which differ in it."""

    def equal(labels: Indices) -> np.ndarray:
        return np.asarray(labels[chosen][:, None] == labels[chosen][None])

    comparable = equal(faces.circumstance_N) & ~equal(faces.person_N)
    same = equal(faces.light_N)
    return torch.from_numpy(comparable & same), torch.from_numpy(comparable & ~same)


def _moved(photos_N1SS: Tensor, random: np.random.Generator) -> Tensor:
    """Shifted, stretched and bent by a few hundredths of the side."""
    count, _, side, _ = photos_N1SS.shape
    zero = torch.zeros(count, 1, 1, 1)
    right, down = (_each(random, count, -0.025, 0.025) for _ in range(2))
    zoom = _each(random, count, 0.96, 1.04)
    higher = zoom * _each(random, count, 0.96, 1.04)
    rows = [torch.cat([zoom, zero, right], 3), torch.cat([zero, higher, down], 3)]
    grid = F.affine_grid(torch.cat(rows, 2).squeeze(1), [count, 1, side, side], align_corners=False)
    bend = [_field(random, count, 5) * _each(random, count, 0, 0.03) for _ in range(2)]
    grid = grid + torch.cat(bend, 1).permute(0, 2, 3, 1)
    return F.grid_sample(photos_N1SS, grid, padding_mode="border", align_corners=False)


def _each(random: np.random.Generator, count: int, low: float, high: float) -> Tensor:
    """A uniform number for each face, [count, 1, 1, 1]."""
    return torch.from_numpy(random.uniform(low, high, (count, 1, 1, 1))).float()


def _field(random: np.random.Generator, count: int, cells: int) -> Tensor:
    """Smooth noise [count, 1, S, S] of about unit variance, ``cells`` knots along each axis."""
    knots = torch.from_numpy(random.standard_normal((count, 1, cells, cells), np.float32))
    return F.interpolate(knots, (SIDE, SIDE), mode="bicubic", align_corners=True)

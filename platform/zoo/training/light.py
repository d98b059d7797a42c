"""Training the light network on pairs of faces, and how well it tells lights apart.

Siamese, contrastive (Chopra, Hadsell & LeCun 2005, *Learning a Similarity Metric
Discriminatively*, in the form of Hadsell et al. 2006): with d the distance of two faces'
features, a pair under the same light costs d², under different lights max(0, m − d)².
"""

from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from zoo.networks.light import LightNetwork
from zoo.training.light_pairs import LitFaces, draw_batch, draw_pairs

MARGIN = 2.0
"""m, in units of the features before they are normalised."""


def train_light(
    sources: list[LitFaces],
    iterations: int,
    *,
    seed: int = 0,
    progress: Callable[[Iterable[int]], Iterable[int]] = iter,
) -> LightNetwork:
    """A network trained on faces of the ``sources`` in turn, one after the other."""
    torch.manual_seed(seed)
    network = LightNetwork()
    adam = torch.optim.AdamW(network.parameters(), lr=1.5e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(adam, 1.5e-3, iterations)
    random = np.random.default_rng(seed)
    for step in progress(range(iterations)):
        faces = sources[step % len(sources)]
        chosen = draw_batch(faces, _circumstances(faces), people=6, lights=8, random=random)
        photos = disturbed(faces.luminance_NSS[chosen], faces.circumstance_N[chosen], random)
        loss = contrastive_loss(network(photos), *_kinds(faces, chosen))
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
    """Mean of d² over the pairs of one light plus mean of max(0, m − d)² over the others.

    Args:
        features_BC: of B faces.
        same_BB: which pairs show different people under the same light.
        different_BB: which show different people under different lights.
        margin: m, the distance beyond which different lights are different enough.
    """
    squared_BB = (features_BC[:, None] - features_BC[None]).square().sum(2)
    short_BB = F.relu(margin - (squared_BB + 1e-6).sqrt())
    return squared_BB[same_BB].mean() + short_BB[different_BB].square().mean()


def disturbed(
    luminance_NSS: np.ndarray, group_N: np.ndarray, random: np.random.Generator
) -> Tensor:
    """Faces uint8 [N, S, S] → luminance_N1SS in 0..1, as other cameras would have seen them.

    Mirror and tone curve are common to a group, because they change what a light looks like.
    Exposure, a little tone, place, sharpness and noise differ from face to face.
    """
    photos = as_luminance(luminance_NSS)
    _, group_N = np.unique(group_N, return_inverse=True)
    groups = int(group_N.max()) + 1
    mirrored = torch.from_numpy((random.random(groups) < 0.5)[group_N])
    photos[mirrored] = photos[mirrored].flip(-1)

    def each(low: float, high: float, count: int = len(photos)) -> Tensor:
        values = torch.from_numpy(random.uniform(low, high, count)).float()
        return values.view(-1, 1, 1, 1)

    tone = each(-0.5, 0.8, groups)[torch.from_numpy(group_N)] + each(-0.12, 0.12)
    photos = (photos * each(-0.5, 0.35).exp()).clamp(0, 1).clamp_min(1e-4).pow(tone.exp())
    photos = _moved(photos, each(-0.025, 0.025), each(-0.025, 0.025), each(0.96, 1.04))
    soft = F.interpolate(F.avg_pool2d(photos, 2), scale_factor=2.0, mode="bilinear")
    photos = torch.lerp(photos, soft, each(0, 1))
    noise = torch.from_numpy(random.standard_normal(tuple(photos.shape), np.float32))
    return (photos + noise * each(0, 0.05)).clamp(0, 1)


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


def _circumstances(faces: LitFaces) -> int:
    return min(4, len(np.unique(faces.circumstance_N)))


def _kinds(faces: LitFaces, chosen: np.ndarray) -> tuple[Tensor, Tensor]:
    """Which pairs [B, B] of the chosen faces share the light, and which differ in it."""

    def equal(labels: np.ndarray) -> np.ndarray:
        return np.asarray(labels[chosen][:, None] == labels[chosen][None])

    comparable = equal(faces.circumstance_N) & ~equal(faces.person_N)
    same = equal(faces.light_N)
    return torch.from_numpy(comparable & same), torch.from_numpy(comparable & ~same)


def _moved(photos_N1SS: Tensor, right: Tensor, down: Tensor, zoom: Tensor) -> Tensor:
    """Shifted by parts of the side and zoomed about the middle."""
    zero = torch.zeros_like(right)
    rows = torch.cat(
        [torch.cat([zoom, zero, right], 3), torch.cat([zero, zoom, down], 3)], 2
    ).squeeze(1)
    grid = F.affine_grid(rows, list(photos_N1SS.shape), align_corners=False)
    return F.grid_sample(photos_N1SS, grid, padding_mode="border", align_corners=False)

"""A literal implementation of the paper as a baseline: one training step, float32, eager.

The code that a PyTorch user would write from Korshunova et al. 2017: the networks of the paper in
float32, batches made on the host, N_best chosen by sorting landmark distances, the style term a
loop over photos of the batch and over their N_best style photos, whose features are kept from the
start. It has no identity term and chooses one N_best for the whole face. Usage:

    OMP_NUM_THREADS=1 python benchmarks/plain.py [--recipe cpu] [--seconds 20]

prints for each phase of the recipe, all in one run, the time of one step per photo: plain with the
paper's transformation network, plain with the recipe's, ours with VGG-19, ours with the compact
perceptual network, and the last when the features of the content photos are kept, as they are from
a worker's second identity on. OMP_NUM_THREADS is the number of cores; a worker of ours trains on
one.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
import yaml
from torch import Tensor
from torch.nn import functional as F
from torch.optim import Adam

from zoo.faces.curation.face_pack import FacePack
from zoo.faces.geometry.reference import REFERENCE
from zoo.networks.compact import Compact
from zoo.networks.light import read_light
from zoo.networks.transformation import Layout, TransformationNetwork
from zoo.networks.vgg19 import CONTENT_LAYER, STYLE_LAYERS, VGG19
from zoo.objective.light import luminance
from zoo.training.loop.batches import Batch, content_batch, style_batch
from zoo.training.loop.criterion import criterion, loss_networks
from zoo.training.loop.dataset import HostDataset, dataset_on
from zoo.training.loop.device import place, training_device
from zoo.training.loop.step import training_step
from zoo.training.recipes import Phase, Recipe, chosen_recipe

ROOT = Path(__file__).parents[1]
STYLE, CONTENT = 60, 480
KEPT = 30
"""Batches whose features are kept, taken in turn."""
PAPERS_NETWORK: tuple[int, Layout, bool] = 32, "paper", False
"""Filters, layout, normalisation."""


@dataclass
class PlainTraining:
    """Everything one plain step needs.

    Args:
        recipe: gives layout, filters, N_best and weights.
        resolution: of the phase.
        style: aligned photos.
        device: where.
        papers_network: the paper's transformation network instead of the recipe's.
    """

    recipe: Recipe
    resolution: int
    style: FacePack
    device: torch.device
    papers_network: bool = False

    def __post_init__(self) -> None:
        self.vgg = VGG19().to(self.device).eval().requires_grad_(False)
        self.light = read_light().to(self.device)
        of_recipe = self.recipe.filters, self.recipe.layout, self.recipe.normalisation
        kind = PAPERS_NETWORK if self.papers_network else of_recipe
        self.network = TransformationNetwork(self.resolution, *kind).to(self.device)
        self.adam = Adam(self.network.parameters(), lr=self.recipe.learning_rate)
        photos = style_batch(self.style, self.resolution, mirrored=self.recipe.mirrored)
        self.landmarks = photos.landmarks
        with torch.no_grad():
            self.features = [
                {name: F.normalize(value[0], dim=0) for name, value in self.vgg(photo).items()}
                for photo in torch.split(photos.photos.to(self.device), 1)
            ]

    def step(self, batch: Batch) -> float:
        """One iteration; the loss."""
        photos = batch.photos.to(self.device)
        output = self.network(photos)
        features = self.vgg(output)
        with torch.no_grad():
            target = self.vgg(photos)[CONTENT_LAYER]
        content = F.mse_loss(features[CONTENT_LAYER], target) / target.square().mean()
        style = [self._style(features, index, photo) for index, photo in enumerate(batch.landmarks)]
        light = F.mse_loss(self.light(luminance(output)), self.light(luminance(photos)))
        across = (output[..., 1:] - output[..., :-1]).square().mean()
        down = (output[..., 1:, :] - output[..., :-1, :]).square().mean()
        weights = self.recipe.weights_at(self.recipe.iterations)
        loss = (
            content
            + weights.style * torch.stack(style).mean()
            + weights.light * light
            + weights.total_variation * (across + down)
        )
        self.adam.zero_grad()
        loss.backward()
        self.adam.step()
        return float(loss.detach())

    def _style(self, features: dict[str, Tensor], index: int, landmarks_682: Tensor) -> Tensor:
        """Equations 2 to 4 for one photo."""
        distances = (self.landmarks - landmarks_682).square().sum(dim=(1, 2))
        nearest = distances.argsort()[: self.recipe.n_best].tolist()
        layers = []
        for name in STYLE_LAYERS:
            shown = F.normalize(features[name][index], dim=0)
            apart = [1 - (shown * self.features[photo][name]).sum(dim=0) for photo in nearest]
            layers.append(torch.stack(apart).amin(dim=0).mean())
        return torch.stack(layers).mean()


def plain_step(
    recipe: Recipe, phase: Phase, device: torch.device, *, papers_network: bool = False
) -> Callable[[int], None]:
    """A function that does the plain iteration of that number."""
    style, content = random_pack(STYLE, phase.resolution), random_pack(CONTENT, phase.resolution)
    training = PlainTraining(recipe, phase.resolution, style, device, papers_network)

    def step(number: int) -> None:
        training.step(content_batch(content, phase.resolution, phase.batch, recipe.seed, number))

    return step


def our_step(
    recipe: Recipe,
    phase: Phase,
    device: torch.device,
    perceptual: str = "vgg19",
    *,
    kept: bool = False,
) -> Callable[[int], None]:
    """A function that does our iteration of that number; ``kept``, one of the first of them."""
    style, content = random_pack(STYLE, phase.resolution), random_pack(CONTENT, phase.resolution)
    weights = (VGG19 if perceptual == "vgg19" else Compact)().state_dict()
    looking = loss_networks(perceptual, weights, recipe, device)
    network = TransformationNetwork(
        phase.resolution, recipe.filters, recipe.layout, recipe.normalisation
    )
    place(network, device)
    objective = criterion(looking, style, recipe, phase.resolution)
    steps = training_step(network, objective, recipe)
    host = HostDataset(content, phase.resolution, phase.batch, recipe.seed)
    photos = dataset_on(device, host, range(recipe.iterations))

    few = KEPT if kept else recipe.iterations
    for batch in map(photos.batch, range(few if kept else 0)):
        objective.content.of(batch, batch.photos.to(device), looking.perceptual)

    def step(number: int) -> None:
        steps(photos.batch(number % few), number % recipe.iterations)

    return step


def random_pack(count: int, side: int) -> FacePack:
    """Smooth random pictures with faces' landmarks: the time does not depend on what they show."""
    random = np.random.default_rng(side + count)
    coarse = random.integers(0, 255, (count, 8, 8, 3), dtype=np.uint8)
    faces = coarse.repeat(side // 8, axis=1).repeat(side // 8, axis=2)
    landmarks = REFERENCE + random.normal(scale=0.02, size=(count, 68, 2))
    names = [f"{number}.png" for number in range(count)]
    return FacePack(faces, landmarks.astype(np.float32), names, ["random"] * count)


def seconds_per_step(step: Callable[[int], None], device: torch.device, seconds: float) -> float:
    """The mean over about so many seconds, after a warm-up."""
    for number in range(6):
        step(number)
    finish(device)
    began, done = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        for number in range(5):
            step(6 + done + number)
        done += 5
        finish(device)
    return (time.perf_counter() - began) / done


def finish(device: torch.device) -> None:
    """Waits for the device."""
    if device.type == "cuda":
        torch.cuda.synchronize()


def recipe_called(name: str) -> Recipe:
    """A recipe of the repository's ``params.yaml``."""
    return chosen_recipe(yaml.safe_load((ROOT / "params.yaml").read_text()), name)[1]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipe", default="cpu")
    parser.add_argument("--seconds", type=float, default=20, help="of measuring each")
    arguments = parser.parse_args()
    recipe, device = recipe_called(arguments.recipe), training_device()
    torch.manual_seed(0)
    print(f"{arguments.recipe} on {device}, {torch.get_num_threads()} threads, ms per photo")
    steps: dict[str, Callable[..., Callable[[int], None]]] = {
        "plain, the paper's network": partial(plain_step, papers_network=True),
        "plain, ours": plain_step,
        "ours, VGG-19": our_step,
        "ours, compact": partial(our_step, perceptual="compact"),
        "the same, features kept": partial(our_step, perceptual="compact", kept=True),
    }
    print("| | " + " | ".join(steps) + " |")
    print("|---" * (1 + len(steps)) + "|")
    for phase in recipe.phases:
        took = [
            1000
            * seconds_per_step(make(recipe, phase, device), device, arguments.seconds)
            / phase.batch
            for make in steps.values()
        ]
        times = " | ".join(f"{each:.0f} ({took[0] / each:.1f} x)" for each in took)
        print(f"| {phase.resolution} px | {times} |", flush=True)


if __name__ == "__main__":
    main()

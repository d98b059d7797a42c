"""Distils the compact perceptual network from VGG-19: prune, factorise, then train it to match.

    ZOO_ASSETS=weights python -m pipelines.shipped.distill --photos FOLDER...

1. Each early layer loses the channels that the next convolution's responses on faces need least;
   the next convolution is fitted to VGG-19's responses from those left (He et al. 2017).
2. Each wide convolution y = Wx + b becomes a thin 3×3 and a 1×1 convolution: with U the leading
   principal directions of the responses y on faces, y ≈ U·Uᵀ(Wx + b − μ) + μ (Zhang et al. 2016).
3. The early layers are trained to give VGG-19's relu3_1, then all layers to give relu3_1, relu4_1
   and relu4_2: mean squared error in units of VGG-19's mean square, plus the cosine distance at
   each location, which is what style compares.

Faces are rendered people and the photos given; half of each batch is disturbed (noise, blur,
mixtures of two faces), because a network in training shows such pictures to its perceptual network.
"""

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from rich.progress import track
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F

from pipelines.shipped.channel_pruning import pruned
from zoo.assets import fetch
from zoo.faces.curation.content import gather_content
from zoo.faces.geometry.alignment import align
from zoo.networks.compact import RANKS, WIDTHS, Compact
from zoo.networks.shipped import COMPACT
from zoo.networks.vgg19 import POOLED_BEFORE, VGG19, read_vgg19
from zoo.people import random_person, random_scene, render
from zoo.photos.reading import find_photos
from zoo.storage import atomic_file, write_json
from zoo.training.loop.batches import photos_tensor

RENDERED, HELD_OUT, CALIBRATION, BATCH = 400, 64, 160, 8
ALIGNED, SIZE = 128, 64  # pixels: of the faces that are kept, and of those that are looked at
_FIRST_WHOLE = "conv3_1"


@dataclass(frozen=True)
class Phase:
    """A part of the training.

    Attributes:
        iterations: how many.
        rates: of Adam, the first and the last.
        features: what of the two networks is compared.
    """

    iterations: int
    rates: tuple[float, float]
    features: Callable[[VGG19, Tensor], dict[str, Tensor]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, nargs="*", default=[])
    parser.add_argument("--out", type=Path, default=Path("platform/zoo/networks") / COMPACT)
    arguments = parser.parse_args()

    teacher = read_vgg19(fetch("vgg19"))
    photos_NHWC = _faces(arguments.photos)
    held_out = photos_tensor(list(photos_NHWC[:HELD_OUT]), SIZE)
    held_out = torch.cat([held_out, disturbed(held_out, np.random.default_rng(2))])
    training = photos_NHWC[HELD_OUT:]

    random = np.random.default_rng(1)
    calibration = photos_tensor(list(training[:CALIBRATION]), SIZE)
    calibration = torch.cat([calibration, disturbed(calibration, random)])
    student = pruned_and_factorised(teacher, calibration)
    before = feature_similarity(student, teacher, held_out)
    for phase in PHASES:
        distil(student, teacher, training, phase)
    after = feature_similarity(student, teacher, held_out)

    weights = {name: value.half().contiguous() for name, value in student.state_dict().items()}
    with atomic_file(arguments.out) as temporary:
        save_file(weights, temporary, {"derived_from": "VGG-19, CC BY 4.0, Simonyan & Zisserman"})
    report = {"faces": len(training), "fitted": before, "distilled": after}
    write_json(arguments.out.with_suffix(".json"), report)
    print(json.dumps(report, indent=2))


def early_features(network: VGG19, photos_B3HW: Tensor) -> dict[str, Tensor]:
    """What the layers up to the first factorised one give."""
    x = (photos_B3HW - network.mean) / network.std
    for name in (*WIDTHS, _FIRST_WHOLE):
        x = F.relu(network.convolutions[name](_pooled(name, x)))
    return {_FIRST_WHOLE: x}


PHASES = (
    Phase(1500, (4e-4, 2e-5), early_features),
    Phase(700, (1e-4, 5e-6), VGG19.forward),
)


@torch.no_grad()
def pruned_and_factorised(teacher: VGG19, photos_B3HW: Tensor) -> Compact:
    """The student before training, fitted to the responses to ``photos_B3HW``."""
    student = Compact()
    _prune(student, teacher, photos_B3HW)
    _factorise(student, teacher, photos_B3HW)
    return student


def _prune(student: Compact, teacher: VGG19, photos_B3HW: Tensor) -> None:
    """Selects channels front to back; each layer is fitted to what those before it still give."""
    theirs = ours = (photos_B3HW - teacher.mean) / teacher.std
    first = teacher.convolutions["conv1_1"]
    weight: Tensor = first.get_parameter("weight")
    bias: Tensor = first.get_parameter("bias")
    for name, after in pairwise((*WIDTHS, _FIRST_WHOLE)):
        theirs = F.relu(teacher.convolutions[name](_pooled(name, theirs)))
        ours = F.relu(F.conv2d(_pooled(name, ours), weight, bias, padding=1))
        wanted = teacher.convolutions[after](_pooled(after, theirs))
        kept, following, its_bias = pruned(_pooled(after, ours), wanted, WIDTHS[name])
        _set(student.convolutions[name], weight[kept], bias[kept])
        ours, weight, bias = ours[:, kept], following, its_bias
    _set(student.convolutions[_FIRST_WHOLE], weight, bias)


def _factorise(student: Compact, teacher: VGG19, photos_B3HW: Tensor) -> None:
    """Replaces the wide layers by their low-rank factors."""
    for name, responses_MC in _responses(teacher, photos_B3HW):
        original = teacher.convolutions[name]
        weight, bias = original.get_parameter("weight"), original.get_parameter("bias")
        mean_C = responses_MC.mean(0)
        covariance_CC = torch.cov(responses_MC.T.double())
        directions_CR = torch.linalg.eigh(covariance_CC).eigenvectors[:, -RANKS[name] :].float()
        factors = student.convolutions[name]
        thin_RIKK = torch.einsum("cr,cihw->rihw", directions_CR, weight)
        factors.get_parameter("thin.weight").copy_(thin_RIKK)
        projected_C = directions_CR @ (directions_CR.T @ (bias - mean_C)) + mean_C
        _set(factors.get_submodule("wide"), directions_CR[:, :, None, None], projected_C)


def _set(convolution: nn.Module, weight: Tensor, bias: Tensor) -> None:
    convolution.get_parameter("weight").copy_(weight)
    convolution.get_parameter("bias").copy_(bias)


def _pooled(name: str, x_BCHW: Tensor) -> Tensor:
    """``x_BCHW`` as the layer called ``name`` takes it."""
    return F.max_pool2d(x_BCHW, 2) if name in POOLED_BEFORE else x_BCHW


def distil(student: Compact, teacher: VGG19, photos_NHWC: np.ndarray, phase: Phase) -> None:
    """Trains ``student`` to give ``teacher``'s features, in place."""
    student.train().requires_grad_(True)
    first, last = phase.rates
    adam = torch.optim.Adam(student.parameters(), lr=first)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adam, phase.iterations, eta_min=last)
    random = np.random.default_rng(phase.iterations)
    for _ in track(range(phase.iterations), "distilling"):
        chosen = photos_NHWC[random.integers(len(photos_NHWC), size=BATCH)]
        photos = disturbed(photos_tensor(list(chosen), SIZE), random)
        with torch.no_grad():
            wanted = phase.features(teacher, photos)
        got = phase.features(student, photos)
        loss = torch.stack([_distance(got[layer], wanted[layer]) for layer in wanted]).sum()
        adam.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        adam.step()
        schedule.step()
    student.eval().requires_grad_(False)


@torch.no_grad()
def feature_similarity(
    student: Compact, teacher: VGG19, photos_B3HW: Tensor
) -> dict[str, dict[str, float]]:
    """By layer: error² over the teacher's mean square, and mean cosine over locations."""
    got, wanted = student(photos_B3HW), teacher(photos_B3HW)
    return {
        layer: {
            "relative_error": float(
                (got[layer] - wanted[layer]).square().mean() / wanted[layer].square().mean()
            ),
            "cosine": float(F.cosine_similarity(got[layer], wanted[layer], dim=1).mean()),
        }
        for layer in wanted
    }


def disturbed(photos_B3HW: Tensor, random: np.random.Generator) -> Tensor:
    """Half of the batch with noise, blur or another face mixed in; random mirror and gain."""
    photos = photos_B3HW.clone()
    if random.random() < 0.5:
        photos = photos.flip(-1)
    half = len(photos) // 2
    kind = random.integers(3)
    if kind == 0:
        noise = torch.from_numpy(random.normal(size=tuple(photos[:half].shape))).float()
        photos[:half] += noise * float(random.uniform(0.02, 0.2))
    elif kind == 1:
        small = F.avg_pool2d(photos[:half], 2 ** int(random.integers(1, 3)))
        photos[:half] = F.interpolate(small, photos.shape[-2:], mode="bilinear")
    else:
        share = float(random.uniform(0.3, 0.7))
        photos[:half] = share * photos[:half] + (1 - share) * photos[half : 2 * half]
    gain = torch.from_numpy(random.uniform(0.7, 1.3, (len(photos), 3, 1, 1))).float()
    return (photos * gain).clamp(0, 1)


def _distance(got_BCHW: Tensor, wanted_BCHW: Tensor) -> Tensor:
    got, wanted = got_BCHW.float(), wanted_BCHW.float()
    error = (got - wanted).square().mean() / wanted.square().mean()
    return error + 1 - F.cosine_similarity(got, wanted, dim=1).mean()


def _responses(teacher: VGG19, photos_B3HW: Tensor) -> Iterator[tuple[str, Tensor]]:
    """Each wide convolution's name and its responses_MC before the ReLU, over all locations."""
    kept: dict[str, Tensor] = {}

    def keep(name: str) -> "object":
        def hook(module: nn.Module, inputs: object, output: Tensor) -> None:
            kept[name] = output.permute(0, 2, 3, 1).flatten(0, 2)

        return teacher.convolutions[name].register_forward_hook(hook)

    handles = [keep(name) for name in RANKS]
    teacher(photos_B3HW)
    for handle in handles:
        handle.remove()  # type: ignore[attr-defined]
    yield from kept.items()


def _faces(folders: list[Path]) -> np.ndarray:
    """Aligned faces_NHWC, uint8, in a fixed random order."""
    faces = []
    for seed in track(range(RENDERED), "rendering"):
        rendered = render(random_person(seed), random_scene(seed), 256)
        faces.append(align(rendered.image, rendered.landmarks, ALIGNED).image)
    if folders:
        pack, _ = gather_content(find_photos(folders), ALIGNED)
        faces += list(pack.faces)
    return np.stack(faces)[np.random.default_rng(0).permutation(len(faces))]


if __name__ == "__main__":
    main()

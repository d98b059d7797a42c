"""Distils the compact perceptual network from VGG-19: prune, factorise, then train it to match.

    ZOO_ASSETS=weights python -m pipelines.shipped.distill --photos FOLDER... --device cuda

1. From the front, each layer whose features are not asked for loses the channels that the next
   convolution's responses on faces need least; the next convolution is fitted to VGG-19's responses
   from those left (He et al. 2017).
2. Each wide convolution y = Wx + b becomes a thin 3×3 and a 1×1 convolution: with U the leading
   principal directions of the responses y on faces, y ≈ U·Uᵀ(Wx + b − μ) + μ (Zhang et al. 2016).
3. All layers are trained to give VGG-19's relu3_1, relu4_1 and relu4_2: mean squared error in units
   of VGG-19's mean square, plus the cosine distance at each location, which is what style compares.

Faces are rendered people and the photos given; half of each batch is disturbed (noise, blur,
mixtures of two faces), because a network in training shows such pictures to its perceptual network.
Every other batch has half the faces at twice the size. A GPU takes minutes, a CPU days.
"""

import argparse
import json
import math
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
from zoo.networks.vgg19 import CONVOLUTIONS, POOLED_BEFORE, VGG19, read_vgg19
from zoo.people import random_person, random_scene, render
from zoo.photos.reading import find_photos
from zoo.storage import atomic_file, write_json
from zoo.training.loop.batches import photos_tensor

RENDERED, HELD_OUT, CALIBRATION = 400, 64, 160
SIZES = {64: 32, 128: 16}  # pixels of the faces, by turns, and how many there are in a batch
CALIBRATED_AT = 64  # pixels
RATE, LAST, WARM_UP = 8e-4, 0.01, 300  # of Adam, the share of it at the end, iterations
LARGEST_STEP = 1.0  # norm of the gradient


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, nargs="*", default=[])
    parser.add_argument("--iterations", type=int, default=45_000)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--out", type=Path, default=Path("platform/zoo/networks") / COMPACT)
    arguments = parser.parse_args()

    teacher = read_vgg19(fetch("vgg19")).to(arguments.device)
    photos_NHWC = _faces(arguments.photos)
    held_out, training = photos_NHWC[:HELD_OUT], photos_NHWC[HELD_OUT:]
    calibration = with_disturbed(training[:CALIBRATION], CALIBRATED_AT, np.random.default_rng(1))
    student = pruned_and_factorised(teacher, calibration.to(arguments.device))
    report = {"faces": len(training), "iterations": arguments.iterations}
    report |= {"fitted": feature_similarity(student, teacher, held_out)}
    distil(student, teacher, training, arguments.iterations)
    report |= {"distilled": feature_similarity(student, teacher, held_out)}

    weights = {name: value.half().contiguous() for name, value in student.state_dict().items()}
    with atomic_file(arguments.out) as temporary:
        save_file(weights, temporary, {"derived_from": "VGG-19, CC BY 4.0, Simonyan & Zisserman"})
    write_json(arguments.out.with_suffix(".json"), report)
    print(json.dumps(report, indent=2))


@torch.no_grad()
def pruned_and_factorised(teacher: VGG19, photos_B3HW: Tensor) -> Compact:
    """The student before training: each layer is fitted to what those before it give."""
    student = Compact().to(photos_B3HW.device)
    theirs = ours = (photos_B3HW - teacher.mean) / teacher.std
    weight, bias = _parameters(teacher.convolutions["conv1_1"])
    for name, after in pairwise([*CONVOLUTIONS, ""]):
        theirs = F.relu(teacher.convolutions[name](_pooled(name, theirs)))
        responses = F.conv2d(_pooled(name, ours), weight, bias, padding=1)
        kept = list(range(len(weight)))
        following = _parameters(teacher.convolutions[after]) if after else (weight, bias)
        if name in WIDTHS:
            wanted = teacher.convolutions[after](_pooled(after, theirs))
            kept, *refitted = pruned(_pooled(after, F.relu(responses)), wanted, WIDTHS[name])
            following = refitted[0], refitted[1]
        layer = student.convolutions[name]
        if name in RANKS:
            _factorise(layer, weight[kept], bias[kept], responses[:, kept])
        else:
            _set(layer, weight[kept], bias[kept])
        ours, (weight, bias) = F.relu(responses[:, kept]), following
    return student


def _factorise(layer: nn.Module, weight: Tensor, bias: Tensor, responses_BCHW: Tensor) -> None:
    """Makes ``layer`` the low-rank factors of a convolution, by what it gives."""
    responses_MC = responses_BCHW.permute(0, 2, 3, 1).flatten(0, 2)
    mean_C = responses_MC.mean(0)
    thin = layer.get_parameter("thin.weight")
    covariance_CC = torch.cov(responses_MC.T.double())
    directions_CR = torch.linalg.eigh(covariance_CC).eigenvectors[:, -len(thin) :].float()
    thin.copy_(torch.einsum("cr,cihw->rihw", directions_CR, weight))
    projected_C = directions_CR @ (directions_CR.T @ (bias - mean_C)) + mean_C
    _set(layer.get_submodule("wide"), directions_CR[:, :, None, None], projected_C)


def _parameters(convolution: nn.Module) -> tuple[Tensor, Tensor]:
    return convolution.get_parameter("weight"), convolution.get_parameter("bias")


def _set(convolution: nn.Module, weight: Tensor, bias: Tensor) -> None:
    for parameter, value in zip(_parameters(convolution), (weight, bias), strict=True):
        parameter.copy_(value)


def _pooled(name: str, x_BCHW: Tensor) -> Tensor:
    """``x_BCHW`` as the layer called ``name`` takes it."""
    return F.max_pool2d(x_BCHW, 2) if name in POOLED_BEFORE else x_BCHW


def distil(student: Compact, teacher: VGG19, photos_NHWC: np.ndarray, iterations: int) -> None:
    """Trains ``student`` to give ``teacher``'s features, in place."""
    student.train().requires_grad_(True)
    adam = torch.optim.Adam(student.parameters(), RATE)
    random = np.random.default_rng(5)
    for number in track(range(iterations), "distilling"):
        cosine = (1 + math.cos(math.pi * number / iterations)) / 2
        rate = RATE * min(1, (number + 1) / WARM_UP) * (LAST + (1 - LAST) * cosine)
        adam.param_groups[0]["lr"] = rate
        size, count = list(SIZES.items())[number % len(SIZES)]
        chosen = photos_NHWC[random.integers(len(photos_NHWC), size=count)]
        photos = disturbed(photos_tensor(list(chosen), size), random).to(teacher.mean.device)
        with torch.no_grad():
            wanted = teacher(photos)
        got = student(photos)
        loss = torch.stack([_distance(got[layer], wanted[layer]) for layer in wanted]).sum()
        adam.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(student.parameters(), LARGEST_STEP)
        adam.step()
    student.eval().requires_grad_(False)


@torch.no_grad()
def feature_similarity(
    student: Compact, teacher: VGG19, photos_NHWC: np.ndarray
) -> dict[str, dict[str, dict[str, float]]]:
    """By size and layer: error² over the teacher's mean square, and mean cosine over locations."""
    found = {}
    for size in SIZES:
        photos = with_disturbed(photos_NHWC, size, np.random.default_rng(2))
        got, wanted = (network(photos.to(teacher.mean.device)) for network in (student, teacher))
        found[f"{size} px"] = {
            layer: {
                "relative_error": float(
                    (got[layer] - wanted[layer]).square().mean() / wanted[layer].square().mean()
                ),
                "cosine": float(F.cosine_similarity(got[layer], wanted[layer], dim=1).mean()),
            }
            for layer in wanted
        }
    return found


def with_disturbed(photos_NHWC: np.ndarray, size: int, random: np.random.Generator) -> Tensor:
    """Faces as they are, and once more with half of them disturbed."""
    photos = photos_tensor(list(photos_NHWC), size)
    return torch.cat([photos, disturbed(photos, random)])


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


def _faces(folders: list[Path]) -> np.ndarray:
    """Aligned faces_NHWC, uint8, in a fixed random order."""
    faces = []
    for seed in track(range(RENDERED), "rendering"):
        rendered = render(random_person(seed), random_scene(seed), 256)
        faces.append(align(rendered.image, rendered.landmarks, max(SIZES)).image)
    if folders:
        pack, _ = gather_content(find_photos(folders), max(SIZES))
        faces += list(pack.faces)
    return np.stack(faces)[np.random.default_rng(0).permutation(len(faces))]


if __name__ == "__main__":
    main()

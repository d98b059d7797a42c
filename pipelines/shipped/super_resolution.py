"""Makes the super-resolution network from photos of faces, and measures it.

    python pipelines/shipped/super_resolution.py --photos FOLDER... [--device cuda] [--measure]

1. Faces are aligned at 256 pixels; rendered people are used where no photos are given. Photos whose
   faces are smaller teach blur, so they are left out.
2. Each is reduced to 128 pixels, blurred by a Gaussian of 0.4 to 1.1 pixels, as identities'
   networks blur (the spectra of three lay between 0.5 and 0.9), and made noisy, in part with
   correlated noise like the pattern that their convolutions leave.
3. Mean absolute error of the luma, of its fine detail, and of that detail's strength over 8 × 8
   pixels: the last keeps edges as strong as they are where their exact place is not known.

On faces it has never seen: PSNR of the luma inside the face, and how strong fine detail is
relative to the truth's, each for cubic interpolation and for the network.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from rich.progress import track
from torch import Tensor
from torch.nn import functional as F

from zoo.faces.compositing.super_resolution import WEIGHTS
from zoo.faces.detection.detector import find_faces
from zoo.faces.geometry.alignment import align
from zoo.networks.super_resolution import SuperResolutionNetwork, export_super_resolution
from zoo.people import random_person, random_scene, render
from zoo.photos.image import Image
from zoo.photos.reading import find_photos, read_photo
from zoo.storage import write_json

SIZE, PATCH, BATCH, RATE = 256, 128, 24, 1e-3
RENDERED, HELD_OUT = 400, 37
LUMA = (0.2126, 0.7152, 0.0722)  # ITU-R BT.709
FACE = (slice(None), slice(None), slice(48, 208), slice(56, 200))
BLURS, FINE = (0.4, 1.1), 1.5  # pixels
NOISE, PATTERN = 0.006, 0.012  # at most, of the range


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, nargs="*", default=[])
    parser.add_argument("--iterations", type=int, default=20000)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--measure", action="store_true", help="the training's end is not shipped")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    arguments = parser.parse_args()
    torch.set_default_device(arguments.device)
    torch.manual_seed(0)
    faces_N3HW = _tensor(_photographed(arguments.photos) if arguments.photos else _rendered())
    order = torch.randperm(len(faces_N3HW))
    held_out, training = faces_N3HW[order[:HELD_OUT]], faces_N3HW[order[HELD_OUT:]]
    network = SuperResolutionNetwork()
    train(network, training, arguments.iterations)
    report = {"faces": len(training), "iterations": arguments.iterations}
    report |= measure(network, held_out)
    if not arguments.measure:
        torch.set_default_device("cpu")
        export_super_resolution(network.cpu(), arguments.out)
        write_json(arguments.out.with_suffix(".json"), report)
    print(json.dumps(report, indent=2))


def train(network: SuperResolutionNetwork, faces_N3HW: Tensor, iterations: int) -> None:
    """Trains in place; the rate is constant for half of the iterations, then falls to a 50th."""
    adam = torch.optim.Adam(network.parameters(), RATE)
    for iteration in track(range(iterations), "training"):
        for group in adam.param_groups:
            group["lr"] = RATE * max(0.02, min(1.0, 2 * (1 - iteration / iterations)))
        large_B3HW = _patches(faces_N3HW)
        loss = super_resolution_loss(network, large_B3HW, _reduced(large_B3HW))
        adam.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        adam.step()


def super_resolution_loss(
    network: SuperResolutionNetwork, large_B3HW: Tensor, small_B3HW: Tensor
) -> Tensor:
    """|q − y| + ½|D q − D y| + ½|E q − E y| of the luma: D fine detail, E its strength."""
    wanted, got = _luma(large_B3HW), _enlarged_luma(small_B3HW) + network(small_B3HW)
    fine_wanted, fine_got = _fine(wanted), _fine(got)
    return (
        F.l1_loss(got, wanted)
        + 0.5 * F.l1_loss(fine_got, fine_wanted)
        + 0.5 * F.l1_loss(_strength(fine_got), _strength(fine_wanted))
    )


@torch.no_grad()
def measure(network: SuperResolutionNetwork, faces_N3HW: Tensor) -> dict[str, float]:
    """PSNR in dB and relative strength of detail, by cubic interpolation and by the network."""
    torch.manual_seed(1)
    large = faces_N3HW.float() / 255
    small = _reduced(large)
    wanted, cubic = _luma(large), _enlarged_luma(small)
    report = {}
    for name, got in (("cubic", cubic), ("network", cubic + network(small))):
        error = (got - wanted)[FACE].square().mean()
        share = _fine(got)[FACE].square().mean() / _fine(wanted)[FACE].square().mean()
        report[f"{name}_psnr"] = round(float(-10 * error.log10()), 2)
        report[f"{name}_detail"] = round(float(share.sqrt()), 2)
    return report


def _patches(faces_N3HW: Tensor) -> Tensor:
    """A batch of patches from random places, mirrored or not, of random contrast and colour."""
    chosen = torch.randint(len(faces_N3HW), (BATCH,))
    top, left = (int(2 * torch.randint(8, 56, ())) for _ in range(2))
    patch = faces_N3HW[chosen, :, top : top + PATCH, left : left + PATCH].float() / 255
    if torch.rand(()) < 0.5:
        patch = patch.flip(3)
    contrast, cast = torch.rand(BATCH, 1, 1, 1) * 0.5 + 0.75, torch.rand(BATCH, 3, 1, 1) - 0.5
    return (patch - 0.5) * contrast + 0.5 + 0.15 * cast


def _reduced(large_B3HW: Tensor) -> Tensor:
    """At half the size, blurred and noisy, as an identity's network draws faces."""
    least, most = BLURS
    small = F.avg_pool2d(large_B3HW, 2)
    small = _blurred(small, torch.rand(len(small)) * (most - least) + least)
    pattern = _blurred(torch.randn(small.shape), torch.rand(len(small)) * 0.8 + 0.5)
    pattern = pattern / pattern.std((2, 3), keepdim=True)
    noise, strength = (torch.rand(len(small), 1, 1, 1) for _ in range(2))
    return small + NOISE * noise * torch.randn(small.shape) + PATTERN * strength * pattern


def _blurred(photos_BCHW: Tensor, sigmas_B: Tensor) -> Tensor:
    """Each picture after a Gaussian of its own standard deviation, in pixels."""
    offsets = torch.arange(-4.0, 5.0)
    kernel_BK = torch.exp(-(offsets**2) / (2 * sigmas_B[:, None] ** 2))
    kernel_BK = kernel_BK / kernel_BK.sum(1, keepdim=True)
    kernels_B1KK = kernel_BK[:, None, :, None] * kernel_BK[:, None, None, :]
    padded_CBHW = F.pad(photos_BCHW.transpose(0, 1), (4, 4, 4, 4), mode="reflect")
    return F.conv2d(padded_CBHW, kernels_B1KK, groups=len(sigmas_B)).transpose(0, 1)


def _luma(photos_B3HW: Tensor) -> Tensor:
    return (photos_B3HW * torch.tensor(LUMA).view(1, 3, 1, 1)).sum(1, keepdim=True)


def _enlarged_luma(small_B3HW: Tensor) -> Tensor:
    return F.interpolate(_luma(small_B3HW), scale_factor=2.0, mode="bicubic", align_corners=False)


def _fine(luma_B1HW: Tensor) -> Tensor:
    return luma_B1HW - _blurred(luma_B1HW, torch.full((len(luma_B1HW),), FINE))


def _strength(fine_B1HW: Tensor) -> Tensor:
    return (F.avg_pool2d(fine_B1HW.square(), 8) + 1e-6).sqrt()


def _photographed(folders: Sequence[Path]) -> list[Image]:
    """Aligned faces of the photos that have the pixels for it."""
    faces = []
    for path in find_photos(folders):
        photo = read_photo(path).image
        for face in find_faces(photo)[:1]:
            crop = align(photo, face.landmarks, SIZE)
            if crop.pitch > 0.65:
                faces.append(crop.image)
    return faces


def _rendered() -> list[Image]:
    faces = []
    for seed in range(RENDERED):
        picture = render(random_person(seed), random_scene(seed), 448)
        faces.append(align(picture.image, picture.landmarks, SIZE).image)
    return faces


def _tensor(faces: Sequence[Image]) -> Tensor:
    return (
        torch.from_numpy(np.stack(faces))
        .permute(0, 3, 1, 2)
        .contiguous()
        .to(torch.get_default_device())
    )


if __name__ == "__main__":
    main()

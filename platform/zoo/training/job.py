"""One identity's training, start to finish, in one process: knows nothing of Ray or MLflow."""

import csv
import io
import math
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import torch
from safetensors.torch import save as save_safetensors
from torch import Tensor, nn

from zoo.errors import TrainingError
from zoo.faces.pack import FacePack, read_pack
from zoo.networks.compact import Compact
from zoo.networks.onnx_export import export_onnx
from zoo.networks.transformation import TransformationNetwork
from zoo.networks.vgg19 import VGG19
from zoo.objective.total import Style, style_of, total_loss
from zoo.storage import atomic_file
from zoo.training.batches import Batch, content_batch, style_batch
from zoo.training.checkpoint import Progress, Row, load_checkpoint, save_checkpoint
from zoo.training.preview import preview
from zoo.training.recipes import Recipe

PREVIEWS_PER_TRAINING = 10
STYLE_CHUNK = 32


@dataclass(frozen=True)
class Job:
    """All that one training needs."""

    identity: str
    recipe: Recipe
    style: FacePack
    """The identity's aligned photos."""
    content: Path
    """The content pack; memory-mapped."""
    perceptual: str
    """``vgg19`` or ``compact``."""
    perceptual_weights: Mapping[str, Tensor]
    """That network's state."""
    digest: str
    """What identifies this training; a checkpoint with another digest is not resumed."""
    folder: Path
    """Where checkpoints and previews go while it trains."""
    metadata: Mapping[str, str]
    """Written into the ONNX file."""


@dataclass(frozen=True)
class Trained:
    """What a training leaves: files by name, and how it went."""

    files: dict[str, bytes]
    curves: list[Row]
    seconds: float
    resumed_at: int


def train(job: Job, report: Callable[[Row], None] = lambda row: None) -> Trained:
    """Trains to the recipe's last iteration, from the last checkpoint when there is one.

    Args:
        job: what to train.
        report: called with each point of the curves.

    Raises:
        TrainingError: the loss is not a number any more, or the packs are too small.
    """
    began = time.monotonic()
    recipe = job.recipe
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    # On CPUs instance normalisation copies to and from channels_last at every layer:
    # the transformation network is 1.5–2 times slower with it. On GPUs it is the fast layout.
    layout = torch.channels_last if device.type == "cuda" else torch.contiguous_format
    torch.manual_seed(recipe.seed)
    network = TransformationNetwork(recipe.resolution, recipe.filters)
    network.to(device, memory_format=layout)  # type: ignore[call-overload]
    adam = torch.optim.Adam(network.parameters(), lr=recipe.learning_rate)
    checkpoint = job.folder / "checkpoint.safetensors"
    done = load_checkpoint(checkpoint, job.digest, network, adam)
    curves = list(done.curves)
    content = read_pack(job.content)
    perceptual = _perceptual(job, device)
    style = _style(job, perceptual, device)
    # A batch that training never draws in this order: the preview's faces stay the same.
    shown = content_batch(content, recipe.resolution, 8, recipe.seed, recipe.iterations)

    for step in range(done.step, recipe.iterations):
        batch = content_batch(content, recipe.resolution, recipe.batch, recipe.seed, step)
        losses = _step(network, adam, batch, style, perceptual, recipe, step, device)
        last = step + 1 == recipe.iterations
        if step % recipe.report_every == 0 or last:
            row = {"step": float(step), **{name: float(value) for name, value in losses.items()}}
            if not math.isfinite(row["total"]):
                raise TrainingError(
                    f"{job.identity}: the loss is no number any more at iteration {step}: "
                    "lower the recipe's learning_rate."
                )
            curves.append(row)
            report(row)
        if last or (step + 1) % recipe.checkpoint_every == 0:
            save_checkpoint(checkpoint, job.digest, network, adam, Progress(step + 1, curves))
        if (step + 1) % max(1, recipe.iterations // PREVIEWS_PER_TRAINING) == 0:
            with atomic_file(job.folder / "preview.jpg") as path:
                path.write_bytes(_preview(network, shown, device))

    network.to("cpu", memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    files = _files(job, network, curves, shown)
    return Trained(files, curves, time.monotonic() - began, done.step)


def _step(
    network: nn.Module,
    adam: torch.optim.Adam,
    batch: Batch,
    style: Style,
    perceptual: nn.Module,
    recipe: Recipe,
    step: int,
    device: torch.device,
) -> dict[str, Tensor]:
    low, high = recipe.final_learning_rate, recipe.learning_rate
    for group in adam.param_groups:
        cosine = (1 + math.cos(math.pi * step / recipe.iterations)) / 2
        group["lr"] = low + (high - low) * cosine
    photos, landmarks = batch.photos.to(device), batch.landmarks.to(device)
    with torch.autocast(device.type, torch.bfloat16, enabled=_has_bf16(device)):
        output = network(photos)
        losses = total_loss(output, photos, landmarks, style, recipe.weights_at(step), perceptual)
    adam.zero_grad(set_to_none=True)
    torch.autograd.backward(losses.total)
    adam.step()
    return {"total": losses.total.detach(), **losses.terms}


def _perceptual(job: Job, device: torch.device) -> nn.Module:
    network: nn.Module = VGG19() if job.perceptual == "vgg19" else Compact()
    network.load_state_dict(dict(job.perceptual_weights))
    precision = torch.bfloat16 if _has_bf16(device) else torch.float32
    network.to(device, precision, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network.eval().requires_grad_(False)


@torch.no_grad()
def _style(job: Job, perceptual: nn.Module, device: torch.device) -> Style:
    photos = style_batch(job.style, job.recipe.resolution)
    chunks = []
    with torch.autocast(device.type, torch.bfloat16, enabled=_has_bf16(device)):
        for chunk in torch.split(photos.photos, STYLE_CHUNK):
            chunks.append(perceptual(chunk.to(device)))
    features = {layer: torch.cat([chunk[layer] for chunk in chunks]) for layer in chunks[0]}
    return style_of(features, photos.landmarks.to(device), job.recipe.n_best)


def _has_bf16(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


@torch.no_grad()
def _preview(network: nn.Module, shown: Batch, device: torch.device) -> bytes:
    picture = preview(shown.photos, network(shown.photos.to(device)).cpu())
    encoded = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])[1]
    return encoded.tobytes()


def _files(
    job: Job, network: TransformationNetwork, curves: list[Row], shown: Batch
) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        onnx = Path(folder) / "network.onnx"
        export_onnx(network, onnx, job.metadata)
        weights = {name: value.contiguous() for name, value in network.state_dict().items()}
        table = io.StringIO()
        writer = csv.DictWriter(table, fieldnames=list(curves[0]))
        writer.writeheader()
        writer.writerows(curves)
        return {
            "network.onnx": onnx.read_bytes(),
            "network.safetensors": save_safetensors(weights, dict(job.metadata)),
            "curves.csv": table.getvalue().encode(),
            "preview.jpg": _preview(network, shown, torch.device("cpu")),
        }

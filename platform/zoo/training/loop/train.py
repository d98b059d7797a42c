"""The training of one identity in one process, independent of Ray and MLflow."""

import math
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import torch
from torch import Tensor

from zoo.errors import OutageError, TrainingError
from zoo.faces.curation.face_pack import read_pack
from zoo.networks.shipped import read_start
from zoo.networks.transformation import TransformationNetwork
from zoo.objective.distributed import mean_of_workers, means_of_workers, rank
from zoo.s3.client import SHORT_RETRY_SECONDS
from zoo.shared_storage import join, writing
from zoo.training.job import Job, Trained
from zoo.training.loop.batches import Batch, content_batch, validation_batch
from zoo.training.loop.checkpoint import Progress, Row, read_checkpoint, save_checkpoint
from zoo.training.loop.content_features import ContentFeatures
from zoo.training.loop.criterion import Criterion, criterion, loss_networks
from zoo.training.loop.dataset import HostDataset, dataset_on
from zoo.training.loop.device import place, training_device
from zoo.training.loop.outputs import preview_jpeg, product_files
from zoo.training.loop.step import training_step
from zoo.training.recipes import Recipe

PREVIEWS_PER_TRAINING = 10
SHOWN = 8
CALIBRATED = 48
"""Photos that 8-bit networks find the range of their values on."""


def train(
    job: Job,
    report: Callable[[Row], None] = lambda row: None,
    features: ContentFeatures | None = None,
) -> Trained:
    """Trains through the recipe's phases, from the last checkpoint when there is one.

    Stops when the validation loss has not improved for the recipe's ``patience``; the weights
    with the lowest one are kept.

    In a process group of several workers each takes its part of every batch; all end with the
    same network, and the first one writes.

    Args:
        job: what to train.
        report: called with each point of the curves.
        features: of content photos, from earlier trainings of this process and for later ones.

    Raises:
        TrainingError: the loss is not a number any more, or the packs are too small.
        StorageError: the content pack or the checkpoint cannot be had, or the disk is full.
    """
    began = time.monotonic()
    recipe = job.recipe
    device = training_device()
    content = read_pack(job.content if isinstance(job.content, Path) else job.content.here())
    features = features or ContentFeatures()
    features.belong_to(job.content, job.perceptual)
    looking = loss_networks(job.perceptual, job.perceptual_weights, recipe, device)
    checkpoint = join(job.folder, "checkpoint.safetensors")
    found = read_checkpoint(checkpoint, job.digest)
    progress = found.progress if found else Progress()
    resumed_at = progress.step
    network: TransformationNetwork | None = None

    for index, phase in enumerate(recipe.phases):
        start = sum(before.iterations for before in recipe.phases[:index])
        # A checkpoint of a phase's very end holds what the next one grows from.
        if progress.step > start + phase.iterations:
            continue
        network, new = _network_for(recipe, index, network)
        place(network, device)
        apply = criterion(looking, job.style, recipe, phase.resolution, features)
        trainer = training_step(network, apply, recipe)
        if found and progress.step == resumed_at > start:
            found.restore(network, trainer.optimiser)
        host = HostDataset(content, phase.resolution, phase.batch, recipe.seed)
        dataset = dataset_on(device, host, range(start, start + phase.iterations))
        validation = validation_batch(content, phase.resolution)
        # Photos that training never draws in this order: the preview's faces stay the same.
        shown = content_batch(content, phase.resolution, SHOWN, recipe.seed, recipe.iterations)
        new_trains_alone = False
        while progress.step < start + phase.iterations and progress.best.waited < recipe.patience:
            step = progress.step
            alone = step - start < phase.new_branch_first
            if alone != new_trains_alone:
                new_trains_alone = alone
                for name, parameter in network.named_parameters():
                    parameter.requires_grad_(not alone or name in new)
            losses = dict(trainer(dataset.batch(step), step, alone=alone))
            progress.step += 1
            if recipe.validates_at(step):
                losses |= _validate(network, apply, validation, recipe, progress)
            if step % recipe.report_every == 0 or recipe.validates_at(step):
                progress.curves.append(_row(job.identity, step, losses))
                report(progress.curves[-1])
            if rank():
                continue  # the first worker writes for all
            if progress.step == recipe.iterations or progress.step % recipe.checkpoint_every == 0:
                save_checkpoint(checkpoint, job.digest, network, trainer.optimiser, progress)
            if progress.step % max(1, recipe.iterations // PREVIEWS_PER_TRAINING) == 0:
                _show(join(job.folder, "preview.jpg"), preview_jpeg(network, shown.photos))

    assert network is not None
    if progress.best.weights:
        network.load_state_dict(progress.best.weights)
    if rank():
        return Trained({}, progress.curves, time.monotonic() - began, resumed_at, progress.step)
    network.to("cpu", memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    calibration = None
    if recipe.precision == "int8":
        faces = content_batch(
            content, network.resolution, CALIBRATED, recipe.seed, recipe.iterations
        )
        calibration = faces.photos
    files = product_files(network, job.metadata, progress.curves, shown.photos, calibration)
    seconds = time.monotonic() - began
    return Trained(files, progress.curves, seconds, resumed_at, progress.step)


def _network_for(
    recipe: Recipe, index: int, smaller: TransformationNetwork | None
) -> tuple[TransformationNetwork, set[str]]:
    """The network of a phase, grown from the smaller one's weights; and what is new in it."""
    torch.manual_seed(recipe.seed + index)
    network = TransformationNetwork(
        recipe.phases[index].resolution, recipe.filters, recipe.layout, recipe.normalisation
    )
    new = network.grow_from(smaller.state_dict()) if smaller else []
    if index == 0 and recipe.start == "shipped":
        network.load_state_dict(read_start())
    return network, set(new)


def _show(place: str, picture: bytes) -> None:
    """Puts the preview there, unless the store is away: nothing depends on it."""
    with suppress(OutageError), writing(place, SHORT_RETRY_SECONDS, private=True) as path:
        path.write_bytes(picture)


@torch.no_grad()
def _validate(
    network: TransformationNetwork,
    apply: Criterion,
    validation: Batch,
    recipe: Recipe,
    progress: Progress,
) -> dict[str, Tensor]:
    """The objective with its final weights on photos not trained on; remembers the best."""
    if not len(validation.photos):
        return {}
    losses = apply(network, validation, recipe.weights_at(recipe.iterations))
    # The same number for all, so that all stop together.
    total = mean_of_workers(losses.total)
    best, loss = progress.best, float(total)
    if loss < best.loss:
        best.loss, best.waited = loss, 0
        best.weights = {name: value.clone() for name, value in network.state_dict().items()}
    else:
        best.waited += 1
    return {"validation": total}


def _row(identity: str, step: int, losses: Mapping[str, Tensor]) -> Row:
    """A point of the curves: the means over all workers."""
    means = means_of_workers(losses)
    row = {"step": float(step), **{name: float(value) for name, value in means.items()}}
    if not math.isfinite(row["total"]):
        raise TrainingError(
            f"{identity}: the loss is not a number at iteration {step}: "
            "lower the recipe's learning_rate."
        )
    return row

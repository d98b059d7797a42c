"""Checkpoints in one safetensors file: network, moments, the best weights, the curves."""

import json
import logging
from dataclasses import dataclass, field

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.optim import Optimizer

from zoo.errors import DamagedObjectError, MissingObjectError, OutageError
from zoo.shared_storage import reading, writing

Row = dict[str, float]
"""One point of the curves: ``step`` and each term."""

_MOMENTS = ("exp_avg", "exp_avg_sq", "step", "momentum")
log = logging.getLogger(__name__)


@dataclass
class Best:
    """The weights with the lowest validation loss so far, and for how many validations since."""

    loss: float = float("inf")
    weights: dict[str, Tensor] = field(default_factory=dict)
    waited: int = 0


@dataclass
class Progress:
    """How far a training is: iterations done, its curves, its best weights."""

    step: int = 0
    curves: list[Row] = field(default_factory=list)
    best: Best = field(default_factory=Best)


@dataclass(frozen=True)
class Checkpoint:
    """What :func:`read_checkpoint` found."""

    progress: Progress
    network: dict[str, Tensor]
    moments: dict[str, dict[str, Tensor]]

    def restore(self, network: nn.Module, optimiser: Optimizer) -> None:
        """Puts weights and moments back; both must be of the checkpoint's phase."""
        network.load_state_dict(self.network)
        on_device = optimiser.param_groups[0]["capturable"]
        for name, parameter in network.named_parameters():
            if name in self.moments:
                optimiser.state[parameter] = {
                    moment: value.to(parameter.device if moment != "step" or on_device else "cpu")
                    for moment, value in self.moments[name].items()
                }


def save_checkpoint(
    place: str, digest: str, network: nn.Module, optimiser: Optimizer, progress: Progress
) -> None:
    """Writes a checkpoint of the training that ``digest`` identifies, whole or not at all.

    While the store does not answer, training goes on without: the next checkpoint may succeed.

    Args:
        place: a path, or an ``s3://`` address.
        digest: what identifies the training.
        network: its weights are kept,
        optimiser: and its moments,
        progress: and how far it is.

    Raises:
        StorageError: the disk or the store said no.
    """
    tensors = {f"network.{name}": value for name, value in network.state_dict().items()}
    tensors |= {f"best.{name}": value for name, value in progress.best.weights.items()}
    for name, parameter in network.named_parameters():
        for moment, value in optimiser.state.get(parameter, {}).items():
            tensors[f"moment.{moment}.{name}"] = value
    metadata = {
        "digest": digest,
        "step": str(progress.step),
        "curves": json.dumps(progress.curves),
        "best": json.dumps([progress.best.loss, progress.best.waited]),
    }
    try:
        with writing(place, private=True) as temporary:
            # Not save_file, whose errors hide that the disk is full.
            packed = {name: value.contiguous() for name, value in tensors.items()}
            temporary.write_bytes(save(packed, metadata))
    except OutageError as error:
        log.warning(
            "No checkpoint was saved at iteration %d, training continues: %s", progress.step, error
        )


def read_checkpoint(place: str, digest: str) -> Checkpoint | None:
    """The checkpoint at ``place``; None when there is none of this training.

    One of another training (other photos, recipe or weights), or a damaged one, is not used.

    Raises:
        StorageError: the store refuses or does not answer.
    """
    try:
        with reading(place) as path, safe_open(path, "pt") as file:
            metadata = file.metadata()
            if metadata.get("digest") != digest:
                return None
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, MissingObjectError, DamagedObjectError):
        return None
    moments: dict[str, dict[str, Tensor]] = {}
    for moment in _MOMENTS:
        for name, value in _under(f"moment.{moment}.", tensors).items():
            moments.setdefault(name, {})[moment] = value
    loss, waited = json.loads(metadata["best"])
    best = Best(loss, _under("best.", tensors), waited)
    progress = Progress(int(metadata["step"]), json.loads(metadata["curves"]), best)
    return Checkpoint(progress, _under("network.", tensors), moments)


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): value
        for name, value in tensors.items()
        if name.startswith(prefix)
    }

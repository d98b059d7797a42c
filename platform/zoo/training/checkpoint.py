"""Checkpoints in one safetensors file: network, Adam's moments, the best weights, the curves."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim import Adam

from zoo.storage import atomic_file

Row = dict[str, float]
"""One point of the curves: ``step`` and each term."""

_MOMENTS = ("exp_avg", "exp_avg_sq", "step")


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

    def restore(self, network: nn.Module, adam: Adam) -> None:
        """Puts weights and moments back; both must be of the checkpoint's phase."""
        network.load_state_dict(self.network)
        for name, parameter in network.named_parameters():
            if name in self.moments:
                adam.state[parameter] = {
                    moment: value.to(parameter.device if moment != "step" else "cpu")
                    for moment, value in self.moments[name].items()
                }


def save_checkpoint(
    path: Path, digest: str, network: nn.Module, adam: Adam, progress: Progress
) -> None:
    """Writes a checkpoint of the training that ``digest`` identifies, atomically.

    Raises:
        StorageError: the disk said no.
    """
    tensors = {f"network.{name}": value for name, value in network.state_dict().items()}
    tensors |= {f"best.{name}": value for name, value in progress.best.weights.items()}
    for name, parameter in network.named_parameters():
        for moment, value in adam.state.get(parameter, {}).items():
            tensors[f"adam.{moment}.{name}"] = value
    metadata = {
        "digest": digest,
        "step": str(progress.step),
        "curves": json.dumps(progress.curves),
        "best": json.dumps([progress.best.loss, progress.best.waited]),
    }
    with atomic_file(path) as temporary:
        save_file(
            {name: value.contiguous() for name, value in tensors.items()}, temporary, metadata
        )


def read_checkpoint(path: Path, digest: str) -> Checkpoint | None:
    """The checkpoint in ``path``; None when there is none of this training.

    One of another training (other photos, recipe or weights) is not used.
    """
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata()
            if metadata.get("digest") != digest:
                return None
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError):
        return None
    moments: dict[str, dict[str, Tensor]] = {}
    for moment in _MOMENTS:
        for name, value in _under(f"adam.{moment}.", tensors).items():
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

"""Checkpoints: network, Adam's moments and the curves so far, in one safetensors file."""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from zoo.storage import atomic_file

Row = dict[str, float]
"""One point of the curves: ``step`` and each term."""


@dataclass(frozen=True)
class Progress:
    """How far a training is: iterations done, and its curves."""

    step: int
    curves: list[Row]


def save_checkpoint(
    path: Path, digest: str, network: nn.Module, adam: torch.optim.Adam, progress: Progress
) -> None:
    """Writes a checkpoint of the training that ``digest`` identifies, atomically.

    Raises:
        StorageError: the disk said no.
    """
    tensors = {f"network.{name}": value for name, value in network.state_dict().items()}
    for name, parameter in network.named_parameters():
        for moment in ("exp_avg", "exp_avg_sq", "step"):
            tensors[f"adam.{moment}.{name}"] = adam.state[parameter][moment]
    metadata = {
        "digest": digest,
        "step": str(progress.step),
        "curves": json.dumps(progress.curves),
    }
    with atomic_file(path) as temporary:
        save_file(
            {name: value.contiguous() for name, value in tensors.items()}, temporary, metadata
        )


def load_checkpoint(
    path: Path, digest: str, network: nn.Module, adam: torch.optim.Adam
) -> Progress:
    """Restores ``network`` and ``adam``; a start from nothing when there is no such checkpoint.

    A checkpoint of another training (other photos, recipe or weights) is not used.
    """
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata()
            if metadata.get("digest") != digest:
                return Progress(0, [])
            network.load_state_dict(
                {name: file.get_tensor(f"network.{name}") for name in network.state_dict()}
            )
            for name, parameter in network.named_parameters():
                adam.state[parameter] = {
                    moment: file.get_tensor(f"adam.{moment}.{name}").to(
                        parameter.device if moment != "step" else "cpu"
                    )
                    for moment in ("exp_avg", "exp_avg_sq", "step")
                }
    except (OSError, SafetensorError):
        return Progress(0, [])
    return Progress(int(metadata["step"]), json.loads(metadata["curves"]))

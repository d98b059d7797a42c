"""What one training needs and what it leaves.

The driver makes jobs and reads results without importing torch, which takes seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.faces.curation.face_pack import FacePack
from zoo.shared_storage import SharedFile
from zoo.training.recipes import Recipe

if TYPE_CHECKING:
    from torch import Tensor

    from zoo.training.loop.checkpoint import Row


@dataclass(frozen=True)
class Job:
    """All that one training needs."""

    identity: str
    recipe: Recipe
    style: FacePack
    """The identity's aligned photos."""
    content: Path | SharedFile
    """The content pack; memory-mapped, after a shared one has come to this machine's disk."""
    perceptual: str
    """``vgg19`` or ``compact``."""
    perceptual_weights: "Mapping[str, Tensor]"
    """That network's state."""
    digest: str
    """What identifies this training; a checkpoint with another digest is not resumed."""
    folder: str
    """Where checkpoints and previews go while it trains: a path, or an ``s3://`` address."""
    metadata: Mapping[str, str]
    """Written into the ONNX file."""


@dataclass(frozen=True)
class Trained:
    """What a training leaves: files by name, and how it went."""

    files: dict[str, bytes]
    curves: "list[Row]"
    seconds: float
    resumed_at: int
    iterations: int
    """Done; fewer than the recipe's when it stopped early."""

"""Which network judges content and style: ``vgg19`` (the reference) or ``compact`` (shipped)."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from safetensors.numpy import load_file

from zoo.assets import fetch, locate
from zoo.networks.shipped import COMPACT, shipped_sha256
from zoo.photos.image import AnyArray
from zoo.storage import sha256_of

if TYPE_CHECKING:
    from torch import nn

Choice = Literal["auto", "vgg19", "compact"]


@dataclass(frozen=True)
class Perceptual:
    """A resolved choice: which network, and the SHA-256 of its weights."""

    name: Literal["vgg19", "compact"]
    sha256: str


def resolve_perceptual(
    choice: Choice, digest: Callable[[Path], str] = sha256_of, *, download: bool = True
) -> Perceptual:
    """``auto`` is VGG-19 if its weights are available without a download, else compact.

    Args:
        choice: the recipe's.
        digest: SHA-256 of a file; one that remembers saves reading 500 MB.
        download: whether ``vgg19`` may be fetched.

    Raises:
        AssetError: ``vgg19`` was asked for and cannot be found or downloaded.
    """
    if choice == "vgg19" or (choice == "auto" and locate("vgg19")):
        return Perceptual("vgg19", digest(fetch("vgg19", download=download)))
    return Perceptual("compact", shipped_sha256(COMPACT))


def read_weights(name: Literal["vgg19", "compact"]) -> dict[str, AnyArray]:
    """The network's state in float32; torch is imported for VGG-19 only.

    Raises:
        AssetError: VGG-19's weights cannot be found or downloaded.
    """
    if name == "vgg19":
        return {key: value.numpy() for key, value in read_perceptual(name).state_dict().items()}
    with as_file(files("zoo.networks") / COMPACT) as path:
        return {key: value.astype(np.float32) for key, value in load_file(path).items()}


def read_perceptual(name: Literal["vgg19", "compact"]) -> "nn.Module":
    """The network, frozen, in evaluation mode, on the CPU.

    Raises:
        AssetError: VGG-19's weights cannot be found or downloaded.
    """
    # Only here: what a training would be made from can be said without torch.
    from zoo.networks.compact import read_compact
    from zoo.networks.vgg19 import read_vgg19

    return read_vgg19(fetch("vgg19")) if name == "vgg19" else read_compact()

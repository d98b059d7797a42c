"""The weights that the package ships: their files, and what identifies them (no torch).

``pipelines/shipped`` makes them. ``start`` is what trainings may start from: a face of nobody in
particular, from renders.
"""

import hashlib
from importlib.resources import as_file, files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

COMPACT = "compact.safetensors"
LIGHT = "light.safetensors"
START = "start.safetensors"


def shipped_sha256(name: str) -> str:
    """SHA-256 of one of them, in hex."""
    return hashlib.sha256((files("zoo.networks") / name).read_bytes()).hexdigest()


def read_start() -> "dict[str, Tensor]":
    """The weights of ``start``: a slim network of 128 px with 16 filters, in half precision."""
    from safetensors.torch import load_file

    with as_file(files("zoo.networks") / START) as path:
        return {name: value.float() for name, value in load_file(path).items()}

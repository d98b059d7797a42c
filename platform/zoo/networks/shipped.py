"""The weights that the package ships: their files, and what identifies them (no torch)."""

import hashlib
from importlib.resources import files

COMPACT = "compact.safetensors"
LIGHT = "light.safetensors"
START = "start.safetensors"


def shipped_sha256(name: str) -> str:
    """SHA-256 of one of them, in hex."""
    return hashlib.sha256((files("zoo.networks") / name).read_bytes()).hexdigest()

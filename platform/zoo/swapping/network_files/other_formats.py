"""Recognises networks of other programs by their inputs and outputs, and refuses them by name.

They have no record of the person and the basis, so they cannot become identities here. Only the
names and shapes of inputs and outputs are looked at, in place, whatever the size of the file.
"""

import mmap
from collections.abc import Iterable
from pathlib import Path

from zoo.errors import UsageError
from zoo.swapping.network_files.graph import Port, read_ports
from zoo.untrusted import opened

_SUFFIXES = frozenset((".dfm", ".onnx", ".safetensors", ".pth", ".pt", ".ckpt", ".h5"))
_EMBEDDING = 512
"""Numbers by which ArcFace tells faces apart; all swappers of this kind take them."""


def what_network(path: Path) -> str | None:
    """What the network in the file ``path`` is, in words; None for ours, or no ONNX file."""
    try:
        with opened(path) as file:
            # Closed when nothing looks at it any more, which a traceback may do for a while.
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        inputs, outputs = read_ports(memoryview(mapped))
    except (OSError, ValueError):  # missing, empty, no file, or MalformedError
        return None
    return _words(inputs, outputs)


def refusal(path: Path, name: str | None = None) -> str | None:
    """Why the network in the file ``path`` is neither imported nor used, as a sentence.

    None if it is one of ours, or no ONNX file.

    Args:
        path: the file.
        name: what the sentence calls it; its path unless told otherwise.
    """
    what = what_network(path)
    if what is None:
        return None
    return (
        f"{name or path} is {what}; it has no record of whose face it makes and on what basis, "
        "so it is not imported or used. Add photos of the person with "
        "`zoo identity add`, and train."
    )


def check_no_network(paths: Iterable[Path]) -> None:
    """Refuses network files where a name or photos are expected.

    Raises:
        UsageError: one of the paths is a network's file.
    """
    for path in paths:
        if path.suffix.lower() in _SUFFIXES and path.is_file():
            raise UsageError(
                refusal(path)
                or f"{path} is a network file; networks are made from photos with `zoo identity "
                "add` and training, or pulled from a registry with `zoo pull`."
            )


def _words(inputs: list[Port], outputs: list[Port]) -> str | None:
    given, made = {port.name for port in inputs}, {port.name for port in outputs}
    if {"photo", "swapped"} <= given | made:
        return None
    if any("in_face" in name for name in given) or any("out_celeb" in name for name in made):
        return "a DFM model, for DeepFaceLive or facefusion"
    embedding = any(len(port.shape) == 2 and port.shape[1] == _EMBEDDING for port in inputs)
    if len(inputs) == 2 and (embedding or given == {"target", "source"}):
        return "a swapper of the inswapper kind, which makes the face of any photo"
    return None

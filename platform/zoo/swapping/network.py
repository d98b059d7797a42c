"""A network file as a function from aligned faces to swapped ones, on ONNX Runtime.

A network file is untrusted: it may be damaged, huge, or something else altogether. ONNX holds
no code, only a graph of known operators; what is checked here is that the graph is of the
one shape that a swap uses.
"""

import os
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from zoo.errors import AssetError

INPUT, OUTPUT = "photo", "swapped"
MAX_BYTES = 512 * 2**20
MIN_RESOLUTION, MAX_RESOLUTION = 16, 2048

Crops = NDArray[np.uint8]
"""Aligned faces [N, S, S, 3], RGB."""


class Network(Protocol):
    """What a swap needs of a network."""

    @property
    def resolution(self) -> int: ...

    def __call__(self, crops: Crops, /) -> Crops: ...


class SwapNetwork:
    """Called with aligned faces, gives swapped ones of the same shape.

    Attributes:
        resolution: S, the side in pixels of the faces it takes.
        identity: whose face it makes, as its file says; empty when it does not.
    """

    def __init__(self, path: Path, threads: int | None = None) -> None:
        """Loads the network.

        Args:
            path: an ONNX file with input ``photo`` and output ``swapped``, both float32
                [N, 3, S, S], RGB in 0..1.
            threads: of one run; default one per core this process may use, at most 4, because
                networks this small gain nothing from more.

        Raises:
            AssetError: the file is missing, damaged, too large, or no swap network.
        """
        self._session = _session(path, threads)
        self.resolution = _resolution(path, self._session)
        metadata = self._session.get_modelmeta().custom_metadata_map
        self.identity = str(metadata.get("identity", ""))

    def __call__(self, crops: Crops) -> Crops:
        """Swaps ``crops`` uint8 [N, S, S, 3]."""
        photos_N3SS = np.ascontiguousarray(crops.transpose(0, 3, 1, 2), np.float32) / 255
        (swapped_N3SS,) = self._session.run([OUTPUT], {INPUT: photos_N3SS})
        # A NaN would become an arbitrary grey value; nan_to_num makes it black, which is seen.
        pixels = np.clip(np.nan_to_num(swapped_N3SS), 0, 1) * 255 + 0.5
        return np.ascontiguousarray(pixels.astype(np.uint8).transpose(0, 2, 3, 1))


def _session(path: Path, threads: int | None) -> Any:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise AssetError(f"{path} cannot be read: {error.strerror or error}.") from error
    if size > MAX_BYTES:
        raise AssetError(f"{path} is {size >> 20} MB; no swap network is that large.")
    import onnxruntime

    onnxruntime.set_default_logger_severity(4)  # errors reach us as exceptions
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = threads or min(4, _cores())
    options.inter_op_num_threads = 1
    try:
        return onnxruntime.InferenceSession(
            path.read_bytes(), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # ONNX Runtime's own exceptions have no common public base
        reason = " ".join(str(error).split())[:160]
        raise AssetError(
            f"{path} is damaged or no network file ({reason}); pull it again with `zoo pull`."
        ) from error


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _resolution(path: Path, session: Any) -> int:
    inputs = [(node.name, node.type, node.shape) for node in session.get_inputs()]
    outputs = [(node.name, node.type, node.shape) for node in session.get_outputs()]
    try:
        ((name, kind, (_, channels, height, width)),) = inputs
        ((out_name, out_kind, (_, out_channels, out_height, out_width)),) = outputs
    except ValueError:
        name = out_name = ""
    else:
        fits = (
            (name, out_name, kind, out_kind) == (INPUT, OUTPUT, "tensor(float)", "tensor(float)")
            and channels == out_channels == 3
            and height == width == out_height == out_width
            and isinstance(height, int)
            and MIN_RESOLUTION <= height <= MAX_RESOLUTION
        )
        if fits:
            return int(height)
    raise AssetError(
        f"{path} is no swap network: it takes {_words(inputs)} and gives {_words(outputs)}, not "
        f"'{INPUT}' and '{OUTPUT}', float32 [N, 3, S, S]."
    )


def _words(nodes: list[Any]) -> str:
    return ", ".join(f"'{name}' {kind} {shape}" for name, kind, shape in nodes) or "nothing"

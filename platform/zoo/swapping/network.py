"""Runs a network file on ONNX Runtime: aligned faces in, swapped faces out.

The file is inspected before ONNX Runtime reads it (:mod:`.inspection`), and the shape and type of
each result are checked.
"""

from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from zoo.cores import available_cores
from zoo.errors import AssetError
from zoo.provenance.credentials.marking import Marking
from zoo.swapping.network_files.inspection import INPUT, OUTPUT, Inspected, inspect_network

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
        basis: on what basis that face may be used, likewise.
    """

    def __init__(
        self, path: Path, threads: int | None = None, *, used_as: Marking | None = None
    ) -> None:
        """Loads the network.

        Args:
            path: an ONNX file with input ``photo`` and output ``swapped``, both float32
                [N, 3, S, S], RGB in 0..1.
            threads: of one run; default one per core this process may use, at most 4, because
                networks this small gain nothing from more.
            used_as: how its outputs will be signed; a file that says otherwise is refused.

        Raises:
            AssetError: the file is missing, damaged, too large, no swap network, or not that of
                the identity it is used as.
        """
        inspected = inspect_network(path, used_as)
        self._path = path
        self._session = _session(path, inspected.encoded, threads)
        self._cost_of = _without_bytes(inspected).cost
        self._batches = {1}
        self.resolution = inspected.resolution
        self.identity = inspected.identity
        self.basis = inspected.basis

    def __call__(self, crops: Crops) -> Crops:
        """Swaps ``crops`` uint8 [N, S, S, 3].

        Raises:
            AssetError: what it gives is not of that shape, or would cost out of proportion.
        """
        if len(crops) not in self._batches:
            self._cost_of(len(crops))
            self._batches.add(len(crops))
        photos_N3SS = np.ascontiguousarray(crops.transpose(0, 3, 1, 2), np.float32) / 255
        try:
            (swapped_N3SS,) = self._session.run([OUTPUT], {INPUT: photos_N3SS})
        except Exception as error:  # ONNX Runtime's own exceptions have no common public base
            raise AssetError(f"{self._path} cannot be run ({_reason(error)}).") from error
        if swapped_N3SS.shape != photos_N3SS.shape or swapped_N3SS.dtype != np.float32:
            raise AssetError(
                f"{self._path} gives {swapped_N3SS.dtype} {list(swapped_N3SS.shape)} for faces "
                f"{list(photos_N3SS.shape)}; it is not a swap network."
            )
        # A NaN would become an arbitrary grey value; nan_to_num makes it black, which is seen.
        pixels = np.clip(np.nan_to_num(swapped_N3SS), 0, 1) * 255 + 0.5
        return np.ascontiguousarray(pixels.astype(np.uint8).transpose(0, 2, 3, 1))


def _without_bytes(inspected: Inspected) -> Inspected:
    """ONNX Runtime has the weights now; a second copy of them is not kept."""
    return Inspected(
        b"", inspected.graph, inspected.resolution, inspected.identity, inspected.basis
    )


def _session(path: Path, encoded: bytes, threads: int | None) -> Any:
    import onnxruntime

    onnxruntime.set_default_logger_severity(4)  # errors reach us as exceptions
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = threads or min(4, available_cores())
    options.inter_op_num_threads = 1
    try:
        return onnxruntime.InferenceSession(encoded, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's own exceptions have no common public base
        raise AssetError(
            f"{path} is damaged or not a network file ({_reason(error)}); pull it again with "
            "`zoo pull`."
        ) from error


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:160]

"""Reads the weights of dlib's serialised descriptor network.

Each layer begins with its name; its weights follow as one tensor of little-endian floats
(dlib/cuda/tensor.h and dlib/dnn/layers.h, version 19.24). The layers stand in the order in
which they are applied. Numbers are stored, and nothing in the file is ever run.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zoo.errors import AssetError
from zoo.faces.detection.dlib_format import Reader

_CONVOLUTION, _AFFINE, _FULL = b"\x05con_4", b"\x07affine_", b"\x04fc_2"
_CONVOLUTIONS = 29
_FIRST = (3, 7)  # channels and side of the first convolution's filters; all others have a side of 3
_LARGEST = 2**24  # numbers in one tensor


@dataclass(frozen=True)
class DlibNetwork:
    """Weights as dlib stores them, in float32.

    Attributes:
        convolutions: one vector each, all filters [filters, inputs, rows, columns] and then their
            biases [filters].
        affines: one vector each, the scale of each channel and then its offset.
        last: the last matrix [256, 128], from the mean features to the descriptor.
    """

    convolutions: list[NDArray[np.float32]]
    affines: list[NDArray[np.float32]]
    last: NDArray[np.float32]

    def merged(self) -> dict[str, NDArray[np.float32]]:
        """Weights and biases by their names in a usual network; no affine layer is left.

        ``first``, then ``a`` and ``b`` of each of ``blocks``, then ``last`` [128, 256].

        Raises:
            AssetError: the layers have other sizes than dlib's.
        """
        blocks = (len(self.convolutions) - 1) // 2
        names = ["first", *(f"blocks.{number}.{part}" for number in range(blocks) for part in "ab")]
        found = {"last.weight": np.ascontiguousarray(self.last.T)}
        for name, stored, affine in zip(names, self.convolutions, self.affines, strict=True):
            try:
                scale, offset = np.split(affine, 2)
                filters, bias = np.split(stored, [len(stored) - len(scale)])
                channels, side = _FIRST if name == "first" else (-1, 3)
                filters_OIHW = filters.reshape(len(scale), channels, side, side)
                found[f"{name}.bias"] = scale * bias + offset
            except ValueError as error:
                raise AssetError(
                    "The descriptor network of face_recognition_models has a layer of another size "
                    f"({name}); install it again with: pip install --force-reinstall "
                    "face_recognition_models"
                ) from error
            found[f"{name}.weight"] = filters_OIHW * scale[:, None, None, None]
        return found


def read_dlib_network(path: Path) -> DlibNetwork:
    """Reads ``dlib_face_recognition_resnet_model_v1.dat``.

    Raises:
        AssetError: the file is unreadable or another network.
    """
    try:
        data = np.fromfile(path, np.uint8)
        convolutions = [_tensor(data, at) for at in _places(data, _CONVOLUTION)]
        affines = [_tensor(data, at) for at in _places(data, _AFFINE)]
        (last,) = _places(data, _FULL)
        outputs = Reader(data, last)
        shape = outputs.whole(), outputs.whole()
        matrix = _tensor(data, outputs.at).reshape(shape[::-1])
        if len(convolutions) != _CONVOLUTIONS or len(affines) != _CONVOLUTIONS:
            raise ValueError("unexpected number of layers")
    except (OSError, ValueError, IndexError) as error:
        raise AssetError(
            f"{path} cannot be read as dlib's descriptor network; install it again with: "
            "pip install --force-reinstall face_recognition_models"
        ) from error
    return DlibNetwork(convolutions, affines, matrix)


def _places(data: NDArray[np.uint8], name: bytes) -> list[int]:
    """Where what follows each layer of this name begins."""
    return [match.end() for match in re.finditer(re.escape(name), data.data)]


def _tensor(data: NDArray[np.uint8], at: int) -> NDArray[np.float32]:
    """The floats of the tensor at this place, as one vector."""
    head = Reader(data, at)
    head.expect(2)  # version
    count = 1
    for _ in range(4):
        count *= head.whole()
    if not 0 < count <= _LARGEST or head.at + 4 * count > len(data):
        raise ValueError("unexpected size of a tensor")
    values = np.frombuffer(data, "<f4", count, head.at)
    if not np.isfinite(values).all():
        raise ValueError("a weight is no number")
    return values.astype(np.float32)

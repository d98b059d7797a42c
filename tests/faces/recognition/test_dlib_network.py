"""dlib's descriptor network is read from its own bytes, and nothing else is."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zoo.errors import AssetError
from zoo.faces.detection.dlib_models import DESCRIPTOR, model_file
from zoo.faces.recognition.dlib_network import read_dlib_network


def whole(number: int) -> bytes:
    """As dlib serialises it: a count of bytes and the sign, then the bytes, low ones first."""
    digits = abs(number).to_bytes((abs(number).bit_length() + 7) // 8, "little")
    return bytes([len(digits) | (128 if number < 0 else 0)]) + digits


def tensor(values: Any, shape: tuple[int, ...] | None = None, version: int = 2) -> bytes:
    numbers = np.asarray(values, "<f4")
    sides = shape or (1, 1, 1, numbers.size)
    return b"".join(map(whole, (version, *sides))) + numbers.tobytes()


def a_network(convolutions: int = 29, affines: int = 29, last: bytes | None = None) -> bytes:
    """Layers of one to three weights; ``last`` in place of six weights from two to three."""
    layers = [b"\x05con_4" + tensor([number, -1.5]) for number in range(convolutions)]
    layers += [b"\x07affine_" + tensor([[number], [2], [3]], (3, 1, 1, 1))
               for number in range(affines)]  # fmt: skip
    end = tensor([[1, 2, 3], [4, 5, 6]], (2, 3, 1, 1)) if last is None else last
    return b"head" + b"".join(layers) + b"\x04fc_2" + whole(3) + whole(2) + end


def test_weights_are_those_of_the_layers_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "network.dat"
    path.write_bytes(a_network())
    found = read_dlib_network(path)
    assert [one.tolist() for one in found.convolutions] == [[n, -1.5] for n in range(29)]
    assert [one.tolist() for one in found.affines] == [[n, 2, 3] for n in range(29)]
    assert found.last.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert {one.dtype for one in (*found.convolutions, found.last)} == {np.dtype(np.float32)}
    with pytest.raises(AssetError, match=r"a layer of another size \(first\); install it again"):
        found.merged()


@pytest.mark.parametrize(
    "content",
    [
        b"", a_network()[:-1], a_network(28), a_network(30), a_network(29, 28), a_network(29, 30),
        a_network(last=tensor([1, 2, 3, 4, 5])), a_network(last=tensor([1, 2, 3, 4, 5, np.nan])),
        a_network(last=tensor([1] * 6, version=1)), a_network(last=tensor([], (2, 3, 0, 1))),
        a_network(last=tensor([1] * 6, (2**20, 2**20, 1, 1))), a_network() + b"\x04fc_2",
        a_network(last=tensor([1] * 6, (-2, 3, 1, 1))),
    ],
)  # fmt: skip
def test_what_is_another_network_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "network.dat"
    path.write_bytes(content)
    with pytest.raises(AssetError, match=r"network\.dat cannot be read as dlib's descriptor"):
        read_dlib_network(path)


def test_the_installed_network_is_whole_and_a_missing_one_is_named(tmp_path: Path) -> None:
    found = read_dlib_network(model_file(DESCRIPTOR))
    assert (found.convolutions[0].size, found.affines[0].size) == (32 * 3 * 7 * 7 + 32, 64)
    assert found.last.shape == (256, 128)
    with pytest.raises(AssetError, match=r"missing\.dat cannot be read"):
        read_dlib_network(tmp_path / "missing.dat")

"""A network file is a function on faces; a file that is anything else is refused in words."""

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto

from tests.networks_on_disk import write_network
from zoo.errors import AssetError
from zoo.swapping.network import SwapNetwork
from zoo.swapping.network_files import inspection


def test_faces_go_in_and_out_as_bytes(tmp_path: Path) -> None:
    half = SwapNetwork(write_network(tmp_path / "n.onnx", 0.5, size=32, identity="ada"))
    assert (half.resolution, half.identity) == (32, "ada")
    crops = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8)
    swapped = half(crops)
    assert swapped.dtype == np.uint8
    assert np.abs(swapped.astype(float) - crops / 2).max() <= 0.5 + 1e-4


def test_nothing_is_lost_on_the_way_through(tmp_path: Path) -> None:
    crops = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), np.uint8)
    assert (SwapNetwork(write_network(tmp_path / "n.onnx", size=32))(crops) == crops).all()


@pytest.mark.parametrize(("factor", "value"), [(9.0, 255), (-1.0, 0), (float("nan"), 0)])
def test_outputs_stay_in_range(tmp_path: Path, factor: float, value: int) -> None:
    crops = np.full((1, 32, 32, 3), 200, np.uint8)
    assert (SwapNetwork(write_network(tmp_path / "n.onnx", factor, size=32))(crops) == value).all()


def test_the_name_is_missing_where_the_file_has_none(tmp_path: Path) -> None:
    assert SwapNetwork(write_network(tmp_path / "n.onnx")).identity == ""


@pytest.mark.parametrize("content", [b"", b"no network", b"\0" * 5000, b"\x08\x0a\x12" * 99])
def test_a_damaged_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "n.onnx"
    path.write_bytes(content)
    with pytest.raises(AssetError, match=r"n\.onnx is damaged or not a network") as caught:
        SwapNetwork(path)
    assert "\n" not in str(caught.value)


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    path = write_network(tmp_path / "n.onnx")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(AssetError):
        SwapNetwork(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match=r"n\.onnx cannot be read"):
        SwapNetwork(tmp_path / "n.onnx")


def test_a_huge_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_network(tmp_path / "n.onnx")
    monkeypatch.setattr(inspection, "MAX_BYTES", 100)
    with pytest.raises(AssetError, match="no swap network is that large"):
        SwapNetwork(path)


@pytest.mark.parametrize(
    "form",
    [
        {"names": ("image", "swapped")},
        {"names": ("photo", "result")},
        {"kind": TensorProto.DOUBLE},
        {"shape": ["N", 3, 64, 32]},
        {"shape": ["N", 1, 64, 64]},
        {"shape": ["N", 3, "H", "W"]},
        {"shape": ["N", 3, 8, 8]},
        {"shape": ["N", 3, 4096, 4096]},
        {"shape": [3, 64, 64]},
    ],
)
def test_a_network_of_another_form_is_refused(tmp_path: Path, form: dict[str, object]) -> None:
    path = write_network(tmp_path / "n.onnx", **form)  # type: ignore[arg-type]
    with pytest.raises(AssetError, match="is not a swap network"):
        SwapNetwork(path)

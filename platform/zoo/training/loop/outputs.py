"""The files a training leaves: networks, curves, a picture."""

import csv
import io
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from safetensors.torch import save as save_safetensors
from torch import Tensor

from zoo.networks.onnx_export import export_onnx
from zoo.networks.quantisation import quantise
from zoo.networks.transformation import TransformationNetwork
from zoo.training.loop.checkpoint import Row
from zoo.training.loop.preview import preview_jpeg


def product_files(
    network: TransformationNetwork,
    metadata: Mapping[str, str],
    curves: Sequence[Row],
    shown_B3HW: Tensor,
    calibration_B3HW: Tensor | None = None,
) -> dict[str, bytes]:
    """By name: the network as ONNX and safetensors, its curves, and a picture of its work.

    Args:
        network: trained, on the CPU.
        metadata: written into both network files.
        curves: at least one point.
        shown_B3HW: photos for the picture, 0..1.
        calibration_B3HW: photos, 0..1, by which the ONNX file is quantised to 8 bits; it stays in
            float32 without them.
    """
    with tempfile.TemporaryDirectory() as folder:
        onnx = Path(folder) / "network.onnx"
        export_onnx(network, onnx, metadata)
        if calibration_B3HW is not None:
            quantise(onnx, calibration_B3HW.float().numpy(force=True))
        weights = {name: value.contiguous() for name, value in network.state_dict().items()}
        return {
            "network.onnx": onnx.read_bytes(),
            "network.safetensors": save_safetensors(weights, dict(metadata)),
            "curves.csv": _table(curves),
            "preview.jpg": preview_jpeg(network, shown_B3HW),
        }


def _table(curves: Sequence[Row]) -> bytes:
    columns = list(dict.fromkeys(name for row in curves for name in row))
    table = io.StringIO()
    writer = csv.DictWriter(table, fieldnames=columns)
    writer.writeheader()
    writer.writerows(curves)
    return table.getvalue().encode()

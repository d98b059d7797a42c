"""The output files of a training: networks, loss curves, preview.

The picture has photos above and swaps below.
"""

import csv
import io
import json
import struct
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save as save_safetensors
from torch import Tensor, nn

from zoo.networks.onnx_export import export_onnx
from zoo.networks.quantisation import quantise
from zoo.networks.transformation import TransformationNetwork
from zoo.training.loop.checkpoint import Row


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
            "network.safetensors": in_order(save_safetensors(weights, dict(metadata))),
            "curves.csv": _table(curves),
            "preview.jpg": preview_jpeg(network, shown_B3HW),
        }


def in_order(encoded: bytes) -> bytes:
    """The same safetensors file, its metadata sorted by name.

    Equal networks shall have equal digests, but the library writes metadata in a random order
    (https://github.com/safetensors/safetensors/issues/584).
    """
    (size,) = struct.unpack_from("<Q", encoded)
    begin = struct.calcsize("<Q")
    header = json.loads(encoded[begin : begin + size])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # the tensors stay aligned
    return struct.pack("<Q", len(text)) + text + encoded[begin + size :]


def _table(curves: Sequence[Row]) -> bytes:
    columns = list(dict.fromkeys(name for row in curves for name in row))
    table = io.StringIO()
    writer = csv.DictWriter(table, fieldnames=columns)
    writer.writeheader()
    writer.writerows(curves)
    return table.getvalue().encode()


COLUMNS = 8
SIDE = 128


@torch.no_grad()
def preview_jpeg(network: nn.Module, photos_B3HW: Tensor) -> bytes:
    """:func:`preview` of what ``network`` (on any device) makes of the photos, as JPEG."""
    device = next(network.parameters()).device
    picture = preview(photos_B3HW, network(photos_B3HW.to(device)).cpu())
    encoded = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])[1]
    return encoded.tobytes()


def preview(photos_B3HW: Tensor, swapped_B3HW: Tensor) -> NDArray[np.uint8]:
    """Two rows of up to eight faces, uint8 RGB [2·128, 8·128, 3]."""
    rows = [
        np.concatenate([_picture(face) for face in batch[:COLUMNS]], axis=1)
        for batch in (photos_B3HW, swapped_B3HW)
    ]
    return np.concatenate(rows)


def _picture(face_3HW: Tensor) -> NDArray[np.uint8]:
    pixels = (face_3HW.detach().float().clamp(0, 1) * 255).round().to(torch.uint8)
    interpolation = cv2.INTER_CUBIC if face_3HW.shape[-1] < SIDE else cv2.INTER_AREA
    picture = cv2.resize(
        pixels.permute(1, 2, 0).cpu().numpy(), (SIDE, SIDE), interpolation=interpolation
    )
    return np.asarray(picture, np.uint8)

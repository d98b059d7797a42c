"""Quantises a network's convolutions to 8-bit integers, which CPUs multiply in half the time.

Static quantisation in QDQ form (https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html):
each channel of a convolution's weights and each tensor that goes into one has a scale; those of
the tensors are found by running the network on photos and keeping the least and greatest values.
Everything between convolutions, the normalisations above all, stays in float32. Weights use
7 of the 8 bits, since CPUs without VNNI add pairs of products in 16 bits and would overflow.
"""

import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from zoo.networks.onnx_export import INPUT

_BATCH = 4


def quantise(path: Path, photos_B3HW: NDArray[np.float32]) -> None:
    """Replaces the network file ``path`` by a quantised one; its metadata are kept.

    Args:
        path: ONNX with the one input ``photo``.
        photos_B3HW: aligned faces, 0..1, whose values stand for all; some dozens are enough.
    """
    metadata = {one.key: one.value for one in onnx.load(path).metadata_props}
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)  # the quantiser advises its own preparation, which is done here
    try:
        with tempfile.TemporaryDirectory() as folder:
            prepared = Path(folder) / "prepared.onnx"
            quant_pre_process(str(path), str(prepared), skip_symbolic_shape=True)
            quantize_static(
                str(prepared),
                str(path),
                _Photos(photos_B3HW),
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=["Conv"],
                per_channel=True,
                reduce_range=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
            )
    finally:
        root.setLevel(level)
    model = onnx.load(path)
    for other in [one for one in model.opset_import if one.domain]:
        model.opset_import.remove(other)  # named by the preparation, used by no node
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, metadata)
    onnx.save(model, path)


class _Photos(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, photos_B3HW: NDArray[np.float32]) -> None:
        self._batches: Iterator[NDArray[Any]] = iter(
            np.array_split(photos_B3HW, range(_BATCH, len(photos_B3HW), _BATCH))
        )

    def get_next(self) -> dict[str, NDArray[Any]] | None:
        batch = next(self._batches, None)
        return None if batch is None else {INPUT: batch}

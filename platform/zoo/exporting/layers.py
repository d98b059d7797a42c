"""A network's weights by layer, read from its ONNX file.

Names and shapes are those of :class:`zoo.networks.transformation.TransformationNetwork`:
``branches.I.J.weight`` and ``merges.I.J.weight`` (I from the coarsest scale on, J the place in the
block: a convolution, its normalisation, a ReLU, and again), ``rgb.weight``, each with its ``bias``.
All are float32. The integers of an 8-bit network are multiplied by their scales: these are the
weights that a swap uses.
"""

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

_UNNAMED = ("/", "onnx::", "val_")  # constants of the graph, which are no weights


def layers(network: onnx.ModelProto) -> dict[str, NDArray[np.float32]]:
    """The weights by name."""
    tensors = {one.name: numpy_helper.to_array(one) for one in network.graph.initializer}
    found: dict[str, NDArray[np.float32]] = {}
    scales: set[str] = set()
    for node in network.graph.node:
        if node.op_type in ("QuantizeLinear", "DequantizeLinear"):
            scales.update(node.input[1:])
        if node.op_type == "DequantizeLinear" and node.input[0] in tensors:
            name = node.input[0]
            axis = next((one.i for one in node.attribute if one.name == "axis"), 1)
            whole, scale, *zero = (tensors[part] for part in node.input)
            shape = [-1 if place == axis else 1 for place in range(whole.ndim)]
            if scale.ndim:
                scale, zero = scale.reshape(shape), [one.reshape(shape) for one in zero]
            centred = whole.astype(np.float32) - (zero[0].astype(np.float32) if zero else 0)
            found[name.removesuffix("_quantized")] = np.asarray(centred * scale, np.float32)
            scales.add(name)
    for name, tensor in tensors.items():
        if name not in scales and tensor.dtype == np.float32 and not name.startswith(_UNNAMED):
            found[name] = np.ascontiguousarray(tensor)
    return dict(sorted(found.items()))

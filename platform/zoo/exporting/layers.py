"""A network's weights by layer, read from its ONNX file.

Names and shapes are those of :class:`zoo.networks.transformation.TransformationNetwork`:
``branches.I.J.weight`` and ``merges.I.J.weight`` (I from the coarsest scale on, J the place in the
block: a convolution, its normalisation, a ReLU, and again), ``rgb.weight``, each with its ``bias``.
All are float32. The integers of an 8-bit network are multiplied by their scales: these are the
weights that a swap uses. Where upsampling is folded into a convolution
(:mod:`zoo.networks.upsampled_convolution`), they are told from the sums that the file holds.
"""

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

_UNNAMED = ("/", "onnx::", "val_")  # constants of the graph, which are no weights
_FOLDED = ".of_coarse.weight"
_SUMS = np.array(((1, 1, 0), (0, 0, 1), (1, 0, 0), (0, 1, 1)), np.float32)
"""What of three weights in a row each of two output pixels takes from each of two small pixels."""


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
    for folded in [one for one in found if one.endswith(_FOLDED)]:
        of_fine = folded.removesuffix(_FOLDED) + ".0.weight"
        found[of_fine] = np.concatenate([_unfolded(found.pop(folded)), found[of_fine]], axis=1)
    return dict(sorted(found.items()))


def _unfolded(sums: NDArray[np.float32]) -> NDArray[np.float32]:
    """The weights [O, I, 3, 3] whose sums [4 O, I, 2, 2] a folded convolution has."""
    rows = sums.reshape(2, 2, -1, *sums.shape[1:])  # two by two output pixels
    inverse = np.linalg.pinv(_SUMS).reshape(3, 2, 2)
    return np.asarray(np.einsum("xct,ydu,cdoitu->oixy", inverse, inverse, rows), np.float32)

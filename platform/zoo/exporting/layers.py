"""A network's weights by layer, read from its ONNX file.

Names and shapes are those of :class:`zoo.networks.transformation.TransformationNetwork`:
``branches.I.J.weight`` and ``merges.I.J.weight`` (I from the coarsest scale on, J the place in the
block: a convolution, its normalisation, a ReLU, and again), ``rgb.weight``, each with its ``bias``.
All are float32. The integers of an 8-bit network are multiplied by their scales. Where upsampling
is folded into a convolution (:mod:`zoo.networks.upsampled_convolution`), the file holds sums of
weights; the weights whose sums are nearest to them are given.

Names are taken from the weights, not from the biases: exporters store equal tensors once, and the
biases of convolutions are all 0 after a training that normalises without them.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

_LAYERS = ("Conv", "InstanceNormalization")
_WEIGHT, _BIAS = ".weight", ".bias"
_FOLDED = ".of_coarse.weight"
_SUMS = np.array(((1, 1, 0), (0, 0, 1), (1, 0, 0), (0, 1, 1)), np.float32)
"""What of three weights in a row each of two output pixels takes from each of two small pixels."""


def layers(network: onnx.ModelProto) -> dict[str, NDArray[np.float32]]:
    """The weights by name; of layers whose weights have no name, none."""
    tensors = {one.name: numpy_helper.to_array(one) for one in network.graph.initializer}
    made = {
        node.output[0]: node
        for node in network.graph.node
        if node.op_type in ("Identity", "DequantizeLinear")
    }
    found: dict[str, NDArray[np.float32]] = {}
    for node in network.graph.node:
        if node.op_type not in _LAYERS:
            continue
        name, values = _stored(node.input[1], tensors, made)
        if not name.endswith(_WEIGHT):
            continue
        found[name] = values
        if len(node.input) > 2:
            found[name.removesuffix(_WEIGHT) + _BIAS] = _stored(node.input[2], tensors, made)[1]
    for folded in [one for one in found if one.endswith(_FOLDED)]:
        of_fine = folded.removesuffix(_FOLDED) + ".0.weight"
        found[of_fine] = np.concatenate([_unfolded(found.pop(folded)), found[of_fine]], axis=1)
    return dict(sorted(found.items()))


def _stored(
    name: str, tensors: Mapping[str, NDArray[Any]], made: Mapping[str, onnx.NodeProto]
) -> tuple[str, NDArray[np.float32]]:
    """The name and values of a tensor of the file, which other operators may have passed on."""
    if name in tensors:
        return name.removesuffix("_quantized"), np.ascontiguousarray(tensors[name], np.float32)
    node = made[name]
    stored, values = _stored(node.input[0], tensors, made)
    if node.op_type == "Identity":
        return stored, values
    axis = next((one.i for one in node.attribute if one.name == "axis"), 1)
    scale, *zero = (tensors[part].astype(np.float32) for part in node.input[1:])
    if scale.ndim:
        shape = [-1 if place == axis else 1 for place in range(values.ndim)]
        scale, zero = scale.reshape(shape), [one.reshape(shape) for one in zero]
    return stored, np.asarray((values - (zero[0] if zero else 0)) * scale, np.float32)


def _unfolded(sums: NDArray[np.float32]) -> NDArray[np.float32]:
    """The weights [O, I, 3, 3] whose sums [4 O, I, 2, 2] a folded convolution has."""
    rows = sums.reshape(2, 2, -1, *sums.shape[1:])  # two by two output pixels
    inverse = np.linalg.pinv(_SUMS).reshape(3, 2, 2)
    return np.asarray(np.einsum("xct,ydu,cdoitu->oixy", inverse, inverse, rows), np.float32)

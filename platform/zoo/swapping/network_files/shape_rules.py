"""The shape of each operator's result, and its values where these are few.

Source: https://onnx.ai/onnx/operators/, the shapes of each operator's output.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zoo.swapping.network_files.graph import Node
from zoo.swapping.network_files.protobuf import MalformedError
from zoo.swapping.network_files.tensors import SMALL, Tensor
from zoo.swapping.network_files.windows import integers_of, whole_of, window

Sizes = tuple[int, ...]


@dataclass(frozen=True)
class KnownTensor:
    """What is known of a result before the graph is run: its shape, and values if they are few."""

    shape: Sizes
    values: NDArray[Any] | None = None

    @property
    def count(self) -> int:
        return math.prod(self.shape)


_SCATTERED = 64
"""Multiplications that take as long as one value takes to another place, where it lies alone."""

_Inputs = list[KnownTensor | None]
_Rule = Callable[[Node, Any], tuple[KnownTensor, int]]


def _same(node: Node, inputs: list[KnownTensor]) -> tuple[KnownTensor, int]:
    """Element by element; of constants, the numbers are followed through a change of type only."""
    first = inputs[0]
    values = None
    if first.values is not None and node.operator in ("Cast", "Identity"):
        values = first.values
        if node.operator == "Cast" and node.attributes.get("to") in (6, 7):
            if not np.isfinite(values.astype(float)).all():
                raise MalformedError("a size in it is no number")
            values = values.astype(np.int64)
    return KnownTensor(first.shape, values), 4 * first.count


def _broadcast(node: Node, inputs: list[KnownTensor]) -> tuple[KnownTensor, int]:
    shape = tuple(np.broadcast_shapes(*(one.shape for one in inputs)))
    values = None
    made = math.prod(shape)
    operation = {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply}.get(node.operator)
    numbers = [one.values for one in inputs if one.values is not None]
    if made <= SMALL and operation is not None and len(inputs) == len(numbers) == 2:
        with np.errstate(all="ignore"):
            values = operation(numbers[0], numbers[1])
    return KnownTensor(shape, values), made * len(inputs)


def _conv(node: Node, inputs: list[KnownTensor]) -> tuple[KnownTensor, int]:
    image, weights = inputs[0].shape, inputs[1].shape
    group = whole_of(node, "group", 1)
    if len(image) != 4 or len(weights) != 4 or not 1 <= group <= image[1]:
        raise MalformedError("a convolution in it is not two-dimensional")
    if weights[1] * group != image[1] or weights[0] % group:
        raise MalformedError("a convolution in it has weights for other channels")
    kernel = integers_of(node, "kernel_shape", weights[2:])
    if kernel != weights[2:] or (len(inputs) > 2 and inputs[2].shape != weights[:1]):
        raise MalformedError("a convolution in it has weights of another shape")
    size = window(node, image[2:], kernel)
    made = KnownTensor((image[0], weights[0], *size))
    return made, made.count * math.prod(weights[1:])


def _pool(node: Node, inputs: list[KnownTensor]) -> tuple[KnownTensor, int]:
    image = inputs[0].shape
    kernel = integers_of(node, "kernel_shape", ())
    if len(image) != 4 or len(kernel) != 2:
        raise MalformedError("a pooling in it is not two-dimensional")
    made = KnownTensor((*image[:2], *window(node, image[2:], kernel)))
    return made, made.count * math.prod(kernel)


def _quantised(node: Node, inputs: list[KnownTensor]) -> tuple[KnownTensor, int]:
    """To or from whole numbers, with one scale or one for each place along an axis."""
    shape, scale = inputs[0].shape, inputs[1].shape
    if scale not in ((), (1,)) and scale != (shape[_axis(whole_of(node, "axis", 1), len(shape))],):
        raise MalformedError("a quantisation in it has scales for other channels")
    if len(inputs) > 2 and inputs[2].shape != scale:
        raise MalformedError("a quantisation in it has zero points for other channels")
    return KnownTensor(shape), 2 * inputs[0].count


def _normalised(node: Node, inputs: list[KnownTensor]) -> tuple[KnownTensor, int]:
    shape = inputs[0].shape
    if len(shape) != 4 or any(one.shape != shape[1:2] for one in inputs[1:]):
        raise MalformedError("a normalisation in it has weights for other channels")
    return KnownTensor(shape), 8 * inputs[0].count


def _resize(node: Node, inputs: _Inputs) -> tuple[KnownTensor, int]:
    plain = {"keep_aspect_ratio_policy": "stretch", "antialias": 0, "axes": ()}
    if any(node.attributes.get(name, value) != value for name, value in plain.items()):
        raise MalformedError("a resizing in it is of a kind that swap networks do not use")
    if node.attributes.get("coordinate_transformation_mode") == "tf_crop_and_resize":
        raise MalformedError("a resizing in it is of a kind that swap networks do not use")
    image = inputs[0]
    assert image is not None
    scales, sizes = (inputs[at] if len(inputs) > at else None for at in (2, 3))
    if sizes is not None and sizes.count:
        shape = tuple(_numbers(sizes))
    elif scales is not None and scales.values is not None:
        factors = [float(one) for one in scales.values.ravel()]
        if len(factors) != len(image.shape):
            raise MalformedError("a resizing in it has no factor for each axis")
        shape = tuple(
            math.floor(side * one) for side, one in zip(image.shape, factors, strict=True)
        )
    else:
        raise MalformedError("the size of a resizing in it is unknown")
    if len(shape) != len(image.shape) or min(shape) < 1:
        raise MalformedError("a resizing in it has an empty result")
    made = KnownTensor(shape)
    return made, 16 * made.count


def _concat(node: Node, inputs: list[KnownTensor]) -> tuple[KnownTensor, int]:
    rank = len(inputs[0].shape)
    axis = _axis(whole_of(node, "axis", 0), rank)
    rests = {one.shape[:axis] + one.shape[axis + 1 :] for one in inputs}
    if len(rests) != 1 or any(len(one.shape) != rank for one in inputs):
        raise MalformedError("the parts of a concatenation in it do not match")
    along = sum(one.shape[axis] for one in inputs)
    shape = (*inputs[0].shape[:axis], along, *inputs[0].shape[axis + 1 :])
    values = None
    numbers = [one.values for one in inputs if one.values is not None]
    if math.prod(shape) <= SMALL and len(numbers) == len(inputs):
        values = np.concatenate(numbers, axis)
    return KnownTensor(shape, values), math.prod(shape)


def _shape(node: Node, inputs: list[KnownTensor]) -> tuple[KnownTensor, int]:
    whole = np.array(inputs[0].shape, np.int64)
    start, end = whole_of(node, "start", 0), whole_of(node, "end", len(whole))
    values = whole[start:end]
    return KnownTensor(values.shape, values), 1


def _gather(node: Node, inputs: list[KnownTensor]) -> tuple[KnownTensor, int]:
    data, places = inputs
    axis = _axis(whole_of(node, "axis", 0), len(data.shape))
    shape = data.shape[:axis] + places.shape + data.shape[axis + 1 :]
    values = None
    if data.values is not None and places.values is not None and math.prod(shape) <= SMALL:
        values = np.take(data.values, places.values.astype(np.int64), axis)
    return KnownTensor(shape, values), math.prod(shape)


def _slice(node: Node, inputs: _Inputs) -> tuple[KnownTensor, int]:
    data = inputs[0]
    assert data is not None
    starts, ends = _numbers(inputs[1]), _numbers(inputs[2])
    axes = _numbers(inputs[3]) if len(inputs) > 3 and inputs[3] else list(range(len(starts)))
    steps = _numbers(inputs[4]) if len(inputs) > 4 and inputs[4] else [1] * len(starts)
    shape, cut = list(data.shape), [slice(None)] * len(data.shape)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        place = _axis(axis, len(shape))
        cut[place] = slice(start, end if step > 0 or end >= -data.shape[place] else None, step)
        shape[place] = len(range(*cut[place].indices(data.shape[place])))
    values = None if data.values is None else data.values[tuple(cut)]
    return KnownTensor(tuple(shape), values), math.prod(shape)


def _unsqueeze(node: Node, inputs: list[KnownTensor]) -> tuple[KnownTensor, int]:
    axes = _numbers(inputs[1])
    rank = len(inputs[0].shape) + len(axes)
    new = {_axis(axis, rank) for axis in axes}
    old = iter(inputs[0].shape)
    shape = tuple(1 if axis in new else next(old) for axis in range(rank))
    if len(new) != len(axes):
        raise MalformedError("an axis in it is named twice")
    values = inputs[0].values
    return KnownTensor(shape, None if values is None else values.reshape(shape)), 1


def _squeeze(node: Node, inputs: list[KnownTensor]) -> tuple[KnownTensor, int]:
    shape = inputs[0].shape
    gone = {_axis(axis, len(shape)) for axis in _numbers(inputs[1])}
    if any(shape[axis] != 1 for axis in gone):
        raise MalformedError("an axis that it removes is not of length one")
    kept = tuple(side for axis, side in enumerate(shape) if axis not in gone)
    values = inputs[0].values
    return KnownTensor(kept, None if values is None else values.reshape(kept)), 1


def _reshape(node: Node, inputs: _Inputs) -> tuple[KnownTensor, int]:
    data = inputs[0]
    assert data is not None
    if whole_of(node, "allowzero", 0):
        raise MalformedError("a reshaping in it is of a kind that swap networks do not use")
    shape = _numbers(inputs[1])
    for place, side in enumerate(shape):
        if side == 0:  # as it was
            shape[place] = data.shape[_axis(place, len(data.shape))]
    known = math.prod(side for side in shape if side != -1)
    if shape.count(-1) == 1 and known > 0:
        shape[shape.index(-1)] = data.count // known
    if min(shape, default=1) < 1 or math.prod(shape) != data.count:
        raise MalformedError("a reshaping in it does not keep the number of values")
    return KnownTensor(tuple(shape), None if data.values is None else data.values.reshape(shape)), 1


def _transpose(node: Node, inputs: list[KnownTensor]) -> tuple[KnownTensor, int]:
    (data,) = inputs
    axes = integers_of(node, "perm", tuple(reversed(range(len(data.shape)))))
    if sorted(axes) != list(range(len(data.shape))):
        raise MalformedError("a transposition in it does not name each axis once")
    shape = tuple(data.shape[axis] for axis in axes)
    values = None if data.values is None else data.values.transpose(axes)
    return KnownTensor(shape, values), _SCATTERED * data.count


def _constant(node: Node, inputs: list[KnownTensor]) -> tuple[KnownTensor, int]:
    ((name, value),) = node.attributes.items()
    if isinstance(value, Tensor):
        return KnownTensor(value.shape, value.values), 1
    if name not in ("value_int", "value_ints", "value_float", "value_floats"):
        raise MalformedError("a constant in it is not a number")
    values = np.array(value, np.float32 if "float" in name else np.int64)
    return KnownTensor(values.shape, values if values.size <= SMALL else None), 1


def _numbers(known: KnownTensor | None) -> list[int]:
    """Whole numbers that are sizes, places or axes.

    Raises:
        MalformedError: they are not known before the graph is run.
    """
    if known is None or known.values is None or known.values.dtype.kind not in "iu":
        raise MalformedError("a size in it is unknown before it is run")
    return [int(one) for one in known.values.ravel()]


def _axis(axis: int, rank: int) -> int:
    if not -rank <= axis < rank:
        raise MalformedError("an axis in it is not there")
    return axis % rank


RULES: dict[str, _Rule] = {
    **dict.fromkeys(
        ("Abs", "Cast", "Clip", "Elu", "Erf", "Exp", "Gelu", "HardSigmoid", "HardSwish", "Identity",
         "LeakyRelu", "Log", "Neg", "Relu", "Sigmoid", "Softplus", "Sqrt", "Tanh"),
        _same,
    ),
    **dict.fromkeys(("Add", "Div", "Max", "Min", "Mul", "PRelu", "Sub"), _broadcast),
    **dict.fromkeys(("InstanceNormalization", "BatchNormalization"), _normalised),
    **dict.fromkeys(("AveragePool", "MaxPool"), _pool),
    "Concat": _concat,
    "Constant": _constant,
    "Conv": _conv,
    **dict.fromkeys(("QuantizeLinear", "DequantizeLinear"), _quantised),
    "Gather": _gather,
    "Reshape": _reshape,
    "Resize": _resize,
    "Shape": _shape,
    "Slice": _slice,
    "Squeeze": _squeeze,
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
}  # fmt: skip
"""By ONNX's standard operators that a swap network may have."""

"""Output sizes of sliding windows (convolutions, poolings).

A step, group or kernel of zero could cause a division by zero in the runtime, so each number is
checked here.

Source: https://onnx.ai/onnx/operators/onnx__Conv.html and onnx__MaxPool.html.
"""

from zoo.swapping.network_files.graph import Node
from zoo.swapping.network_files.protobuf import MalformedError

Sizes = tuple[int, ...]


def window(node: Node, size: Sizes, kernel: Sizes) -> Sizes:
    """Sides of what a window that moves over a picture of ``size`` gives.

    Raises:
        MalformedError: the window's size, steps or padding cannot be.
    """
    strides = integers_of(node, "strides", (1, 1))
    dilations = integers_of(node, "dilations", (1, 1))
    pads = integers_of(node, "pads", (0, 0, 0, 0))
    if node.attributes.get("auto_pad", "NOTSET") != "NOTSET":
        raise MalformedError("a window in it has implicit padding")
    if (len(strides), len(dilations), len(pads), len(kernel)) != (2, 2, 4, 2):
        raise MalformedError("a window in it is not two-dimensional")
    reach = [dilation * (side - 1) + 1 for side, dilation in zip(kernel, dilations, strict=True)]
    if min(*strides, *dilations, *kernel) < 1 or not all(
        0 <= pad <= reach[axis % 2] for axis, pad in enumerate(pads)
    ):
        raise MalformedError("a window in it has an impossible size, step or padding")
    up = 1 if whole_of(node, "ceil_mode", 0) else 0
    sides = []
    for axis in (0, 1):
        room = size[axis] + pads[axis] + pads[axis + 2] - reach[axis]
        if room < 0:
            raise MalformedError("a window in it is larger than its picture")
        sides.append((room + up * (strides[axis] - 1)) // strides[axis] + 1)
    return tuple(sides)


def whole_of(node: Node, name: str, default: int) -> int:
    """A whole number among an operator's attributes.

    Raises:
        MalformedError: it is something else.
    """
    value = node.attributes.get(name, default)
    if not isinstance(value, int):
        raise MalformedError(f"{name} of its operator {node.operator} is not an integer")
    return value


def integers_of(node: Node, name: str, default: Sizes) -> Sizes:
    """Whole numbers among an operator's attributes.

    Raises:
        MalformedError: they are something else.
    """
    value = node.attributes.get(name, default)
    if not isinstance(value, tuple) or not all(isinstance(one, int) for one in value):
        raise MalformedError(f"{name} of its operator {node.operator} are not integers")
    return tuple(int(one) for one in value)

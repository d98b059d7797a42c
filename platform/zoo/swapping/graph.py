"""The graph in a network file: read in place, and refused where it is not plain.

A plain graph is one list of standard operators with their weights in the file itself. Nested
graphs, functions, operators of other makers, sparse tensors and weights in other files have no
place in a network that turns a face into another, and are how a file would reach for more.

Source: https://github.com/onnx/onnx/blob/v1.19.0/onnx/onnx.proto (numbers of the fields).
"""

import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from zoo.swapping.protobuf import (
    Budget,
    Field,
    MalformedError,
    content,
    fields,
    integer,
    integers,
    real,
    text,
)

MOST_NODES = 2000
SMALL = 64
"""Elements of a tensor whose values may matter for shapes."""

FLOAT, INT64 = 1, 7
_TYPES = {1: "f4", 2: "u1", 3: "i1", 6: "i4", 7: "i8", 9: "?", 10: "f2", 11: "f8"}
"""ONNX's numbers of the element types that a network may hold."""

_RANK = 8
_OPSETS = range(13, 27)
_NOTHING = memoryview(b"")
_CHUNK = 1 << 20

Shape = tuple[int | str, ...]


@dataclass(frozen=True)
class Tensor:
    """Weights or constants: their shape, and their values where they are few."""

    shape: tuple[int, ...]
    values: NDArray[np.generic] | None


Value = int | float | str | tuple[int, ...] | tuple[float, ...] | Tensor

_ABSENT: Mapping[int, Value] = {
    1: 0.0, 2: 0, 3: "", 4: Tensor((), None), 6: (), 7: (),
}  # fmt: skip
"""What an attribute is without its value, by ONNX's number of its type."""


@dataclass(frozen=True)
class Port:
    """An input or output of the whole: its name, ONNX's element type and its shape."""

    name: str
    kind: int
    shape: Shape


@dataclass(frozen=True)
class Node:
    """One operator."""

    operator: str
    inputs: tuple[str, ...]
    output: str
    attributes: Mapping[str, Value]


@dataclass
class Graph:
    """What a network file says."""

    nodes: list[Node] = field(default_factory=list)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    inputs: list[Port] = field(default_factory=list)
    outputs: list[Port] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)


def read_graph(encoded: memoryview) -> Graph:
    """The graph of an ONNX file.

    Raises:
        MalformedError: the file is damaged, no ONNX file, or its graph is not plain.
    """
    budget = Budget()
    graph = Graph()
    found: memoryview | None = None
    opsets: list[tuple[str, int]] = []
    for number, value in fields(encoded, budget):
        if number == 7:
            if found is not None:
                raise MalformedError("it holds two graphs")
            found = content(value)
        elif number == 8:
            opsets.append(_opset(content(value), budget))
        elif number == 14:
            graph.metadata.update([_words(content(value), budget)])
        elif number in (20, 25):
            raise MalformedError("it holds a training or functions of its own")
    if found is None:
        raise MalformedError("it holds no graph")
    if len(opsets) != 1 or opsets[0][0] or opsets[0][1] not in _OPSETS:
        said = ", ".join(f"{domain or 'ONNX'} {version}" for domain, version in opsets) or "none"
        raise MalformedError(
            f"its operators are of {said}, not ONNX {_OPSETS[0]} to {_OPSETS[-1]} alone"
        )
    _fill(graph, found, budget)
    return graph


def _words(message: memoryview, budget: Budget) -> tuple[str, str]:
    parts = dict(fields(message, budget))
    return text(parts.get(1, _NOTHING)), text(parts.get(2, _NOTHING), 1 << 20)


def _opset(message: memoryview, budget: Budget) -> tuple[str, int]:
    parts = dict(fields(message, budget))
    domain = text(parts.get(1, _NOTHING))
    return "" if domain == "ai.onnx" else domain, integer(parts.get(2, 0))


def _fill(graph: Graph, message: memoryview, budget: Budget) -> None:
    for number, value in fields(message, budget):
        if number == 1:
            graph.nodes.append(_node(content(value), budget))
            if len(graph.nodes) > MOST_NODES:
                raise MalformedError(f"it has more than {MOST_NODES} operators")
        elif number == 5:
            name, tensor = _tensor(content(value), budget)
            if name in graph.tensors:
                raise MalformedError(f"it has two tensors {name[:40]!r}")
            graph.tensors[name] = tensor
        elif number == 11:
            graph.inputs.append(_port(content(value), budget))
        elif number == 12:
            graph.outputs.append(_port(content(value), budget))
        elif number == 15:
            raise MalformedError("it holds a sparse tensor")


def _node(message: memoryview, budget: Budget) -> Node:
    operator, domain = "", ""
    inputs: list[str] = []
    outputs: list[str] = []
    attributes: dict[str, Value] = {}
    for number, value in fields(message, budget):
        if number == 1:
            inputs.append(text(value))
        elif number == 2:
            outputs.append(text(value))
        elif number == 4:
            operator = text(value)
        elif number == 5:
            attributes.update([_attribute(content(value), budget)])
        elif number in (7, 8):
            domain += text(value)
    if domain not in ("", "ai.onnx"):
        raise MalformedError(
            f"its operator {operator[:40]!r} is of {domain[:40]!r}, not ONNX's own"
        )
    if len(outputs) != 1:
        raise MalformedError(f"its operator {operator[:40]!r} has {len(outputs)} results, not one")
    return Node(operator, tuple(inputs), outputs[0], attributes)


def _attribute(message: memoryview, budget: Budget) -> tuple[str, Value]:
    name, kind = "", 0
    values: dict[int, Value] = {}
    ints: list[int] = []
    floats: list[float] = []
    for number, value in fields(message, budget):
        if number == 1:
            name = text(value)
        elif number == 20:
            kind = integer(value)
        elif number == 2:
            values[1] = real(value)
        elif number == 3:
            values[2] = integer(value)
        elif number == 4:
            values[3] = text(value)
        elif number == 5 and 4 not in values:
            values[4] = _tensor(content(value), budget)[1]
        elif number == 7:
            floats += _floats(content(value))
        elif number == 8:
            ints += integers(value, budget)
        elif number != 13:  # a description
            raise MalformedError(f"its attribute {name[:40]!r} holds a graph or a list of tensors")
    if floats:
        values[6] = tuple(floats)
    if ints:
        values[7] = tuple(ints)
    if kind not in _ABSENT or values.keys() - {kind}:
        raise MalformedError(f"its attribute {name[:40]!r} is not of the type that it says")
    return name, values.get(kind, _ABSENT[kind])


def _tensor(message: memoryview, budget: Budget) -> tuple[str, Tensor]:
    name, kind = "", 0
    shape: list[int] = []
    raw: memoryview | None = None
    typed: list[tuple[int, Field]] = []
    for number, value in fields(message, budget):
        if number == 1:
            shape += integers(value, budget)
        elif number == 2:
            kind = integer(value)
        elif number in (4, 5, 7, 10, 11):
            typed.append((number, value))
        elif number == 8:
            name = text(value)
        elif number == 9:
            if raw is not None:
                raise MalformedError(f"its tensor {name[:40]!r} is there twice")
            raw = content(value)
        elif number == 13 or (number == 14 and value != 0):
            raise MalformedError("its weights lie in another file")
        elif number in (3, 6):
            raise MalformedError(f"its tensor {name[:40]!r} is in pieces, or of words")
    if kind not in _TYPES:
        raise MalformedError(f"its tensor {name[:40]!r} is of a type that no swap network has")
    if len(shape) > _RANK or min(shape, default=0) < 0:
        raise MalformedError(f"its tensor {name[:40]!r} has an impossible shape")
    count, width = math.prod(shape), np.dtype(_TYPES[kind]).itemsize
    if (raw is None) == (not typed) and count:
        raise MalformedError(f"its tensor {name[:40]!r} has no values, or has them twice")
    held = _count(typed) if raw is None else len(raw) / width
    if held != count:
        raise MalformedError(
            f"its tensor {name[:40]!r} says that it has {count:,} values, and has {held:,.0f}"
        )
    values = _values(kind, raw, typed, budget).reshape(shape) if count <= SMALL else None
    return name, Tensor(tuple(shape), values)


def _count(typed: list[tuple[int, Field]]) -> int:
    """How many values there are: varints end with a byte below 128."""
    total = 0
    for number, packed in typed:
        if isinstance(packed, int):
            total += 1
        elif number in (4, 10):
            total += len(packed) // (4 if number == 4 else 8)
        else:
            for at in range(0, len(packed), _CHUNK):
                part = np.frombuffer(packed[at : at + _CHUNK], np.uint8)
                total += int(np.count_nonzero(part < 0x80))
    return total


def _values(
    kind: int, raw: memoryview | None, typed: list[tuple[int, Field]], budget: Budget
) -> NDArray[np.generic]:
    dtype = np.dtype(_TYPES[kind])
    if raw is not None:
        return np.frombuffer(bytes(raw), dtype)
    if dtype.kind == "f":
        reals: list[float] = []
        for number, packed in typed:
            if number in (4, 10):
                reals += _floats(content(packed), "f" if number == 4 else "d")
            else:  # half precision as integers; no shape is made of them
                reals += [math.nan] * len(integers(packed, budget))
        return np.array(reals, dtype)
    whole = [one for _, packed in typed for one in integers(packed, budget)]
    return np.array(whole, np.int64).astype(dtype)


def _floats(packed: memoryview, code: str = "f") -> Iterator[float]:
    width = struct.calcsize(code)
    return iter(
        struct.unpack(f"<{len(packed) // width}{code}", packed[: len(packed) // width * width])
    )


def _port(message: memoryview, budget: Budget) -> Port:
    name, kind = "", 0
    shape: list[int | str] = []
    for number, value in fields(message, budget):
        if number == 1:
            name = text(value)
        elif number == 2:
            for tensor in _only(content(value), 1, budget):
                for part, inner in fields(tensor, budget):
                    if part == 1:
                        kind = integer(inner)
                    elif part == 2:
                        shape += _dimensions(content(inner), budget)
    return Port(name, kind, tuple(shape))


def _only(message: memoryview, wanted: int, budget: Budget) -> list[memoryview]:
    return [content(value) for number, value in fields(message, budget) if number == wanted]


def _dimensions(message: memoryview, budget: Budget) -> Iterator[int | str]:
    for dimension in _only(message, 1, budget):
        parts: dict[int, Field] = dict(fields(dimension, budget))
        yield integer(parts[1]) if 1 in parts else text(parts.get(2, _NOTHING))

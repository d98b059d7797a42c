"""Reads the graph of a network file in place and refuses unsupported constructs.

A plain graph is one list of standard operators with their weights in the file itself. Nested
graphs, functions, operators of other domains, sparse tensors and weights in other files are not
needed by a swap network, and could be used for an attack.

Source: https://github.com/onnx/onnx/blob/v1.19.0/onnx/onnx.proto (numbers of the fields).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from zoo.swapping.network_files.protobuf import (
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
from zoo.swapping.network_files.tensors import Tensor, floats_in, read_tensor

MOST_NODES = 2000
FLOAT = 1
"""ONNX's number of the element type float32."""
_OPSETS = range(13, 27)
_NOTHING = memoryview(b"")

Shape = tuple[int | str, ...]


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
    """The graph of a network file."""

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
            raise MalformedError("it contains training information or its own functions")
    if found is None:
        raise MalformedError("it holds no graph")
    if len(opsets) != 1 or opsets[0][0] or opsets[0][1] not in _OPSETS:
        said = ", ".join(f"{domain or 'ONNX'} {version}" for domain, version in opsets) or "none"
        raise MalformedError(
            f"its operators are of {said}, not ONNX {_OPSETS[0]} to {_OPSETS[-1]} alone"
        )
    _fill(graph, found, budget)
    return graph


def read_ports(encoded: memoryview) -> tuple[list[Port], list[Port]]:
    """The inputs and outputs of any ONNX file; the rest is skipped, not read.

    Raises:
        MalformedError: the file is damaged or no ONNX file.
    """
    budget = Budget()
    inputs: list[Port] = []
    outputs: list[Port] = []
    weights: set[str] = set()
    for number, graph in fields(encoded, budget):
        if number == 7:
            for part, value in fields(content(graph), budget):
                if part == 5:
                    weights.update(
                        text(name) for at, name in fields(content(value), budget) if at == 8
                    )
                elif part in (11, 12):
                    ports = inputs if part == 11 else outputs
                    ports.append(_port(content(value), budget))
    # Older files name their weights among the inputs.
    return [port for port in inputs if port.name not in weights], outputs


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
            name, tensor = read_tensor(content(value), budget)
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
            values[4] = read_tensor(content(value), budget)[1]
        elif number == 7:
            floats += floats_in(content(value))
        elif number == 8:
            ints += integers(value, budget)
        elif number != 13:  # a description
            raise MalformedError(f"its attribute {name[:40]!r} holds a graph or a list of tensors")
    if floats:
        values[6] = tuple(floats)
    if ints:
        values[7] = tuple(ints)
    if kind not in _ABSENT or values.keys() - {kind}:
        raise MalformedError(f"its attribute {name[:40]!r} is not of its declared type")
    return name, values.get(kind, _ABSENT[kind])


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

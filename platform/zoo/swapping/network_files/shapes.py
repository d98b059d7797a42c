"""Shape inference: the computation and memory of a graph without running it.

Each operator gives the shape of its result, and its values too where these are few numbers of which
a later shape is made (:data:`.tensors.SMALL`). An operator that is not in the table, or a shape
that cannot be known beforehand, is refused, because a result of unknown size could take any amount
of memory.

Source: https://onnx.ai/onnx/operators/, the shapes of each operator's output.
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from zoo.swapping.network_files.graph import Graph
from zoo.swapping.network_files.protobuf import MalformedError
from zoo.swapping.network_files.shape_rules import RULES, KnownTensor, Sizes

_DOES_NOT_MATCH = (
    AssertionError, IndexError, TypeError, ValueError, ArithmeticError, AttributeError,
)  # fmt: skip
"""What a rule raises when an input is left out or has another shape than the rule expects."""


@dataclass(frozen=True)
class Cost:
    """Of one run.

    Attributes:
        shapes: of every result, by name.
        peak: elements that are held at once, the weights not counted.
        operations: multiplications and additions, roughly.
    """

    shapes: Mapping[str, Sizes]
    peak: int
    operations: int


def cost_of(graph: Graph, given: Mapping[str, Sizes]) -> Cost:
    """What ``graph`` costs when its inputs have the shapes ``given``.

    Raises:
        MalformedError: an operator that no swap network has, or a shape that does not fit or
            cannot be told.
    """
    known = {
        name: KnownTensor(tensor.shape, tensor.values) for name, tensor in graph.tensors.items()
    }
    known |= {name: KnownTensor(shape) for name, shape in given.items()}
    held = peak = sum(math.prod(shape) for shape in given.values())
    operations = 0
    uses = Counter(name for node in graph.nodes for name in set(node.inputs))
    uses.update(port.name for port in graph.outputs)
    for node in graph.nodes:
        rule = RULES.get(node.operator)
        if rule is None:
            raise MalformedError(f"a swap network does not use the operator {node.operator[:40]!r}")
        if node.output in known:
            raise MalformedError(f"two operators give {node.output[:40]!r}")
        try:
            inputs = [known[name] if name else None for name in node.inputs]
            made, work = rule(node, inputs)
        except KeyError as error:
            raise MalformedError(f"nothing gives {str(error)[:40]} before it is used") from error
        except MalformedError:
            raise
        except _DOES_NOT_MATCH as error:
            raise MalformedError(
                f"its operator {node.operator} does not match its inputs"
            ) from error
        known[node.output] = made
        operations += work
        held += made.count
        peak = max(peak, held)
        for name in set(node.inputs):
            uses[name] -= 1
            if not uses[name] and name and name not in graph.tensors:
                held -= known[name].count
    return Cost({name: one.shape for name, one in known.items()}, peak, operations)

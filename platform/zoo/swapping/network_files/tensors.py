"""The tensors of a network file: declared shapes and types checked against their data.

Their weights are looked at where they lie and never copied; only of small ones, of
which shapes may be made, the values are read.
"""

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zoo.swapping.network_files.protobuf import (
    Budget,
    Field,
    MalformedError,
    content,
    fields,
    integer,
    integers,
    text,
)

SMALL = 64
"""Elements of a tensor whose values may matter for shapes."""

_TYPES = {1: "f4", 2: "u1", 3: "i1", 6: "i4", 7: "i8", 9: "?", 10: "f2", 11: "f8"}
"""ONNX's numbers of the element types that a network may hold."""

_RANK = 8
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Tensor:
    """Weights or constants: their shape, and their values where they are few."""

    shape: tuple[int, ...]
    values: NDArray[np.generic] | None


def read_tensor(message: memoryview, budget: Budget) -> tuple[str, Tensor]:
    """A tensor with its name.

    Raises:
        MalformedError: it holds more or less than it says, or what no swap network has.
    """
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
                raise MalformedError(f"its tensor {name[:40]!r} exists twice")
            raw = content(value)
        elif number == 13 or (number == 14 and value != 0):
            raise MalformedError("its weights are in another file")
        elif number in (3, 6):
            raise MalformedError(f"its tensor {name[:40]!r} is split, or contains strings")
    if kind not in _TYPES:
        raise MalformedError(f"its tensor {name[:40]!r} is of a type that swap networks do not use")
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
                reals += floats_in(content(packed), "f" if number == 4 else "d")
            else:  # half precision as integers; no shape is made of them
                reals += [math.nan] * len(integers(packed, budget))
        return np.array(reals, dtype)
    whole = [one for _, packed in typed for one in integers(packed, budget)]
    return np.array(whole, np.int64).astype(dtype)


def floats_in(packed: memoryview, code: str = "f") -> Iterator[float]:
    """Packed floats (``d``: doubles)."""
    width = struct.calcsize(code)
    return iter(
        struct.unpack(f"<{len(packed) // width}{code}", packed[: len(packed) // width * width])
    )

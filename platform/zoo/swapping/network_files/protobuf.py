"""Reads Protocol Buffers' wire format in place, for the inspection of network files.

The package ``onnx`` reads it too, but takes 150 ms to import, which is a third of a cold swap, and
copies the file. Lengths are checked against the file and fields are counted, so that time and
memory are bounded by the number of fields.

Source: https://protobuf.dev/programming-guides/encoding/.
"""

import struct
from collections.abc import Iterator
from typing import Final

MOST_FIELDS: Final = 200_000
"""Of one file; a network of ours has fewer than 5,000."""

Field = int | memoryview


class MalformedError(ValueError):
    """Bytes that are not a message, or a message that is not a network, with the reason."""


class Budget:
    """Counts the fields of one file, so that one of nothing but fields is soon given up."""

    def __init__(self, fields: int = MOST_FIELDS) -> None:
        self._left = fields

    def spend(self) -> None:
        """Takes one.

        Raises:
            MalformedError: there is none left.
        """
        self._left -= 1
        if self._left < 0:
            raise MalformedError("it has too many parts")


def fields(message: memoryview, budget: Budget) -> Iterator[tuple[int, Field]]:
    """Number and value of each field: an unsigned integer, or its bytes, which are no copy.

    Raises:
        MalformedError: cut off, or no message.
    """
    at, end = 0, len(message)
    while at < end:
        budget.spend()
        key, at = _varint(message, at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, at = _varint(message, at)
            yield number, value
            continue
        if kind == 2:
            length, at = _varint(message, at)
        else:
            length = {1: 8, 5: 4}.get(kind, -1)
        if number == 0 or not 0 <= length <= end - at:
            raise MalformedError("it is truncated, or not a network")
        yield number, message[at : at + length]
        at += length


def integers(value: Field, budget: Budget) -> list[int]:
    """A repeated int64 field's values, however it was written.

    Raises:
        MalformedError: cut off.
    """
    if isinstance(value, int):
        return [_signed(value)]
    found, at = [], 0
    while at < len(value):
        budget.spend()
        number, at = _varint(value, at)
        found.append(_signed(number))
    return found


def integer(value: Field) -> int:
    """An int64 field's value.

    Raises:
        MalformedError: it is none.
    """
    if not isinstance(value, int):
        raise MalformedError("a number is missing")
    return _signed(value)


def real(value: Field) -> float:
    """A float field's value.

    Raises:
        MalformedError: it is none.
    """
    if len(content(value)) != 4:
        raise MalformedError("a number is missing")
    return float(struct.unpack("<f", content(value))[0])


def content(value: Field) -> memoryview:
    """The bytes of a field that has some.

    Raises:
        MalformedError: it is a number.
    """
    if isinstance(value, int):
        raise MalformedError("a number is where a message is expected")
    return value


def text(value: Field, longest: int = 4096) -> str:
    """A string field's value.

    Raises:
        MalformedError: not UTF-8, or very long.
    """
    if len(content(value)) > longest:
        raise MalformedError("a name in it is too long")
    try:
        return bytes(content(value)).decode()
    except UnicodeDecodeError as error:
        raise MalformedError("a name in it is no text") from error


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(message):
            break
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, at
    raise MalformedError("it is truncated, or not a network")


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value

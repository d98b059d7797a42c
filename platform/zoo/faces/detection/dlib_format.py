"""Reads dlib's serialised landmark model.

Numbers there have variable length, so nothing stands at a known place, and a plain loop over
33 million of them would take half a minute. But every leaf starts with the same four bytes:
find those, then read all leaves in step, number by number; that each ends where the next
begins proves the guess.
"""

import math
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zoo.errors import AssetError
from zoo.faces.detection.regression_trees import LEAVES, SPLITS, RegressionTrees


def parse(path: Path) -> RegressionTrees:
    """Reads a ``shape_predictor`` as dlib serialises it, in 1 to 3 s.

    Raises:
        AssetError: the file is unreadable or not such a model.
    """
    try:
        return _parse(np.fromfile(path, np.uint8))
    except (OSError, ValueError, IndexError) as error:
        raise AssetError(
            f"{path} cannot be read as a landmark model; install it again with: "
            "pip install --force-reinstall face_recognition_models"
        ) from error


class Reader:
    """Numbers read one after another from dlib's serialised bytes.

    A whole number is a control byte (bit 7 the sign, the low bits a count) and that many
    bytes, low ones first. A float is two of them: mantissa and exponent of two.
    """

    def __init__(self, data: NDArray[np.uint8], at: int = 0) -> None:
        self.data = data
        self.at = at

    def whole(self) -> int:
        control = int(self.data[self.at])
        end = self.at + 1 + (control & 15)
        value = int.from_bytes(self.data[self.at + 1 : end].tobytes(), "little")
        self.at = end
        return -value if control & 0x80 else value

    def real(self) -> float:
        mantissa = self.whole()
        return math.ldexp(mantissa, self.whole())

    def expect(self, value: int) -> None:
        if self.whole() != value:
            raise ValueError("unexpected layout")


class _Readers:
    """The same, in step from many places."""

    def __init__(self, data: NDArray[np.uint8], at: NDArray[np.int64]) -> None:
        # Each number is cut from the eight bytes at its place.
        self.words = np.ndarray((len(data) - 7,), "<u8", data, strides=(1,))
        self.at = at

    def whole(self) -> NDArray[np.int64]:
        word = self.words[self.at]
        count = word & 15
        if count.max() > 7 or (word & 0x70).any():
            raise ValueError("not a serialised number")
        value = ((word >> 8) & ((np.uint64(1) << (8 * count)) - 1)).astype(np.int64)
        self.at = self.at + (count + 1).astype(np.int64)
        return np.where(word & 0x80, -value, value)

    def real(self) -> NDArray[np.float32]:
        mantissa = self.whole()
        return np.ldexp(mantissa.astype(np.float64), self.whole()).astype(np.float32)


def _parse(data: NDArray[np.uint8]) -> RegressionTrees:
    head = Reader(data)
    head.expect(1)  # version
    size = -head.whole()  # a matrix gives its size as negative rows and columns
    head.expect(-1)
    if not 0 < size < 2**12:
        raise ValueError("unexpected number of landmarks")
    mean_shape = np.array([head.real() for _ in range(size)], np.float32).reshape(-1, 2)
    levels, count = head.whole(), head.whole()
    leaves, begins, ends = _leaves(data, (levels, count, LEAVES), size)

    # Before a tree's leaves stand its splits: after the leaves of the tree before it, and at
    # the start of a level after the level's number of trees.
    at = np.empty((levels, count), np.int64)
    at[:, 1:] = ends[:, :-1]
    at[1:, 0] = ends[:-1, -1] + len(_serialised(count))
    at[0, 0] = head.at
    tree = _Readers(data, at)
    if (tree.whole() != SPLITS).any():
        raise ValueError("unexpected number of splits")
    splits = np.empty((levels, count, SPLITS, 2), np.uint16)
    thresholds = np.empty((levels, count, SPLITS), np.float32)
    for split in range(SPLITS):
        splits[..., split, 0] = tree.whole()
        splits[..., split, 1] = tree.whole()
        thresholds[..., split] = tree.real()
    if (tree.whole() != LEAVES).any() or (tree.at != begins).any():
        raise ValueError("splits are not followed by leaves")

    tail = Reader(data, int(ends[-1, -1]))
    tail.expect(levels)
    anchors = [[tail.whole() for _ in range(tail.whole())] for _ in range(levels)]
    tail.expect(levels)
    offsets = [[(tail.real(), tail.real()) for _ in range(tail.whole())] for _ in range(levels)]
    return RegressionTrees(
        mean_shape,
        np.array(anchors, np.uint8),
        np.array(offsets, np.float32),
        splits,
        thresholds,
        leaves,
    )


def _leaves(
    data: NDArray[np.uint8], shape: tuple[int, int, int], size: int
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]:
    """All leaves [L, T, 16, size / 2, 2], and where [L, T] each tree's begin and end."""
    header = _serialised(-size) + _serialised(-1)
    found = re.finditer(re.escape(header), data.data)
    starts = np.array([match.start() for match in found], np.int64)[1:]  # [0] is the mean shape's
    if len(starts) != math.prod(shape):
        raise ValueError("unexpected number of leaves")
    leaf = _Readers(data, starts + len(header))
    values = np.empty((size, len(starts)), np.float32)
    for row in values:
        row[:] = leaf.real()
    begins, ends = starts.reshape(shape), leaf.at.reshape(shape)
    if (ends[..., :-1] != begins[..., 1:]).any():
        raise ValueError("leaves do not follow each other")
    leaves = np.ascontiguousarray(values.T).reshape(*shape, size // 2, 2)
    return leaves, begins[..., 0], ends[..., -1]


def _serialised(value: int) -> bytes:
    """A whole number as dlib serialises it."""
    size = (abs(value).bit_length() + 7) // 8
    return bytes([size | (0x80 if value < 0 else 0)]) + abs(value).to_bytes(size, "little")

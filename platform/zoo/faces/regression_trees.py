"""Landmarks by an ensemble of regression trees, from dlib's model file.

Kazemi and Sullivan, *One Millisecond Face Alignment with an Ensemble of Regression Trees*
(CVPR 2014). The model is a cascade of forests. Each forest looks at the differences of pairs
of pixels, whose places move with the current shape S, and adds one correction per tree:

    S ← S + Σ_t r_t(I, S)

This is dlib's ``shape_predictor`` with two differences: it loads by memory mapping, since a
face touches only one leaf per tree (4 of 65 MB), and it keeps fractions of a pixel, which
dlib rounds away. A test holds it to dlib's own answers.
"""

import mmap
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zoo.errors import AssetError
from zoo.photos.image import Image, Points

_DEPTH = 4
_SPLITS = 2**_DEPTH - 1
_LEAVES = 2**_DEPTH


@dataclass(frozen=True)
class RegressionTrees:
    """L levels of T trees of depth 4, over P pixels per level and K landmarks.

    Shapes are in units of the face's box: (0, 0) its left top and (1, 1) its right bottom.
    """

    mean_shape: NDArray[np.float32]  # [K, 2] where the cascade starts
    anchors: NDArray[np.uint8]  # [L, P] the landmark each pixel's place hangs on
    offsets: NDArray[np.float32]  # [L, P, 2] and its distance from it, in the mean shape
    splits: NDArray[np.uint16]  # [L, T, 15, 2] the two pixels that a split compares
    thresholds: NDArray[np.float32]  # [L, T, 15]
    leaves: NDArray[np.float32]  # [L, T, 16, K, 2]

    def __post_init__(self) -> None:
        levels, trees, *rest = self.leaves.shape
        points = len(self.mean_shape)
        pixels = self.anchors.shape[1]
        fits = (
            rest == [_LEAVES, points, 2]
            and self.splits.shape == (levels, trees, _SPLITS, 2)
            and self.thresholds.shape == (levels, trees, _SPLITS)
            and self.anchors.shape == (levels, pixels)
            and self.offsets.shape == (levels, pixels, 2)
            and int(self.splits.max()) < pixels
            and int(self.anchors.max()) < points
        )
        if not fits:
            raise ValueError("arrays of a landmark model that do not fit together")


def predict(trees: RegressionTrees, image: Image, box: tuple[float, float, float, float]) -> Points:
    """Landmarks [K, 2] in pixels of the face in ``box`` (left, top, right, bottom)."""
    corner = np.array(box[:2], np.float32)
    scale = np.array([box[2] - box[0], box[3] - box[1]], np.float32)
    shape = trees.mean_shape.copy()
    rows = np.arange(trees.leaves.shape[1])
    for level in range(len(trees.leaves)):
        turned = trees.offsets[level] @ _similarity(trees.mean_shape, shape).T
        places = corner + scale * (turned + shape[trees.anchors[level]])
        brightness = _brightness(image, places)
        first, second = trees.splits[level, ..., 0], trees.splits[level, ..., 1]
        goes_left = brightness[first] - brightness[second] > trees.thresholds[level]
        node = np.zeros(len(rows), np.intp)
        for _ in range(_DEPTH):
            node = 2 * node + 2 - goes_left[rows, node]
        shape = shape + trees.leaves[level, rows, node - _SPLITS].sum(axis=0)
    return corner + scale * shape


def parse(path: Path) -> RegressionTrees:
    """Reads a ``shape_predictor`` as dlib serialises it.

    Numbers there have variable length, so nothing stands at a known place and a plain loop
    over 33 million of them would take half a minute. But every leaf starts with the same
    four bytes: find those, then read all leaves in step, number by number; that each ends
    where the next begins proves the guess.

    Raises:
        AssetError: the file is unreadable or not such a model.
    """
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _parse(data)
    except (OSError, ValueError, IndexError) as error:
        raise AssetError(
            f"{path} cannot be read as a landmark model; install it again with: "
            "pip install --force-reinstall face_recognition_models"
        ) from error


def _similarity(source: Points, target: Points) -> NDArray[np.float32]:
    """The rotation and scale [2, 2] of the least-squares similarity from source to target."""
    a = source - source.mean(axis=0)
    b = target - target.mean(axis=0)
    norm = float((a * a).sum())
    cosine = float((a * b).sum()) / norm
    sine = float((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()) / norm
    return np.array([[cosine, -sine], [sine, cosine]], np.float32)


def _brightness(image: Image, places: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean of R, G and B at the nearest pixels, whole as in dlib; 0 outside the image."""
    x, y = np.floor(places + 0.5).astype(np.intp).T
    height, width = image.shape[:2]
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    pixels = image[np.where(inside, y, 0), np.where(inside, x, 0)].sum(axis=-1, dtype=np.uint32)
    return np.where(inside, pixels // 3, 0).astype(np.float32)


class _Streams:
    """Numbers read in step from many places of dlib's serialised bytes.

    A whole number is a control byte (bit 7 the sign, the low bits a count) and that many
    bytes, low ones first. A float is two of them: mantissa and exponent of two.
    """

    def __init__(self, data: NDArray[np.uint8], at: NDArray[np.int64]) -> None:
        self.data = data
        self.at = at

    def whole(self) -> NDArray[np.int64]:
        control = self.data[self.at]
        count = control & 15
        if count.max() > 4 or (control & 0x70).any():
            raise ValueError("not a serialised number")
        value = np.zeros(self.at.shape, np.int64)
        for byte in range(int(count.max())):
            here = self.data[np.minimum(self.at + 1 + byte, len(self.data) - 1)].astype(np.int64)
            value |= np.where(byte < count, here << (8 * byte), 0)
        self.at = self.at + 1 + count
        return np.where(control & 0x80, -value, value)

    def real(self) -> NDArray[np.float32]:
        mantissa = self.whole()
        return np.ldexp(mantissa.astype(np.float64), self.whole()).astype(np.float32)


def _parse(buffer: mmap.mmap) -> RegressionTrees:
    data = np.frombuffer(buffer, np.uint8)
    head = _Streams(data, np.zeros(1, np.int64))

    def one() -> int:
        return int(head.whole()[0])

    def expect(value: int) -> None:
        if one() != value:
            raise ValueError("unexpected layout")

    expect(1)  # version
    size = -one()  # a matrix gives its size as negative rows and columns
    expect(-1)
    if not 0 < size < 2**12:
        raise ValueError("unexpected number of landmarks")
    points = size // 2
    mean_shape = np.concatenate([head.real() for _ in range(size)]).reshape(points, 2)
    levels, count = one(), one()
    expect(_SPLITS)

    header = _integer(-size) + _integer(-1)
    found = re.finditer(re.escape(header), buffer)
    starts = np.array([match.start() for match in found], np.int64)[1:]  # [0] is the mean shape's
    if len(starts) != levels * count * _LEAVES:
        raise ValueError("unexpected number of leaves")
    leaf = _Streams(data, starts + len(header))
    values = np.empty((size, len(starts)), np.float32)
    for row in values:
        row[:] = leaf.real()
    ends = leaf.at.reshape(levels, count, _LEAVES)
    begins = starts.reshape(levels, count, _LEAVES)
    if (ends[..., :-1] != begins[..., 1:]).any():
        raise ValueError("leaves do not follow each other")

    # Before a tree's leaves stand its splits: after the leaves of the tree before it, and at
    # the start of a level after the level's number of trees.
    at = np.empty((levels, count), np.int64)
    at[:, 1:] = ends[:, :-1, -1]
    at[1:, 0] = ends[:-1, -1, -1]
    at[0, 0] = int(head.at[0]) - len(_integer(_SPLITS))
    at[1:, 0] += len(_integer(count))
    tree = _Streams(data, at)
    if (tree.whole() != _SPLITS).any():
        raise ValueError("unexpected number of splits")
    splits = np.empty((levels, count, _SPLITS, 2), np.uint16)
    thresholds = np.empty((levels, count, _SPLITS), np.float32)
    for split in range(_SPLITS):
        splits[..., split, 0] = tree.whole()
        splits[..., split, 1] = tree.whole()
        thresholds[..., split] = tree.real()
    if (tree.whole() != _LEAVES).any() or (tree.at != begins[..., 0]).any():
        raise ValueError("splits are not followed by leaves")

    tail = _Streams(data, ends[-1, -1, -1:])
    anchors = _lists(tail, levels, 1)[..., 0].astype(np.uint8)
    offsets = _lists(tail, levels, 2)
    leaves = values.T.reshape(levels, count, _LEAVES, points, 2)
    return RegressionTrees(
        mean_shape, anchors, offsets, splits, thresholds, np.ascontiguousarray(leaves)
    )


def _lists(stream: _Streams, levels: int, width: int) -> NDArray[np.float32]:
    """A list of ``levels`` equal lists, of whole numbers (width 1) or of pairs of floats."""
    if int(stream.whole()[0]) != levels:
        raise ValueError("unexpected number of levels")
    rows = []
    for _ in range(levels):
        length = int(stream.whole()[0])
        read = stream.whole if width == 1 else stream.real
        rows.append([[float(read()[0]) for _ in range(width)] for _ in range(length)])
    return np.array(rows, np.float32)


def _integer(value: int) -> bytes:
    """A whole number as dlib serialises it."""
    size = (abs(value).bit_length() + 7) // 8
    return bytes([size | (0x80 if value < 0 else 0)]) + abs(value).to_bytes(size, "little")

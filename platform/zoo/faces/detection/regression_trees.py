"""Landmarks by an ensemble of regression trees, from dlib's model file.

Kazemi and Sullivan, *One Millisecond Face Alignment with an Ensemble of Regression Trees*
(CVPR 2014). The model is a cascade of forests. Each forest looks at the differences of pairs
of pixels, whose places move with the current shape S, and adds one correction per tree:

    S ← S + Σ_t r_t(I, S)

This is dlib's ``shape_predictor`` with two differences: it loads by memory mapping, since a
face touches only one leaf per tree (4 of 65 MB), and it keeps fractions of a pixel, which
dlib rounds away. A test holds it to dlib's own answers.
"""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from zoo.photos.image import Image, Points

_DEPTH = 4
SPLITS = 2**_DEPTH - 1
LEAVES = 2**_DEPTH
_FARTHEST = 2**15 - 2  # pixels, that OpenCV can look up


_ARRAYS = {
    "mean_shape": ("float32", 2),
    "anchors": ("uint8", 2),
    "offsets": ("float32", 3),
    "splits": ("uint16", 4),
    "thresholds": ("float32", 3),
    "leaves": ("float32", 5),
}


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
        for name, (kind, axes) in _ARRAYS.items():
            array = getattr(self, name)
            if array.dtype != kind or array.ndim != axes or not array.size:
                raise ValueError(f"{name} of a landmark model are no {kind} with {axes} axes")
        levels, trees, *rest = self.leaves.shape
        points = len(self.mean_shape)
        pixels = self.anchors.shape[1]
        fits = (
            rest == [LEAVES, points, 2]
            and self.splits.shape == (levels, trees, SPLITS, 2)
            and self.thresholds.shape == (levels, trees, SPLITS)
            and self.anchors.shape == (levels, pixels)
            and self.offsets.shape == (levels, pixels, 2)
            and int(self.splits.max()) < pixels
            and int(self.anchors.max()) < points
            and all(
                bool(np.isfinite(array).all())
                for array in (self.mean_shape, self.offsets, self.thresholds)
            )
        )
        if not fits:
            raise ValueError("arrays of a landmark model that do not fit together")

    @cached_property
    def first_and_second(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The first and second pixels of all splits, [L, T, 15] each."""
        first, second = (np.ascontiguousarray(self.splits[..., pixel], np.intp) for pixel in (0, 1))
        return first, second

    @cached_property
    def axes_of_mean(self) -> NDArray[np.float64]:
        """The mean shape about its centre, and turned by a quarter [2, 2K], over its norm.

        Their products with a shape are the cosine and the sine of the least-squares similarity
        that leads to it.
        """
        centred = self.mean_shape - self.mean_shape.mean(axis=0, dtype=np.float64)
        quarter = np.column_stack([-centred[:, 1], centred[:, 0]])
        return np.stack([centred.ravel(), quarter.ravel()]) / float((centred * centred).sum())


def predict(
    trees: RegressionTrees,
    image: Image,
    box: tuple[float, float, float, float],
    roll: float = 0.0,
) -> Points:
    """Landmarks [K, 2] in pixels of the face in ``box`` (left, top, right, bottom).

    Args:
        trees: the model.
        image: [H, W, 3].
        box: in pixels, before it is turned.
        roll: degrees, clockwise, by which the box is turned about its centre. The trees know
            upright faces: 30° that they are not told of cost 3 % of the eyes' distance, 45° 20 %.
    """
    size = np.array([box[2] - box[0], box[3] - box[1]], np.float64)
    axes = rotation(roll) * size
    corner = np.array([box[0] + box[2], box[1] + box[3]]) / 2 - axes @ (0.5, 0.5)
    shape = trees.mean_shape.copy()
    levels, count, _, points, _ = trees.leaves.shape
    first, second = trees.first_and_second
    leaves = np.asarray(trees.leaves).reshape(levels, count * LEAVES, 2 * points)
    rows = LEAVES * np.arange(count)
    terms = np.empty((count + 1, 2 * points), np.float32)
    for level in range(levels):
        turned = trees.offsets[level] @ _similarity(trees, shape).T
        places = corner + (turned + shape.take(trees.anchors[level], axis=0)) @ axes.T
        brightness = _brightness(image, places)
        difference = brightness.take(first[level]) - brightness.take(second[level])
        answers = np.packbits(difference > trees.thresholds[level], axis=1, bitorder="little")
        leaf = _LEAF_OF.take(answers.view("<u2").ravel())
        # Summed in dlib's order: a rounding otherwise moves a pixel, and that a leaf.
        terms[0] = shape.ravel()
        leaves[level].take(rows + leaf, axis=0, out=terms[1:], mode="clip")
        shape = np.add.reduce(terms, axis=0).reshape(points, 2)
    return (corner + shape @ axes.T).astype(np.float32)


def rotation(degrees: float) -> NDArray[np.float64]:
    """The rotation [2, 2] that turns clockwise, for x to the right and y down."""
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[cosine, -sine], [sine, cosine]])


def _similarity(trees: RegressionTrees, shape: Points) -> NDArray[np.float32]:
    """The rotation and scale [2, 2] of the least-squares similarity from the mean shape."""
    cosine, sine = trees.axes_of_mean @ shape.ravel()
    return np.array([[cosine, -sine], [sine, cosine]], np.float32)


def _brightness(image: Image, places: NDArray[np.float64]) -> NDArray[np.float32]:
    """The mean of R, G and B at the nearest pixels, whole as in dlib; 0 outside the image."""
    where = np.floor(places + 0.5).clip(-1, _FARTHEST).astype(np.int16)[:, None]
    image = image[:_FARTHEST, :_FARTHEST]
    nothing = np.empty(0, np.uint16)  # no second map: the first has whole pixels
    seen = cv2.remap(image, where, nothing, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT)
    total = np.add.reduce(seen.reshape(-1, 3), axis=1, dtype=np.uint16)
    return np.asarray(total // 3, np.float32)


def _leaf_of() -> NDArray[np.intp]:
    """The leaf that each set of answers leads to: bit n says whether split n goes left."""
    answers = np.arange(2**SPLITS)
    node = np.zeros(len(answers), np.intp)
    for _ in range(_DEPTH):
        node = 2 * node + 2 - (answers >> node & 1)
    return np.asarray(node - SPLITS, np.intp)


_LEAF_OF = _leaf_of()

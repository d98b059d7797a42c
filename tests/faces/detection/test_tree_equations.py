"""The cascade of regression trees, written out slowly, on models of a few trees."""

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.faces.detection.test_dlib_files import model
from zoo.faces.detection.regression_trees import RegressionTrees, predict
from zoo.photos.image import Image

Box = tuple[float, float, float, float]


def quiet(trees: RegressionTrees) -> RegressionTrees:
    """With steps so small that the shape stays near its box, and thresholds of either sign."""
    chance = np.random.default_rng(8)
    return RegressionTrees(
        (0.5 + trees.mean_shape / 20).astype(np.float32),
        trees.anchors,
        (trees.offsets / 30).astype(np.float32),
        trees.splits,
        chance.uniform(-60, 60, trees.thresholds.shape).astype(np.float32),
        (trees.leaves / 40).astype(np.float32),
    )


def slow(trees: RegressionTrees, image: Image, box: Box, roll: float) -> NDArray[np.float64]:
    """Kazemi and Sullivan's equations, one number after the other."""
    left, top, right, bottom = box
    cosine, sine = math.cos(math.radians(roll)), math.sin(math.radians(roll))

    def pixel(x: float, y: float) -> tuple[float, float]:
        across, down = (x - 0.5) * (right - left), (y - 0.5) * (bottom - top)
        return (
            (left + right) / 2 + cosine * across - sine * down,
            (top + bottom) / 2 + sine * across + cosine * down,
        )

    def brightness(x: float, y: float) -> int:
        column, row = math.floor(x + 0.5), math.floor(y + 0.5)
        if not (0 <= row < image.shape[0] and 0 <= column < image.shape[1]):
            return 0
        return sum(int(level) for level in image[row, column]) // 3

    mean = trees.mean_shape.astype(float)
    shape = mean.copy()
    for level in range(len(trees.splits)):
        a, b = mean - mean.mean(axis=0), shape - shape.mean(axis=0)
        size = (a**2).sum()
        along = (a * b).sum() / size
        turned = (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum() / size
        seen = []
        for anchor, (x, y) in zip(trees.anchors[level], trees.offsets[level], strict=True):
            moved = (along * x - turned * y, turned * x + along * y)
            seen.append(brightness(*pixel(*(shape[anchor] + moved))))
        change = np.zeros_like(shape)
        for splits, thresholds, leaves in zip(
            trees.splits[level], trees.thresholds[level], trees.leaves[level], strict=True
        ):
            node = 0
            while node < 15:
                one, other = splits[node]
                node = 2 * node + (1 if seen[one] - seen[other] > thresholds[node] else 2)
            change += leaves[node - 15]
        shape = shape + change
    return np.array([pixel(*point) for point in shape])


@pytest.mark.parametrize("roll", [0.0, 35.0, -100.0, 180.0])
@pytest.mark.parametrize(
    "box", [(20, 15, 80, 75), (-30, 40, 30, 100), (60, 60, 120, 150), (10, 5, 14, 9)]
)
def test_landmarks_are_what_the_equations_say(box: Box, roll: float) -> None:
    image = np.random.default_rng(9).integers(0, 256, (100, 110, 3)).astype(np.uint8)
    for levels, count, points in ((3, 8, 6), (1, 1, 3)):
        trees = quiet(model(levels, count, points))
        expected = slow(trees, image, box, roll)
        found = predict(trees, image, box, roll)
        assert found.dtype == np.float32
        assert np.abs(found - expected).max() < 1e-3


def test_a_face_far_outside_the_picture_is_black_and_has_landmarks() -> None:
    trees = quiet(model(2, 4, 5))
    image = np.full((30, 30, 3), 255, np.uint8)
    for box in ((1e6, 1e6, 1e6 + 50, 1e6 + 50), (-70000, 0, -69900, 100), (-90, -90, -40, -40)):
        assert predict(trees, image, box) == pytest.approx(slow(trees, image, box, 0), rel=1e-6)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("mean_shape", lambda x: x.astype(np.float64)), ("anchors", lambda x: x.astype(np.int8)),
        ("offsets", lambda x: x.astype(np.float64)), ("splits", lambda x: x.astype(np.int16)),
        ("thresholds", lambda x: x.astype(np.float16)), ("leaves", lambda x: x.astype(np.float64)),
        ("mean_shape", lambda x: x[:, 0]), ("anchors", lambda x: x[0]),
        ("offsets", lambda x: x[0]), ("splits", lambda x: x[0]), ("thresholds", lambda x: x[0]),
        ("leaves", lambda x: x[0]),
        ("mean_shape", lambda x: x[:-1]), ("anchors", lambda x: x[:, :-1]),
        ("anchors", lambda x: x[:-1]), ("offsets", lambda x: x[:, :-1]),
        ("offsets", lambda x: x[:-1]), ("offsets", lambda x: x[..., :1]),
        ("splits", lambda x: x[:-1]), ("splits", lambda x: x[:, :-1]),
        ("splits", lambda x: x[:, :, :-1]), ("splits", lambda x: x[..., :1]),
        ("thresholds", lambda x: x[:-1]), ("thresholds", lambda x: x[:, :-1]),
        ("thresholds", lambda x: x[..., :-1]), ("leaves", lambda x: x[:-1]),
        ("leaves", lambda x: x[:, :-1]), ("leaves", lambda x: x[:, :, :-1]),
        ("leaves", lambda x: x[..., :1]), ("leaves", lambda x: x[:0]),
        ("splits", lambda x: np.where(x == 4, np.uint16(5), x)),
        ("anchors", lambda x: np.where(x == 3, np.uint8(4), x)),
        ("mean_shape", lambda x: np.where(x > 0, np.float32(np.nan), x)),
        ("offsets", lambda x: np.where(x > 0, np.float32(np.inf), x)),
        ("thresholds", lambda x: np.where(x > 0, np.float32(np.nan), x)),
    ],
)  # fmt: skip
def test_arrays_of_another_kind_or_shape_are_refused(name: str, change: Any) -> None:
    parts = dict(vars(model()))
    assert parts["splits"].max() == 4 and parts["anchors"].max() == 3
    parts[name] = change(parts[name])
    with pytest.raises(ValueError, match=r"fit together|of a landmark model are no"):
        RegressionTrees(**parts)

"""Landmark models of a few trees, written as dlib writes them, and the cache of unpacked ones."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import dlib
import numpy as np
import pytest

from zoo.errors import AssetError
from zoo.faces.detection import dlib_models
from zoo.faces.detection.dlib_format import parse
from zoo.faces.detection.regression_trees import RegressionTrees

LEVELS, TREES, POINTS, PIXELS = 2, 3, 4, 5


def whole(value: int) -> bytes:
    size = (abs(value).bit_length() + 7) // 8
    return bytes([size | (128 if value < 0 else 0)]) + abs(value).to_bytes(size, "little")


def real(value: float) -> bytes:
    """A mantissa of 24 bits and an exponent of two, as dlib writes a float."""
    fraction, exponent = math.frexp(value)
    return whole(int(fraction * 2**24)) + whole(exponent - 24)


def model(levels: int = LEVELS, trees: int = TREES, points: int = POINTS) -> RegressionTrees:
    chance = np.random.default_rng(6)

    def floats(*shape: int) -> np.ndarray:
        return chance.normal(0, 3, shape).astype(np.float32)

    return RegressionTrees(
        floats(points, 2),
        chance.integers(0, points, (levels, PIXELS)).astype(np.uint8),
        floats(levels, PIXELS, 2),
        chance.integers(0, PIXELS, (levels, trees, 15, 2)).astype(np.uint16),
        floats(levels, trees, 15),
        floats(levels, trees, 16, points, 2),
    )


def column(values: np.ndarray) -> bytes:
    """A matrix of one column: its negative sizes, then its numbers."""
    flat = values.ravel()
    return whole(-len(flat)) + whole(-1) + b"".join(real(float(value)) for value in flat)


def parts(trees: RegressionTrees) -> list[bytes]:
    """Version, mean shape, the forests, the places of the pixels."""
    levels, count = trees.splits.shape[:2]
    forests = whole(levels)
    for level in range(levels):
        forests += whole(count)
        for tree in range(count):
            forests += whole(15)
            for split in range(15):
                one, other = trees.splits[level, tree, split]
                forests += whole(int(one)) + whole(int(other))
                forests += real(float(trees.thresholds[level, tree, split]))
            forests += whole(16) + b"".join(column(leaf) for leaf in trees.leaves[level, tree])
    anchors, offsets = whole(levels), whole(levels)
    for level in range(levels):
        anchors += whole(PIXELS) + b"".join(whole(int(one)) for one in trees.anchors[level])
        offsets += whole(PIXELS) + b"".join(real(float(x)) for x in trees.offsets[level].ravel())
    return [whole(1), column(trees.mean_shape), forests, anchors, offsets]


@pytest.mark.parametrize(
    ("levels", "trees", "points"), [(2, 3, 4), (1, 1, 1), (3, 1, 70), (1, 300, 2)]
)
def test_a_model_is_read_as_it_was_written(
    tmp_path: Path, levels: int, trees: int, points: int
) -> None:
    written = model(levels, trees, points)
    (tmp_path / "model.dat").write_bytes(b"".join(parts(written)) + bytes(8))
    found = parse(tmp_path / "model.dat")
    for name in ("mean_shape", "anchors", "offsets", "splits", "thresholds", "leaves"):
        assert np.array_equal(getattr(found, name), getattr(written, name)), name
        assert getattr(found, name).dtype == getattr(written, name).dtype


def changed(part: int, before: bytes, after: bytes, at: int = 0) -> Callable[[], bytes]:
    def make() -> bytes:
        some = parts(model())
        places = [n for n in range(len(some[part])) if some[part].startswith(before, n)]
        begin = places[at]
        some[part] = some[part][:begin] + after + some[part][begin + len(before) :]
        return b"".join(some) + bytes(8)

    return make


def rest(number: int) -> Callable[[], bytes]:
    """A model of so many numbers in each shape, all of them 0."""
    return lambda: whole(1) + whole(-number) + whole(-1) + bytes(2 * number) + whole(1) * 2


@pytest.mark.parametrize(
    "make",
    [
        changed(0, whole(1), whole(2)),  # version
        changed(1, whole(-8) + whole(-1), whole(-8) + whole(-2)),  # two columns
        changed(1, whole(-8), whole(8)),
        changed(2, whole(15), whole(14)),  # splits of the first tree
        changed(2, whole(15), whole(14), -1),  # of another
        changed(2, whole(16) + whole(-8), whole(17) + whole(-8)),  # leaves of the first tree
        changed(2, whole(16) + whole(-8), whole(17) + whole(-8), -1),
        changed(2, whole(-8) + whole(-1), whole(0) + whole(-8) + whole(-1), 3),  # a gap
        changed(2, whole(-8) + whole(-1), whole(-8) + whole(-2), 7),  # a leaf too few
        changed(2, whole(2) + whole(3), whole(3) + whole(2)),  # levels and trees
        changed(3, whole(2), whole(3)),  # levels of the anchors
        changed(4, whole(2), whole(3)),  # of the offsets
        changed(3, whole(5), whole(4)),  # pixels
        rest(0),
        rest(2**12),
    ],
)  # fmt: skip
def test_a_model_of_another_layout_is_refused(tmp_path: Path, make: Callable[[], bytes]) -> None:
    path = tmp_path / "model.dat"
    path.write_bytes(b"".join(parts(model())) + bytes(8))
    parse(path)
    path.write_bytes(make())
    with pytest.raises(AssetError, match=r"model\.dat cannot be read as a landmark model"):
        parse(path)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own, and an installed model of a few trees."""
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    (tmp_path / "model.dat").write_bytes(b"".join(parts(model())) + bytes(8))
    monkeypatch.setattr(dlib_models, "model_file", lambda name: tmp_path / "model.dat")
    return tmp_path / "cache"


def files(folder: Path) -> dict[str, tuple[int, int]]:
    """Which they are, by their names: one that is written again is another."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in found}


def test_the_detector_that_is_kept_is_dlibs_own_and_read_again(cache: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (100, 90)).astype(np.uint8)
    own = dlib_models.detector.__wrapped__().run(noise, 0, -2.0)
    kept = files(cache)
    [path] = cache.rglob("*.svm")
    assert dlib.fhog_object_detector(str(path)).run(noise, 0, -2.0) == own
    assert len(own[0]) > 0 and dlib.__version__ in path.name
    assert dlib_models.detector.__wrapped__().run(noise, 0, -2.0) == own
    assert files(cache) == kept


def test_unpacked_trees_are_read_again_until_the_model_is_another(cache: Path) -> None:
    written = model()
    fresh = dlib_models.landmark_trees.__wrapped__()
    kept = files(cache)
    assert set(kept) == {f"{name}.npy" for name in vars(written)} | {"sha256.json"}
    again = dlib_models.landmark_trees.__wrapped__()
    assert files(cache) == kept
    for name in vars(written):
        for found in (fresh, again):
            assert np.array_equal(getattr(found, name), getattr(written, name))
    (cache.parent / "model.dat").write_bytes(b"".join(parts(model(trees=2))) + bytes(8))
    assert dlib_models.landmark_trees.__wrapped__().splits.shape[1] == 2
    anew = dlib_models.landmark_trees_anew()
    dlib_models.landmark_trees.cache_clear()
    assert anew.splits.shape[1] == 2


@pytest.mark.parametrize("name", ["mean_shape", "anchors", "offsets", "splits", "thresholds"])
def test_a_small_array_of_other_numbers_is_made_again(cache: Path, name: str) -> None:
    dlib_models.landmark_trees.__wrapped__()
    [path] = cache.rglob(f"{name}.npy")
    good = path.read_bytes()
    array = np.load(path)
    array.flat[0] = array.flat[-1] if array.flat[0] != array.flat[-1] else array.flat[0] ^ 1
    np.save(path, array)
    found = dlib_models.landmark_trees.__wrapped__()
    assert np.array_equal(getattr(found, name), getattr(model(), name))
    assert path.read_bytes() == good
    digests = json.loads((path.parent / "sha256.json").read_text())
    assert set(digests) == {"mean_shape", "anchors", "offsets", "splits", "thresholds"}


def test_unpacked_anew_is_what_the_file_says(cache: Path) -> None:
    dlib_models.landmark_trees.__wrapped__()
    [path] = cache.rglob("leaves.npy")
    leaves = np.load(path)
    np.save(path, leaves + 1)  # which nothing tells before they are used
    assert np.array_equal(dlib_models.landmark_trees.__wrapped__().leaves, leaves + 1)
    anew = dlib_models.landmark_trees_anew()
    dlib_models.landmark_trees.cache_clear()
    assert np.array_equal(anew.leaves, leaves)
    path.unlink()
    assert np.array_equal(dlib_models.landmark_trees.__wrapped__().leaves, leaves)

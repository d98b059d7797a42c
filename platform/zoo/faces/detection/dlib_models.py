"""The face models that dlib reads, and a form of them that loads in a millisecond.

The files come with the package ``face_recognition_models``, which is located and never
imported. Loading them dlib's way costs a swap more than the swap itself: 0.47 s for the
landmark model (100 MB of variable-length numbers) and 0.25 s for the built-in detector
(compressed text). So each is unpacked once into the user's cache, from where the detector
loads in 1 ms and the landmark model is memory-mapped. Where the cache cannot be written,
everything still works, slower.
"""

import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from zoo.errors import AssetError, StorageError
from zoo.faces.detection.regression_trees import RegressionTrees
from zoo.settings import cache_folder
from zoo.storage import atomic_file, atomic_folder, sha256_of, write_json
from zoo.untrusted import read_json

LANDMARKS = "shape_predictor_68_face_landmarks.dat"
DESCRIPTOR = "dlib_face_recognition_resnet_model_v1.dat"

_FORM = 2  # of the unpacked files; raise it when their layout changes
_SMALL = ("mean_shape", "anchors", "offsets", "splits", "thresholds")
_ARRAYS = (*_SMALL, "leaves")
_DIGESTS = "sha256.json"
"""Of the small arrays, a megabyte together; what the 65 MB of leaves say is looked at where they
are used."""


def model_file(name: str) -> Path:
    """The path of a model in the installed ``face_recognition_models``.

    Raises:
        AssetError: the package or the file is missing.
    """
    spec = importlib.util.find_spec("face_recognition_models")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / "models" / name
        if path.is_file():
            return path
    raise AssetError(
        f"The face model {name} is missing; install it with: pip install face_recognition_models"
    )


@cache
def detector() -> Any:
    """Dlib's frontal HOG face detector (five views, 80-pixel window)."""
    import dlib

    path = _unpacked() / f"frontal-{dlib.__version__}.svm"
    if path.is_file():
        try:
            return dlib.fhog_object_detector(str(path))
        except (RuntimeError, MemoryError, ValueError):  # damaged: make it again below
            pass
    found = dlib.get_frontal_face_detector()
    try:
        with atomic_file(path) as temporary:
            found.save(str(temporary))
    except StorageError:
        pass
    return found


@cache
def landmark_trees() -> RegressionTrees:
    """Dlib's 68-point model, memory-mapped.

    Raises:
        AssetError: the model is missing or damaged.
    """
    source = model_file(LANDMARKS)
    try:
        return _load(_landmarks_folder(source))
    except Exception:  # not there yet, or damaged, in as many ways as there are
        return _unpack(source)


def landmark_trees_anew() -> RegressionTrees:
    """The same, unpacked again: where the arrays are whole and what they hold is not.

    Raises:
        AssetError: the model is missing or damaged.
    """
    _unpack(model_file(LANDMARKS))
    landmark_trees.cache_clear()
    return landmark_trees()


def _unpack(source: Path) -> RegressionTrees:
    from zoo.faces.detection.dlib_format import parse

    trees = parse(source)
    folder = _landmarks_folder(source)
    try:
        with atomic_folder(folder) as temporary:
            for name in _ARRAYS:
                np.save(temporary / f"{name}.npy", getattr(trees, name), allow_pickle=False)
            digests = {name: sha256_of(temporary / f"{name}.npy") for name in _SMALL}
            write_json(temporary / _DIGESTS, digests)
    except StorageError:  # no cache, or another process was quicker
        pass
    return trees


def _unpacked() -> Path:
    return cache_folder() / "faces"


def _landmarks_folder(source: Path) -> Path:
    return _unpacked() / f"landmarks-{_FORM}-{source.stat().st_size}"


def _load(folder: Path) -> RegressionTrees:
    files = {name: folder / f"{name}.npy" for name in _ARRAYS}
    if not all(path.is_file() for path in files.values()):  # a FIFO would be waited for
        raise FileNotFoundError(folder)
    if read_json(folder / _DIGESTS) != {name: sha256_of(files[name]) for name in _SMALL}:
        raise ValueError("a damaged array")
    arrays = {  # as plain arrays over the mapped files: each use of a memmap costs a microsecond
        name: np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
        for name, path in files.items()
    }
    return RegressionTrees(**arrays)

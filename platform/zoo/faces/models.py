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
from zoo.faces.regression_trees import RegressionTrees
from zoo.settings import cache_folder
from zoo.storage import atomic_file, atomic_folder

LANDMARKS = "shape_predictor_68_face_landmarks.dat"
DESCRIPTOR = "dlib_face_recognition_resnet_model_v1.dat"

_FORM = 1  # of the unpacked files; raise it when their layout changes
_ARRAYS = ("mean_shape", "anchors", "offsets", "splits", "thresholds", "leaves")


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
        except RuntimeError:  # damaged: make it again below
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
    folder = _unpacked() / f"landmarks-{_FORM}-{source.stat().st_size}"
    try:
        return _load(folder)
    except (OSError, ValueError, EOFError):  # not there yet, or damaged
        from zoo.faces.dlib_format import parse

        trees = parse(source)
    try:
        with atomic_folder(folder) as temporary:
            for name in _ARRAYS:
                np.save(temporary / f"{name}.npy", getattr(trees, name), allow_pickle=False)
    except StorageError:  # no cache, or another process was quicker
        pass
    return trees


@cache
def descriptor_network() -> Any:
    """Dlib's 128-number face descriptor network.

    Raises:
        AssetError: the model is missing or damaged.
    """
    import dlib

    path = model_file(DESCRIPTOR)
    try:
        return dlib.face_recognition_model_v1(str(path))
    except RuntimeError as error:
        raise AssetError(
            f"{path} is damaged; install it again with: "
            "pip install --force-reinstall face_recognition_models"
        ) from error


def _unpacked() -> Path:
    return cache_folder() / "faces"


def _load(folder: Path) -> RegressionTrees:
    arrays = {
        name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in _ARRAYS
    }
    return RegressionTrees(**arrays)

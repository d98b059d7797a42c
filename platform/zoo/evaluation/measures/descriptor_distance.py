"""Identity by dlib: distances between 128-number descriptors of faces.

The second recogniser: a recipe with an identity term is trained on dlib's descriptor, and the
descriptor hardly detects remains of the person in the photo
(:mod:`zoo.evaluation.measures.likeness` does).

Two photos of one person lie about 0.3 to 0.5 apart, of two persons 0.7 to 1.0; dlib's own
threshold is 0.6 (http://dlib.net/face_recognition.py.html). A person is the mean of the
descriptors of several photos, which is steadier than any one of them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zoo.errors import NoFaceError, PhotoError
from zoo.faces.detection.detector import Face, find_faces
from zoo.faces.recognition.descriptors import PHOTOS_PER_PERSON, descriptor, evenly_picked
from zoo.photos.image import Image
from zoo.photos.reading import find_photos, read_photo

Descriptor = NDArray[np.float32]
"""[128]"""

Describe = Callable[[Image, Face], Descriptor]
"""Gives 128 numbers for a face of a picture."""

SAME_PERSON = 0.25
"""Means of photos nearer than this are of one person: two halves of a person's photos lie at most
0.11 apart, five photographed people at least 0.56, ten rendered ones at least 0.34.
"""

IN_THE_PHOTO = "the person in the photo"


@dataclass(frozen=True)
class Target:
    """The person a network was trained to show.

    Attributes:
        name: of the identity.
        mean: the mean descriptor of its real photos [128].
        ceiling: the mean distance of a real photo to the mean of the others: no swap can be
            expected to come nearer.
    """

    name: str
    mean: Descriptor
    ceiling: float


def target_of(name: str, descriptors: Descriptor) -> Target:
    """The target with ``descriptors`` [K, 128] of its real photos, K ≥ 1."""
    count, mean = len(descriptors), descriptors.mean(axis=0)
    if count == 1:
        return Target(name, mean, 0.0)
    # |d_i − mean of the others| = |d_i − m| · K / (K − 1)
    apart = np.linalg.norm(descriptors - mean, axis=1) * count / (count - 1)
    return Target(name, mean, float(apart.mean()))


def describe_photos(
    photos: Sequence[Path], limit: int = PHOTOS_PER_PERSON, describe: Describe = descriptor
) -> Descriptor:
    """Descriptors [K, 128] of the largest face in up to ``limit`` photos, evenly picked.

    Whole photos and not aligned crops: dlib's own alignment wants the surroundings of the
    face, and finished pictures, with which these are compared, have them too.

    Raises:
        NoFaceError: not one of the photos shows a face that can be read.
    """
    found = []
    for path in (photos[pick] for pick in evenly_picked(len(photos), limit)):
        try:
            image = read_photo(path).image
        except PhotoError:
            continue
        if faces := find_faces(image):
            found.append(describe(image, faces[0]))
    if not found:
        where = photos[0].parent if photos else "an empty list"
        raise NoFaceError(f"None of the photos in {where} shows a face to compare with.")
    return np.stack(found).astype(np.float32)


def people_in(folder: Path, describe: Describe = descriptor) -> dict[str, Descriptor]:
    """Mean descriptors of the people in ``folder``, one subfolder of photos each.

    Raises:
        PhotoError: the folder does not exist or has no subfolder with photos.
    """
    people = {}
    for person in sorted(path for path in folder.glob("*") if path.is_dir()):
        try:
            photos = find_photos([person])
            states = ((path, path.stat().st_mtime_ns) for path in photos)
            people[person.name] = _mean_of(describe, *states)
        except (PhotoError, OSError):
            continue
    if not people:
        raise PhotoError(
            f"{folder} is not a gallery: give a folder with one subfolder of photos per person."
        )
    return people


@lru_cache(maxsize=1024)
def _mean_of(describe: Describe, *photos: tuple[Path, int]) -> Descriptor:
    """The mean of photos, each with the time of its last change.

    Kept, because a process that measures many networks asks for the same people each time.
    """
    found = describe_photos([path for path, _ in photos], describe=describe)
    mean: Descriptor = found.mean(axis=0)
    return mean


def without_target(
    gallery: Mapping[str, Descriptor], target: Target
) -> tuple[dict[str, Descriptor], list[str]]:
    """``gallery`` without the target under other names, and those names."""
    same = [name for name, mean in gallery.items() if distance(mean, target.mean) < SAME_PERSON]
    return {name: mean for name, mean in gallery.items() if name not in same}, same


def nearest(
    face: Descriptor, target: Target, person: Descriptor, gallery: Mapping[str, Descriptor]
) -> tuple[str, float]:
    """The nearest other than the target to ``face``, and its distance.

    Args:
        face: of the swapped picture.
        target: whom it should show.
        person: the descriptor of the face in the input, counted as :data:`IN_THE_PHOTO`.
        gallery: other people's means.
    """
    others = {IN_THE_PHOTO: person, **{k: v for k, v in gallery.items() if k != target.name}}
    away = np.stack(list(others.values())).astype(np.float64) - face
    distances = np.linalg.norm(away, axis=1)
    at = int(distances.argmin())
    return list(others)[at], float(distances[at])


def distance(a: Descriptor, b: Descriptor) -> float:
    """Euclidean distance of two descriptors."""
    return float(np.linalg.norm(a.astype(np.float64) - b.astype(np.float64)))

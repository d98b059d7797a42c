"""Extended Yale B: photographed people under known lights, from the user's folder.

38 people under 64 single flashes in a dark room, in files such as ``yaleB01_P00A-070E+00.pgm``:
pose, and the flash's azimuth and elevation in degrees (Georghiades et al., *From Few to Many*,
2001; Lee et al., *Acquiring Linear Subspaces for Face Recognition under Variable Lighting*, 2005).
Pictures that the authors marked as bad may be missing.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from zoo.errors import PhotoError
from zoo.faces.detection.detector import find_faces
from zoo.faces.geometry.alignment import align
from zoo.photos.image import Image, Points
from zoo.photos.reading import find_photos, read_photo
from zoo.training.shipped.light_pairs import SIDE, LitFaces

_NAME = re.compile(r"(?P<person>.+)_P(?P<pose>\d\d)A(?P<azimuth>[+-]\d{3})E(?P<elevation>[+-]\d\d)")
_NEAR_CAMERA = 20  # degrees: flashes under which the whole face is lit, and so found


@dataclass(frozen=True)
class _Picture:
    path: Path
    person: str
    pose: str
    azimuth: int
    elevation: int


def yale_faces(folder: Path) -> LitFaces:
    """All pictures of Extended Yale B in ``folder`` and below, aligned.

    A person kept still while the flashes went off, so the landmarks of all pictures of one
    person in one pose are the median of those found in the well-lit ones.

    Raises:
        PhotoError: the folder is missing or has no such files, a file is damaged, or a
            person's face is not found in any well-lit picture.
    """
    sittings = defaultdict(list)
    for picture in _pictures(folder):
        sittings[picture.person, picture.pose].append(picture)
    if not sittings:
        raise PhotoError(
            f"{folder} holds no pictures of Extended Yale B: give the folder with files "
            "such as yaleB01/yaleB01_P00A-070E+00.pgm."
        )
    crops, labels = [], []
    for (person, pose), pictures in sittings.items():
        images = [_margined(read_photo(picture.path).image) for picture in pictures]
        landmarks = _common_landmarks(pictures, images)
        for picture, image in zip(pictures, images, strict=True):
            crop = align(image, landmarks, SIDE).image
            crops.append(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY))
            labels.append((person, (pose, picture.azimuth, picture.elevation), pose))
    people, lights, poses = zip(*labels, strict=True)
    return LitFaces(np.stack(crops), _numbered(people), _numbered(lights), _numbered(poses))


def _pictures(folder: Path) -> Iterable[_Picture]:
    for path in find_photos([folder]):
        match = _NAME.fullmatch(path.stem)
        if match:
            yield _Picture(
                path, match["person"], match["pose"], int(match["azimuth"]), int(match["elevation"])
            )


def _margined(image: Image) -> Image:
    """Faces are cut so close that the detector wants some border around them."""
    margin = image.shape[1] // 3
    return np.asarray(
        cv2.copyMakeBorder(image, margin, margin, margin, margin, cv2.BORDER_REPLICATE), np.uint8
    )


def _common_landmarks(pictures: list[_Picture], images: list[Image]) -> Points:
    found = []
    for picture, image in zip(pictures, images, strict=True):
        well_lit = max(abs(picture.azimuth), abs(picture.elevation)) <= _NEAR_CAMERA
        if well_lit and (faces := find_faces(image)):
            found.append(faces[0].landmarks)
    if not found:
        raise PhotoError(
            f"No face is found in the well-lit pictures of {pictures[0].path.parent}: "
            f"remove the folder, or add pictures with flashes within {_NEAR_CAMERA} degrees."
        )
    return np.median(found, axis=0).astype(np.float32)


def _numbered(values: Iterable[object]) -> np.ndarray:
    numbers: dict[object, int] = {}
    return np.array([numbers.setdefault(value, len(numbers)) for value in values], np.intp)

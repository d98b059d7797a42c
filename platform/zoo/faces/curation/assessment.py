"""Assessment of an identity's photos before training.

Usable ones, rejected ones and why, photos of someone else among them, and what to collect more of.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from zoo.cores import available_cores
from zoo.errors import PhotoError
from zoo.faces.curation.content import lost
from zoo.faces.curation.coverage import Coverage, Traits, advice, coverage, traits
from zoo.faces.curation.illumination import illumination
from zoo.faces.curation.photo_selection import AlignSettings, Dropped, Reason, examine
from zoo.faces.curation.quality import Seen
from zoo.faces.recognition.descriptors import OUTLIER, descriptor, outlier_distances
from zoo.photos.image import Image, Points
from zoo.photos.reading import read_photo
from zoo.process_pool import ProcessPool, in_order

THUMBNAIL = 96  # pixels
_CROP = 128  # pixels at which near-duplicates and light are looked at
_WORTH_A_PROCESS = 8  # photos


@dataclass(frozen=True)
class Assessed:
    """One photo.

    Attributes:
        photo: its name.
        dropped: why nothing can be learnt from it; None when something can.
        traits: of its face, when it has a usable one.
        thumbnail: [96, 96, 3] of the face, else of the photo; None when it cannot be read.
        distance: of its face from the person most photos show, see :mod:`.outliers`.
    """

    photo: str
    dropped: Dropped | None
    traits: Traits | None = None
    thumbnail: Image | None = None
    distance: float | None = None

    @property
    def outlier(self) -> bool:
        """Whether it probably shows someone else."""
        return self.distance is not None and self.distance > OUTLIER

    @property
    def usable(self) -> bool:
        return self.dropped is None and not self.outlier

    @property
    def readable(self) -> bool:
        return self.dropped is None or self.dropped.kind is not Reason.UNREADABLE


@dataclass(frozen=True)
class Assessment:
    """All photos of one identity, in the order they were given."""

    photos: list[Assessed]
    coverage: Coverage
    advice: list[str]

    @property
    def usable(self) -> list[Assessed]:
        return [photo for photo in self.photos if photo.usable]

    @property
    def outliers(self) -> list[Assessed]:
        """Farthest from the person first."""
        found = [photo for photo in self.photos if photo.outlier]
        return sorted(found, key=lambda photo: -(photo.distance or 0))

    @property
    def rejected(self) -> list[Assessed]:
        """Without outliers."""
        return [photo for photo in self.photos if photo.dropped and not photo.outlier]

    def summary(self) -> dict[str, Any]:
        """As plain data, for JSON."""
        return {
            "usable": len(self.usable),
            "rejected": [
                {"photo": photo.photo, "reason": photo.dropped.reason}
                for photo in self.rejected
                if photo.dropped
            ],
            "outliers": [
                {"photo": photo.photo, "distance": round(photo.distance or 0, 3)}
                for photo in self.outliers
            ],
            "coverage": vars(self.coverage),
            "advice": self.advice,
        }


def assess(
    photos: Mapping[str, Path],
    settings: AlignSettings,
    resolution: int,
    progress: Callable[[int], object] = lambda done: None,
    processes: int | None = None,
) -> Assessment:
    """Assesses all ``photos`` (by name), in several processes if there are many.

    Args:
        photos: files by the names they are to be called.
        settings: what alignment will hold them to.
        resolution: pixels of the network to be trained, for advice on sizes.
        progress: is called with the number of photos done.
        processes: default: as many as there are cores, at most 8.

    Raises:
        AssetError: the face models are missing or damaged.
    """
    settings = settings.model_copy(update={"size": _CROP})
    seen = Seen(settings.min_difference)
    found: list[Assessed] = []
    descriptors: dict[int, NDArray[np.float32]] = {}
    for number, look in enumerate(_looks(photos, settings, processes)):
        assessed = look.assessed
        if look.crop is not None and look.landmarks is not None and look.descriptor is not None:
            descriptors[number] = look.descriptor
            if twin := seen.twin_of(look.crop, look.landmarks):
                repeated = Dropped(assessed.photo, Reason.REPEATED, twin)
                assessed = replace(assessed, dropped=repeated)
            else:
                seen.add(assessed.photo, look.crop, look.landmarks)
        found.append(assessed)
        progress(number + 1)
    if descriptors:
        apart = outlier_distances(np.stack(list(descriptors.values())))
        for number, distance in zip(descriptors, apart, strict=True):
            found[number] = replace(found[number], distance=float(distance))
    return assessment_of(found, settings, resolution)


def assessment_of(photos: list[Assessed], settings: AlignSettings, resolution: int) -> Assessment:
    """The assessment of examined photos, for example after some were left out."""
    faces = [photo.traits for photo in photos if photo.usable and photo.traits]
    said = advice(faces, settings.minimum_photos, settings.advised_photos, resolution)
    return Assessment(photos, coverage(faces), said)


@dataclass(frozen=True)
class _Look:
    """What a process hands back about one photo."""

    assessed: Assessed
    crop: Image | None = None
    landmarks: Points | None = None
    descriptor: NDArray[np.float32] | None = None


def _looks(
    photos: Mapping[str, Path], settings: AlignSettings, processes: int | None
) -> Iterator[_Look]:
    look = partial(_look, settings=settings)
    processes = min(processes or min(8, available_cores()), len(photos) // _WORTH_A_PROCESS)
    if processes < 2:
        yield from map(look, photos.items())
        return
    with ProcessPool(processes) as pool:
        yield from in_order(pool, photos.items(), look, lost)


def _look(item: tuple[str, Path], settings: AlignSettings) -> _Look:
    name, path = item
    try:
        image = read_photo(path).image
    except PhotoError as error:
        return _Look(Assessed(name, Dropped(name, Reason.UNREADABLE, str(error))))
    examined = examine(name, image, settings)
    if isinstance(examined, Dropped):
        return _Look(Assessed(name, examined, thumbnail=_thumbnail(image)))
    crop = examined.aligned.image
    face = traits(examined.face.landmarks, illumination(crop))
    return _Look(
        Assessed(name, None, face, _thumbnail(crop)),
        crop,
        examined.aligned.landmarks,
        descriptor(image, examined.face),
    )


def _thumbnail(image: Image) -> Image:
    """The whole picture, in the middle of a grey square."""
    height, width = image.shape[:2]
    scale = THUMBNAIL / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    square = np.full((THUMBNAIL, THUMBNAIL, 3), 128, np.uint8)
    left, top = (THUMBNAIL - size[0]) // 2, (THUMBNAIL - size[1]) // 2
    square[top : top + size[1], left : left + size[0]] = small
    return square

"""From a folder of photos of one person to the faces that a network learns from.

A photo is dropped, with its reason, when it cannot be read, shows no face, or shows several
equally large ones (which is the person?); when the face is too small or blurred; and when it
repeats one already kept.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from zoo.errors import IdentityError, PhotoError
from zoo.faces.curation.face_pack import FacePack
from zoo.faces.curation.quality import Seen, sharpness
from zoo.faces.detection.detector import Face, find_faces
from zoo.faces.geometry.alignment import Aligned, align
from zoo.faces.recognition.descriptors import chip
from zoo.photos.image import Image
from zoo.photos.reading import read_photo

_EQUALLY_LARGE = 0.6  # of the largest face's area
_MOST_ON_A_SHEET = 600


class AlignSettings(BaseModel):
    """Section ``align`` of ``params.yaml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: int = Field(ge=32, le=1024)
    """Of an aligned face, pixels."""
    min_interocular: float = Field(ge=0)
    """Least distance between the outer corners of the eyes in the photo, pixels."""
    min_sharpness: float = Field(ge=0)
    """Least :func:`zoo.faces.curation.quality.sharpness`."""
    min_difference: float = Field(ge=0)
    """Mean grey levels below which two faces of the same expression are near-duplicates."""
    minimum_photos: int = Field(ge=1)
    """Fewer kept photos are an error."""
    advised_photos: int = Field(ge=1)
    """Fewer kept photos are a warning."""


class Reason(StrEnum):
    """Why a photo was dropped."""

    UNREADABLE = "unreadable"
    NO_FACE = "no face"
    SEVERAL = "several equally large faces"
    SMALL = "face too small"
    BLURRED = "face too blurred"
    REPEATED = "near-duplicate"


@dataclass(frozen=True)
class Examined:
    """A photo worth learning from: its pixels, its face, and that face aligned."""

    image: Image
    face: Face
    aligned: Aligned


@dataclass(frozen=True)
class Dropped:
    """A photo that was not used."""

    photo: str
    kind: Reason
    detail: str = ""

    @property
    def reason(self) -> str:
        between = " of " if self.kind is Reason.REPEATED else ": "
        return f"{self.kind}{between}{self.detail}" if self.detail else str(self.kind)


@dataclass(frozen=True)
class Curated:
    """The kept faces, the dropped photos, and a sentence when more photos are advised."""

    pack: FacePack
    chips: list[Image]
    """What descriptors are computed from, of each face of the pack."""
    dropped: list[Dropped]
    warning: str | None


def curate(
    name: str, photos: Iterable[tuple[str, Image | Path]], settings: AlignSettings
) -> Curated:
    """Aligns the photos of the identity ``name`` that are worth learning from.

    Raises:
        IdentityError: fewer than ``settings.minimum_photos`` remain.
        AssetError: the face models are missing or damaged.
    """
    chips: dict[str, Image] = {}

    def examined() -> Iterator[tuple[str, Aligned | Dropped]]:
        for photo, source in photos:
            one = examine(photo, source, settings)
            if isinstance(one, Examined):
                chips[photo] = chip(one.image, one.face)
            yield photo, one.aligned if isinstance(one, Examined) else one

    curated = curate_examined(name, examined(), settings)
    return replace(curated, chips=[chips[photo] for photo in curated.pack.names])


def curate_examined(
    name: str, photos: Iterable[tuple[str, Aligned | Dropped]], settings: AlignSettings
) -> Curated:
    """:func:`curate` for photos that were examined one by one before; ``chips`` stays empty.

    Raises:
        IdentityError: see there.
    """
    kept: list[Aligned] = []
    dropped: list[Dropped] = []
    seen = Seen(settings.min_difference)
    for photo, found in photos:
        if isinstance(found, Dropped):
            dropped.append(found)
            continue
        if twin := seen.twin_of(found.image, found.landmarks):
            dropped.append(Dropped(photo, Reason.REPEATED, twin))
        else:
            seen.add(photo, found.image, found.landmarks)
            kept.append(found)
    warning = _enough(name, len(kept), dropped, settings)
    pack = FacePack(
        np.stack([face.image for face in kept]),
        np.stack([face.landmarks for face in kept]),
        list(seen.names),
        [name] * len(kept),
    )
    return Curated(pack, [], dropped, warning)


def examine(photo: str, source: Image | Path, settings: AlignSettings) -> Examined | Dropped:
    """Examines one photo; the caller detects near-duplicates (:class:`.Seen`).

    Raises:
        AssetError: the face models are missing or damaged.
    """
    try:
        image = read_photo(source).image if isinstance(source, Path) else source
    except PhotoError as error:
        return Dropped(photo, Reason.UNREADABLE, str(error))
    faces = find_faces(image)
    if not faces:
        return Dropped(photo, Reason.NO_FACE)
    face = faces[0]
    large = sum(other.area >= _EQUALLY_LARGE * face.area for other in faces)
    if large > 1:
        return Dropped(photo, Reason.SEVERAL, f"{large}; crop it to the person")
    if face.interocular < settings.min_interocular:
        detail = f"{face.interocular:.0f} of {settings.min_interocular:.0f} pixels between the eyes"
        return Dropped(photo, Reason.SMALL, detail)
    aligned = align(image, face.landmarks, settings.size)
    if (sharp := sharpness(aligned.image)) < settings.min_sharpness:
        detail = f"sharpness {sharp:.2f} of {settings.min_sharpness:.2f}"
        return Dropped(photo, Reason.BLURRED, detail)
    return Examined(image, face, aligned)


def contact_sheet(pack: FacePack, columns: int = 10, side: int = 96) -> Image:
    """All faces of a pack (600 at most, evenly picked) in rows, each ``side`` pixels wide."""
    picks = np.unique(np.linspace(0, len(pack) - 1, min(len(pack), _MOST_ON_A_SHEET)).astype(int))
    rows = -(-len(picks) // columns)
    sheet = np.full((rows * side, columns * side, 3), 255, np.uint8)
    for place, pick in enumerate(picks):
        y, x = side * (place // columns), side * (place % columns)
        face = np.ascontiguousarray(pack.faces[pick])
        sheet[y : y + side, x : x + side] = cv2.resize(
            face, (side, side), interpolation=cv2.INTER_AREA
        )
    return sheet


def _enough(name: str, kept: int, dropped: list[Dropped], settings: AlignSettings) -> str | None:
    """A warning, or None.

    Raises:
        IdentityError: too few.
    """
    if kept >= settings.advised_photos:
        return None
    counts = Counter(str(drop.kind) for drop in dropped)
    why = ", ".join(f"{count} {reason}" for reason, count in counts.most_common())
    left = f"{name} has {kept} usable photos of {kept + len(dropped)}" + (
        f" ({why})" if why else ""
    )
    if kept < settings.minimum_photos:
        raise IdentityError(
            f"{left}; at least {settings.minimum_photos} are needed: add photos of one person, "
            "sharp, facing the camera."
        )
    return f"{left}; {settings.advised_photos} or more, of varied poses and light, are advised."

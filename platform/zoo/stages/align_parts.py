"""An identity of thousands of photos, looked at part by part, so that many processes share it.

What a photo is worth by itself takes nearly all of the time; near-duplicates are told afterwards,
in one go. Parts that are done wait beside checkpoints: a stage that is killed goes on.
"""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zoo.faces.curation.photo_selection import AlignSettings, Dropped, Examined, Reason, examine
from zoo.faces.geometry.alignment import Aligned
from zoo.faces.recognition.descriptors import (
    PHOTOS_PER_PERSON,
    chip,
    descriptor_of_chip,
    evenly_picked,
)
from zoo.photos.image import Image
from zoo.products.executors import Job
from zoo.products.incremental import bring_up_to_date
from zoo.products.receipts import Made
from zoo.settings import Project
from zoo.storage import atomic_file

PHOTOS = 250
"""Of a part. An identity of up to twice as many is one piece of work."""


def make_parts(
    project: Project,
    name: str,
    made_from: Made,
    photos: Mapping[str, Path],
    settings: AlignSettings,
) -> tuple[list[Path], str | None]:
    """Has all parts made; returns their files in the order of the photos, or why there are none."""
    jobs: list[Job] = []
    digests: Mapping[str, str] = made_from["photos"]
    waiting = iter(photos.items())
    while part := dict(islice(waiting, PHOTOS)):
        path = folder(project, name) / f"{len(jobs):04}.npz"
        of_part = {**made_from, "photos": {photo: digests[photo] for photo in part}}
        arguments = (project, path, part, settings)
        inputs = tuple(part.values())
        jobs.append(Job(path.stem, path, of_part, make, arguments, project.root, inputs))
    outcome = bring_up_to_date(f"align {name}", jobs, quiet=True)
    return [job.product for job in jobs], next(iter(outcome.failed.values()), None)


def folder(project: Project, name: str) -> Path:
    """Where an identity's parts wait."""
    return project.root / "checkpoints" / f"{name}.align"


def forget_finished(project: Project) -> None:
    """Removes the parts of identities that are aligned."""
    for parts in (project.root / "checkpoints").glob("*.align"):
        if (project.aligned / f"{parts.stem}.receipt.json").is_file():
            shutil.rmtree(parts, ignore_errors=True)


def make(
    project: Project, path: Path, photos: Mapping[str, Path], settings: AlignSettings
) -> dict[str, int]:
    """Looks at the photos of a part."""
    images, landmarks, chips, dropped = [], [], [], []
    for photo, source in photos.items():
        found = examine(photo, source, settings)
        if isinstance(found, Examined):
            images.append(found.aligned.image)
            landmarks.append(found.aligned.landmarks)
            chips.append(chip(found.image, found.face))
        else:
            dropped.append((photo, found.kind, found.detail.replace(f"{project.root}/", "")))
    gone = {photo for photo, *_ in dropped}
    kept = [photo for photo in photos if photo not in gone]
    with atomic_file(path) as temporary, temporary.open("wb") as file:
        np.savez(
            file,
            told=np.frombuffer(json.dumps({"kept": kept, "dropped": dropped}).encode(), np.uint8),
            images=np.array(images, np.uint8),
            landmarks=np.array(landmarks, np.float32),
            chips=np.array(chips, np.uint8),
            order=np.array([photo in gone for photo in photos]),
        )
    return {"photos": len(photos)}


class Parts:
    """Looked-at photos, as :func:`make` left them."""

    def __init__(self, paths: tuple[Path, ...]) -> None:
        self._paths = paths

    def examined(self) -> Iterator[tuple[str, Aligned | Dropped]]:
        """All photos in their order; one part at a time is in memory."""
        for path in self._paths:
            with np.load(path, allow_pickle=False) as part:
                told = json.loads(bytes(part["told"]))
                images, landmarks = part["images"], part["landmarks"]
                kept, dropped = iter(enumerate(told["kept"])), iter(told["dropped"])
                for is_dropped in part["order"]:
                    if is_dropped:
                        photo, kind, detail = next(dropped)
                        yield photo, Dropped(photo, Reason(kind), detail)
                    else:
                        place, photo = next(kept)
                        yield photo, Aligned(images[place], landmarks[place], _NO_MATRIX)

    def describe(self, photos: Sequence[str]) -> NDArray[np.float32]:
        """Descriptors [K, 128] of these photos, evenly picked."""
        picks = evenly_picked(len(photos), PHOTOS_PER_PERSON)
        wanted = [photos[pick] for pick in picks]
        chips = self._chips(set(wanted))
        return np.stack([descriptor_of_chip(chips[photo]) for photo in wanted])

    def _chips(self, wanted: set[str]) -> dict[str, Image]:
        """What the descriptor network sees of these photos."""
        found: dict[str, Image] = {}
        for path in self._paths:
            with np.load(path, allow_pickle=False) as part:
                kept = json.loads(bytes(part["told"]))["kept"]
                if mine := [place for place, photo in enumerate(kept) if photo in wanted]:
                    chips = part["chips"]
                    found.update((kept[place], chips[place].copy()) for place in mine)
        return found


_NO_MATRIX: NDArray[np.float64] = np.zeros((2, 3))  # nobody asks for it after the look

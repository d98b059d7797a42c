"""Content in parts, so that many processes or machines look at its photos or render its people.

A part holds what is to be learned from, and of rendered people the pictures that are held out.
Parts that are done wait in ``.zoo/content``: a stage that is killed goes on.
"""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from zoo.errors import PhotoError, ProjectError
from zoo.evaluation.held_out import choose_apart
from zoo.faces.curation.content import look_at
from zoo.faces.curation.photo_selection import Dropped
from zoo.faces.detection.detector import find_faces
from zoo.faces.geometry.alignment import align
from zoo.people import random_person, random_scene, render
from zoo.photos.reading import find_photos
from zoo.products.executors import Job
from zoo.products.incremental import bring_up_to_date
from zoo.products.receipts import Made
from zoo.settings import Project
from zoo.storage import atomic_file

SCENES_PER_PERSON = 1000  # apart in the scenes' seeds, so that no two people share one

_PARTS = 64  # about; and of each kind no part is smaller or larger than these:
_PHOTOS = (16, 500)
_PEOPLE = (2, 100)


class ContentSettings(BaseModel, extra="forbid"):
    """Section ``content`` of ``params.yaml``."""

    folders: list[str] = []
    """Photos of many people; relative to the project. Empty: rendered people."""
    size: int = Field(ge=32, le=1024)
    """Pixels of an aligned face's side."""
    held_out: int = Field(ge=1)
    people: int = Field(ge=2)
    per_person: int = Field(ge=1, le=SCENES_PER_PERSON)
    render_size: int = Field(ge=64, le=2048)
    max_yaw: float = Field(ge=0, le=60)
    seed: int = Field(ge=0)


def photos_of(project: Project, settings: ContentSettings) -> dict[str, Path]:
    """All photos of the folders, by folder and path within it.

    Raises:
        ProjectError: two folders have one name, and so might their photos.
        PhotoError: a folder is missing or has no photos.
    """
    folders = {Path(folder).name: project.root / folder for folder in settings.folders}
    if len(folders) < len(settings.folders):
        raise ProjectError("params.yaml: content.folders has two folders of one name; rename one.")
    return {
        f"{name}/{path.relative_to(folder).as_posix()}": path
        for name, folder in folders.items()
        for path in find_photos([folder])
    }


def photos_apart(photos: Mapping[str, Path], settings: ContentSettings) -> list[str]:
    """The names of the photos that are held out."""
    return choose_apart(photos, settings.held_out)


def of_photos(project: Project, settings: ContentSettings, made_from: Made) -> list[Job]:
    """Parts of the photos that are learned from.

    Raises:
        PhotoError: none is left to learn from.
    """
    photos = photos_of(project, settings)
    training = sorted(photos.keys() - set(photos_apart(photos, settings)))
    if not training:
        raise PhotoError(
            f"content.folders hold {len(photos)} photos and {settings.held_out} are held out, so "
            "none is left for training; add photos or lower content.held_out in params.yaml."
        )
    digests: Mapping[str, str] = made_from["photos"]
    jobs = []
    for number, names in enumerate(_split(training, _PHOTOS)):
        path = _path(project, number)
        part = {name: photos[name] for name in names}
        of_part = {**made_from, "photos": {name: digests[name] for name in names}}
        arguments, inputs = (path, part, settings.size), tuple(part.values())
        jobs.append(Job(path.stem, path, of_part, look, arguments, project.root, inputs))
    return jobs


def of_people(project: Project, settings: ContentSettings, made_from: Made) -> list[Job]:
    """Parts of the people that are rendered."""
    people = [settings.seed + number for number in range(settings.people)]
    enough = min(-(-settings.held_out // settings.per_person), settings.people - 1)
    apart = {int(person) for person in choose_apart(map(str, people), enough)}
    jobs = []
    for number, part in enumerate(_split(people, _PEOPLE)):
        path = _path(project, number)
        held_out = tuple(person for person in part if person in apart)
        of_part = {**made_from, "people": part, "apart": held_out}
        arguments = (path, settings, tuple(part), held_out)
        jobs.append(Job(path.stem, path, of_part, draw, arguments, project.root))
    return jobs


def make_parts(project: Project, jobs: Sequence[Job]) -> tuple[list[Path], str | None]:
    """Has all parts made; returns their files in order, or why there are none."""
    outcome = bring_up_to_date("content", jobs, quiet=True)
    return [job.product for job in jobs], next(iter(outcome.failed.values()), None)


def forget(project: Project) -> None:
    """Removes all parts."""
    shutil.rmtree(_folder(project), ignore_errors=True)


def read_part(path: Path) -> dict[str, NDArray[Any]]:
    """What :func:`look` or :func:`draw` left."""
    with np.load(path, allow_pickle=False) as part:
        return dict(part)


def look(path: Path, photos: Mapping[str, Path], size: int) -> dict[str, int]:
    """Aligns the largest face of each photo."""
    names, faces, landmarks = [], [], []
    for name, photo in photos.items():
        found = look_at(size, name, photo)
        if not isinstance(found, Dropped):
            names.append(name)
            faces.append(found.image)
            landmarks.append(found.landmarks)
    _write(path, size, names, faces, landmarks, [], [])
    return {"faces": len(faces)}


def draw(
    path: Path, settings: ContentSettings, people: Sequence[int], apart: Sequence[int]
) -> dict[str, int]:
    """Renders people, and aligns their faces; of those apart there are pictures."""
    names, faces, landmarks, scenes, pictures = [], [], [], [], []
    for person in people:
        for number in range(settings.per_person):
            scene = person * SCENES_PER_PERSON + number
            circumstances = random_scene(scene, max_yaw=settings.max_yaw)
            picture = render(random_person(person), circumstances, settings.render_size).image
            if not (found := find_faces(picture)):
                continue
            if person in apart:
                scenes.append(scene)
                pictures.append(picture)
            else:
                aligned = align(picture, found[0].landmarks, settings.size)
                names.append(f"{person}-{number}")
                faces.append(aligned.image)
                landmarks.append(aligned.landmarks)
    _write(path, settings.size, names, faces, landmarks, scenes, pictures)
    return {"faces": len(faces)}


def _write(
    path: Path,
    size: int,
    names: Sequence[str],
    faces: Sequence[Any],
    landmarks: Sequence[Any],
    scenes: Sequence[int],
    pictures: Sequence[Any],
) -> None:
    with atomic_file(path) as temporary, temporary.open("wb") as file:
        np.savez(
            file,
            names=np.array(names, np.str_),
            faces=np.array(faces, np.uint8).reshape(-1, size, size, 3),
            landmarks=np.array(landmarks, np.float32).reshape(-1, 68, 2),
            scenes=np.array(scenes, np.int64),
            pictures=np.array(pictures, np.uint8),
        )


def _split(items: Sequence[Any], sizes: tuple[int, int]) -> list[list[Any]]:
    size = min(max(-(-len(items) // _PARTS), sizes[0]), sizes[1])
    return [list(items[start : start + size]) for start in range(0, len(items), size)]


def _folder(project: Project) -> Path:
    return project.root / ".zoo" / "content"


def _path(project: Project, number: int) -> Path:
    return _folder(project) / f"{number:05}.npz"

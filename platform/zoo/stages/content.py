"""Stage ``content``: faces of many people for training, and photos held out from it."""

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, Field

from zoo.cores import available_cores
from zoo.errors import PhotoError, ProjectError
from zoo.evaluation.held_out import HeldOut, Seeds, choose_apart, write_held_out
from zoo.evaluation.settings import HELD_OUT
from zoo.faces.curation.content import gather_content
from zoo.faces.curation.face_pack import FacePack, write_pack
from zoo.faces.detection.detector import find_faces
from zoo.faces.geometry.alignment import align
from zoo.people import random_person, random_scene, render
from zoo.photos.reading import find_photos
from zoo.photos.writing import write_photo
from zoo.products.digests import Digests, digests
from zoo.products.incremental import (
    Job,
    bring_up_to_date,
    process_pool,
    progress,
    remove_gone,
)
from zoo.products.receipts import Made
from zoo.settings import Project, read_params, section
from zoo.storage import atomic_folder
from zoo.training.plan import CONTENT

NAME, VERSION = "content", "content-2"
SCENES_PER_PERSON = 1000  # apart in the scenes' seeds, so that no two people share one


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


def product(project: Project) -> Path:
    """The pack of all faces; there is one for all identities."""
    return project.content / CONTENT


def inputs(project: Project, known: Digests) -> Made:
    """What the pack is made from.

    Raises:
        ProjectError: the section of ``params.yaml`` is wrong.
        PhotoError: a folder is missing or has no photos.
    """
    settings = _settings(project)
    photos = photos_of(project, settings)
    return {
        "maker": VERSION,
        "settings": settings.model_dump(),
        "photos": {name: known.of(path) for name, path in photos.items()},
    }


def run(project: Project) -> int:
    """Makes the pack when it is stale."""
    settings = _settings(project)
    with digests(project) as known:
        made_from = inputs(project, known)
    make = from_photos if settings.folders else from_people
    remove_gone(project.content, ["content", "held_out"])
    job = Job(NAME, product(project), made_from, make, (project, settings))
    return bring_up_to_date(NAME, [job], workers=1).exit_code


def photos_of(project: Project, settings: ContentSettings) -> dict[str, Path]:
    """All photos of the folders, by folder and path within it.

    Raises:
        ProjectError: two folders have one name, and so might their photos.
        PhotoError: a folder is missing or has no photos.
    """
    folders = {Path(folder).name: project.root / folder for folder in settings.folders}
    if len(folders) < len(settings.folders):
        raise ProjectError(
            "params.yaml: content.folders has two folders of the same name; rename one."
        )
    return {
        f"{name}/{path.relative_to(folder).as_posix()}": path
        for name, folder in folders.items()
        for path in find_photos([folder])
    }


def from_photos(project: Project, settings: ContentSettings) -> dict[str, int]:
    """Holds out photos and aligns the others."""
    photos = photos_of(project, settings)
    apart = choose_apart(photos, settings.held_out)
    training = {name: photos[name] for name in sorted(photos.keys() - set(apart))}
    if not training:
        raise PhotoError(
            f"content.folders hold {len(photos)} photos and {settings.held_out} are held out, so "
            "none is left for training; add photos or lower content.held_out in params.yaml."
        )
    pack, dropped = gather_content(training, settings.size)
    held_out = [HeldOut(name=name, photo=_address(project, photos[name])) for name in apart]
    shutil.rmtree(project.content / "held_out", ignore_errors=True)  # of rendered people
    write_held_out(project.content / HELD_OUT, held_out)
    write_pack(product(project), pack)
    return {"faces": len(pack), "dropped": len(dropped), "held_out": len(held_out)}


def from_people(project: Project, settings: ContentSettings) -> dict[str, int]:
    """Whole people are held out, so that training has never seen them in any scene."""
    people = [settings.seed + number for number in range(settings.people)]
    enough = min(-(-settings.held_out // settings.per_person), settings.people - 1)
    apart = set(choose_apart(map(str, people), enough))
    held_out: list[HeldOut] = []
    names, faces, landmarks = [], [], []
    folder = project.content / "held_out"
    with (
        atomic_folder(folder) as temporary,
        process_pool(available_cores()) as pool,
        progress("content", len(people)) as advance,
    ):
        for person, photos in zip(people, pool.map(partial(draw, settings), people), strict=True):
            for scene, picture, aligned in photos:
                name = f"{person}-{scene % SCENES_PER_PERSON}"
                if str(person) not in apart:
                    names.append(name)
                    faces.append(aligned.image)
                    landmarks.append(aligned.landmarks)
                elif len(held_out) < settings.held_out:
                    write_photo(temporary / f"{name}.png", picture)
                    photo = _address(project, folder / f"{name}.png")
                    seeds = Seeds(person=person, scene=scene, max_yaw=settings.max_yaw)
                    held_out.append(HeldOut(name=name, photo=photo, rendered=seeds))
            advance()
    if not names:
        raise PhotoError("No face was found in any rendered photo; raise content.render_size.")
    sources = ["rendered"] * len(names)
    pack = FacePack(np.stack(faces), np.stack(landmarks), names, sources)
    write_held_out(project.content / HELD_OUT, held_out)
    write_pack(product(project), pack)
    return {"faces": len(pack), "held_out": len(held_out)}


def draw(settings: ContentSettings, person: int) -> list[tuple[int, Any, Any]]:
    """One person's scenes: seed, picture and aligned face of those in which a face is found."""
    return list(_draw(settings, person))


def _draw(settings: ContentSettings, person: int) -> Iterator[tuple[int, Any, Any]]:
    for number in range(settings.per_person):
        scene = person * SCENES_PER_PERSON + number
        circumstances = random_scene(scene, max_yaw=settings.max_yaw)
        picture = render(random_person(person), circumstances, settings.render_size).image
        if faces := find_faces(picture):
            yield scene, picture, align(picture, faces[0].landmarks, settings.size)


def _address(project: Project, photo: Path) -> str:
    """Relative where it lies in the project, so that the list holds on other machines."""
    inside = photo.is_relative_to(project.root)
    return (photo.relative_to(project.root) if inside else photo).as_posix()


def _settings(project: Project) -> ContentSettings:
    return section(read_params(project), NAME, ContentSettings)

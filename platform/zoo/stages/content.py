"""Stage ``content``: faces of many people for training, and photos held out from it."""

import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from zoo.errors import PhotoError
from zoo.evaluation.held_out import HeldOut, Seeds, write_held_out
from zoo.evaluation.settings import HELD_OUT
from zoo.faces.curation.face_pack import FacePack, write_pack
from zoo.photos.writing import write_photo
from zoo.products import receipts
from zoo.products.digests import Digests, digests
from zoo.products.executors import Job
from zoo.products.incremental import bring_up_to_date, remove_gone
from zoo.products.receipts import Made
from zoo.settings import Project, read_params, section
from zoo.stages import content_parts
from zoo.stages.content_parts import SCENES_PER_PERSON, ContentSettings, photos_of
from zoo.storage import atomic_folder, plain_errors
from zoo.training.plan import CONTENT

__all__ = ["NAME", "VERSION", "ContentSettings", "inputs", "photos_of", "product", "run"]

NAME, VERSION = "content", "content-5"


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
    """Makes the pack when it is stale: its parts by many processes or machines, then it of them."""
    settings = _settings(project)
    with digests(project) as known:
        made_from = inputs(project, known)
    pack = product(project)
    remove_gone(project.content, ["content", "held_out"])
    make = from_photos if settings.folders else from_people
    begun = time.monotonic()
    parts: list[Path] = []
    failed: str | None = None
    if not receipts.is_fresh(pack, made_from):
        planned = content_parts.of_photos if settings.folders else content_parts.of_people
        try:
            jobs = planned(project, settings, made_from)
        except PhotoError as error:
            failed = str(error)
        else:
            parts, failed = content_parts.make_parts(project, jobs)
    if failed is not None:
        return bring_up_to_date(NAME, [], {NAME: failed}).exit_code
    spent = time.monotonic() - begun
    job = Job(NAME, pack, made_from, make, (project, settings, parts), spent=spent)
    code = bring_up_to_date(NAME, [job], workers=1).exit_code
    content_parts.forget(project)
    return code


def from_photos(
    project: Project, settings: ContentSettings, parts: Sequence[Path]
) -> dict[str, int]:
    """Holds out photos, and joins the aligned faces of the others."""
    photos = photos_of(project, settings)
    held_out = [
        HeldOut(name=name, photo=_address(project, photos[name]))
        for name in content_parts.photos_apart(photos, settings)
    ]
    with plain_errors(Path(tempfile.gettempdir())), tempfile.TemporaryFile() as file:
        names: list[str] = []
        landmarks = []
        for part in map(content_parts.read_part, parts):
            file.write(part["faces"].data)
            names += part["names"].tolist()
            landmarks.append(part["landmarks"])
        if not names:
            raise PhotoError(
                f"None of {len(photos)} content photos shows a face; give photos of people."
            )
        file.flush()
        shape = (len(names), settings.size, settings.size, 3)
        faces = np.memmap(file, np.uint8, mode="r", shape=shape)
    sources = [photos[name].parent.name for name in names]
    pack = FacePack(faces, np.concatenate(landmarks), names, sources)
    shutil.rmtree(project.content / "held_out", ignore_errors=True)  # of rendered people
    write_held_out(project.content / HELD_OUT, held_out)
    write_pack(product(project), pack)
    dropped = len(photos) - len(held_out) - len(pack)
    return {"faces": len(pack), "dropped": dropped, "held_out": len(held_out)}


def from_people(
    project: Project, settings: ContentSettings, parts: Sequence[Path]
) -> dict[str, int]:
    """Whole people are held out, so that training has never seen them in any scene."""
    held_out: list[HeldOut] = []
    names: list[str] = []
    faces, landmarks = [], []
    folder = project.content / "held_out"
    with atomic_folder(folder) as temporary:
        for part in map(content_parts.read_part, parts):
            names += part["names"].tolist()
            faces.append(part["faces"])
            landmarks.append(part["landmarks"])
            for scene, picture in zip(part["scenes"].tolist(), part["pictures"], strict=True):
                if len(held_out) < settings.held_out:
                    person = scene // SCENES_PER_PERSON
                    name = f"{person}-{scene % SCENES_PER_PERSON}"
                    write_photo(temporary / f"{name}.png", picture)
                    photo = _address(project, folder / f"{name}.png")
                    seeds = Seeds(person=person, scene=scene, max_yaw=settings.max_yaw)
                    held_out.append(HeldOut(name=name, photo=photo, rendered=seeds))
    if not names:
        raise PhotoError("No face was found in any rendered photo; raise content.render_size.")
    sources = ["rendered"] * len(names)
    pack = FacePack(np.concatenate(faces), np.concatenate(landmarks), names, sources)
    write_held_out(project.content / HELD_OUT, held_out)
    write_pack(product(project), pack)
    return {"faces": len(pack), "held_out": len(held_out)}


def _address(project: Project, photo: Path) -> str:
    """Relative where it lies in the project, so that the list holds on other machines."""
    inside = photo.is_relative_to(project.root)
    return (photo.relative_to(project.root) if inside else photo).as_posix()


def _settings(project: Project) -> ContentSettings:
    return section(read_params(project), NAME, ContentSettings)

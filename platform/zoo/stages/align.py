"""Stage ``align``: an identity's photos, curated and aligned into one file."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from zoo.errors import IdentityError, PhotoError
from zoo.evaluation.settings import descriptors_path
from zoo.faces.curation.face_pack import write_pack
from zoo.faces.curation.photo_selection import AlignSettings, contact_sheet, curate, curate_examined
from zoo.faces.recognition.descriptors import PHOTOS_PER_PERSON, descriptor_of_chip, evenly_picked
from zoo.photos.reading import find_photos
from zoo.photos.writing import write_photo
from zoo.products import receipts
from zoo.products.digests import Digests, digests
from zoo.products.executors import Job
from zoo.products.incremental import run_for_identities
from zoo.products.index import write_index
from zoo.products.receipts import Made
from zoo.provenance.identities.identity import PHOTOS, Identity
from zoo.settings import Project, read_params, section
from zoo.stages import align_parts
from zoo.stages.align_parts import Parts
from zoo.storage import atomic_file, write_json

NAME, VERSION = "align", "align-5"


def product(project: Project, name: str) -> Path:
    """The file of an identity's aligned faces."""
    return project.aligned / f"{name}.safetensors"


def inputs(project: Project, known: Digests) -> Callable[[Identity], Made]:
    """What an identity's aligned faces are made from.

    Raises:
        ProjectError: the section of ``params.yaml`` is wrong.
        IdentityError: by the function, for an identity without photos.
    """
    settings = _settings(project)

    def of(identity: Identity) -> Made:
        photos = photos_of(project, identity.name)
        return {
            "maker": VERSION,
            "settings": settings.model_dump(mode="json"),
            "photos": {photo: known.of(path) for photo, path in photos.items()},
        }

    return of


def run(project: Project) -> int:
    """Aligns what is stale."""
    settings = _settings(project)

    def plan(identity: Identity) -> Job:
        name, root = identity.name, project.root
        pack, made_from = product(project, name), made_from_of(identity)
        photos = photos_of(project, name)
        inputs, begun = tuple(photos.values()), time.monotonic()
        parts: tuple[Path, ...] = ()
        if len(photos) > 2 * align_parts.PHOTOS and not receipts.is_fresh(pack, made_from):
            made, reason = align_parts.make_parts(project, name, made_from, photos, settings)
            if reason is not None:
                raise IdentityError(reason)
            inputs = parts = tuple(made)
        arguments = (project, name, settings, tuple(photos), parts)
        spent = time.monotonic() - begun
        return Job(name, pack, made_from, make, arguments, root, inputs, spent=spent)

    with digests(project) as known:
        made_from_of = inputs(project, known)
        code = run_for_identities(NAME, project, project.aligned, plan)
        align_parts.forget_finished(project)
        write_index(project.aligned, known)
    return code


def photos_of(project: Project, name: str) -> dict[str, Path]:
    """The identity's own and rendered photos by their path in the project.

    Raises:
        IdentityError: it has none.
    """
    folders = [project.identities / name / PHOTOS, project.rendered / name]
    try:
        found = find_photos([folder for folder in folders if folder.is_dir()])
    except PhotoError as error:
        raise IdentityError(
            f"{name} has no photos; put some into {folders[0]} or run `dvc pull`."
        ) from error
    return {path.relative_to(project.root).as_posix(): path for path in found}


def make(
    project: Project,
    name: str,
    settings: AlignSettings,
    photos: tuple[str, ...],
    parts: tuple[Path, ...] = (),
) -> dict[str, object]:
    """Makes the pack, its contact sheet and report, and the descriptors evaluation needs.

    Args:
        project: the project.
        name: of the identity.
        settings: section ``align``.
        photos: by their paths in the project.
        parts: of a large identity, its photos as they were examined part by part.
    """
    if parts:
        examined = Parts(parts)
        curated = curate_examined(name, examined.examined(), settings)
        described = examined.describe(curated.pack.names)
    else:
        curated = curate(name, ((photo, project.root / photo) for photo in photos), settings)
        picks = evenly_picked(len(curated.chips), PHOTOS_PER_PERSON)
        described = np.stack([descriptor_of_chip(curated.chips[pick]) for pick in picks])
    with atomic_file(descriptors_path(project, name)) as temporary:
        np.save(temporary, described, allow_pickle=False)
    pack = product(project, name)
    write_photo(pack.with_suffix(".jpg"), contact_sheet(curated.pack))
    dropped = [
        # The same wherever the project lies.
        {"photo": drop.photo, "reason": drop.reason.replace(f"{project.root}/", "")}
        for drop in curated.dropped
    ]
    report = {
        "identity": name,
        "photos": len(photos),
        "kept": len(curated.pack),
        "warning": curated.warning,
        "dropped": dropped,
    }
    write_json(pack.with_suffix(".report.json"), report)
    write_pack(pack, curated.pack)
    facts: dict[str, object] = {"kept": len(curated.pack), "dropped": len(dropped)}
    return {**facts, "warning": curated.warning} if curated.warning else facts


def _settings(project: Project) -> AlignSettings:
    return section(read_params(project), NAME, AlignSettings)

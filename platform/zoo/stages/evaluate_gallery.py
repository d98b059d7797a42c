"""What the evaluate stage finds out once for all networks: who else there is, in one small file.

Looking at everybody's photos is work for many processes or machines; a network's measuring then
needs nobody's photos but the held-out ones.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from zoo.errors import NoFaceError, PhotoError, StorageError
from zoo.evaluation.embeddings import (
    embeddings_path,
    keep_embeddings,
    kept_embeddings,
    photos_of,
)
from zoo.evaluation.gallery import Gallery, write_gallery
from zoo.evaluation.held_out import HeldOut
from zoo.evaluation.judging import described_identities
from zoo.evaluation.measures.descriptor_distance import Descriptor, describe_photos
from zoo.evaluation.measures.likeness import embed, person_of
from zoo.evaluation.run import held_out_photos
from zoo.evaluation.settings import evaluate_settings
from zoo.faces.recognition.descriptors import PHOTOS_PER_PERSON, evenly_picked
from zoo.faces.recognition.sface import Embedding
from zoo.photos.reading import find_photos
from zoo.products.executors import Job
from zoo.products.incremental import bring_up_to_date
from zoo.settings import Project
from zoo.storage import atomic_file


class Preparation:
    """For one run of the stage.

    Args:
        project: the project.
        folder: in the project, gone after the run: it holds what tells people apart.
        by_sface: whether SFace judges too.
    """

    def __init__(self, project: Project, folder: Path, by_sface: bool) -> None:
        self._project, self._folder, self._by_sface = project, folder, by_sface
        self._failed: Mapping[str, str] = {}

    @cached_property
    def held_out(self) -> tuple[tuple[HeldOut, Path], ...]:
        """The held-out photos."""
        return tuple(held_out_photos(self._project))

    @cached_property
    def others(self) -> Path:
        """The file of :class:`zoo.evaluation.gallery.Gallery`; made when it is first asked for."""
        people, people_by_sface = self._gallery()
        path = self._folder / "others.npz"
        by_sface = self._identities_by_sface() if self._by_sface else None
        identities = described_identities(self._project)
        write_gallery(path, Gallery(people, identities, people_by_sface, by_sface))
        return path

    def embeddings(self, name: str) -> Path | None:
        """The file of the identity's own embeddings; None where SFace does not judge.

        Raises:
            NoFaceError: it has no photo to look at.
        """
        if not self._by_sface:
            return None
        assert self.others  # which looks at all
        path = embeddings_path(self._project, name)
        if kept_embeddings(path) is None:
            raise NoFaceError(self._failed.get(name, f"{name} has no photo that shows a face."))
        return path

    def _identities_by_sface(self) -> dict[str, Embedding]:
        jobs, places = [], {}
        for pack in sorted(self._project.aligned.glob("*.safetensors")):
            places[pack.stem] = embeddings_path(self._project, pack.stem)
            if kept_embeddings(places[pack.stem]) is None:
                made = self._folder / "identities" / f"{pack.stem}.npy"
                try:
                    photos = _picked(photos_of(self._project, pack.stem))
                except (PhotoError, StorageError):  # a damaged pack is the align stage's affair
                    continue
                jobs.append(self._job(made, describe_by_sface, photos))
        outcome = bring_up_to_date("evaluate", jobs, quiet=True)
        self._failed = outcome.failed
        for job in jobs:
            if job.name in outcome.made:
                keep_embeddings(places[job.name], np.load(job.product, allow_pickle=False))
        kept = {name: kept_embeddings(path) for name, path in places.items()}
        return {name: person_of(found) for name, found in kept.items() if found is not None}

    def _gallery(self) -> tuple[dict[str, Descriptor], dict[str, Embedding] | None]:
        jobs: dict[str, Job] = {}
        folders = [self._project.root / one for one in evaluate_settings(self._project).gallery]
        for number, folder in enumerate(folders):
            found = []
            for person in sorted(path for path in folder.glob("*") if path.is_dir()):
                try:
                    photos = _picked(find_photos([person]))
                except PhotoError:
                    continue
                made = self._folder / "people" / f"{number}-{len(jobs)}.npz"
                found.append(person.name)
                jobs[person.name] = self._job(made, describe_person, photos, self._by_sface)
            if not found:
                raise PhotoError(
                    f"{folder} is no gallery: give a folder with one subfolder of photos per "
                    "person."
                )
        outcome = bring_up_to_date("evaluate", list(jobs.values()), quiet=True)
        people, by_sface = {}, {}
        for name, job in jobs.items():
            if job.name in outcome.made:
                with np.load(job.product, allow_pickle=False) as means:
                    people[name] = means["dlib"]
                    if self._by_sface:
                        by_sface[name] = means["sface"]
        return people, by_sface if self._by_sface else None

    def _job(self, made: Path, make: object, photos: Sequence[Path], *more: object) -> Job:
        inputs = tuple(photo for photo in photos if photo.is_file())
        arguments = (made, tuple(photos), *more)
        return Job(made.stem, made, {}, make, arguments, self._project.root, inputs)  # type: ignore[arg-type]


def describe_by_sface(made: Path, photos: Sequence[Path]) -> dict[str, int]:
    """Embeddings of an identity's photos."""
    found = describe_photos(photos, describe=embed)
    with atomic_file(made) as temporary, temporary.open("wb") as file:
        np.save(file, found, allow_pickle=False)
    return {}


def describe_person(made: Path, photos: Sequence[Path], by_sface: bool) -> dict[str, int]:
    """Means of a person of the gallery, by each recogniser."""
    means = {"dlib": describe_photos(photos).mean(axis=0)}
    if by_sface:
        means["sface"] = person_of(describe_photos(photos, describe=embed).mean(axis=0)[None])
    with atomic_file(made) as temporary, temporary.open("wb") as file:
        np.savez(file, **means)
    return {}


def _picked(photos: Sequence[Path]) -> list[Path]:
    return [photos[pick] for pick in evenly_picked(len(photos), PHOTOS_PER_PERSON)]

"""Whom a network's swaps are compared with: its own person, and everybody else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from zoo.errors import StorageError
from zoo.evaluation.embeddings import embeddings_of, other_identities
from zoo.evaluation.gallery import Gallery
from zoo.evaluation.held_out import HeldOut
from zoo.evaluation.measures.descriptor_distance import (
    Describe,
    Descriptor,
    people_in,
    target_of,
    without_target,
)
from zoo.evaluation.measures.likeness import embed, likeness_of, person_of, recogniser_sha256
from zoo.evaluation.measures.measure import Recogniser
from zoo.evaluation.settings import descriptors_path, evaluate_settings
from zoo.faces.recognition.descriptors import descriptor
from zoo.faces.recognition.sface import Embedding
from zoo.settings import Project


@dataclass(frozen=True)
class Prepared:
    """What the evaluate stage has found out for all networks, and its files.

    Attributes:
        others: everybody else.
        embeddings: of the identity's photos, by SFace; None where dlib's descriptor judges alone.
        held_out: the held-out photos, and where each is.
    """

    others: Gallery
    embeddings: Embedding | None
    held_out: Sequence[tuple[HeldOut, Path]]


def judge_of(
    project: Project, name: str, gallery: Path | None = None, prepared: Prepared | None = None
) -> tuple[Recogniser, list[str]]:
    """What swaps of this identity are compared with, and who of the gallery is the target.

    Args:
        project: the project.
        name: an aligned identity.
        gallery: a folder of other people; default: those of the settings. The project's other
            identities are always in it.
        prepared: see :func:`measure`.
    """
    settings = evaluate_settings(project)
    target = target_of(name, read_descriptors(project, name))
    if prepared is None:
        folders = [gallery] if gallery else [project.root / path for path in settings.gallery]
        sees = recogniser_sha256(settings.recogniser) is not None
        prepared = Prepared(
            Gallery(
                people_of(folders),
                described_identities(project, without=name),
                people_of(folders, embed) if sees else None,
                other_identities(project, name) if sees else None,
            ),
            embeddings_of(project, name) if sees else None,
            (),
        )
    others = prepared.others
    people, left_out = without_target(others.people, target)
    likeness = None
    if prepared.embeddings is not None:
        assert others.people_by_sface is not None and others.identities_by_sface is not None
        # Who was left out of dlib's gallery is left out of SFace's too.
        by_sface = others.people_by_sface
        known = {person: by_sface[person] for person in by_sface if person not in left_out}
        gallery_by_sface = {**known, **_without(name, others.identities_by_sface)}
        likeness = likeness_of(name, prepared.embeddings, gallery_by_sface)
    return Recogniser(target, {**people, **_without(name, others.identities)}, likeness), left_out


def people_of(folders: Sequence[Path], describe: Describe = descriptor) -> dict[str, Descriptor]:
    """Means of the galleries' people; by SFace, where ``describe`` is its, at length 1.

    Raises:
        PhotoError: a folder is no gallery.
    """
    found = {person: mean for path in folders for person, mean in people_in(path, describe).items()}
    if describe is not embed:
        return found
    return {person: person_of(mean[None]) for person, mean in found.items()}


def _without(name: str, means: Mapping[str, Descriptor]) -> dict[str, Descriptor]:
    return {other: mean for other, mean in means.items() if other != name}


def read_descriptors(project: Project, name: str) -> Descriptor:
    """The descriptors that the align stage wrote: float32 [K, 128].

    Raises:
        StorageError: missing or damaged.
    """
    path = descriptors_path(project, name)
    try:
        found: Descriptor = np.load(path, allow_pickle=False)
        if found.dtype == np.float32 and found.ndim == 2 and found.shape[1] == 128 and len(found):
            return found
    except (OSError, ValueError, EOFError):
        pass
    raise StorageError(f"{path} is missing or damaged; remove it and run `dvc repro align`.")


def described_identities(project: Project, without: str | None = None) -> dict[str, Descriptor]:
    """Means of the project's identities, by dlib's descriptor.

    Raises:
        StorageError: one is damaged.
    """
    found = {}
    for path in sorted(project.aligned.glob("*.descriptors.npy")):
        other = path.name.split(".")[0]
        if other != without:
            found[other] = _mean_descriptor(project, other, path.stat().st_mtime_ns)
    return found


@cache
def _mean_descriptor(project: Project, name: str, changed: int) -> Descriptor:
    """Kept: among n identities each is in the gallery of n - 1 others.

    Args:
        project: the project.
        name: the identity.
        changed: when its descriptors were written; another time is another answer.
    """
    mean: Descriptor = read_descriptors(project, name).mean(axis=0)
    return mean

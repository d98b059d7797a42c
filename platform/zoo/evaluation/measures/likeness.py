"""Likeness by SFace: cosines of embeddings to the target and to everyone else.

SFace (:mod:`zoo.faces.recognition.sface`) is the main recogniser: no training uses it. A person is
the mean of the embeddings of several photos, at length 1.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypedDict

import numpy as np

from zoo.assets import fetch, locate
from zoo.evaluation.measures.descriptor_distance import IN_THE_PHOTO
from zoo.faces.detection.detector import Face
from zoo.faces.recognition.sface import Embedding, embedding
from zoo.photos.image import Image
from zoo.storage import sha256_of

Choice = Literal["auto", "sface", "dlib"]
"""Which recogniser judges: ``auto`` is SFace when its weights are at hand."""


class Cosines(TypedDict):
    """What :class:`.report_card.Measures` keeps of one picture."""

    cosine: float
    cosine_to_photo: float
    cosine_to_other: float
    nearest_other_by_cosine: str


@dataclass(frozen=True)
class Likeness:
    """The target of a network, and the gallery of other people.

    Attributes:
        name: of the identity.
        mean: of its photos' embeddings, of length 1.
        ceiling: the mean cosine of a real photo to the others' mean.
        gallery: other people's means.
    """

    name: str
    mean: Embedding
    ceiling: float
    gallery: Mapping[str, Embedding]

    def cosines(self, shown: Embedding, person: Embedding) -> Cosines:
        """Of a picture's face, made from a photo of ``person``.

        The nearest other is the one of the gallery, or the person in the photo, with the highest
        cosine.
        """
        others = {IN_THE_PHOTO: person, **self.gallery}
        others.pop(self.name, None)
        to_others = {name: float(shown @ mean) for name, mean in others.items()}
        nearest = max(to_others, key=lambda name: to_others[name])
        return Cosines(
            cosine=float(shown @ self.mean),
            cosine_to_photo=to_others[IN_THE_PHOTO],
            cosine_to_other=to_others[nearest],
            nearest_other_by_cosine=nearest,
        )


def likeness_of(
    name: str, embeddings: Embedding, gallery: Mapping[str, Embedding] | None = None
) -> Likeness:
    """The target with these ``embeddings`` [K, 128] of its photos, K ≥ 1."""
    total = embeddings.sum(axis=0)
    ceiling = 1.0
    if len(embeddings) > 1:
        others = total - embeddings
        others /= np.linalg.norm(others, axis=1, keepdims=True)
        ceiling = float((embeddings * others).sum(axis=1).mean())
    return Likeness(name, person_of(embeddings), ceiling, gallery or {})


def person_of(embeddings: Embedding) -> Embedding:
    """One person from the embeddings [K, 128] of photos: their mean, at length 1."""
    mean = embeddings.mean(axis=0)
    return np.asarray(mean / np.linalg.norm(mean), np.float32)


def embed(image: Image, face: Face) -> Embedding:
    """The embedding of a face that was found."""
    return embedding(image, face.landmarks)


def recogniser_sha256(
    choice: Choice, digest: Callable[[Path], str] = sha256_of, *, download: bool = True
) -> str | None:
    """SHA-256 of SFace's weights; None if only dlib's descriptor is used.

    Args:
        choice: of the settings.
        digest: SHA-256 of a file; one that remembers saves reading 39 MB.
        download: whether ``sface`` may be fetched.

    Raises:
        AssetError: ``sface`` was asked for and cannot be had.
    """
    if choice == "sface" or (choice == "auto" and locate("sface")):
        return digest(fetch("sface", download=download))
    return None

"""SFace's embeddings of an identity's photos, kept in the user's cache.

Among n identities each is in the gallery of n - 1 others, and its photos are looked at once.
"""

import hashlib
from contextlib import suppress
from pathlib import Path

import numpy as np

from zoo.errors import NoFaceError, StorageError
from zoo.evaluation.measures.descriptor_distance import describe_photos
from zoo.evaluation.measures.likeness import embed, person_of
from zoo.faces.curation.face_pack import read_pack
from zoo.faces.recognition.sface import Embedding
from zoo.settings import Project, cache_folder
from zoo.storage import atomic_file


def embeddings_of(project: Project, name: str) -> Embedding:
    """Embeddings [K, 128] of the photos that the align stage kept, evenly picked.

    Raises:
        NoFaceError: none of its photos is there, or shows a face.
        StorageError: it is not aligned.
    """
    found = kept_embeddings(embeddings_path(project, name))
    if found is None:
        found = describe_photos(photos_of(project, name), describe=embed)
        with suppress(StorageError):  # no cache: slower the next time
            keep_embeddings(embeddings_path(project, name), found)
    return found


def photos_of(project: Project, name: str) -> list[Path]:
    """The photos that the align stage kept.

    Raises:
        StorageError: it is not aligned.
    """
    return [project.root / photo for photo in read_pack(_pack(project, name)).names]


def kept_embeddings(path: Path) -> Embedding | None:
    """What :func:`keep_embeddings` wrote; None if it is not there, or damaged."""
    with suppress(OSError, ValueError, EOFError):
        found: Embedding = np.load(path, allow_pickle=False)
        if found.dtype == np.float32 and found.ndim == 2 and found.shape[1] == 128 and len(found):
            return found
    return None


def keep_embeddings(path: Path, found: Embedding) -> None:
    """Keeps them for the next time.

    Raises:
        StorageError: no permission or no space.
    """
    with atomic_file(path) as temporary, temporary.open("wb") as file:
        np.save(file, found, allow_pickle=False)


def other_identities(project: Project, name: str) -> dict[str, Embedding]:
    """The project's aligned identities without ``name``, as far as their photos are there."""
    found = {}
    for pack in sorted(project.aligned.glob("*.safetensors")):
        if pack.stem != name:
            try:
                found[pack.stem] = person_of(embeddings_of(project, pack.stem))
            except (NoFaceError, StorageError):
                continue
    return found


def embeddings_path(project: Project, name: str) -> Path:
    """Where an identity's embeddings are kept for its very pack: another pack has another place.

    Raises:
        StorageError: it is not aligned.
    """
    pack = _pack(project, name)
    try:
        state = pack.stat()
    except OSError as error:
        raise StorageError(f"Cannot read {pack}: {error.strerror or error}.") from error
    key = hashlib.sha256(f"{pack.resolve()} {state.st_mtime_ns} {state.st_size}".encode())
    return cache_folder() / "embeddings" / f"{key.hexdigest()}.npy"


def _pack(project: Project, name: str) -> Path:
    return project.aligned / f"{name}.safetensors"

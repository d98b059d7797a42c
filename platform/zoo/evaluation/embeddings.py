"""SFace's embeddings of an identity's photos, kept in the user's cache.

Among n identities each is in the gallery of n - 1 others, and its photos are looked at once.
"""

import hashlib
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
    pack = project.aligned / f"{name}.safetensors"
    kept = _kept(pack)
    try:
        found: Embedding = np.load(kept, allow_pickle=False)
        if found.dtype == np.float32 and found.ndim == 2 and found.shape[1] == 128 and len(found):
            return found
    except (OSError, ValueError, EOFError):  # not there yet, or damaged
        pass
    photos = [project.root / photo for photo in read_pack(pack).names]
    found = describe_photos(photos, describe=embed)
    try:
        with atomic_file(kept) as temporary, temporary.open("wb") as file:
            np.save(file, found, allow_pickle=False)
    except StorageError:  # no cache: slower the next time
        pass
    return found


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


def _kept(pack: Path) -> Path:
    """The path of the embeddings of this pack; another pack has another path."""
    try:
        state = pack.stat()
    except OSError as error:
        raise StorageError(f"Cannot read {pack}: {error.strerror or error}.") from error
    key = hashlib.sha256(f"{pack.resolve()} {state.st_mtime_ns} {state.st_size}".encode())
    return cache_folder() / "embeddings" / f"{key.hexdigest()}.npy"

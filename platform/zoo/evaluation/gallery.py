"""Everybody whom a swap must not show: the gallery's people and the project's other identities.

Each is one mean per recogniser, so that the judges of ten thousand networks fit into a small file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zoo.evaluation.measures.descriptor_distance import Descriptor
from zoo.faces.recognition.sface import Embedding
from zoo.storage import atomic_file


@dataclass(frozen=True)
class Gallery:
    """Means [128] by name.

    Attributes:
        people: the gallery's, by dlib's descriptor.
        identities: all of the project's, likewise.
        people_by_sface: the gallery's, by SFace; None where dlib's descriptor judges alone.
        identities_by_sface: likewise.
    """

    people: Mapping[str, Descriptor]
    identities: Mapping[str, Descriptor]
    people_by_sface: Mapping[str, Embedding] | None = None
    identities_by_sface: Mapping[str, Embedding] | None = None


_FIELDS = ("people", "identities", "people_by_sface", "identities_by_sface")


def write_gallery(path: Path, others: Gallery) -> None:
    """Writes them into one file.

    Raises:
        StorageError: no permission or no space.
    """
    arrays: dict[str, Any] = {}
    for name in _FIELDS:
        means = getattr(others, name)
        if means is not None:
            arrays[f"{name}.names"] = np.array(list(means), np.str_)
            arrays[name] = np.array(list(means.values()), np.float32).reshape(-1, 128)
    with atomic_file(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)


def read_gallery(path: Path) -> Gallery:
    """What :func:`write_others` wrote."""
    with np.load(path, allow_pickle=False) as file:
        found = {
            name: dict(zip(file[f"{name}.names"].tolist(), file[name], strict=True))
            for name in _FIELDS
            if name in file
        }
    return Gallery(**found)

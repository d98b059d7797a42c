"""Files that many tasks read, brought to each node once through Ray's object store."""

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zoo.file_lock import file_lock
from zoo.settings import cache_folder
from zoo.storage import plain_errors, private_folder

_KEPT_SECONDS = 24 * 3600.0  # for what nobody has asked for; a driver brings it again


@dataclass(frozen=True)
class CarriedFolder:
    """Files by their names, in the object store.

    Attributes:
        sha256: of all of them and their names.
        contents: a reference to their bytes, in a list, so that only who lacks them fetches them.
    """

    sha256: str
    contents: list[Any]

    def here(self) -> Path:
        """The folder with them on this machine's disk; whoever asks meanwhile waits.

        It lies in the user's cache (``$ZOO_CACHE``), from where what nobody has asked for in a
        day is removed.

        Raises:
            StorageError: no permission or no space.
        """
        import ray

        place = cache_folder() / "carried"
        folder = place / self.sha256
        with plain_errors(folder):
            private_folder(place)
            with file_lock(place / f".{self.sha256}.lock"):
                if not folder.is_dir():
                    _forget_old(place)
                    temporary = Path(tempfile.mkdtemp(prefix=".half-", dir=place))
                    try:
                        for name, content in ray.get(self.contents[0]).items():
                            path = temporary / name
                            path.parent.mkdir(parents=True, exist_ok=True)
                            path.write_bytes(content.data)
                        os.replace(temporary, folder)
                    finally:
                        shutil.rmtree(temporary, ignore_errors=True)
                os.utime(folder)
        return folder


@dataclass(frozen=True)
class CarriedFile:
    """One file, as :class:`CarriedFolder` carries it."""

    folder: CarriedFolder
    name: str

    def here(self) -> Path:
        """It, on this machine's disk; see :meth:`CarriedFolder.here`."""
        return self.folder.here() / self.name


def carry(ray: Any, files: Mapping[str, Path]) -> CarriedFolder:
    """Puts files into the object store under these names.

    Raises:
        OSError: one cannot be read.
    """
    digest, contents = hashlib.sha256(), {}
    for name, path in files.items():
        contents[name] = np.fromfile(path, np.uint8)
        own = hashlib.sha256(contents[name].data)
        digest.update(f"{name}\0".encode() + own.digest())
    return CarriedFolder(digest.hexdigest(), [ray.put(contents)])


def carry_file(ray: Any, path: Path) -> CarriedFile:
    """Puts one file into the object store.

    Raises:
        OSError: it cannot be read.
    """
    return CarriedFile(carry(ray, {path.name: path}), path.name)


def _forget_old(place: Path) -> None:
    before = time.time() - _KEPT_SECONDS
    for entry in place.iterdir():
        if entry.is_dir() and entry.stat().st_mtime < before:
            shutil.rmtree(entry, ignore_errors=True)

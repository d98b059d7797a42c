"""Shared storage of a cluster: a folder on a shared disk, or a prefix in S3.

A *place* is the path of a file or folder, or an ``s3://`` address; the functions here are the
same for both.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from zoo.errors import DamagedObjectError, MissingObjectError
from zoo.file_lock import file_lock
from zoo.s3 import transfer
from zoo.s3.address import S3Address, is_s3
from zoo.s3.client import RETRY_SECONDS
from zoo.settings import cache_folder
from zoo.storage import atomic_file, plain_errors, private_folder, sha256_of

_KEPT_SECONDS = 7 * 24 * 3600.0  # for what a node's cache holds and nobody has asked for


def join(place: str, *names: str) -> str:
    """The place of that name below ``place``."""
    return "/".join([place.rstrip("/"), *names])


@contextmanager
def writing(
    place: str, retry_seconds: float = RETRY_SECONDS, *, private: bool = False
) -> Iterator[Path]:
    """Yields a temporary path; its file is moved to ``place`` if the block succeeds.

    Args:
        place: a path, or an ``s3://`` address.
        retry_seconds: seconds.
        private: for its owner only; in S3 that is the bucket's affair.

    Raises:
        StorageError: the disk or the store said no.
        OutageError: the store has not answered for ``retry_seconds``.
    """
    if not is_s3(place):
        if private:
            with plain_errors(Path(place)):
                Path(place).parent.parent.mkdir(parents=True, exist_ok=True)
                private_folder(Path(place).parent)
        with atomic_file(Path(place), private=private) as temporary:
            yield temporary
        return
    address = S3Address.parse(place)
    with _scratch(address) as temporary:
        with plain_errors(temporary):
            yield temporary
        transfer.upload(temporary, address, retry_seconds)


@contextmanager
def reading(place: str) -> Iterator[Path]:
    """Yields a local path of the file at ``place``.

    Raises:
        MissingObjectError: nothing is there.
        DamagedObjectError: it is not what was put there.
        StorageError: the disk or the store said no.
        OutageError: the store does not answer.
    """
    if not is_s3(place):
        if not Path(place).is_file():
            raise MissingObjectError(f"There is no {place}; check its name.")
        yield Path(place)
        return
    address = S3Address.parse(place)
    with _scratch(address) as temporary:
        transfer.download(address, temporary)
        yield temporary


def names(place: str, retry_seconds: float = RETRY_SECONDS) -> list[str]:
    """The names in the folder ``place``; none if it does not exist.

    Raises:
        StorageError: the store refuses or does not answer.
    """
    if is_s3(place):
        prefix = join(place, "")
        found = transfer.listing(S3Address.parse(prefix), retry_seconds)
        inside = (str(entry.address).removeprefix(prefix) for entry in found)
        return sorted({name.split("/")[0] for name in inside})
    return sorted(os.listdir(place)) if Path(place).is_dir() else []  # noqa: PTH208


def remove(place: str, retry_seconds: float = RETRY_SECONDS) -> None:
    """Removes ``place`` and everything below it, if it exists.

    Raises:
        StorageError: the store refuses or does not answer.
    """
    if is_s3(place):
        transfer.remove(S3Address.parse(place), retry_seconds)
    elif Path(place).is_dir():
        shutil.rmtree(place, ignore_errors=True)
    else:
        Path(place).unlink(missing_ok=True)


@dataclass(frozen=True)
class SharedFile:
    """A file that never changes, wherever in the cluster it is needed."""

    place: str
    sha256: str

    def here(self) -> Path:
        """A verified copy on this machine's disk; fetched once, concurrent callers wait.

        It lies in the user's cache (``$ZOO_CACHE``), from where copies that nobody has asked for
        in a week are removed.

        Raises:
            MissingObjectError: it is not at its place.
            StorageError: it is damaged, or the disk or the store said no.
        """
        folder = cache_folder() / "shared"
        copy = folder / f"{self.sha256}{Path(self.place).suffix}"
        with plain_errors(copy):
            private_folder(folder)
            with file_lock(folder / f".{self.sha256}.lock"):
                if not copy.is_file():
                    _forget_old(folder)
                    self._fetch(copy)
                os.utime(copy)
        return copy

    def _fetch(self, copy: Path) -> None:
        if is_s3(self.place):
            transfer.download(S3Address.parse(self.place), copy, sha256=self.sha256)
            return
        with reading(self.place) as source, atomic_file(copy) as temporary:
            shutil.copyfile(source, temporary)
            if sha256_of(temporary) != self.sha256:
                raise DamagedObjectError(
                    f"{self.place} is damaged: its SHA-256 is not {self.sha256[:12]}...; delete "
                    "it, and it is uploaded again."
                )


def share(path: Path, sha256: str, folder: str) -> SharedFile:
    """Puts a file into a shared folder under its digest, if it is not there yet.

    Args:
        path: the file.
        sha256: its digest.
        folder: the place of the folder.

    Raises:
        StorageError: the disk or the store said no.
        OutageError: the store does not answer.
    """
    place = join(folder, f"{sha256}{path.suffix}")
    there = transfer.exists(S3Address.parse(place)) if is_s3(place) else Path(place).is_file()
    if not there:
        with writing(place) as temporary:
            shutil.copyfile(path, temporary)
    return SharedFile(place, sha256)


@contextmanager
def _scratch(address: S3Address) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="zoo-") as folder:
        yield Path(folder) / address.name


def _forget_old(folder: Path) -> None:
    before = time.time() - _KEPT_SECONDS
    for entry in folder.iterdir():
        if entry.suffix != ".lock" and entry.stat().st_mtime < before:
            entry.unlink(missing_ok=True)

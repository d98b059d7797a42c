"""Atomic writes: a temporary name in the same folder, then a rename.

Files in the user's cache and data folders, and all others called private, are accessible to their
owner only, whatever the umask: files 0600, folders 0700.
"""

import errno
import hashlib
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from zoo.errors import StorageError
from zoo.settings import cache_folder, data_folder
from zoo.untrusted import opened


@contextmanager
def atomic_file(path: Path, *, private: bool = False) -> Iterator[Path]:
    """Yields a temporary path with ``path``'s suffix; renames it to ``path`` if the block succeeds.

    Args:
        path: where.
        private: for its owner only, as all of the user's cache is.

    Raises:
        StorageError: no permission, no space, or a folder that is in the way.
    """
    with plain_errors(path):
        private = _make_parent(path, private)
        handle, name = tempfile.mkstemp(
            prefix=f".{path.stem[:40]}-", suffix=path.suffix, dir=path.parent
        )
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            os.chmod(temporary, 0o600 if private else 0o666 & ~_umask())
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yields an empty temporary folder; it replaces ``path`` if the block succeeds.

    Raises:
        StorageError: no permission or no space.
    """
    with plain_errors(path):
        private = _make_parent(path, False)
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name[:40]}-", dir=path.parent))
        try:
            yield temporary
            os.chmod(temporary, 0o700 if private else 0o777 & ~_umask())
            if path.exists():
                old = Path(tempfile.mkdtemp(prefix=f".{path.name[:40]}-old-", dir=path.parent))
                os.replace(path, old / "old")
                os.replace(temporary, path)
                shutil.rmtree(old, ignore_errors=True)
            else:
                os.replace(temporary, path)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def private_folder(path: Path) -> Path:
    """Makes a folder that only its owner may enter, with those above it that are missing.

    One of the zoo's that is there already and open to others, as versions before this one made
    them, is closed; the folder itself that ``ZOO_CACHE`` or ``ZOO_DATA`` names is whoever made
    it's, and could be ``/tmp``.

    Raises:
        OSError: no permission, no space, or a file that is in the way.
    """
    for folder in reversed((path, *path.parents)):
        if not folder.exists():
            with suppress(FileExistsError):  # another process was quicker
                folder.mkdir()
            os.chmod(folder, 0o700)
        elif folder == path or _is_of_the_user(folder):
            _close(folder)
    return path


def _close(folder: Path) -> None:
    status = folder.stat()
    if not stat.S_ISDIR(status.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
    named = (os.environ.get("ZOO_CACHE"), os.environ.get("ZOO_DATA"))
    chosen = any(folder == Path(place) for place in named if place)
    if stat.S_IMODE(status.st_mode) & 0o077 and status.st_uid == os.geteuid() and not chosen:
        os.chmod(folder, 0o700)


def _is_of_the_user(path: Path) -> bool:
    return any(path.is_relative_to(root) for root in (cache_folder(), data_folder()))


def _make_parent(path: Path, private: bool) -> bool:
    """Makes the folder of ``path``; whether what comes to lie there is for its owner only."""
    if _is_of_the_user(path):
        private_folder(path.parent)
        return True
    path.parent.mkdir(parents=True, exist_ok=True)
    return private


@contextmanager
def plain_errors(path: Path) -> Iterator[None]:
    """Turns an ``OSError`` on ``path`` into a sentence.

    Raises:
        StorageError: in place of the ``OSError``.
    """
    try:
        yield
    except OSError as error:
        reason = {
            errno.ENOSPC: "the disk is full; free some space and run it again",
            errno.EDQUOT: "your disk quota is used up; free some space and run it again",
            errno.EACCES: "no permission; choose another folder or change its permissions",
            errno.EPERM: "no permission; choose another folder or change its permissions",
            errno.EROFS: "the file system is read-only; choose another folder",
            errno.EISDIR: "a folder of that name is in the way",
            errno.ENOTDIR: "a file exists where a folder is needed",
            errno.EEXIST: "a file exists where a folder is needed",
        }.get(error.errno or 0, error.strerror or str(error))
        raise StorageError(f"Cannot write {path}: {reason}.") from error


def write_json(path: Path, data: Any) -> None:
    """Writes ``data`` as indented JSON, atomically.

    Raises:
        StorageError: see :func:`atomic_file`.
    """
    with atomic_file(path) as temporary:
        temporary.write_text(json.dumps(data, indent=2, sort_keys=False) + "\n", encoding="utf-8")


def sha256_of(path: Path) -> str:
    """SHA-256 of a regular file's bytes, in hex.

    Raises:
        OSError: missing, not readable, or no regular file: a FIFO or a device never ends.
    """
    with opened(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current

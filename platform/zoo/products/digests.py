"""SHA-256 of files, computed again only when a file has changed.

A thousand identities have gigabytes of photos and aligned faces; their digests stand in every
receipt. As in git and DVC, a file counts as unchanged while its size, inode and time of change are
the same. The digest of a file younger than two seconds is not stored: the file could change once
more within the clock's resolution.
"""

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zoo.settings import Project
from zoo.storage import sha256_of

_TOO_YOUNG_NS = 2_000_000_000
_Key = tuple[int, int, int]


class Digests:
    """Digests of a project's files; made by :func:`digests`."""

    def __init__(self, root: Path, known: dict[str, tuple[_Key, str]]) -> None:
        self._root, self._known = f"{root}{os.sep}", known
        self.new: dict[str, tuple[_Key, str]] = {}

    def of(self, path: Path) -> str:
        """SHA-256 of the file's bytes, in hex.

        Raises:
            OSError: there is no such file, or it cannot be read.
        """
        name = str(path).removeprefix(self._root)
        status = path.stat()
        key = (status.st_size, status.st_ino, status.st_mtime_ns)
        before, digest = self.new.get(name) or self._known.get(name) or (None, "")
        if before == key:
            return digest
        now = time.time_ns()
        digest = sha256_of(path)
        if now - status.st_mtime_ns > _TOO_YOUNG_NS:
            self.new[name] = key, digest
        return digest


@contextmanager
def digests(project: Project) -> Iterator[Digests]:
    """The cached digests of a project; new ones are stored in ``.zoo/digests.db``.

    The file is a convenience: one that is missing, damaged or not writable costs time only.
    """
    path = project.root / ".zoo" / "digests.db"
    known = _read(path)
    found = Digests(project.root, known)
    try:
        yield found
    finally:
        if found.new:
            _write(path, found.new)


def _read(path: Path) -> dict[str, tuple[_Key, str]]:
    with contextlib.suppress(sqlite3.Error, OSError), _connected(path) as database:
        rows = database.execute("SELECT path, size, inode, changed, sha256 FROM digests")
        return {row[0]: ((row[1], row[2], row[3]), row[4]) for row in rows}
    return {}


def _write(path: Path, new: dict[str, tuple[_Key, str]]) -> None:
    rows = [(name, *key, digest) for name, (key, digest) in new.items()]
    for _ in range(2):
        with contextlib.suppress(OSError):
            path.parent.mkdir(exist_ok=True)
        try:
            with _connected(path) as database:
                database.execute(
                    "CREATE TABLE IF NOT EXISTS digests "
                    "(path TEXT PRIMARY KEY, size INT, inode INT, changed INT, sha256 TEXT)"
                )
                database.executemany("INSERT OR REPLACE INTO digests VALUES (?, ?, ?, ?, ?)", rows)
        except sqlite3.OperationalError:  # another process writes, or the disk is full
            return
        except sqlite3.DatabaseError:  # damaged: begin anew
            path.unlink(missing_ok=True)
        else:
            return


@contextmanager
def _connected(path: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(path, timeout=5)) as database, database:
        yield database

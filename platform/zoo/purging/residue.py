"""Searches for remains of a purged identity, by name and by content."""

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from zoo.purging.references import is_of, word
from zoo.settings import Project, cache_folder, data_folder
from zoo.untrusted import MOST_JSON, opened, read_bytes

_OURS = (
    "identities data models reports registered checkpoints logs experiments demo .zoo .dvc "
    "mlartifacts mlruns mlflow.db mlflow.db-wal params.yaml dvc.yaml dvc.lock"
).split()
"""What the zoo keeps in a project; the rest is code and its documents, or the user's own."""

_LEAST = 1024
"""Bytes; smaller files are aliases and the like, which many identities have byte by byte."""

_SHORT = 4  # letters; shorter names are found by chance in pictures and weights


class Fingerprints:
    """SHA-256 of files by their size, so that only files of such a size are read.

    Files of less than a kilobyte do not count: aliases and the like may be anybody's.
    """

    def __init__(self) -> None:
        self._known: defaultdict[int, set[str]] = defaultdict(set)

    def take(self, paths: Iterable[Path]) -> None:
        """Remembers all files of these files and folders."""
        for path in paths:
            for file in _files(path):
                if (size := file.stat().st_size) >= _LEAST:
                    self._known[size].add(_sha256(file))

    def drop(self, paths: Iterable[Path]) -> None:
        """Forgets what others have too, byte by byte."""
        for path in paths:
            for file in _files(path):
                size = file.stat().st_size
                if size in self._known:
                    self._known[size].discard(_sha256(file))

    def knows(self, path: Path) -> bool:
        """Whether a file has the bytes of one of them."""
        known = self._known.get(path.stat().st_size)
        return bool(known) and _sha256(path) in (known or ())


def find_traces(project: Project, name: str, fingerprints: Fingerprints) -> list[str]:
    """Paths in the project and the user's folders that still mention ``name``, with the reason."""
    places = [project.root / one for one in _OURS]
    found = []
    for place in (*places, cache_folder(), data_folder()):
        for path in _files(place):
            inside = path.relative_to(place).as_posix()
            why = "its name" if is_of(inside, name) else _trace(path, name, fingerprints)
            if why:
                found.append(f"{path} ({why})")
    return found


def _trace(path: Path, name: str, fingerprints: Fingerprints) -> str:
    try:
        if fingerprints.knows(path):
            return "its content"
        content = read_bytes(path, MOST_JSON)
    except OSError:  # a socket, or too large to be any text of ours
        return ""
    is_text = b"\0" not in content[:1024]
    if (is_text or len(name) > _SHORT) and word(name).search(content):
        return "names it"
    return ""


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir() and not path.is_symlink():
        for folder, _, files in os.walk(path):
            yield from (one for file in sorted(files) if (one := Path(folder, file)).is_file())
    elif path.is_file():
        yield path


def _sha256(path: Path) -> str:
    with opened(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

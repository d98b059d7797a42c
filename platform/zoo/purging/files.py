"""An identity's files in the project and in the user's cache."""

import re
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path

from zoo.purging.references import naming, take_out
from zoo.registry.listing import listing_path
from zoo.registry.local.cache import list_cached, registry_folder
from zoo.settings import Project, cache_folder
from zoo.storage import plain_errors

_REMADE_CACHES = ("embeddings", "videos", "carried")
"""Caches whose entries do not say whose they are: faces' embeddings, unfinished videos, and
what came to this machine as a node of a cluster."""


def in_project(project: Project, name: str) -> list[Path]:
    """Files and folders that are the identity's, and results that show it, each once."""
    root = project.root
    places = (
        project.identities,
        project.rendered,
        project.coverage,
        project.aligned,
        project.models,
        project.reports,
        root / "registered",
        root / "checkpoints",
        root / "logs",
    )
    found = [path for place in places for path in _named(place, name)]
    # What a killed stage had found out about everybody.
    found += (root / ".zoo").glob("evaluate-*")
    half_written = re.compile(rf"\.{name}(\..*)?-(old-)?[a-z0-9_]{{8}}(\..*)?")
    found += [path for path in _hidden(places) if half_written.fullmatch(path.name)]
    # What experiments and the demo made shows all their identities on one picture.
    for folder in [*(root / "experiments").glob("*"), root / "demo"]:
        if any(_shows(path, name, root) for path in _files(folder)):
            found.append(folder)
    return found


def naming_in_project(project: Project, name: str) -> list[Path]:
    """JSON about others, or about all, that names the identity."""
    listed = [
        *(project.root / ".zoo" / "failures").glob("*.json"),
        *project.root.glob("data/*/INDEX.json"),
        *(folder / "INDEX.json" for folder in (project.models, project.reports)),
        *project.reports.glob("*/report.json"),
    ]
    return [path for path in naming(listed, name) if path.parent.name != name]


def in_cache(name: str, uri: str | None, digests: Iterable[str]) -> list[Path]:
    """The identity's files in the user's cache, and those that may be the identity's.

    Args:
        name: the identity.
        uri: the project's registry; networks of that name from others are other people's.
        digests: SHA-256 of its networks, by which they are known whatever they came from.
    """
    known = set(digests)
    found = [network.path.parent for network in list_cached() if network.sha256 in known]
    if uri is not None:
        folder = registry_folder(uri)
        found += [path for path in (folder / name, folder / "index.json") if path.exists()]
        found += [path for path in [listing_path(uri)] if path.exists()]
    previews = cache_folder() / "previews"
    found += [path for sha in known if (path := previews / f"{sha}.jpg").exists()]
    found += [path for one in _REMADE_CACHES if (path := cache_folder() / one).exists()]
    return [path for path in dict.fromkeys(found) if not any(p in found for p in path.parents)]


def delete(path: Path) -> None:
    """Removes a file, a link or a whole folder.

    Raises:
        StorageError: no permission.
    """
    with plain_errors(path), suppress(FileNotFoundError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def take_name_out(project: Project, name: str, files: Iterable[Path]) -> None:
    """Removes the name from files that stay, and from the digest cache.

    Raises:
        StorageError: it cannot be written.
    """
    for path in files:
        try:
            take_out(path, name)
        except (OSError, ValueError):  # damaged: nobody reads it as it is
            delete(path)
    database = project.root / ".zoo" / "digests.db"
    if database.is_file():
        try:
            with closing(sqlite3.connect(database, timeout=5)) as digests:
                patterns = [f"%/{name}/%", f"%/{name}.%"]
                digests.execute("DELETE FROM digests WHERE path LIKE ? OR path LIKE ?", patterns)
                digests.commit()
                digests.execute("VACUUM")
        except sqlite3.Error:  # it costs time to make again, and nothing else
            delete(database)


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    return sum(file.lstat().st_size for file in _files(path))


def _named(place: Path, name: str) -> Iterator[Path]:
    for path in sorted(place.iterdir()) if place.is_dir() else ():
        if path.name.split(".")[0] == name:
            yield path


def _hidden(places: Iterable[Path]) -> Iterator[Path]:
    """What killed processes left half-written: ``.ada-x7k2`` beside ``ada``."""
    for place in places:
        yield from place.glob(".*-*") if place.is_dir() else ()


def _shows(path: Path, name: str, root: Path) -> bool:
    inside = path.relative_to(root).parts[1:]
    return any(part.split(".")[0] == name for part in inside) or bool(naming([path], name))


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir() and not path.is_symlink():
        yield from (file for file in path.rglob("*") if file.is_file() or file.is_symlink())
    elif path.exists() or path.is_symlink():
        yield path

"""Adds and removes identities; photos are copied completely or not at all.

Where the project uses DVC, it versions the photos. DVC runs as a process of its own: importing it
takes seconds, and its output is not ours.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from zoo.errors import PhotoError, StorageError, UsageError
from zoo.provenance.identities.identity import PHOTOS, Identity, find_identity, write_identity
from zoo.provenance.identities.names import check_name
from zoo.settings import Project
from zoo.storage import atomic_file, atomic_folder, plain_errors, sha256_of


@dataclass(frozen=True)
class Added:
    """What :func:`add_identity` did: names of the photos it copied, and who was left out why."""

    folder: Path
    photos: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def add_identity(
    project: Project,
    identity: Identity,
    photos: Sequence[Path],
    check: Callable[[Path], object],
    progress: Callable[[int], object] = lambda done: None,
) -> Added:
    """Copies the usable ones of ``photos`` into ``identities/NAME/photos`` with the record.

    Args:
        project: the project to add to.
        identity: the record.
        photos: image files, of any names; copies get safe, unique ones.
        check: reads a photo and raises :class:`PhotoError` when it is unusable.
        progress: is called with the number of photos done.

    Raises:
        UsageError: the identity is there already.
        PhotoError: not one photo is usable; nothing was created.
        StorageError: no permission or no space; nothing was created.
    """
    folder = check_free(project, identity.name)
    names: list[str] = []
    taken: set[str] = set()
    left_out: list[str] = []
    with atomic_folder(folder) as temporary:
        (temporary / PHOTOS).mkdir()
        for done, photo in enumerate(photos, 1):
            try:
                check(photo)
            except PhotoError as error:
                left_out.append(str(error))
            else:
                name = _free_name(photo, taken)
                shutil.copyfile(photo, temporary / PHOTOS / name)
                names.append(name)
            progress(done)
        if not names:
            reasons = f" ({left_out[0]})" if left_out else ""
            raise PhotoError(
                f"None of {len(photos)} files is a usable photo, so {identity.name} was not "
                f"added{reasons}."
            )
        write_identity(temporary, identity)
    return Added(folder, sorted(names), left_out)


def check_free(project: Project, name: str) -> Path:
    """The folder that the identity ``name`` will have.

    Raises:
        UsageError: the identity is there already.
    """
    folder = project.identities / name
    if os.path.lexists(folder):
        raise UsageError(
            f"{folder} exists already; add photos with `zoo identity add {name} "
            f"PHOTOS --more`, or remove it first with `zoo identity remove {name}`."
        )
    return folder


def leads_out(photo: Path, given: Sequence[Path]) -> bool:
    """Whether ``photo``, found in one of the folders ``given``, is a link to a file outside all.

    A folder that came from elsewhere may hold links to any file of whoever adds it. A file that
    was given by its own name is meant, whether it is a link or not.
    """
    if photo in given:
        return False
    place = Path(os.path.realpath(photo))  # which a link that leads to itself does not stop
    return not any(place.is_relative_to(folder.resolve()) for folder in given if folder.is_dir())


def add_photos(
    project: Project,
    identity: Identity,
    photos: Sequence[Path],
    check: Callable[[Path], object],
) -> Added:
    """Copies more photos to an identity; those that it has, byte by byte, are left out.

    Raises:
        StorageError: no permission or no space; what was copied until then stays.
    """
    folder = project.identities / identity.name
    place = folder / PHOTOS
    place.mkdir(exist_ok=True)
    there = [path for path in place.rglob("*") if path.is_file()]
    taken = {path.name.casefold() for path in there}
    known = {sha256_of(path) for path in there}
    added = Added(folder)
    for photo in photos:
        try:
            check(photo)
        except PhotoError as error:
            added.left_out.append(str(error))
            continue
        if (digest := sha256_of(photo)) in known:
            continue
        known.add(digest)
        name = _free_name(photo, taken)
        with atomic_file(place / name) as temporary:
            shutil.copyfile(photo, temporary)
        added.photos.append(name)
    return added


def remove_identity(project: Project, name: str) -> Path:
    """Removes ``identities/NAME`` with its photos, and what was drawn of them.

    The next ``dvc repro`` drops its products.

    Raises:
        UnknownIdentityError: the project has no such identity; names near ones.
        StorageError: no permission.
    """
    folder = project.identities / check_name(name)
    if not folder.is_dir():
        find_identity(project, name)
    with plain_errors(folder):
        shutil.rmtree(folder)
        for drawn in project.coverage.glob(f"{name}.*"):
            drawn.unlink()
    return folder


def _free_name(photo: Path, taken: set[str]) -> str:
    """``photo``'s name, safe on any file system and unlike those in ``taken``, which it joins."""
    stem = re.sub(r"[^A-Za-z0-9._-]+", "_", photo.stem).strip("._-")[:100] or "photo"
    suffix = photo.suffix.lower()
    name, count = f"{stem}{suffix}", 1
    while name.casefold() in taken:  # some file systems take "A.jpg" and "a.jpg" for one
        count += 1
        name = f"{stem}-{count}{suffix}"
    taken.add(name.casefold())
    return name


def version_photos(project: Project, photos: Path) -> str:
    """Runs ``dvc add`` on the folder ``photos`` and says in one sentence what came of it.

    Raises:
        StorageError: DVC refused.
    """
    if not (project.root / ".dvc").is_dir():
        return f"{project.root} is not a DVC repository, so the photos are not versioned."
    if importlib.util.find_spec("dvc") is None:
        return (
            "DVC is not installed here (pip install 'faceswap-zoo[train]'), so the photos are "
            "not versioned."
        )
    target = photos.relative_to(project.root)
    done = subprocess.run(
        [sys.executable, "-m", "dvc", "add", "--quiet", str(target)],
        cwd=project.root,
        env={**os.environ, "DVC_NO_ANALYTICS": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
        raise StorageError(
            f"DVC could not version {target} ({lines[-1].removeprefix('ERROR: ').rstrip('.')}); "
            f"run `dvc add {target}` after solving this."
        )
    return f"{target} is versioned by DVC."

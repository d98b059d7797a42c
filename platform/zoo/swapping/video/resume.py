"""The folder of finished segments beside an unfinished output.

It is named by the plan that says what they are made of, not by the output: a swap that was killed
or could not be written resumes, also under another name, in another folder or container. When the
plan changes, the finished segments of that output are removed.

An index in the user's cache finds that folder by the digest of its plan, so that a swap that is
asked for under another name is resumed too. Losing an entry loses time at most.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zoo.errors import NoFaceError, StorageError, UsageError
from zoo.file_lock import LockedError, file_lock
from zoo.photos.video.reader import Video
from zoo.settings import cache_folder
from zoo.storage import plain_errors, write_json
from zoo.swapping.video.assignment.identity_assignment import Assignment
from zoo.swapping.video.segment import Done, SegmentOptions
from zoo.swapping.video.segment_division import SUFFIX, Segment
from zoo.untrusted import read_json

MAKER = "7"
"""Version of the code that makes segments; raise it when the same input gives other frames."""

_ROLES = "roles.json"
_SEGMENTS = "segments.json"
_ENDS = 1 << 20  # bytes of the source's head and tail that are hashed with its size


def digest_of(plan: dict[str, Any]) -> str:
    """Names a plan."""
    return hashlib.sha256(json.dumps(plan).encode()).hexdigest()[:20]


def waiting_in(folder: Path) -> list[Path]:
    """The folders in a folder in which finished segments wait."""
    return sorted({note.parent for note in folder.glob(".*.segments/[0-9]*.json")})


@contextmanager
def work_folder(target: Path, plan: dict[str, Any]) -> Iterator[Path]:
    """The folder, with what a swap of the very same plan left anywhere.

    It is removed by a success, and when no face was found, which would be found out again.

    Raises:
        StorageError: another process works on the same, or it cannot be written.
    """
    digest = digest_of(plan)
    folder = target.with_name(f".{digest}.segments")
    with held(folder, target):
        _remove_useless(folder, target)
        elsewhere = known_place(digest)
        if elsewhere is not None and elsewhere != folder.resolve():
            with suppress(StorageError), held(elsewhere, target):  # else somebody works in it
                _bring(elsewhere, folder)
        write_json(folder / "plan.json", {"target": target.name, **plan})
        note_place(digest, folder)
        try:
            yield folder
        except (UsageError, NoFaceError):  # the same call would end so again
            _remove(folder, digest)
            raise
        _remove(folder, digest)


def _remove(folder: Path, digest: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    forget_place(digest)


def _remove_useless(folder: Path, target: Path) -> None:
    """Removes what waits for an output of this name and is of another plan."""
    for other in target.parent.glob(".*.segments"):
        plan = _read(other / "plan.json") if other.name != folder.name else None
        if isinstance(plan, dict) and plan.get("target") == target.name:
            with suppress(StorageError), held(other, target):
                shutil.rmtree(other, ignore_errors=True)


def _bring(elsewhere: Path, folder: Path) -> None:
    """Moves finished segments, perhaps to another disk; each before the note that it is there.

    The division is copied: what stays, because this was killed or the disk is full, needs it.
    """
    there, here = _read(elsewhere / _SEGMENTS), _read(folder / _SEGMENTS)
    if there is None or (here is not None and here != there):
        return
    if here is None:
        _forget_segments(folder)
        write_json(folder / _SEGMENTS, there)
    with plain_errors(folder):
        for note in sorted(elsewhere.glob("[0-9]*.json")):
            segment = note.with_suffix(SUFFIX)
            if segment.is_file():
                shutil.move(segment, folder / segment.name)
                shutil.move(note, folder / note.name)
    shutil.rmtree(elsewhere, ignore_errors=True)


@contextmanager
def held(folder: Path, target: object) -> Iterator[None]:
    """Keeps other processes out of a folder, made if need be, in which ``target`` is made.

    Its time tells when somebody was in it last.

    Raises:
        StorageError: another process is in it, it is a link, or it cannot be written.
    """
    with ExitStack() as stack:
        try:
            with plain_errors(folder):
                folder.mkdir(parents=True, exist_ok=True)
                # The folder itself: a file in it could be a link that leads elsewhere.
                stack.enter_context(file_lock(folder, wait=False))
                os.utime(folder)
        except LockedError as error:
            raise StorageError(
                f"{target} is being written by another process, perhaps under another name; "
                "wait for it."
            ) from error
        yield


def plan_of(
    video: Video,
    networks_sha256: Sequence[str],
    settings: SegmentOptions,
    between: tuple[int, int],
) -> dict[str, Any]:
    """All that the frames of a video between two times depend on."""
    return {
        "maker": MAKER,
        "source": _fingerprint(video.path),
        "networks": list(networks_sha256),
        "how": asdict(settings),
        "between": between,
    }


def remember_segments(folder: Path, parts: Sequence[Segment]) -> None:
    """Stores how the video is divided, which depends on how many processes begin it.

    What the folder has of another one goes.

    Raises:
        StorageError: no permission or no space.
    """
    _forget_segments(folder)
    write_json(folder / _SEGMENTS, [(part.start, part.end) for part in parts])


def remembered_segments(
    folder: Path, times: NDArray[np.int64], start: int, end: int
) -> list[Segment] | None:
    """What :func:`remember_segments` noted, if it divides the times ``[start, end)``.

    Each segment must begin with one of the frames, whose ``times`` are given.
    """
    noted = _read(folder / _SEGMENTS)
    try:
        parts = [Segment(number, first, after) for number, (first, after) in enumerate(noted)]
    except (TypeError, ValueError):  # damaged, or none
        return None
    starts, ends = [part.start for part in parts], [part.end for part in parts]
    if not parts or any(type(edge) is not int for edge in (*starts, *ends)):
        return None
    fits = (starts[0], ends[-1], starts[1:]) == (start, end, ends[:-1])
    ordered = [*starts, end] == sorted({*starts, end})
    return parts if fits and ordered and np.isin(starts, times).all() else None


def _forget_segments(folder: Path) -> None:
    """Removes what says which segments are finished, and who is in each."""
    with plain_errors(folder):
        for note in (*folder.glob("[0-9]*.json"), folder / _ROLES):
            note.unlink(missing_ok=True)


def remember(folder: Path, done: Done) -> None:
    """Notes that a segment is finished.

    Raises:
        StorageError: no permission or no space.
    """
    write_json(folder / f"{done.number:06}.json", asdict(done))


def finished(folder: Path, parts: list[Segment], networks: int) -> dict[int, Done]:
    """The segments that need not be made again, by number, of a swap by so many networks."""
    found: dict[int, Done] = {}
    for part in parts:
        note = _read(folder / f"{part.number:06}.json")
        if isinstance(note, dict) and (folder / part.name).is_file():
            with suppress(TypeError, ValueError, AttributeError):  # a note of something else
                done = Done(**note)
                numbers = (done.number, done.first, done.frames, done.swapped, *done.networks)
                seconds = {str(step): float(spent) for step, spent in done.seconds.items()}
                whole = done.number == part.number and all(type(one) is int for one in numbers)
                known = bool(done.networks) == bool(done.swapped)
                if whole and known and set(done.networks) <= set(range(networks)):
                    found[part.number] = replace(done, seconds=seconds)
    return found


def remember_roles(folder: Path, assignment: Assignment) -> None:
    """Stores the roles, so that a resumed swap skips the first pass; raises StorageError."""
    write_json(folder / _ROLES, assignment.as_json())


def remembered_roles(folder: Path) -> Assignment | None:
    """What :func:`remember_roles` noted; None if it did not."""
    try:
        return Assignment.from_json(_read(folder / _ROLES))
    except (TypeError, ValueError, LookupError, AttributeError, OverflowError):  # or damaged
        return None


def _fingerprint(path: Path) -> str:
    """Fingerprint of size, head, tail and time of change, without reading the whole video."""
    status = path.stat()
    digest = hashlib.sha256(f"{status.st_size} {status.st_mtime_ns}".encode())
    with path.open("rb") as file:
        digest.update(file.read(_ENDS))
        file.seek(max(0, status.st_size - _ENDS))
        digest.update(file.read(_ENDS))
    return digest.hexdigest()


def _read(path: Path) -> Any:
    try:
        return read_json(path)
    except (OSError, ValueError):
        return None


def note_place(digest: str, folder: Path) -> None:
    """Records where the segments of a plan are, if the cache is writable."""
    with suppress(StorageError):
        write_json(_note(digest), {"folder": str(folder.resolve())})


def known_place(digest: str) -> Path | None:
    """Where an earlier run left segments of this plan, if they are still there."""
    found = _place(_note(digest))
    return found if found is not None and found.is_dir() else None


def forget_place(digest: str) -> None:
    """To be called when nothing waits any more; notes of what somebody removed go, too."""
    with suppress(OSError):
        _note(digest).unlink(missing_ok=True)
        for note in _note(digest).parent.glob("*.json"):
            place = _place(note)
            if place is None or not place.is_dir():
                note.unlink(missing_ok=True)


def _note(digest: str) -> Path:
    return cache_folder() / "unfinished" / f"{digest}.json"


def _place(note: Path) -> Path | None:
    try:
        said = read_json(note)
    except (OSError, ValueError):
        return None
    folder = said.get("folder") if isinstance(said, dict) else None
    return Path(folder) if isinstance(folder, str) else None

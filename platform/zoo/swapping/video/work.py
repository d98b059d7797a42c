"""The folder beside an unfinished output, in which its finished segments wait.

A plan in it says what they are made of. When anything of that has changed, they are of no use and
go; when nothing has, a swap that was killed goes on with what is missing.
"""

import fcntl
import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from zoo.errors import NobodyError, StorageError, UsageError
from zoo.photos.video import Video
from zoo.storage import plain_errors, write_json
from zoo.swapping.video.casting import Casting
from zoo.swapping.video.segment import Done, How, Segment
from zoo.untrusted import read_json

MAKER = "4"
"""Version of the code that makes segments; raise it when the same input gives other frames."""

_ROLES = "roles.json"
_ENDS = 1 << 20  # bytes of the source's head and tail that are hashed with its size


def folder_of(target: Path) -> Path:
    """Where the segments of ``target`` wait."""
    return target.with_name(f".{target.name}.segments")


@contextmanager
def work_folder(target: Path, plan: dict[str, Any]) -> Iterator[Path]:
    """The folder, with what a swap of the very same plan left in it; removed by a success.

    Raises:
        StorageError: another process works on the same output, or it cannot be written.
    """
    folder = folder_of(target)
    with held(folder, target):
        if _read(folder / "plan.json") != json.loads(json.dumps(plan)):
            for path in folder.iterdir():
                if path.name != "lock":
                    path.unlink()
            write_json(folder / "plan.json", plan)
        try:
            yield folder
        except (UsageError, NobodyError):  # the same call would end so again
            shutil.rmtree(folder, ignore_errors=True)
            raise
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def held(folder: Path, target: object) -> Iterator[None]:
    """Keeps other processes out of a folder, made if need be, in which ``target`` is made.

    Raises:
        StorageError: another process is in it, or it cannot be written.
    """
    with plain_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("w")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StorageError(
                f"{target} is being made by another process; wait for it, or choose another name."
            ) from error
        yield


def plan_of(
    video: Video, networks_sha256: Sequence[str], how: How, parts: list[Segment]
) -> dict[str, Any]:
    """All that segments depend on."""
    return {
        "maker": MAKER,
        "source": _fingerprint(video.path),
        "networks": list(networks_sha256),
        "how": asdict(how),
        "segments": [(part.start, part.end) for part in parts],
    }


def remember(folder: Path, done: Done) -> None:
    """Notes that a segment is finished.

    Raises:
        StorageError: no permission or no space.
    """
    write_json(folder / f"{done.number:06}.json", asdict(done))


def finished(folder: Path, parts: list[Segment]) -> dict[int, Done]:
    """The segments that need not be made again, by number."""
    found: dict[int, Done] = {}
    for part in parts:
        note = _read(folder / f"{part.number:06}.json")
        if isinstance(note, dict) and (folder / part.name).is_file():
            with suppress(TypeError):  # a note of something else
                found[part.number] = Done(**note)
    return found


def remember_roles(folder: Path, casting: Casting) -> None:
    """Notes who is who, so that a swap that was killed need not look again.

    Raises:
        StorageError: no permission or no space.
    """
    write_json(folder / _ROLES, casting.as_json())


def remembered_roles(folder: Path) -> Casting | None:
    """What :func:`remember_roles` noted; None if it did not."""
    try:
        return Casting.from_json(_read(folder / _ROLES))
    except (TypeError, ValueError, KeyError):  # not there, or damaged
        return None


def _fingerprint(path: Path) -> str:
    """Of size, head, tail and time of change: a film is not read twice to know it again."""
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

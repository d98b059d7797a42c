"""Where unfinished swaps wait, so that one that is asked for under another name is found again.

A note for each in the user's cache, by the digest of its plan. Losing one loses time at most.
"""

from contextlib import suppress
from pathlib import Path

from zoo.errors import StorageError
from zoo.settings import cache_folder
from zoo.storage import write_json
from zoo.untrusted import read_json


def note_place(digest: str, folder: Path) -> None:
    """Notes where the segments of a plan are. A cache that cannot be written is no fault."""
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

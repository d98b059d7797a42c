"""Scans a watched folder for new, changed and complete files.

The folder is polled, which works on every file system, including network shares. A file is complete
when it has not changed for a while and no process has it open for writing, as far as the system
reports.
"""

import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from zoo.errors import PhotoError
from zoo.photos.reading import find_photos
from zoo.provenance.credentials.verifying import verify
from zoo.swapping.files.output_plan import SUFFIXES, output_suffix
from zoo.untrusted import opened

_Look = tuple[int, int, int]
"""Size, time of the last change, and inode."""


@dataclass
class Watched:
    """A watched folder and the state of its files.

    Attributes:
        folder: is searched in depth.
        out: where the outputs go; what lies in it is none of the folder's photos.
        settled: seconds for which a file must not change before it counts as whole.
    """

    folder: Path
    out: Path
    settled: float = 2.0
    _seen: dict[Path, tuple[_Look, float]] = field(default_factory=dict)
    _taken: dict[Path, _Look] = field(default_factory=dict)

    def look(self, now: float) -> Iterator[tuple[Path, Path]]:
        """Sources that are whole, and new or changed since they were last given, with targets.

        Args:
            now: seconds, of a clock that never goes back.

        Raises:
            OSError: the folder is not there, or cannot be read.
        """
        next(self.folder.iterdir(), None)  # os.walk would pass over a folder that is gone
        there = self._files()
        self._seen = {path: seen for path, seen in self._seen.items() if path in there}
        self._taken = {path: look for path, look in self._taken.items() if path in there}
        for path, look in there.items():
            if self._taken.get(path) == look:
                continue
            before, since = self._seen.get(path, (None, now))
            if before != look:
                self._seen[path] = look, now
            elif now - since >= self.settled and not is_being_written(path):
                self._taken[path] = look
                yield path, self.target(path)

    def target(self, source: Path) -> Path:
        """Where the output of ``source`` goes: the same place below ``out``.

        A format that cannot be written gets its new suffix behind the old one, so that
        ``a.heic`` and ``a.jpg`` have outputs of their own whichever comes first.
        """
        place = self.out / source.relative_to(self.folder)
        suffix = output_suffix(source)
        return place if suffix == source.suffix else place.with_name(place.name + suffix)

    def _files(self) -> dict[Path, _Look]:
        """All photos and videos but the outputs', in their order."""
        try:
            found = find_photos([self.folder], SUFFIXES)
        except PhotoError:  # there is none yet
            return {}
        out = self.out.absolute()
        looks: dict[Path, _Look] = {}
        for path in found:
            inside = out != self.folder.absolute() and path.absolute().is_relative_to(out)
            with suppress(OSError):  # it has gone since
                status = path.stat()
                if not inside:
                    looks[path] = (status.st_size, status.st_mtime_ns, status.st_ino)
        return looks


def is_output(path: Path) -> bool:
    """Whether a file's manifest says that zoo made it, with any signer."""
    try:
        return any(step.swap for step in verify(path).steps[:1])
    except PhotoError:
        return False


def is_being_written(path: Path) -> bool:
    """Whether a process has the file open for writing; False where the system cannot tell.

    Linux grants a lease for reading only when nobody writes.
    """
    try:
        import fcntl

        with opened(path) as file:
            # Whoever opens the file for writing in this moment makes the kernel send a signal:
            # one that is ignored, not SIGIO, which ends the process.
            fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except (ImportError, AttributeError, OSError):
        return False
    return False

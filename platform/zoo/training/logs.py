"""One log file per training, ``logs/NAME.log`` in the project, written by the driver.

It holds all attempts of the identity's newest training: where they ran, the curves, what was
printed, why an attempt ended. If a log cannot be written, the training continues.
"""

import contextlib
import time
from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.settings import Project
from zoo.untrusted import opened

if TYPE_CHECKING:
    from zoo.training.loop.checkpoint import Row

_ITERATION = " iteration "  # before its number, in a line of the curves
_TAIL = 4096  # bytes


class Logs:
    """The log files of one project."""

    def __init__(self, project: Project) -> None:
        self._folder = project.root / "logs"

    def path(self, identity: str) -> Path:
        """The log of an identity."""
        return self._folder / f"{identity}.log"

    def begin(self, identity: str, digest: str, recipe: str) -> None:
        """Continues the log of the same training, or begins a new one."""
        first = f"training {digest}, recipe {recipe}"
        with contextlib.suppress(OSError), self.path(identity).open(encoding="utf-8") as file:
            if file.readline().endswith(f"{first}\n"):
                return
        with contextlib.suppress(OSError):
            self.path(identity).unlink(missing_ok=True)
        self.add(identity, first)

    def add(self, identity: str, *lines: str) -> None:
        """Adds lines, each with the time."""
        now = datetime.now().astimezone().isoformat(timespec="seconds")
        text = "".join(f"{now} {line}\n" for line in lines)
        with contextlib.suppress(OSError):
            self._folder.mkdir(exist_ok=True)
            with self.path(identity).open("a", encoding="utf-8") as file:
                file.write(text)

    def add_rows(self, identity: str, rows: "Sequence[Row]") -> None:
        """Adds points of the curves."""
        self.add(identity, *map(in_words, rows))

    def last_iteration(self, identity: str) -> tuple[str | None, float]:
        """The last reported iteration, if any, and the seconds since the log changed.

        Raises:
            OSError: there is no log.
        """
        changed = self.path(identity).stat()
        with opened(self.path(identity)) as file:
            file.seek(max(0, changed.st_size - _TAIL))
            lines = file.read().decode(errors="replace").splitlines()
        told = (
            line.split(_ITERATION)[1].split()[0] for line in reversed(lines) if _ITERATION in line
        )
        return next(told, None), time.time() - changed.st_mtime

    def remove_gone(self, identities: Collection[str]) -> None:
        """Removes the logs of all but ``identities``."""
        for path in self._folder.glob("*.log"):
            if path.stem not in identities:
                path.unlink(missing_ok=True)


def in_words(row: "Row") -> str:
    """A point of the curves as ``iteration 40  total 2.31  content 0.4``."""
    losses = "  ".join(f"{key} {value:.4g}" for key, value in row.items() if key != "step")
    return f"{_ITERATION.strip()} {row['step']:.0f}  {losses}"

"""Progress of all trainings: bars on a terminal, plain lines elsewhere.

A terminal shows how many identities are done, and a bar for each one that trains now. Elsewhere
each training has a line every quarter of a minute, more seldom when many train at once.
"""

import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from zoo.training.loop.checkpoint import Row

SECONDS_BETWEEN_LINES = 15.0
LINES_AT_ONCE = 4
"""So many trainings have a line each in that time."""


@dataclass
class _Shown:
    task: TaskID
    line: float


class ProgressDisplay:
    """Writes to stderr; use as a context manager.

    Args:
        identities: how many are to be trained.
        iterations: of each.
        console: where to; default stderr.
    """

    def __init__(self, identities: int, iterations: int, console: Console | None = None) -> None:
        console = console or Console(stderr=True)
        self._iterations, self._identities = iterations, identities
        self._live = console.is_terminal
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            console=console,
            disable=not self._live,
        )
        self._all = self._bars.add_task("all", total=identities, note="")
        self._running: dict[str, _Shown] = {}
        self._trained = self._failed = 0

    def __enter__(self) -> "ProgressDisplay":
        self._bars.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._bars.stop()

    def started(self, identity: str) -> None:
        """Shows that an identity trains."""
        task = self._bars.add_task(identity, total=self._iterations, note="starts")
        self._running[identity] = _Shown(task, time.monotonic() - SECONDS_BETWEEN_LINES)
        self._count()

    def progress(self, identity: str, row: "Row") -> None:
        """Shows the newest point of an identity's curves."""
        if identity not in self._running:
            return
        shown, done = self._running[identity], int(row["step"]) + 1
        losses = f"content {row['content']:.3f}  style {row['style']:.3f}"
        self._bars.update(shown.task, completed=done, note=losses)
        seconds = SECONDS_BETWEEN_LINES * max(1, len(self._running) / LINES_AT_ONCE)
        if not self._live and time.monotonic() - shown.line >= seconds:
            shown.line = time.monotonic()
            self.log(f"{identity}: {done}/{self._iterations}  {losses}")

    def stopped(self, identity: str, line: str) -> None:
        """An attempt has ended, and ``line`` says how; another follows."""
        if identity in self._running:
            self._bars.remove_task(self._running.pop(identity).task)
        self.log(f"{identity}: {line}")
        self._count()

    def ended(self, identity: str, line: str, *, failed: bool = False) -> None:
        """An identity is done for good."""
        self._failed += failed
        self._trained += not failed
        total = self._trained + self._failed
        self.stopped(identity, f"{line} ({total} of {self._identities})")

    def log(self, line: str) -> None:
        """A line that stays."""
        if self._live:
            self._bars.console.print(line, highlight=False, markup=False)
        else:
            print(line, file=sys.stderr, flush=True)

    def _count(self) -> None:
        waiting = self._identities - self._trained - self._failed - len(self._running)
        note = f"{len(self._running)} train, {waiting} wait, {self._failed} failed"
        self._bars.update(self._all, completed=self._trained + self._failed, note=note)

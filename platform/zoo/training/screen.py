"""Progress of all trainings: one bar each on a terminal, plain lines elsewhere."""

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from zoo.training.checkpoint import Row

SECONDS_BETWEEN_LINES = 15.0


class Screen:
    """Writes to stderr; use as a context manager."""

    def __init__(self, identities: list[str], iterations: int) -> None:
        console = Console(stderr=True)
        self._iterations = iterations
        self._live = console.is_terminal
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            TextColumn("{task.fields[losses]}"),
            TimeRemainingColumn(),
            console=console,
            disable=not self._live,
        )
        self._tasks: dict[str, TaskID] = {
            name: self._bars.add_task(name, total=iterations, losses="waiting")
            for name in identities
        }
        self._last_line = dict.fromkeys(identities, 0.0)

    def __enter__(self) -> "Screen":
        self._bars.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.__exit__(kind, error, trace)

    def progress(self, identity: str, row: Row) -> None:
        """Shows the newest point of an identity's curves."""
        done = int(row["step"]) + 1
        losses = f"content {row['content']:.3f}  style {row['style']:.3f}"
        self._bars.update(self._tasks[identity], completed=done, losses=losses)
        now = time.monotonic()
        if not self._live and now - self._last_line[identity] >= SECONDS_BETWEEN_LINES:
            self._last_line[identity] = now
            self.say(f"{identity}: {done}/{self._iterations}  {losses}")

    def say(self, line: str) -> None:
        """A line that stays."""
        if self._live:
            self._bars.console.print(line, highlight=False)
        else:
            print(line, file=sys.stderr, flush=True)

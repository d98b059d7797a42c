"""The Ray actor that collects what trainings report; without torch, so that it starts at once."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import ray

if TYPE_CHECKING:
    from zoo.training.loop.checkpoint import Row


@dataclass
class ProgressReport:
    """Of one training, since the last time somebody asked."""

    rows: "list[Row]" = field(default_factory=list)
    """Points of its curves."""
    lines: list[str] = field(default_factory=list)
    """What it printed."""


@ray.remote
class ProgressCollector:
    """Collects reports until the driver takes them."""

    def __init__(self) -> None:
        self._reports: dict[str, ProgressReport] = {}

    def put(self, identity: str, row: "Row") -> None:
        """Adds a point."""
        self._reports.setdefault(identity, ProgressReport()).rows.append(row)

    def log(self, identity: str, line: str) -> None:
        """Adds a line."""
        self._reports.setdefault(identity, ProgressReport()).lines.append(line)

    def take(self) -> dict[str, ProgressReport]:
        """All since the last call, by identity."""
        taken, self._reports = self._reports, {}
        return taken

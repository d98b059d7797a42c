"""An index of the cached networks: what a list says of them, at once, however many there are."""

import json
import os
import time
from contextlib import suppress
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from zoo.errors import StorageError
from zoo.registry.local.cache import (
    CachedNetwork,
    cache_folders,
    cached_aliases,
    networks_in,
    read_object,
)
from zoo.registry.report_cards import judge_of, recognised_rate
from zoo.storage import atomic_file

INDEX = "index.json"

_SETTLED_NS = 2_000_000_000  # a folder younger than this may change again unnoticed


@dataclass(frozen=True)
class Line:
    """A cached network in a list."""

    identity: str
    version: int
    aliases: tuple[str, ...]
    recipe: str
    resolution: int
    basis: str
    recognised_rate: float | None
    judge: str
    landmark_difference: float | None


_PARTS = (int, list, str, int, str, float | None, str, float | None)
"""Of a :class:`Line` in the index, after the name."""


def list_lines(uri: str | None = None) -> list[Line]:
    """What :func:`list_cached` finds, in short and at once, however much that is.

    An index beside the networks holds the lines of each identity whose folder has not changed
    since it was read. Nothing is verified here; what is used is.
    """
    found = [line for folder in cache_folders(uri) for line in _lines_in(folder)]
    return sorted(found, key=lambda line: (line.identity, -line.version))


def _lines_in(folder: Path) -> list[Line]:
    index = read_object(folder / INDEX)
    kept: dict[str, list[Any]] = {}
    found: list[Line] = []
    changed = False
    settled = time.time_ns() - _SETTLED_NS
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if not entry.is_dir():
                continue
            at = entry.stat().st_mtime_ns
            known = index.get(entry.name)
            lines = _remembered(entry.name, known, at)
            if lines is not None:
                kept[entry.name] = index[entry.name]
            else:
                lines = [_line(network) for network in networks_in(Path(entry.path))]
                if at < settled:
                    kept[entry.name] = [at, [astuple(line)[1:] for line in lines]]
                    changed = True
            found += lines
    if changed or len(kept) < len(index):
        with suppress(StorageError), atomic_file(folder / INDEX) as temporary:
            temporary.write_text(json.dumps(kept), encoding="utf-8")
    return found


def _remembered(name: str, known: Any, at: int) -> list[Line] | None:
    """What the index holds of an identity; None when that is out of date, damaged or another's.

    An index of an earlier version may hold less than a line says.
    """
    if not isinstance(known, list) or len(known) != 2 or known[0] != at:
        return None
    found = []
    for line in known[1] if isinstance(known[1], list) else [None]:
        if not isinstance(line, list) or len(line) != len(_PARTS):
            return None
        if not all(isinstance(one, kind) for one, kind in zip(line, _PARTS, strict=True)):
            return None
        version, aliases, *rest = line
        found.append(Line(name, version, tuple(map(str, aliases)), *rest))
    return found


def _line(network: CachedNetwork) -> Line:
    return Line(
        network.identity,
        network.version,
        tuple(cached_aliases(network)),
        network.recipe,
        network.resolution,
        network.basis,
        recognised_rate(network.scores),
        judge_of(network.scores),
        network.scores.get("landmark_difference"),
    )

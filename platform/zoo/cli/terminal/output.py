"""Printing: results on stdout for people, scripts or jq; everything else on stderr.

Control sequences in what is printed are escaped, so that a terminal obeys none of them.
"""

import dataclasses
import json
import math
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from zoo.printable import printable


def print_line(text: object = "", end: str = "\n") -> None:
    """Prints lines for people."""
    print(printable(str(text), keep="\n"), end=end, flush=True)


def print_name(name: object) -> None:
    """Prints a name for scripts: byte by byte as it is, unless a person reads it."""
    if sys.stdout.isatty():
        print_line(printable(str(name)))
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(os.fsencode(str(name)) + b"\n")
    sys.stdout.buffer.flush()


# What JSON may hold as it is, and a terminal obeys or cannot be given.
_UNSAFE_IN_JSON = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

_SECONDS_BETWEEN_LINES = 30.0


def print_json(data: Any) -> None:
    """Prints dataclasses as objects; NaN and infinity become null, as JSON has neither."""
    print_line(
        _UNSAFE_IN_JSON.sub(_as_json, json.dumps(_plain(data), indent=2, ensure_ascii=False))
    )


def print_table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Columns as wide as their widest cell; numbers to the right. Never cut, so it can be piped."""
    texts = [[_cell(cell) for cell in row] for row in rows]
    columns = list(zip(headings, *texts, strict=True))
    widths = [max(len(text) for text in column) for column in columns]
    right = [bool(rows) and all(_is_number(row[i]) for row in rows) for i in range(len(headings))]
    for line in (list(headings), *texts):
        cells = (
            text.rjust(width) if to_right else text.ljust(width)
            for text, width, to_right in zip(line, widths, right, strict=True)
        )
        print_line("  ".join(cells).rstrip())


def print_facts(facts: Mapping[str, object]) -> None:
    """``name: value`` lines with the values under each other; empty ones are left out."""
    shown = {name: _cell(value) for name, value in facts.items() if value not in (None, "", ())}
    width = max(len(name) for name in shown) + 1
    for name, value in shown.items():
        print_line(f"{name + ':':{width}} {value}")


def note(message: str) -> None:
    """A remark on stderr, in one line."""
    print(printable(message), file=sys.stderr, flush=True)


@contextmanager
def progress(title: str, total: int, *, told: bool = False) -> Iterator[Callable[[int], None]]:
    """A progress bar with rate and remaining time, on stderr if that is a terminal.

    Args:
        title: of the bar.
        total: how many there are.
        told: print a line every half minute where there is no terminal, as in a cluster's log.
    """
    if total < 2 or not sys.stderr.isatty():
        yield _lines(title, total) if told and total > 1 else lambda done: None
        return
    with _bar(title, total) as (bar, task):

        def advance(done: int) -> None:
            speed = bar.tasks[task].speed
            bar.update(task, completed=done, pace=f"{speed:.1f}/s" if speed else "")

        yield advance


@contextmanager
def frame_progress(title: str, silent: bool) -> Iterator[Callable[[int, int], None]]:
    """Frames done, frames per second and the time left, on stderr if that is a terminal."""
    if silent or not sys.stderr.isatty():
        yield lambda done, total: None
        return
    with _bar(title, None, "frames  ") as (bar, task):
        began = False

        def advance(done: int, total: int) -> None:
            nonlocal began
            if not began:  # what an earlier run made says nothing of how quick this one is
                bar.reset(task, total=total, completed=done, pace="frames  ")
                began = True
                return
            speed = bar.tasks[task].speed
            pace = "joining" if done == total else f"{speed:.1f}/s" if speed else ""
            bar.update(task, completed=done, pace=f"frames  {pace}")

        yield advance


@contextmanager
def _bar(title: str, total: int | None, pace: str = "") -> Iterator[tuple[Any, Any]]:
    """The bar of all commands, and its task; ``pace`` is text that the task can change."""
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[pace]}"),
        TimeRemainingColumn(compact=True),
        TextColumn("left"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield bar, bar.add_task(escape(printable(title)), total=total, pace=pace)


def _lines(title: str, total: int) -> Callable[[int], None]:
    began = said = time.monotonic()

    def advance(done: int) -> None:
        nonlocal said
        now = time.monotonic()
        if now - said >= _SECONDS_BETWEEN_LINES:
            said = now
            rate = done / (now - began)
            left = (total - done) / rate if rate else math.inf
            note(f"{title}: {done} of {total}, {rate:.1f} per second, {left:.0f} s left")

    return advance


@contextmanager
def spinner(title: str) -> Iterator[None]:
    """A sign on stderr, if that is a terminal, that something is under way."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.markup import escape

    with Console(stderr=True).status(escape(printable(title))):
        yield


def _plain(data: Any) -> Any:
    if dataclasses.is_dataclass(data) and not isinstance(data, type):
        return {field.name: _plain(getattr(data, field.name)) for field in dataclasses.fields(data)}
    if isinstance(data, Mapping):
        return {str(key): _plain(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_plain(item) for item in data]
    if isinstance(data, float):
        return data if math.isfinite(data) else None
    if data is None or isinstance(data, bool | int | str):
        return data
    return str(data)


def _as_json(found: "re.Match[str]") -> str:
    return f"\\u{ord(found[0]):04x}"


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    if isinstance(value, list | tuple):
        return printable(", ".join(str(item) for item in value))
    return printable(str(value))


def _is_number(value: object) -> bool:
    return value is None or isinstance(value, int | float)

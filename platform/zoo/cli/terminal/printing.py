"""Lines on stdout: whatever is in them, a terminal shows it and obeys none of it."""

import os
import sys

from zoo.printable import printable


def say(text: object = "", end: str = "\n") -> None:
    """Prints lines for people."""
    print(printable(str(text), keep="\n"), end=end, flush=True)


def say_name(name: object) -> None:
    """Prints a name for scripts: byte by byte as it is, unless a person reads it."""
    if sys.stdout.isatty():
        say(printable(str(name)))
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(os.fsencode(str(name)) + b"\n")
    sys.stdout.buffer.flush()

"""``--open``: shows a result in the system's viewer."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.cli.terminal.output import note
from zoo.s3.address import is_s3

if TYPE_CHECKING:
    from zoo.swapping.files.output_plan import Location

_SECONDS_TO_FAIL = 5.0  # in which an opener reports that it cannot; viewers stay open for longer


def open_results(outputs: Sequence[str], folder: "Location | None") -> None:
    """Shows one output, or the folder of several; says on stderr why it cannot.

    Args:
        outputs: what was made.
        folder: where several lie.
    """
    if not outputs:
        return
    shown = outputs[0] if len(outputs) == 1 or folder is None else str(folder)
    why = "it lies in S3" if is_s3(shown) else _open(Path(shown).absolute())
    if why:
        note(f"{shown} is not opened: {why}.")


def _open(path: Path) -> str | None:
    """Hands ``path`` to the system; why not, if it cannot."""
    if sys.platform == "win32":
        try:
            os.startfile(path)
        except OSError as error:
            return error.strerror or str(error)
        return None
    command = "open" if sys.platform == "darwin" else "xdg-open"
    if command == "xdg-open" and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        return "there is no screen here"
    if (program := shutil.which(command)) is None:
        return f"no viewer was found, because {command} is not installed"
    opener = subprocess.Popen(
        [program, str(path)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # closing the terminal does not close it
    )
    try:
        code = opener.wait(_SECONDS_TO_FAIL)
    except subprocess.TimeoutExpired:
        return None
    return f"the system has no viewer for it ({command} ended with code {code})" if code else None

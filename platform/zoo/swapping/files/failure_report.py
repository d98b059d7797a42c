"""The report of what failed, beside the outputs of a batch.

People open it in a spreadsheet, which runs a cell that begins like a formula. Such a cell is
prefixed with an apostrophe, which makes it text.

Source: https://owasp.org/www-community/attacks/CSV_Injection.
"""

import csv
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from zoo.errors import ZooError
from zoo.printable import printable
from zoo.s3.address import S3Address
from zoo.s3.client import SHORT_RETRY_SECONDS
from zoo.s3.transfer import upload
from zoo.storage import atomic_file, plain_errors
from zoo.swapping.files.output_plan import Location

REPORT = "zoo-failed.csv"
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # the last in full width


def write_report(folder: Location, failed: Mapping[str, str]) -> Location | None:
    """Writes ``zoo-failed.csv`` with the columns input and reason; returns where.

    When nothing failed, one that an earlier run left is removed, and there is None. In S3 it
    is overwritten only: a report there may be old when nothing failed since.

    Raises:
        StorageError: no permission or no space.
    """
    place = folder / REPORT
    if isinstance(place, S3Address):
        if failed:
            with tempfile.TemporaryDirectory(prefix="zoo-") as temporary:
                _write(Path(temporary, REPORT), failed)
                upload(Path(temporary, REPORT), place, SHORT_RETRY_SECONDS)
    elif failed:
        _write(place, failed)
    else:
        with plain_errors(place):
            place.unlink(missing_ok=True)
    return place if failed else None


def reason_of(source: object, error: Exception) -> str:
    """The reason why an input failed, in words, for any exception.

    Raises:
        Exception: ``error`` itself, if it is unexpected and ``ZOO_TRACEBACK`` asks to see where.
    """
    if isinstance(error, ZooError):
        return str(error)
    if os.environ.get("ZOO_TRACEBACK"):
        raise error
    words = " ".join(f"{type(error).__name__}: {error}".split())
    return f"{source}: unexpected {words}."


def _write(path: Path, failed: Mapping[str, str]) -> None:
    with atomic_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(("input", "reason"))
        table.writerows((_cell(given), _cell(reason)) for given, reason in failed.items())


def _cell(text: str) -> str:
    """``text`` that no spreadsheet runs and any file takes: bytes of no text are spelled out."""
    plain = printable(text)
    return f"'{plain}" if plain.lstrip().startswith(_FORMULA) else plain

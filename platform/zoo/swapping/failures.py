"""The report of what failed, beside the outputs of a batch."""

import csv
import tempfile
from collections.abc import Mapping
from pathlib import Path

from zoo.s3.address import S3Address
from zoo.s3.patience import SHORT_PATIENCE
from zoo.s3.transfer import upload
from zoo.storage import atomic_file, plain_errors
from zoo.swapping.plan import Place

REPORT = "zoo-failed.csv"


def write_report(folder: Place, failed: Mapping[str, str]) -> Place | None:
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
                upload(Path(temporary, REPORT), place, SHORT_PATIENCE)
    elif failed:
        _write(place, failed)
    else:
        with plain_errors(place):
            place.unlink(missing_ok=True)
    return place if failed else None


def _write(path: Path, failed: Mapping[str, str]) -> None:
    with atomic_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(("input", "reason"))
        table.writerows(failed.items())

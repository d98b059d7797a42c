"""One photo, wherever it lies and wherever it goes: this machine's disk or S3."""

import tempfile
from pathlib import Path
from typing import Any

from zoo.errors import PhotoError
from zoo.photos.reading import MAX_BYTES
from zoo.s3.address import S3Address
from zoo.s3.patience import SHORT_PATIENCE
from zoo.s3.transfer import download, upload
from zoo.swapping.network import SwapNetwork
from zoo.swapping.photo import Swap, swap_file
from zoo.swapping.plan import Place


def swap_anywhere(source: Place, target: Place, network: SwapNetwork, **options: Any) -> Swap:
    """:func:`zoo.swapping.photo.swap_file` (``options`` are its own) for files and objects alike.

    An object comes into a temporary file and goes from one, marked and whole or not at all.

    Raises:
        PhotoError, UsageError: see there.
        StorageError: also: the store has not the object, refuses or does not answer.
    """
    if isinstance(source, Path) and isinstance(target, Path):
        return swap_file(source, target, network, **options)
    with tempfile.TemporaryDirectory(prefix="zoo-") as folder:
        here, there = source, target
        if isinstance(source, S3Address):
            here = Path(folder, f"input{source.suffix}")
            download(source, here, most_bytes=MAX_BYTES, patience=SHORT_PATIENCE)
        if isinstance(target, S3Address):
            there = Path(folder, f"output{target.suffix}")
        assert isinstance(here, Path) and isinstance(there, Path)
        try:
            swap = swap_file(here, there, network, **options)
        except PhotoError as error:
            words = str(error).replace(str(here), str(source)).replace(str(there), str(target))
            raise type(error)(words) from error
        if isinstance(target, S3Address):
            upload(there, target, SHORT_PATIENCE)
    return swap

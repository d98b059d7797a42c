"""Swaps one photo from and to the local disk or S3."""

import tempfile
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from zoo.photos.reading import MAX_BYTES
from zoo.provenance.credentials.marking import Marking
from zoo.s3.address import S3Address
from zoo.s3.client import SHORT_RETRY_SECONDS
from zoo.s3.transfer import download, exists
from zoo.swapping.files.output_plan import Location, errors_naming
from zoo.swapping.files.outputs import get_output, is_done, put_output
from zoo.swapping.network import SwapNetwork
from zoo.swapping.options import SwapOptions, settings_of
from zoo.swapping.photo import Swap, swap_file


def swap_anywhere(
    source: Location,
    target: Location,
    network: SwapNetwork,
    *,
    mark: Marking,
    options: SwapOptions | None = None,
    others: Sequence[SwapNetwork] = (),
    again: bool = True,
    computing: AbstractContextManager[object] = nullcontext(),  # noqa: B008  # it has no state
) -> Swap | None:
    """:func:`zoo.swapping.photo.swap_file` for files and objects alike.

    An object comes into a temporary file and goes from one, signed and whole or not at all.

    Args:
        source: the photo.
        target: the output.
        network: the network.
        mark: what the output is to say of itself.
        options: see there.
        others: see there.
        again: whether an output that is there already is made again; if not, and it is there,
            nothing is done and None returned.
        computing: held while there is something to compute, and not while S3 is waited for.

    Raises:
        PhotoError, UsageError, SigningError: see there.
        StorageError: also: the store has not the object, refuses or does not answer.
    """
    options = options or SwapOptions()
    settings = settings_of(options, mark)
    with (
        tempfile.TemporaryDirectory(prefix="zoo-")
        if _is_remote(source, target)
        else nullcontext("") as folder
    ):
        here, there = source, target
        if isinstance(source, S3Address):
            here = Path(folder, f"input{source.suffix}")
            download(source, here, most_bytes=MAX_BYTES, retry_seconds=SHORT_RETRY_SECONDS)
        if isinstance(target, S3Address):
            there = Path(folder, f"output{target.suffix}")
            if not again and exists(target, SHORT_RETRY_SECONDS):
                get_output(target, there, MAX_BYTES, SHORT_RETRY_SECONDS)
        assert isinstance(here, Path) and isinstance(there, Path)
        if not again and is_done(there, here, mark, settings):
            return None
        with computing, errors_naming({here: source, there: target}):
            swap = swap_file(here, there, network, mark=mark, options=options, others=others)
        if isinstance(target, S3Address):
            put_output(there, target, SHORT_RETRY_SECONDS)
    return swap


def _is_remote(*places: Location) -> bool:
    return any(isinstance(place, S3Address) for place in places)

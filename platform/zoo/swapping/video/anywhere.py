"""One video, wherever it lies and wherever it goes: this machine's disk or S3."""

import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from zoo.errors import PhotoError
from zoo.provenance.manifest import Setting
from zoo.provenance.marking import Marking
from zoo.s3.address import S3Address
from zoo.s3.transfer import download, upload
from zoo.swapping.done import is_done
from zoo.swapping.plan import Place
from zoo.swapping.video.file import VideoSwap, settings_of, swap_video

MAX_BYTES = 200 * 2**30
"""Of a video that is brought from S3."""


def swap_video_anywhere(
    source: Place, target: Place, network: Path, *, mark: Marking, again: bool = True, **how: Any
) -> VideoSwap | None:
    """:func:`.file.swap_video` (``how`` are its other options) for files and objects alike.

    A video that goes to S3, or comes from it, is made in a temporary folder, so a killed swap of
    it begins anew.

    Args:
        source: the video.
        target: the output.
        network: the network's file.
        mark: what the output is to say of itself.
        again: whether an output that is there already is made again; if not, and it is there,
            nothing is done and None returned.
        how: see there.

    Raises:
        PhotoError, UsageError, AssetError, SigningError: see there.
        StorageError: also: the store has not the object, refuses or does not answer.
    """
    with ExitStack() as stack:
        here, there = source, target
        if isinstance(source, S3Address) or isinstance(target, S3Address):
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="zoo-"))
            if isinstance(source, S3Address):
                here = Path(folder, f"input{source.suffix}")
                download(source, here, most_bytes=MAX_BYTES)
            if isinstance(target, S3Address):
                there = Path(folder, f"output{target.suffix}")
        assert isinstance(here, Path) and isinstance(there, Path)
        if not again and is_done(there, here, mark, _settings(how)):
            return None
        try:
            swap = swap_video(here, there, network, mark=mark, **how)
        except PhotoError as error:
            words = str(error).replace(str(here), str(source)).replace(str(there), str(target))
            raise type(error)(words) from error
        if isinstance(target, S3Address):
            upload(there, target)
    return swap


def _settings(how: Mapping[str, Any]) -> Mapping[str, Setting]:
    return settings_of(
        how.get("faces", "all"), how.get("method", "feather"), how.get("start"), how.get("end")
    )

"""Swaps one video from and to the local disk or S3.

A swap from or to S3 works in a folder of the cache, named by the source's version and the options:
a swap that was killed, or whose store failed, resumes there, also with another target.
"""

import hashlib
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

from zoo.errors import StorageError, ZooError
from zoo.provenance.credentials.manifest import Setting
from zoo.provenance.credentials.marking import Marking
from zoo.s3.address import S3Address
from zoo.s3.transfer import download, etag, exists
from zoo.settings import cache_folder
from zoo.storage import plain_errors, private_folder
from zoo.swapping.files.output_plan import Location, errors_naming
from zoo.swapping.files.outputs import get_output, is_done, put_output
from zoo.swapping.video.file import Progress, VideoOptions, VideoSwap, swap_video
from zoo.swapping.video.resume import held, waiting_in
from zoo.swapping.video.segment_workers import Segments

MAX_BYTES = 200 * 2**30
"""Of a video that is brought from S3."""

_JOINING = ("audio", "subtitles")  # which no frame depends on
_KEPT_SECONDS = 14 * 24 * 3600
"""After which what a killed swap left is removed."""


def swap_video_anywhere(
    source: Location,
    target: Location,
    networks: Sequence[Path],
    *,
    mark: Marking,
    options: VideoOptions,
    again: bool = True,
    jobs: int | None = None,
    segments_by: Segments | None = None,
    progress: Progress = lambda done, total: None,
    tell: Callable[[str], None] = lambda note: None,
) -> VideoSwap | None:
    """:func:`.file.swap_video` for files and objects alike.

    Args:
        source: the video.
        target: the output.
        networks: see there.
        mark: what the output is to say of itself.
        options: see there.
        again: whether an output that is there already is made again; if not, and it is there,
            nothing is done and None returned.
        jobs: see there.
        segments_by: see there.
        progress: see there.
        tell: see there.

    Raises:
        PhotoError, UsageError, AssetError, SigningError: see there.
        StorageError: also: the store has not the object, refuses or does not answer.
    """
    remote = isinstance(source, S3Address) or isinstance(target, S3Address)
    settings = options.settings(mark)
    work = _work_folder(source, target, mark, settings)
    with work if remote else nullcontext(Path()) as folder:
        here, there = source, target
        if isinstance(source, S3Address):
            here = folder / f"input{source.suffix}"
            if not here.exists():
                download(source, here, most_bytes=MAX_BYTES)
        if isinstance(target, S3Address):
            there = folder / f"output{target.suffix}"
        assert isinstance(here, Path) and isinstance(there, Path)
        if not again:
            if is_done(there, here, mark, settings):
                if isinstance(target, S3Address):
                    put_output(there, target)
                return None
            if isinstance(target, S3Address) and exists(target):
                earlier = folder / f"earlier{target.suffix}"
                get_output(target, earlier, MAX_BYTES)
                if is_done(earlier, here, mark, settings):
                    return None
        with errors_naming({here: source, there: target}):
            swap = swap_video(
                here,
                there,
                networks,
                mark=mark,
                options=options,
                jobs=jobs,
                segments_by=segments_by,
                progress=progress,
                tell=tell,
            )
        if isinstance(target, S3Address):
            put_output(there, target)
    return swap


@contextmanager
def _work_folder(
    source: Location, target: Location, mark: Marking, settings: Mapping[str, Setting]
) -> Iterator[Path]:
    """A folder for this work, with what a killed swap of the same left in it.

    It goes when the work is done, and when it cannot be done and nothing of it is.

    Raises:
        StorageError: another process does the same, or it cannot be written.
    """
    version = etag(source) if isinstance(source, S3Address) else str(Path(source).resolve())
    swap = (f"{name}={value}" for name, value in sorted(settings.items()) if name not in _JOINING)
    facts = (str(source), version, mark.sha256, *swap)
    name = hashlib.sha256("\n".join(facts).encode()).hexdigest()
    folder = cache_folder() / "videos" / name[:20]
    with plain_errors(folder):
        private_folder(folder)
    with held(folder, target):
        with plain_errors(folder):
            _forget_old(folder.parent)
        try:
            yield folder
        except StorageError:  # the next attempt may go on
            raise
        except ZooError:
            if waiting_in(folder):
                raise
            shutil.rmtree(folder, ignore_errors=True)
            raise
        shutil.rmtree(folder, ignore_errors=True)


def _forget_old(place: Path) -> None:
    for folder in place.iterdir():
        if time.time() - folder.stat().st_mtime > _KEPT_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)

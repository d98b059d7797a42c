"""Plans the output of each input; reads only directories and listings."""

import glob
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

from zoo.errors import PhotoError, StorageError, UsageError
from zoo.photos import reading, writing
from zoo.photos.reading import find_photos
from zoo.photos.video.reader import SUFFIXES as VIDEO_SUFFIXES
from zoo.photos.video.reader import WRITABLE as VIDEO_WRITABLE
from zoo.s3.address import S3Address, is_s3
from zoo.s3.client import SHORT_RETRY_SECONDS
from zoo.s3.transfer import exists, listing

SUFFIXES = reading.SUFFIXES | VIDEO_SUFFIXES
"""What counts as an input in a folder."""

_LONGEST_STEM = 180  # bytes; a name has 255, with the identity, a number and what stands beside it

Location = Path | S3Address
"""A file or folder on this machine, or an object or prefix in S3."""


@dataclass(frozen=True)
class Plan:
    """What to swap into what, and which inputs cannot even be found, with the reason."""

    pairs: list[tuple[Location, Location]]
    failed: dict[str, str] = field(default_factory=dict)
    folder: Location | None = None
    """Where the outputs go, if several may."""


def plan(inputs: Sequence[str], out: str | None, identity: str) -> Plan:
    """Pairs every photo and video that ``inputs`` name with its output.

    One photo goes to the file ``out``, or beneath it when that is a folder. Several (and those of
    a folder or a pattern, however many it holds) go into the folder ``out`` under their stems,
    numbered where two are alike; what is in it already is no input, even if it lies in a folder
    that is. Without ``out`` they go into the working folder as ``STEM-IDENTITY.SUFFIX``. Formats
    that cannot be written become JPEG (HEIC, JPEG XL) or PNG, or Matroska if they are videos.

    Args:
        inputs: files, folders (searched in depth), patterns such as ``'photos/*.jpg'``, and
            ``s3://`` addresses of objects and prefixes.
        out: a file or folder, or an ``s3://`` address, which is a folder if it ends in a slash.
        identity: for the default names.

    Raises:
        UsageError: there is no input, an output is one of the inputs, or has a suffix that cannot
            be written.
    """
    if not inputs:
        raise UsageError("Name photos, videos or folders to swap, or one folder with --watch.")
    place = None if out is None else _location(out)
    given = {text: _location(text) for text in inputs}
    photos, failed = _photos(given, place)
    several = len(inputs) > 1 or _may_be_several(given[inputs[0]], photos)
    if place is not None and not _is_folder(place) and not several:
        for photo in photos:
            writable = VIDEO_WRITABLE if is_video(photo) else writing.writable(photo.suffix)
            if place.suffix.lower() not in writable:
                raise UsageError(
                    f"{out} has no suffix that can be written; use one of "
                    f"{' '.join(sorted(writable))}."
                )
        pairs: list[tuple[Location, Location]] = [(photo, place) for photo in photos]
        folder = None
    else:
        if isinstance(place, Path) and place.exists() and not place.is_dir():
            raise UsageError(f"{out} is a file, and several outputs need a folder.")
        tail = "" if place is not None else f"-{identity}"
        folder = place or Path()
        pairs = list(zip(photos, _targets(photos, folder, tail), strict=True))
    sources = {_resolved(photo) for photo in photos}
    for _, target in pairs:
        if _resolved(target) in sources:
            raise UsageError(f"{target} is one of the inputs; choose another output with -o.")
    return Plan(pairs, failed, folder)


def is_video(place: Location) -> bool:
    """Whether the name is a video's."""
    return place.suffix.lower() in VIDEO_SUFFIXES


def output_suffix(source: Location) -> str:
    """The input's own suffix, or that of a format which keeps all that the input's does."""
    if not is_video(source):
        return writing.output_suffix(source.suffix)
    return source.suffix if source.suffix.lower() in VIDEO_WRITABLE else ".mkv"


@contextmanager
def errors_naming(locations: Mapping[Path, object]) -> Iterator[None]:
    """Names these locations in errors, in place of the temporary files that represent them.

    Raises:
        PhotoError: of the block.
    """
    try:
        yield
    except PhotoError as error:
        words = str(error)
        for temporary, location in locations.items():
            words = words.replace(str(temporary), str(location))
        raise type(error)(words) from error


def _location(text: str) -> Location:
    return S3Address.parse(text) if is_s3(text) else Path(text)


def _is_folder(place: Location) -> bool:
    return place.is_prefix if isinstance(place, S3Address) else place.is_dir()


def _resolved(place: Location) -> Location:
    # Unlike Path.resolve, this takes a link that leads to itself for a place like any other.
    return place if isinstance(place, S3Address) else Path(os.path.realpath(place))


def _may_be_several(given: Location, photos: Sequence[Location]) -> bool:
    if isinstance(given, S3Address):
        return bool(photos) and photos != [given]
    return given.is_dir() or _is_pattern(given)


def _is_pattern(given: Path) -> bool:
    return glob.has_magic(str(given)) and not given.exists()


def _photos(
    inputs: Mapping[str, Location], out: Location | None
) -> tuple[list[Location], dict[str, str]]:
    """All photos in the order of the inputs, each once, without the outputs of an earlier run."""
    photos: dict[Location, None] = {}
    failed: dict[str, str] = {}
    for text, given in inputs.items():
        try:
            found: Sequence[Location] = (
                _objects(given) if isinstance(given, S3Address) else _files(given)
            )
            photos.update((one, None) for one in found if not _is_output(one, given, out))
        except (PhotoError, StorageError) as error:
            failed[text] = str(error)
    return list(photos), failed


def _is_output(photo: Location, given: Location, out: Location | None) -> bool:
    """Whether ``photo``, found in the folder ``given``, lies in a folder ``out`` within it."""
    if isinstance(given, S3Address):
        if not isinstance(photo, S3Address) or not isinstance(out, S3Address):
            return False
        folder, below = given.key.rstrip("/"), out.key.rstrip("/")
        within = below != folder and f"{below}/".startswith(f"{folder}/" if folder else "")
        return photo.bucket == out.bucket and within and photo.key.startswith(f"{below}/")
    if isinstance(photo, Path) and isinstance(out, Path) and out.is_dir():
        searched = given
        if not searched.exists():
            searched = Path(*takewhile(lambda part: not glob.has_magic(part), searched.parts))
        outputs = out.resolve()
        within = searched.is_dir() and searched.resolve() in outputs.parents
        return within and outputs in Path(os.path.realpath(photo)).parents
    return False


def _files(given: Path) -> list[Path]:
    paths = [given]
    if _is_pattern(given):
        paths = [Path(found) for found in sorted(glob.glob(str(given), recursive=True))]  # noqa: PTH207
    return find_photos(paths or [given], SUFFIXES)


def _objects(address: S3Address) -> list[S3Address]:
    """The object named, without checking that it exists, or the photos below a prefix."""
    if not address.is_prefix and address.suffix.lower() in SUFFIXES:
        return [address]
    below = [found.address for found in listing(address, SHORT_RETRY_SECONDS)]
    photos = [
        one for one in below if one.suffix.lower() in SUFFIXES and not one.name.startswith(".")
    ]
    if not photos and not address.is_prefix and exists(address, SHORT_RETRY_SECONDS):
        return [address]
    if not photos:
        raise PhotoError(f"No photos in {address}; give objects such as .jpg, .heic or .png.")
    return photos


def _targets(photos: Sequence[Location], folder: Location, tail: str) -> list[Location]:
    taken: set[str] = set()
    targets: list[Location] = []
    for photo in photos:
        stem, suffix = f"{_fitting(photo.stem)}{tail}", output_suffix(photo)
        name, count = f"{stem}{suffix}", 1
        while name.casefold() in taken:
            count += 1
            name = f"{stem}-{count}{suffix}"
        taken.add(name.casefold())
        targets.append(folder / name)
    return targets


def _fitting(stem: str) -> str:
    """The stem as a file's name may have it; an object's key may hold NUL, and 1024 bytes."""
    return os.fsdecode(os.fsencode(stem.replace("\0", ""))[:_LONGEST_STEM])

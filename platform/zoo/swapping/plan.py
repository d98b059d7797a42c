"""Which output each input gets. Nothing is read or written here but directories."""

import glob
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from zoo.errors import PhotoError, UsageError
from zoo.photos.reading import find_photos
from zoo.photos.writing import WRITABLE, output_suffix


@dataclass(frozen=True)
class Plan:
    """What to swap into what, and which inputs cannot even be found, with the reason."""

    pairs: list[tuple[Path, Path]]
    failed: dict[str, str] = field(default_factory=dict)


def plan(inputs: Sequence[str], out: Path | None, identity: str) -> Plan:
    """Pairs every photo that ``inputs`` name with its output.

    One photo goes to the file ``out``, or beneath it when that is a folder. Several (and those of
    a folder or a pattern, however many it holds) go into the folder ``out`` under their stems,
    numbered where two are alike. Without ``out`` they go into the working folder as
    ``STEM-IDENTITY.SUFFIX``. Formats that cannot carry the mark become PNG.

    Args:
        inputs: files, folders (searched in depth) and patterns such as ``'photos/*.jpg'``.
        out: a file or folder.
        identity: for the default names.

    Raises:
        UsageError: an output is one of the inputs, or has a suffix that cannot be written.
    """
    photos, failed = _photos(inputs)
    if out is not None and not out.is_dir() and not _may_be_several(inputs):
        if out.suffix.lower() not in WRITABLE:
            raise UsageError(
                f"{out} has no suffix that can be written; use one of {' '.join(sorted(WRITABLE))}."
            )
        pairs = [(photo, out) for photo in photos]
    else:
        if out is not None and out.exists() and not out.is_dir():
            raise UsageError(f"{out} is a file, and several outputs need a folder.")
        tail = "" if out is not None else f"-{identity}"
        pairs = list(zip(photos, _targets(photos, out or Path(), tail), strict=True))
    sources = {photo.resolve() for photo in photos}
    for _, target in pairs:
        if target.resolve() in sources:
            raise UsageError(f"{target} is one of the inputs; choose another output with -o.")
    return Plan(pairs, failed)


def _may_be_several(inputs: Sequence[str]) -> bool:
    first = Path(inputs[0])
    return len(inputs) > 1 or first.is_dir() or (glob.has_magic(inputs[0]) and not first.exists())


def _photos(inputs: Sequence[str]) -> tuple[list[Path], dict[str, str]]:
    """All photos in the order of the inputs, each once."""
    photos: dict[Path, None] = {}
    failed: dict[str, str] = {}
    for given in inputs:
        paths = [Path(given)]
        if not paths[0].exists() and glob.has_magic(given):
            paths = [Path(found) for found in sorted(glob.glob(given, recursive=True))]  # noqa: PTH207
        try:
            photos.update(dict.fromkeys(find_photos(paths or [Path(given)])))
        except PhotoError as error:
            failed[given] = str(error)
    return list(photos), failed


def _targets(photos: Sequence[Path], folder: Path, tail: str) -> list[Path]:
    taken: set[str] = set()
    targets = []
    for photo in photos:
        stem, suffix = f"{photo.stem}{tail}", output_suffix(photo)
        name, count = f"{stem}{suffix}", 1
        while name.casefold() in taken:
            count += 1
            name = f"{stem}-{count}{suffix}"
        taken.add(name.casefold())
        targets.append(folder / name)
    return targets

"""Content: the aligned faces of many people, whose poses and expressions a network learns to keep.

Every readable photo's largest face counts; nothing is compared with anything, so photos go
through worker processes, and faces go to a file as they come: memory stays the same whether
there are a thousand or a million.
"""

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from zoo.cores import available_cores
from zoo.errors import PhotoError
from zoo.faces.curation.face_pack import FacePack
from zoo.faces.curation.photo_selection import Dropped, Reason
from zoo.faces.detection.detector import find_faces
from zoo.faces.geometry.alignment import Aligned, align
from zoo.photos.image import Points
from zoo.photos.reading import read_photo
from zoo.storage import plain_errors

_WORTH_A_WORKER = 40  # photos, whose work repays starting a process
_CHUNK = 8


def gather_content(
    photos: Mapping[str, Path] | Iterable[Path], size: int, workers: int | None = None
) -> tuple[FacePack, list[Dropped]]:
    """The largest face of each photo, aligned to ``size``, and the photos that gave none.

    Args:
        photos: by name, or else named by their paths.
        size: of the crops, pixels.
        workers: processes; default one per usable core.

    Raises:
        PhotoError: no photo shows a face.
        StorageError: no space for the faces in the temporary folder.
        AssetError: the face models are missing or damaged.
    """
    named = photos if isinstance(photos, Mapping) else {str(path): path for path in photos}
    names: list[str] = []
    landmarks: list[Points] = []
    dropped: list[Dropped] = []
    with plain_errors(Path(tempfile.gettempdir())), tempfile.TemporaryFile() as file:
        for name, found in _looked_at(named, size, workers):
            if isinstance(found, Dropped):
                dropped.append(found)
            else:
                file.write(found.image.tobytes())
                names.append(name)
                landmarks.append(found.landmarks)
        if not names:
            raise PhotoError(
                f"None of {len(named)} content photos shows a face; use photos of people."
            )
        file.flush()
        faces = np.memmap(file, np.uint8, mode="r", shape=(len(names), size, size, 3))
    sources = [named[name].parent.name for name in names]
    return FacePack(faces, np.stack(landmarks), names, sources), dropped


def _looked_at(
    named: Mapping[str, Path], size: int, workers: int | None
) -> Iterator[tuple[str, Aligned | Dropped]]:
    workers = workers or available_cores()
    workers = min(workers, len(named) // _WORTH_A_WORKER)
    look = partial(look_at, size)
    with ExitStack() as stack:
        if workers > 1:
            pool = ProcessPoolExecutor(workers, get_context("spawn"), _one_thread)
            stack.callback(pool.shutdown, cancel_futures=True)
            yield from zip(named, pool.map(look, *_columns(named), chunksize=_CHUNK), strict=True)
        else:
            yield from zip(named, map(look, *_columns(named)), strict=True)


def _columns(named: Mapping[str, Path]) -> tuple[list[str], list[Path]]:
    return list(named), list(named.values())


def look_at(size: int, name: str, path: Path) -> Aligned | Dropped:
    """The largest face of one photo, aligned, or why there is none.

    Raises:
        AssetError: the face models are missing or damaged.
    """
    try:
        image = read_photo(path).image
    except PhotoError as error:
        return Dropped(name, Reason.UNREADABLE, str(error))
    faces = find_faces(image)
    return align(image, faces[0].landmarks, size) if faces else Dropped(name, Reason.NO_FACE)


def _one_thread() -> None:
    """A process per core is enough; OpenCV would start a thread per core in each."""
    import cv2

    cv2.setNumThreads(1)

"""Content: the aligned faces of many people, whose poses and expressions a network learns to keep.

Every readable photo's largest face counts; nothing is compared with anything, so photos go
through worker processes, and faces go to a file as they come: memory stays the same whether
there are a thousand or a million.
"""

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import NoReturn

import numpy as np

from zoo.cores import available_cores
from zoo.errors import PhotoError
from zoo.faces.curation.face_pack import FacePack
from zoo.faces.curation.photo_selection import Dropped, Reason
from zoo.faces.detection.detector import find_faces
from zoo.faces.geometry.alignment import Aligned, align
from zoo.photos.image import Points
from zoo.photos.reading import read_photo
from zoo.process_pool import ProcessPool, in_order
from zoo.storage import plain_errors

_WORTH_A_WORKER = 40  # photos, whose work repays starting a process


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
        for name, found in zip(named, _looked_at(named, size, workers), strict=True):
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
) -> Iterator[Aligned | Dropped]:
    look = partial(_look, size)
    workers = min(workers or available_cores(), len(named) // _WORTH_A_WORKER)
    if workers < 2:
        yield from map(look, named.items())
        return
    with ProcessPool(workers) as pool:
        yield from in_order(pool, named.items(), look, lost)


def _look(size: int, photo: tuple[str, Path]) -> Aligned | Dropped:
    return look_at(size, *photo)


def lost(photo: tuple[str, Path], reason: str) -> NoReturn:
    """A photo, by name, whose process died.

    Raises:
        PhotoError: always.
    """
    raise PhotoError(
        f"{photo[1]}: {reason}, perhaps because memory ran out; free some memory and run it again."
    )


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

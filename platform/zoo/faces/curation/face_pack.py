"""Many aligned faces in one file, memory-mapped when read.

The file is safetensors: ``faces`` uint8 [N, S, S, 3] and ``landmarks`` float32 [N, 68, 2] in
unit coordinates; the names of the photos stand in its metadata as JSON.
"""

import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zoo.errors import PhotoError, StorageError
from zoo.photos.image import Points
from zoo.storage import atomic_file

_FORMAT = "faceswap-zoo faces 1"
_LONGEST_HEADER = 100_000_000  # bytes; safetensors' own limit


@dataclass(frozen=True)
class FacePack:
    """N aligned faces of one size."""

    faces: NDArray[np.uint8]  # [N, S, S, 3] RGB
    landmarks: Points  # [N, 68, 2] in unit coordinates
    names: list[str]  # of the photos, unique within the pack
    sources: list[str]  # where each came from: a folder, "rendered", …

    def __post_init__(self) -> None:
        count = len(self.names)
        size = self.faces.shape[1] if self.faces.ndim == 4 else 0
        if (
            self.faces.shape != (count, size, size, 3)
            or self.faces.dtype != np.uint8
            or self.landmarks.shape != (count, 68, 2)
            or self.landmarks.dtype != np.float32
            or len(self.sources) != count
        ):
            raise ValueError("a pack's faces, landmarks, names and sources do not fit together")

    def __len__(self) -> int:
        return len(self.names)

    @property
    def size(self) -> int:
        """S, the side of the crops in pixels."""
        return int(self.faces.shape[1])


def write_pack(path: Path, pack: FacePack) -> None:
    """Writes a pack, atomically.

    Raises:
        StorageError: no permission or no space.
    """
    header: dict[str, Any] = {
        "__metadata__": {
            "format": _FORMAT,
            "names": json.dumps(pack.names),
            "sources": json.dumps(pack.sources),
        }
    }
    at = 0
    arrays: dict[str, NDArray[Any]] = {"landmarks": pack.landmarks, "faces": pack.faces}
    for name, array in arrays.items():
        kind = {"uint8": "U8", "float32": "F32"}[str(array.dtype)]
        end = at + array.nbytes
        header[name] = {"dtype": kind, "shape": array.shape, "data_offsets": [at, end]}
        at = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    # Written face by face, so that a memory-mapped pack is never held whole.
    with atomic_file(path) as temporary, temporary.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for array in arrays.values():
            for row in array:
                file.write(np.ascontiguousarray(row).data)


def read_pack(path: Path) -> FacePack:
    """Reads a pack; its faces are memory-mapped.

    Raises:
        StorageError: the file cannot be read.
        PhotoError: it is damaged or not a pack.
    """
    try:
        with path.open("rb") as file:
            length = struct.unpack("<Q", file.read(8))[0]
            if length > min(_LONGEST_HEADER, path.stat().st_size - 8):
                raise ValueError("header longer than the file")
            header = json.loads(file.read(length))
        metadata = header["__metadata__"]
        if metadata["format"] != _FORMAT:
            raise ValueError("another format")
        names, sources = json.loads(metadata["names"]), json.loads(metadata["sources"])
        if not all(isinstance(text, str) for text in [*names, *sources]):
            raise ValueError("names that are not text")
        landmarks = np.array(_mapped(path, header["landmarks"], "F32", np.float32, 8 + length))
        if not np.isfinite(landmarks).all():
            raise ValueError("landmarks that are not numbers")
        faces = _mapped(path, header["faces"], "U8", np.uint8, 8 + length)
        return FacePack(faces, landmarks, names, sources)
    except OSError as error:
        raise StorageError(f"Cannot read {path}: {error.strerror or error}.") from error
    except (
        ValueError,
        TypeError,
        LookupError,
        OverflowError,
        struct.error,
        RecursionError,
    ) as error:
        raise PhotoError(
            f"{path} is damaged or not a pack of faces; delete it and run the stage that makes it."
        ) from error


def _mapped(path: Path, entry: Any, kind: str, dtype: Any, start: int) -> NDArray[Any]:
    begin, end = entry["data_offsets"]
    shape = tuple(int(side) for side in entry["shape"])
    size = path.stat().st_size
    count = int(np.prod([1, *shape], dtype=object))
    fits = 0 <= begin <= end <= size - start and count * np.dtype(dtype).itemsize == end - begin
    if entry["dtype"] != kind or not fits or min(shape, default=0) < 0:
        raise ValueError("an array that does not fit in the file")
    if count == 0:
        return np.zeros(shape, dtype)
    return np.memmap(path, dtype, mode="r", offset=start + begin, shape=shape)

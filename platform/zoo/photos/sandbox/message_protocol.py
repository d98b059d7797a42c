"""Message format for photos between processes, without pickle: JSON, then bytes.

The reader does not trust the message: a hostile photo may have taken over the other process. An
OpenEXR file's header stays behind; only a successor in OpenEXR would need it.
"""

import base64
import json
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from zoo.errors import PhotoError
from zoo.photos.colour.colour_spaces import Profiled, SceneLight, Space, Srgb
from zoo.photos.formats.high_bit_depth import HighBitDepth
from zoo.photos.metadata import JpegQuality, Metadata
from zoo.photos.reading import Photo

_HEAD = 4  # bytes: the length of the JSON
_MOST_JSON = 50_000_000  # an ICC profile may be large
_KINDS = ("uint8", "uint16", "float16", "float32", "float64")
_ANY_SIDE = -1
_CURVE = 65536


class WireError(ValueError):
    """What came is no photo."""


def send_question(file: IO[bytes], asked: dict[str, Any], encoded: bytes) -> None:
    """Writes a photo's file with the request."""
    words = json.dumps({**asked, "size": len(encoded)}).encode()
    for part in (len(words).to_bytes(_HEAD) + words, encoded):
        left = memoryview(part)
        while left:
            left = left[file.write(left) :]


def receive_question(file: IO[bytes]) -> tuple[dict[str, Any], bytes] | None:
    """Reads what :func:`send_question` wrote; None when there is no more."""
    try:
        asked = json.loads(bytes(_exactly(file, int.from_bytes(_exactly(file, _HEAD)))))
        return asked, bytes(_exactly(file, asked["size"]))
    except WireError:
        return None


def send(file: IO[bytes], answer: Photo | PhotoError) -> None:
    """Writes the photo, or why there is none."""
    arrays: list[NDArray[Any]] = []

    def laid(array: NDArray[Any] | None) -> int | None:
        if array is None:
            return None
        arrays.append(np.ascontiguousarray(array))
        return len(arrays) - 1

    if isinstance(answer, PhotoError):
        told: dict[str, Any] = {"error": str(answer)}
    else:
        data, deep = answer.metadata, answer.deep
        told = {
            "image": laid(answer.image),
            "format": data.format,
            "grey": data.grey,
            "alpha": laid(data.alpha),
            "exif": _text(data.exif),
            "jpeg": data.jpeg and [data.jpeg.tables, data.jpeg.subsampling],
            "bits": data.bits,
            "companions": answer.companions,
            "deep": deep
            and {
                "values": laid(deep.values),
                "space": _told(deep.space, laid),
                "profile": _text(deep.profile),
                "chunks": [(_text(name), _text(content)) for name, content in deep.chunks],
                "compressed": deep.compressed,
                "light": deep.header is not None,
            },
        }
    told["arrays"] = [(array.dtype.name, array.shape) for array in arrays]
    words = json.dumps(told).encode()
    file.write(len(words).to_bytes(_HEAD) + words)
    for array in arrays:
        file.write(array.data.cast("B"))
    file.flush()


def receive(file: IO[bytes], path: Path, max_bytes: int) -> Photo | PhotoError:
    """Reads what :func:`send` wrote.

    Args:
        file: unbuffered or not; it blocks.
        path: the photo's name.
        max_bytes: of all arrays together.

    Raises:
        WireError: it ends early, or is something else.
    """
    try:
        size = int.from_bytes(_exactly(file, _HEAD))
        if size > _MOST_JSON:
            raise WireError("too long")
        told = json.loads(bytes(_exactly(file, size)))
        arrays = _arrays(file, told["arrays"], max_bytes)
        if "error" in told:
            return PhotoError(str(told["error"]))
        image = _shaped(arrays[told["image"]], ("uint8",), (_ANY_SIDE, _ANY_SIDE, 3))
        height, width = image.shape[:2]
        alpha = None
        if told["alpha"] is not None:
            alpha = _shaped(arrays[told["alpha"]], ("uint8",), (_ANY_SIDE, _ANY_SIDE))
        metadata = Metadata(
            str(told["format"]),
            bool(told["grey"]),
            alpha,
            _bytes(told["exif"]),
            _jpeg(told["jpeg"]),
            int(told["bits"]),
        )
        deep = told["deep"] and _deep(told["deep"], arrays, (height, width))
        return Photo(path, image, metadata, deep, tuple(map(str, told["companions"])))
    except (LookupError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise WireError(str(error)) from error


def _deep(told: Any, arrays: list[NDArray[Any]], size: tuple[int, int]) -> HighBitDepth:
    values = arrays[told["values"]]
    _shaped(values, _KINDS[1:4], (*size, values.shape[-1]))
    if values.shape[-1] not in (1, 3, 4):
        raise WireError("channels")
    return HighBitDepth(
        values,
        _space(told["space"], arrays),
        _bytes(told["profile"]),
        tuple((_bytes(name) or b"", _bytes(content) or b"") for name, content in told["chunks"]),
        bool(told["compressed"]),
        {} if told["light"] else None,
    )


def _told(space: Space, laid: Any) -> dict[str, Any]:
    if isinstance(space, Profiled):
        return {"curves": laid(space.curves), "matrix": laid(space.matrix)}
    if isinstance(space, SceneLight):
        return {"matrix": laid(space.matrix), "white": space.white, "kind": space.kind.name}
    return {}


def _space(told: Any, arrays: list[NDArray[Any]]) -> Space:
    if not told:
        return Srgb()
    matrix = _shaped(arrays[told["matrix"]], ("float64",), (3, 3))
    if "curves" in told:
        return Profiled(_shaped(arrays[told["curves"]], ("float64",), (3, _CURVE)), matrix)
    if told["kind"] not in _KINDS[2:4]:
        raise WireError("kind")
    return SceneLight(matrix, float(told["white"]), np.dtype(told["kind"]))


def _jpeg(told: Any) -> JpegQuality | None:
    if told is None:
        return None
    tables = tuple(tuple(int(value) for value in table) for table in told[0])
    return JpegQuality(tables, int(told[1]))


def _arrays(file: IO[bytes], told: Any, max_bytes: int) -> list[NDArray[Any]]:
    arrays: list[NDArray[Any]] = []
    for kind, shape in told:
        if kind not in _KINDS or len(shape) > 3 or any(type(side) is not int for side in shape):
            raise WireError("an array")
        size = np.dtype(kind).itemsize
        for side in shape:
            size *= side
        max_bytes -= size
        if min(shape, default=0) < 1 or max_bytes < 0:
            raise WireError("an array's size")
        array = np.empty(shape, kind)
        _fill(file, array.data.cast("B"))
        arrays.append(array)
    return arrays


def _shaped(array: NDArray[Any], kinds: tuple[str, ...], shape: tuple[int, ...]) -> NDArray[Any]:
    fits = len(shape) == array.ndim and all(
        side in (_ANY_SIDE, found) for side, found in zip(shape, array.shape, strict=True)
    )
    if array.dtype.name not in kinds or not fits:
        raise WireError("an array of another shape")
    return array


def _exactly(file: IO[bytes], size: int) -> bytearray:
    found = bytearray(size)
    _fill(file, memoryview(found))
    return found


def _fill(file: IO[bytes], into: memoryview) -> None:
    at = 0
    while at < len(into):
        count = file.readinto(into[at:])  # type: ignore[attr-defined]
        if not count:
            raise WireError("it ends early")
        at += count


def _text(content: bytes | None) -> str | None:
    return None if content is None else base64.b64encode(content).decode()


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)

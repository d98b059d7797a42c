"""What a worker does with an upload: find its faces, or swap them.

An upload is hostile until it is decoded: :mod:`zoo.photos` caps its size before that, and a worker
has it decoded in a process apart (:mod:`zoo.photos.apart`).
"""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from zoo.errors import NoFaceError, ZooError
from zoo.faces.blending import Method
from zoo.faces.detection import find_faces
from zoo.faces.hog import Box
from zoo.photos.reading import Decode, decode_photo
from zoo.provenance.formats import HEAD, media_type
from zoo.provenance.marking import Marking
from zoo.swapping.network import Network
from zoo.swapping.photo import Faces, swap_file

Kind = Literal["same", "jpeg", "png", "webp"]

SUFFIX = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp"}
"""Formats that every browser shows; HEIC becomes JPEG, and a photo of another kind a PNG."""

_CHOSEN = {"jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp"}


@dataclass(frozen=True)
class Found:
    """The faces of a photo: its size, and each face's (left, top, right, bottom), in pixels."""

    width: int
    height: int
    boxes: list[Box]


@dataclass(frozen=True)
class Result:
    """A swapped photo, marked and signed, as a file's bytes."""

    encoded: bytes
    media_type: str
    faces: int
    seconds: float
    dropped: tuple[str, ...] = ()
    """What of the upload the result does not hold, in words for people."""


def find_in_upload(upload: bytes, *, max_pixels: int, decode: Decode = decode_photo) -> Found:
    """The faces of an uploaded photo, the largest first.

    Raises:
        PhotoError: it cannot be read or is too large.
        NoFaceError: it shows none.
    """
    image = decode(upload, Path("The photo"), max_pixels=max_pixels).image
    boxes = [face.box for face in find_faces(image)]
    if not boxes:
        raise NoFaceError(
            "The photo shows no face that can be found: it must be turned at most "
            "about 40 degrees away from the camera, at any tilt, and be at least 40 pixels wide."
        )
    height, width = image.shape[:2]
    return Found(width, height, boxes)


def swap_upload(
    upload: bytes,
    network: Network,
    mark: Marking,
    *,
    faces: Faces = "all",
    method: Method = "feather",
    kind: Kind = "same",
    max_pixels: int,
    decode: Decode = decode_photo,
) -> Result:
    """Swaps an uploaded photo.

    Raises:
        PhotoError: it cannot be read, is too large or shows no face.
        UsageError: a face is chosen that is not there.
        ZooError: what else :func:`zoo.swapping.photo.swap_file` raises.
    """
    started = time.perf_counter()
    given = media_type(upload[:HEAD])
    same = given if given in SUFFIX else "image/jpeg" if given == "image/heic" else "image/png"
    made = _CHOSEN.get(kind, same)
    with tempfile.TemporaryDirectory(prefix="zoo-") as folder:
        source, target = Path(folder, "photo"), Path(folder, f"swapped{SUFFIX[made]}")
        source.write_bytes(upload)
        try:
            swap = swap_file(
                source,
                target,
                network,
                mark=mark,
                faces=faces,
                method=method,
                max_pixels=max_pixels,
                decode=decode,
            )
        except ZooError as error:
            raise _named(error, {source: "The photo", target: "the swapped photo"}) from error
        encoded = target.read_bytes()
    seconds = time.perf_counter() - started
    return Result(encoded, made, len(swap.faces), seconds, swap.dropped)


def _named(error: ZooError, names: dict[Path, str]) -> ZooError:
    """The same error without paths of this machine."""
    words = str(error)
    for path, name in names.items():
        words = words.replace(str(path), name)
    return type(error)(words)

"""A worker's tasks: find the faces of an upload, or swap them.

An upload is untrusted: :mod:`zoo.photos` limits its size before decoding, and a worker has it
decoded in a separate process (:mod:`zoo.photos.sandbox.decoder_processes`).
"""

import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from zoo.errors import NoFaceError, PhotoError, ZooError
from zoo.faces.detection.detector import find_faces
from zoo.faces.detection.hog import Box
from zoo.photos.reading import Decode, decode_photo
from zoo.printable import printable
from zoo.provenance.credentials.marking import Marking
from zoo.provenance.credentials.media_types import HEAD, media_type
from zoo.swapping.face_selection import portrait
from zoo.swapping.network import Network
from zoo.swapping.option_parsing import face_of, faces_of
from zoo.swapping.options import CompositingOptions, FaceSelection, Portrait, SwapOptions
from zoo.swapping.photo import swap_file

Kind = Literal["same", "jpeg", "png", "webp"]

SUFFIX = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp"}
"""Formats that every browser shows; HEIC and JPEG XL become JPEG, others PNG."""

_LOSSY = ("image/heic", "image/jxl")
_CHOSEN = {"jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp"}


@dataclass(frozen=True)
class SwapRequest:
    """How a photo is to be swapped.

    Attributes:
        faces: whom the first network is for, as :mod:`zoo.swapping.option_parsing` has it.
        mapped: faces, and the number of each one's network.
        references: photos of people, by the names that ``faces`` and ``mapped`` use.
        look: how the faces are put in.
        kind: the format of the answer.
    """

    faces: tuple[str, ...] = ("all",)
    mapped: tuple[tuple[str, int], ...] = ()
    references: Mapping[str, bytes] = field(default_factory=dict)
    look: CompositingOptions = field(default_factory=CompositingOptions)
    kind: Kind = "same"


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
    missing: tuple[str, ...] = ()
    """Who was chosen and is not in it, likewise."""
    by: tuple[int, ...] = ()
    """How many faces each network swapped."""


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
            "The photo shows no detectable face: a face must be within about 40 degrees of "
            "facing the camera, at any tilt, and at least 40 pixels wide."
        )
    height, width = image.shape[:2]
    return Found(width, height, boxes)


def swap_upload(
    upload: bytes,
    network: Network,
    mark: Marking,
    *,
    wish: SwapRequest | None = None,
    others: Sequence[Network] = (),
    max_pixels: int,
    decode: Decode = decode_photo,
) -> Result:
    """Swaps an uploaded photo.

    Args:
        upload: the photo.
        network: makes the faces.
        mark: what the result is to say of itself; of ``others`` too, in their order.
        wish: which faces, and how.
        others: the networks that the wish numbers from 1 on.
        max_pixels: of each photo, at most.
        decode: what decodes them.

    Raises:
        PhotoError: it cannot be read, is too large or shows no face.
        UsageError: a face is chosen that is none, or not there.
        ZooError: what else :func:`zoo.swapping.photo.swap_file` raises.
    """
    started = time.perf_counter()
    wish = wish or SwapRequest()
    given = media_type(upload[:HEAD])
    same = given if given in SUFFIX else "image/jpeg" if given in _LOSSY else "image/png"
    made = _CHOSEN.get(wish.kind, same)
    with tempfile.TemporaryDirectory(prefix="zoo-") as folder:
        source, target = Path(folder, "photo"), Path(folder, f"swapped{SUFFIX[made]}")
        source.write_bytes(upload)
        try:
            swap = swap_file(
                source,
                target,
                network,
                mark=mark,
                options=_options(wish, Path(folder), max_pixels, decode),
                others=others,
                max_pixels=max_pixels,
                decode=decode,
            )
        except ZooError as error:
            raise _named(error, {source: "The photo", target: "the swapped photo"}) from error
        encoded = target.read_bytes()
    seconds = time.perf_counter() - started
    by = tuple(swap.networks.count(number) for number in range(1 + len(others)))
    return Result(encoded, made, len(swap.faces), seconds, swap.dropped, swap.missing, by)


def _options(wish: SwapRequest, folder: Path, max_pixels: int, decode: Decode) -> SwapOptions:
    """The swap request, with the people of its reference photos."""
    known: dict[str, Portrait] = {}

    def read(name: str) -> Portrait | None:
        if name not in wish.references:
            return None
        if name not in known:
            place = folder / f"reference-{len(known)}"
            place.write_bytes(wish.references[name])
            shown = printable(name)
            try:
                known[name] = portrait(place, shown, max_pixels=max_pixels, decode=decode)
            except PhotoError as error:
                raise _named(error, {place: shown}) from error
        return known[name]

    choices = [FaceSelection(face_of(face, read), number) for face, number in wish.mapped]
    choices += [FaceSelection(who, 0, yields=True) for who in faces_of(wish.faces, read)]
    return SwapOptions(tuple(choices), wish.look)


def _named(error: ZooError, names: dict[Path, str]) -> ZooError:
    """The same error without paths of this machine."""
    words = str(error)
    for path, name in names.items():
        words = words.replace(str(path), name)
    return type(error)(words)

"""One photo: find its faces, swap each, put them back (paper, section 2.3).

Align to the frontal reference, run the network, align back, and blend where the segmentation
sees skin, so that hair, glasses and hands stay in front.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from zoo.errors import NoFaceError, UsageError
from zoo.faces.alignment import align
from zoo.faces.blending import Method
from zoo.faces.detection import Face, find_faces
from zoo.faces.segmentation import skin
from zoo.photos.image import Image
from zoo.photos.reading import MAX_PIXELS, Decode, decode_photo, read_photo
from zoo.photos.writing import check_writable, encode_photo, losses
from zoo.provenance.manifest import Made
from zoo.provenance.marking import Marking, xmp
from zoo.provenance.signing import sign_photo
from zoo.swapping.compositing import SwappedFace, aligned_for_segmentation, paste_back
from zoo.swapping.network import Network

Faces = Literal["all", "largest"] | Sequence[int]
"""Which faces: all, the largest, or those of these numbers, 0 being the largest."""

_BATCH = 16  # faces at once, so that a crowd does not need a crowd's memory


@dataclass(frozen=True)
class Swap:
    """A swapped picture of the input's size.

    Attributes:
        image: the picture.
        faces: those that were swapped, as they stood in the input, the largest first.
        raw: the network's output [S, S, 3] for each of them.
        dropped: what of the input's file its successor does not hold, in words for people.
    """

    image: Image
    faces: list[Face]
    raw: list[Image]
    dropped: tuple[str, ...] = ()


def swap_image(
    image: Image, network: Network, *, faces: Faces = "all", method: Method = "feather"
) -> Swap:
    """Swaps the faces of ``image`` [H, W, 3].

    Raises:
        NoFaceError: there is none.
        UsageError: a face is chosen that is not there.
        AssetError: the face models are missing or damaged.
    """
    found = find_faces(image)
    if not found:
        raise NoFaceError("No face was found.")
    return swap_faces(image, _chosen(found, faces), network, method=method)


def swap_faces(
    image: Image, chosen: list[Face], network: Network, *, method: Method = "feather"
) -> Swap:
    """Swaps the faces of ``image`` [H, W, 3] that are known already, the largest first.

    Raises:
        AssetError: the segmentation network is missing or damaged.
    """
    aligned = [align(image, face.landmarks, network.resolution) for face in chosen]
    raw: list[Image] = []
    for start in range(0, len(aligned), _BATCH):
        raw.extend(network(np.stack([face.image for face in aligned[start : start + _BATCH]])))
    result = image.copy()
    # The largest last: where faces overlap, the nearer one stands in front.
    for face, crop, swapped in reversed(list(zip(chosen, aligned, raw, strict=True))):
        wide = aligned_for_segmentation(image, face.landmarks, crop)
        matte = skin(wide.image, wide.landmarks)
        paste_back(result, SwappedFace(face.landmarks, crop, swapped, matte), method)
    return Swap(result, chosen, raw)


def swap_file(
    source: Path,
    target: Path,
    network: Network,
    *,
    mark: Marking,
    faces: Faces = "all",
    method: Method = "feather",
    max_pixels: int = MAX_PIXELS,
    decode: Decode = decode_photo,
) -> Swap:
    """Writes the swapped ``source`` to ``target``, marked and signed, whole or not at all.

    Size, format by ``target``'s suffix, depth, transparency and what is safe of the metadata are
    kept. OpenEXR, which can carry no manifest, gets it beside it in ``target`` + ``.c2pa``.
    ``decode`` decodes ``source``.

    Raises:
        UsageError: ``target`` is ``source``, or a face is chosen that is not there.
        PhotoError: ``source`` cannot be read, is too large or shows no face, or ``target`` has a
            suffix that cannot be written.
        SigningError: there is no usable key.
        StorageError: no permission or no space.
    """
    if target.exists() and source.exists() and target.samefile(source):
        raise UsageError(f"{target} is the input itself; choose another output.")
    photo = read_photo(source, max_pixels=max_pixels, whole=True, decode=decode)
    check_writable(target, photo)
    try:
        swap = swap_image(photo.image, network, faces=faces, method=method)
    except NoFaceError as error:
        raise NoFaceError(
            f"{source} shows no face that can be found: it must be turned at most "
            "about 40 degrees away from the camera, at any tilt, and be at least 40 pixels wide."
        ) from error
    encoded = encode_photo(target, swap.image, photo, xmp=xmp(mark))
    sign_photo(encoded, target, Made(mark, source, settings_of(faces, method)))
    return replace(swap, dropped=losses(photo, target))


def settings_of(faces: Faces, method: Method) -> dict[str, str]:
    """What a manifest keeps of the options."""
    return {
        "faces": faces if isinstance(faces, str) else " ".join(map(str, faces)),
        "method": method,
    }


def _chosen(found: list[Face], faces: Faces) -> list[Face]:
    if faces == "all":
        return found
    if faces == "largest":
        return found[:1]
    numbers = sorted({number for number in faces if isinstance(number, int)})
    if not numbers or numbers[0] < 0 or numbers[-1] >= len(found):
        raise UsageError(
            f"Faces {', '.join(map(str, faces)) or 'none'} were chosen, but the photo has "
            f"{len(found)}, counted from 0."
        )
    return [found[number] for number in numbers]

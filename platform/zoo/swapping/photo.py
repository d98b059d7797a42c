"""Swaps one photo: finds its faces, swaps each, composites them (paper, section 2.3).

Align to the frontal reference, run the network, align back, and blend where the segmentation
sees skin, so that hair, glasses and hands stay in front.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from zoo.errors import NobodyError, NoFaceError, UsageError
from zoo.faces.detection.detector import Face, find_faces
from zoo.faces.geometry.alignment import Aligned, align
from zoo.faces.masks.segmentation import skin
from zoo.photos.image import Image
from zoo.photos.reading import MAX_PIXELS, Decode, decode_photo, photo_bytes
from zoo.photos.writing import check_writable, encode_photo, losses
from zoo.provenance.credentials.manifest import Made
from zoo.provenance.credentials.marking import Marking, of_networks, xmp
from zoo.provenance.credentials.signing import sign_photo
from zoo.swapping.compositing import SwappedFace, aligned_for_segmentation, paste_back
from zoo.swapping.face_selection import chosen
from zoo.swapping.network import Network
from zoo.swapping.options import SwapOptions, check_networks, described, settings_of

_BATCH = 16  # faces at once, so that a crowd does not need a crowd's memory


@dataclass(frozen=True)
class Swap:
    """A swapped picture of the input's size.

    Attributes:
        image: the picture.
        faces: those that were swapped, as they stood in the input, the largest first.
        raw: the network's output [S, S, 3] for each of them.
        networks: the number of the network that swapped each of them.
        missing: who was chosen and is not there, in words for people.
        dropped: what of the input's file its successor does not hold, in words for people.
    """

    image: Image
    faces: list[Face]
    raw: list[Image]
    networks: list[int]
    missing: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


def swap_image(
    image: Image,
    network: Network,
    options: SwapOptions | None = None,
    *,
    others: Sequence[Network] = (),
) -> Swap:
    """Swaps the faces of ``image`` [H, W, 3].

    Args:
        image: the picture.
        network: makes the faces.
        options: which, by which network, and how; by default all, by ``network``.
        others: the networks that the options number from 1 on.

    Raises:
        NoFaceError: there is none, or nobody who is chosen.
        UsageError: a face is chosen that is not there.
        AssetError: the face models are missing or damaged.
    """
    options = options or SwapOptions()
    found = find_faces(image)
    if not found:
        raise NoFaceError("No face was found.")
    pairs, missing = chosen(image, found, options)
    faces, numbers = [face for face, _ in pairs], [number for _, number in pairs]
    swap = swap_faces(image, faces, network, options, others=others, numbers=numbers)
    return replace(swap, missing=tuple(described(one.who) for one in missing))


def swap_faces(
    image: Image,
    faces: Sequence[Face],
    network: Network,
    options: SwapOptions | None = None,
    *,
    others: Sequence[Network] = (),
    numbers: Sequence[int] | None = None,
) -> Swap:
    """Swaps the faces of ``image`` [H, W, 3] that are known already, the largest first.

    Args:
        image: the picture.
        faces: which.
        network: makes the faces.
        options: how they are put in.
        others: further networks.
        numbers: of each face's network, 0 being ``network``; by default it makes all.

    Raises:
        AssetError: the segmentation network is missing or damaged.
    """
    options, networks = options or SwapOptions(), (network, *others)
    check_networks(options, networks)
    numbers = [0] * len(faces) if numbers is None else list(numbers)
    aligned = [
        align(image, face.landmarks, networks[number].resolution)
        for face, number in zip(faces, numbers, strict=True)
    ]
    raw = _raw(aligned, networks, numbers)
    result = image.copy()
    # The largest last: where faces overlap, the nearer one stands in front.
    for face, crop, swapped in reversed(list(zip(faces, aligned, raw, strict=True))):
        wide = aligned_for_segmentation(image, face.landmarks, crop)
        matte = skin(wide.image, wide.landmarks, without_hair="hair" in options.look.keep)
        paste_back(result, SwappedFace(face.landmarks, crop, swapped, matte), options.look)
    return Swap(result, list(faces), raw, numbers)


def _raw(
    aligned: Sequence[Aligned], networks: Sequence[Network], numbers: Sequence[int]
) -> list[Image]:
    """What the networks make of the faces, each network's in batches."""
    raw: dict[int, Image] = {}
    for number in sorted(set(numbers)):
        mine = [place for place, one in enumerate(numbers) if one == number]
        for start in range(0, len(mine), _BATCH):
            batch = mine[start : start + _BATCH]
            made = networks[number](np.stack([aligned[place].image for place in batch]))
            raw.update(zip(batch, made, strict=True))
    return [raw[place] for place in range(len(aligned))]


def swap_file(
    source: Path,
    target: Path,
    network: Network,
    *,
    mark: Marking,
    options: SwapOptions | None = None,
    others: Sequence[Network] = (),
    max_pixels: int = MAX_PIXELS,
    decode: Decode = decode_photo,
) -> Swap:
    """Writes the swapped ``source`` to ``target``, marked and signed, whole or not at all.

    Size, format by ``target``'s suffix, depth, transparency and what is safe of the metadata are
    kept. OpenEXR, which can carry no manifest, gets it beside it in ``target`` + ``.c2pa``.

    Args:
        source: the photo.
        target: the output.
        network: makes the faces.
        mark: of the networks, ``others`` in their order; the output names those that made a face.
        options: see :func:`swap_image`.
        others: see :func:`swap_image`.
        max_pixels: of the photo, at most.
        decode: what decodes it.

    Raises:
        UsageError: ``target`` is ``source``, or a face is chosen that is not there.
        PhotoError: ``source`` cannot be read, is too large or shows no face, or ``target`` has a
            suffix that cannot be written.
        SigningError: there is no usable key.
        StorageError: no permission or no space.
    """
    if target.exists() and source.exists() and target.samefile(source):
        raise UsageError(f"{target} is the input itself; choose another output.")
    options = options or SwapOptions()
    encoded = photo_bytes(source)
    photo = decode(encoded, source, max_pixels=max_pixels, whole=True)
    check_writable(target, photo)
    try:
        swap = swap_image(photo.image, network, options, others=others)
    except UsageError as error:
        raise UsageError(f"{source}: {error}") from error
    except NobodyError as error:
        raise NobodyError(str(error).replace("The picture", str(source), 1)) from error
    except NoFaceError as error:
        raise NoFaceError(
            f"{source} shows no detectable face: a face must be within about 40 degrees of "
            "facing the camera, at any tilt, and at least 40 pixels wide."
        ) from error
    made_by = of_networks(mark, swap.networks)
    finished = encode_photo(target, swap.image, photo, xmp=xmp(made_by), camera=options.camera)
    sign_photo(finished, target, Made(made_by, encoded, settings_of(options, mark)))
    return replace(swap, dropped=losses(photo, target))

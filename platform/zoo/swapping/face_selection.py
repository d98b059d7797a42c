"""Face selection: which faces of a picture are swapped, and with which network."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from zoo.errors import NobodyError, NoFaceError, PhotoError, UsageError
from zoo.faces.detection.detector import Face, find_faces
from zoo.faces.recognition.descriptors import descriptor, match_people
from zoo.photos.image import Image
from zoo.photos.reading import MAX_PIXELS, Decode, decode_photo, read_photo
from zoo.storage import sha256_of
from zoo.swapping.options import FaceSelection, Portrait, SwapOptions, described

_AS_LARGE = 0.6  # of the largest face's area, from which on a photo does not say whom it means


def portrait(
    path: Path,
    name: str | None = None,
    *,
    max_pixels: int = MAX_PIXELS,
    decode: Decode = decode_photo,
) -> Portrait:
    """The person in the photo: its largest face, if that is clearly the largest.

    Args:
        path: the photo.
        name: what messages call it; by default its path.
        max_pixels: of the photo, at most.
        decode: what decodes it.

    Raises:
        PhotoError: it cannot be read, shows no face, or several that may be meant.
        AssetError: the face models or the descriptor network are missing or damaged.
    """
    name = name or str(path)
    image = read_photo(path, max_pixels=max_pixels, decode=decode).image
    faces = find_faces(image)
    if not faces:
        raise NoFaceError(
            f"{name} is a reference photo without a detectable face; give a photo of the person "
            "from the front."
        )
    if sum(face.area > _AS_LARGE * faces[0].area for face in faces) > 1:
        raise PhotoError(
            f"{name} is a reference photo with several faces of about the same size; crop it to "
            "one."
        )
    numbers = tuple(float(value) for value in descriptor(image, faces[0]))
    return Portrait(numbers, sha256_of(path), name)


def chosen(
    image: Image, faces: Sequence[Face], options: SwapOptions
) -> tuple[list[tuple[Face, int]], list[FaceSelection]]:
    """The faces to swap in order, with the number of the network; and the missing people.

    Args:
        image: the picture.
        faces: all of its faces, the largest first.
        options: who is meant.

    Raises:
        UsageError: a number is chosen that is not there, or two choices mean one face.
        NobodyError: nobody who is chosen is there.
        AssetError: the descriptor network is missing or damaged.
    """
    meant = _meant(image, faces, options.persons)
    networks: dict[int, int] = {}
    by: dict[int, FaceSelection] = {}
    for choice, number in meant:
        if number is None or (choice.yields and number in networks):
            continue
        if networks.get(number, choice.network) != choice.network:
            raise UsageError(
                f"{_first(described(by[number].who))} and {described(choice.who)} are the same "
                "face of this picture; choose another for one of them."
            )
        networks[number], by[number] = choice.network, choice
    if (rest := options.for_all) is not None:
        networks = {number: networks.get(number, rest) for number in range(len(faces))}
    missing = [choice for choice, number in meant if number is None]
    if not networks:
        who = " or ".join(described(one.who) for one in missing)
        raise NobodyError(
            f"The picture shows nobody who looks like {who}; another photo of them from the front "
            "may help, or a number (0 is the largest face)."
        )
    return [(faces[number], networks[number]) for number in sorted(networks)], missing


def _meant(
    image: Image, faces: Sequence[Face], choices: Sequence[FaceSelection]
) -> list[tuple[FaceSelection, int | None]]:
    """Each choice with the number of its face; None if nobody resembles its photo."""
    people = {one.who for one in choices if isinstance(one.who, Portrait)}
    likeness = _likeness(image, faces, list(people)) if people else {}
    found: list[tuple[FaceSelection, int | None]] = []
    for choice in choices:
        who = choice.who
        if isinstance(who, Portrait):
            found.append((choice, likeness[who]))
        elif isinstance(who, int):
            if not 0 <= who < len(faces):
                raise UsageError(
                    f"Face {who} was chosen, but the picture has {len(faces)}, counted from 0."
                )
            found.append((choice, who))
        else:
            found.append((choice, placed(who, [_middle(face) for face in faces])))
    return found


def placed(place: str, middles: Sequence[float]) -> int:
    """The number of the face at ``place``, of faces in order of size with these middles, in x."""
    if place == "largest":
        return 0
    return int(np.argmin(middles) if place == "left" else np.argmax(middles))


def _likeness(
    image: Image, faces: Sequence[Face], people: Sequence[Portrait]
) -> dict[Portrait, int | None]:
    described = np.array([descriptor(image, face) for face in faces], np.float32)
    wanted = np.array([one.descriptor for one in people], np.float32)
    return dict(zip(people, match_people(described, wanted), strict=True))


def _middle(face: Face) -> float:
    return float(face.landmarks[:, 0].mean())


def _first(words: str) -> str:
    return words[:1].upper() + words[1:]

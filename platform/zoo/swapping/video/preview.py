"""A preview of a video swap: a few frames, before and after.

Where there are several people each carries the number that ``--faces`` and ``--map`` take.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from zoo.errors import NobodyError, NoFaceError
from zoo.faces.detection.detector import Face, find_faces
from zoo.faces.detection.landmark_fitting import radius_of
from zoo.faces.recognition.descriptors import descriptor
from zoo.photos.image import Image
from zoo.photos.video.decoding import sampled
from zoo.photos.writing import encode_photo
from zoo.provenance.credentials.manifest import Made
from zoo.provenance.credentials.marking import Marking, of_networks, xmp
from zoo.provenance.credentials.signing import sign_bytes
from zoo.storage import atomic_file
from zoo.swapping.network import Network
from zoo.swapping.options import Portrait, SwapOptions, check_networks, settings_of
from zoo.swapping.photo import swap_faces
from zoo.swapping.video.assignment.identity_assignment import (
    KnownPeople,
    recognise,
    selected_people,
)
from zoo.swapping.video.assignment.roles import NOBODY
from zoo.swapping.video.assignment.track_linking import LinkedTrack

FRAMES = 6
_LOOKED_AT = 12  # frames, evenly; at most FRAMES of those with faces are shown
_HEIGHT = 270  # pixels of one frame on the sheet


@dataclass(frozen=True)
class _Frame:
    number: int
    image: Image
    faces: list[Face]


def preview(
    source: Path,
    target: Path,
    network: Network,
    *,
    mark: Marking,
    options: SwapOptions | None = None,
    others: Sequence[Network] = (),
) -> int:
    """Writes a sheet, frames above and the same swapped below, marked and signed.

    Each frame is swapped for itself, so nothing is smoothed in time; and people are told apart in
    these frames alone.

    Returns:
        How many frames it shows.

    Raises:
        PhotoError: the video cannot be read or shows no face, or nobody who is chosen, or
            ``target`` is no picture.
        UsageError: a face is chosen that is not there.
        AssetError: the face models are missing or damaged.
        SigningError: there is no usable key.
        StorageError: no permission or no space.
    """
    options = options or SwapOptions()
    check_networks(options, (network, *others))
    frames = [
        _Frame(number, image, find_faces(image))
        for number, (_, image) in enumerate(sampled(source, _LOOKED_AT))
    ]
    frames = [frame for frame in frames if frame.faces]
    if not frames:
        raise NoFaceError(f"{source} shows no face in {_LOOKED_AT} sampled frames.")
    several = options.tells_apart or any(len(frame.faces) > 1 for frame in frames)
    known = _known(frames, options) if several else None
    networks = selected_people(known, options, str(source))[0] if known else {}
    pairs: list[tuple[Image, Image, set[int]]] = []
    shown = 0
    for frame in frames:
        people = [NOBODY] * len(frame.faces)
        if known:
            people = [known.at(shown + place, frame.number) for place in range(len(frame.faces))]
        shown += len(frame.faces)
        numbers = [networks.get(who, options.for_all) for who in people]
        chosen = [(f, n) for f, n in zip(frame.faces, numbers, strict=True) if n is not None]
        if not chosen:
            continue
        swapped = swap_faces(
            frame.image,
            [face for face, _ in chosen],
            network,
            options,
            others=others,
            numbers=[number for _, number in chosen],
        ).image
        used = {number for _, number in chosen}
        pairs.append((_small(frame, known, people), _resized(swapped), used))
    pairs = pairs[:: -(-len(pairs) // FRAMES) or 1]
    if not pairs:
        raise NobodyError(f"{source} shows none of the selected people in the sampled frames.")
    made_by = of_networks(mark, set().union(*(used for _, _, used in pairs)))
    befores, afters, _ = zip(*pairs, strict=True)
    sheet = np.concatenate([np.concatenate(row, axis=1) for row in (befores, afters)], axis=0)
    encoded = encode_photo(target, sheet, xmp=xmp(made_by))
    signed = sign_bytes(encoded, Made(made_by, source, settings_of(options, mark)))
    with atomic_file(target) as temporary:
        temporary.write_bytes(signed)
    return len(pairs)


def _known(frames: Sequence[_Frame], options: SwapOptions) -> KnownPeople:
    """The people of these frames, each face of each a chain of one."""
    found: list[LinkedTrack] = []
    for frame in frames:
        for face in frame.faces:
            place = np.array([*face.landmarks.mean(axis=0), radius_of(face.landmarks)], np.float32)
            found.append(
                LinkedTrack(
                    ((frame.number, len(found)),),
                    {frame.number: place},
                    np.array([frame.number], np.int64),
                    descriptor(frame.image, face)[None],
                )
            )
    portraits = [one.who for one in options.persons if isinstance(one.who, Portrait)]
    return recognise(found, portraits)


def _small(frame: _Frame, known: KnownPeople | None, people: Sequence[int]) -> Image:
    """The frame for the sheet, with people's numbers if there are several."""
    image = _resized(frame.image)
    if known is None or len(known.persons) < 2:
        return image
    scale = image.shape[0] / frame.image.shape[0]
    for face, who in zip(frame.faces, people, strict=True):
        if who in known.persons:
            left, top = (round(scale * edge) for edge in face.box[:2])
            text, place = str(known.persons.index(who)), (max(left - 4, 2), max(top + 6, 22))
            for colour, width in (((0, 0, 0), 6), ((255, 255, 255), 2)):
                cv2.putText(image, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.8, colour, width,
                            cv2.LINE_AA)  # fmt: skip
    return image


def _resized(image: Image) -> Image:
    height, width = image.shape[:2]
    size = max(1, round(width * _HEIGHT / height)), _HEIGHT
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8).copy()

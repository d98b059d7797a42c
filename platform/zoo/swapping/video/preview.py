"""A look at what a swap will be, in seconds: a few frames, before and after."""

from pathlib import Path

import cv2
import numpy as np

from zoo.errors import NoFaceError
from zoo.faces.blending import Method
from zoo.photos.image import Image
from zoo.photos.video import sampled
from zoo.photos.writing import encode_photo
from zoo.provenance.manifest import Made
from zoo.provenance.marking import Marking, xmp
from zoo.provenance.signing import sign_bytes
from zoo.storage import atomic_file
from zoo.swapping.network import Network
from zoo.swapping.photo import swap_image
from zoo.swapping.video.file import settings_of
from zoo.swapping.video.stream import WhichFaces

FRAMES = 6
_LOOKED_AT = 12  # frames, evenly; at most FRAMES of those with faces are shown
_HEIGHT = 270  # pixels of one frame on the sheet


def preview(
    source: Path,
    target: Path,
    network: Network,
    *,
    mark: Marking,
    faces: WhichFaces = "all",
    method: Method = "feather",
) -> int:
    """Writes a sheet, frames above and the same swapped below, marked and signed.

    Each frame is swapped for itself, so nothing is smoothed in time.

    Returns:
        How many frames it shows.

    Raises:
        PhotoError: the video cannot be read or shows no face, or ``target`` is no picture.
        AssetError: the face models are missing or damaged.
        SigningError: there is no usable key.
        StorageError: no permission or no space.
    """
    pairs: list[tuple[Image, Image]] = []
    for _, image in sampled(source, _LOOKED_AT):
        try:
            swapped = swap_image(image, network, faces=faces, method=method).image
        except NoFaceError:
            continue
        pairs.append((_small(image), _small(swapped)))
    pairs = pairs[:: -(-len(pairs) // FRAMES) or 1]
    if not pairs:
        raise NoFaceError(f"{source} shows no face in {_LOOKED_AT} frames looked at.")
    rows = [np.concatenate([pair[row] for pair in pairs], axis=1) for row in range(2)]
    encoded = encode_photo(target, np.concatenate(rows, axis=0), xmp=xmp(mark))
    signed = sign_bytes(encoded, Made(mark, source, settings_of(faces, method, None, None)))
    with atomic_file(target) as temporary:
        temporary.write_bytes(signed)
    return len(pairs)


def _small(image: Image) -> Image:
    height, width = image.shape[:2]
    size = max(1, round(width * _HEIGHT / height)), _HEIGHT
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)

"""Pictures of more than 8 bits per channel: changed only where their 8-bit version changed.

Faces are found and swapped in 8-bit sRGB, as with all photos. The *difference* between the swapped
and the original 8-bit picture, in the display's transfer function, is then added to the picture of
high bit depth: pixels outside the face keep all bits, and at the edge of a face the photo's own
fine steps remain under the blend.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from zoo.photos.colour.colour_spaces import Space, Srgb, space_of
from zoo.photos.image import Image

if TYPE_CHECKING:
    from PIL.TiffImagePlugin import TiffImageFile

_ORIENTATION = 0x0112
_LUMA = np.array([0.299, 0.587, 0.114])  # as Pillow makes grey
_COLOUR_CHUNKS = (b"cHRM", b"gAMA", b"sBIT", b"sRGB", b"cICP", b"mDCV", b"cLLI", b"pHYs")
_BITS, _COMPRESSION, _PHOTOMETRIC, _EXTRA_SAMPLES, _SAMPLE_FORMAT = 258, 259, 262, 338, 339
_HEAD = 2**16  # bytes of an AVIF in which its properties lie
_SUBFILE, _DNG = 254, 50706
_AGREEMENT = 3  # levels of 255 between this reading and Pillow's, over half of the pixels
_SAMPLES = 64  # per side


@dataclass(frozen=True)
class HighBitDepth:
    """A picture as it is stored, upright.

    Attributes:
        values: [H, W, C], uint16, float16 or float32; grey, RGB or RGBA.
        space: what they mean.
        profile: the ICC profile, which is written back.
        chunks: those of a PNG that say what its numbers mean, as (name, content).
        compressed: whether a TIFF was; its successor is then too.
        header: an OpenEXR file's.
    """

    values: NDArray[Any]
    space: Space
    profile: bytes | None = None
    chunks: tuple[tuple[bytes, bytes], ...] = ()
    compressed: bool = True
    header: dict[str, Any] | None = None

    def changed(self, before: Image, after: Image) -> "HighBitDepth":
        """With the change from ``before`` to ``after`` [H, W, 3]; all other pixels are the same.

        Of a picture without colour, only the lightness changes.
        """
        rows, columns = np.nonzero((before != after).any(axis=2))
        if not len(rows):
            return self
        values = self.values.copy()
        change = (after[rows, columns].astype(np.float64) - before[rows, columns]) / 255
        colours = 1 if values.shape[2] == 1 else 3
        if colours == 1:
            change = np.repeat((change @ _LUMA)[:, None], 3, axis=1)
        old = values[rows, columns, :colours]
        shown = self.space.displayed(np.repeat(old, 3, axis=1) if colours == 1 else old)
        values[rows, columns, :colours] = self.space.stored(shown + change)[:, :colours]
        return replace(self, values=values)

    def developed(self) -> "HighBitDepth":
        """Light as it is shown, in sRGB of 16 bits, without transparency."""
        space, values = Srgb(), np.empty((*self.values.shape[:2], 3), np.uint16)
        for row, stored in enumerate(self.values):  # so that 8-byte numbers stay few
            values[row] = space.stored(self.space.displayed(stored[:, :3]))
        return HighBitDepth(values, space)


def depth(opened: Pillow.Image, encoded: bytes) -> int:
    """Bits per channel of the file that Pillow has opened."""
    if opened.format == "PNG":
        return encoded[24]
    if opened.format == "TIFF":
        bits = _tiff(opened).get(_BITS, 8)
        return int(max(bits)) if isinstance(bits, tuple) else int(bits)
    if opened.format == "HEIF":
        return int(opened.info.get("bit_depth", 8))
    if opened.format == "AVIF":  # its pixel information: version, count of channels, bits of each
        at = encoded.find(b"pixi", 0, _HEAD)
        return encoded[at + 9] if at >= 0 else 8
    return 16 if opened.mode.startswith("I") else 8


def is_raw(opened: Pillow.Image, encoded: bytes) -> bool:
    """Whether a TIFF is a camera's raw file (DNG, NEF, ARW, CR2), which begins with a preview."""
    tags = _tiff(opened)
    return _DNG in tags or bool(tags.get(_SUBFILE, 0) & 1) or encoded[8:10] == b"CR"


def read_deep(opened: Pillow.Image, encoded: bytes, image: Image) -> HighBitDepth | None:
    """The 16-bit picture in a PNG or TIFF; None when there is none or it cannot be carried.

    It cannot when its profile is one of tables, or its numbers are not plain grey, RGB or RGBA:
    what OpenCV reads must be what Pillow read.

    Args:
        opened: as Pillow opened it.
        encoded: the file.
        image: what was read of it, upright.
    """
    if opened.format not in ("PNG", "TIFF") or depth(opened, encoded) != 16:
        return None
    tiff = opened.format == "TIFF"
    if tiff and not _plain(opened):
        return None
    read = _decoded(encoded)
    if read is None or read.dtype != np.uint16:
        return None
    profile = opened.info.get("icc_profile") or None
    space = space_of(None if opened.mode.startswith("I") else profile)
    values: NDArray[Any] = read if read.ndim == 3 else read[..., None]
    if space is None or values.shape[2] not in (1, 3, 4):
        return None
    if values.shape[2] > 1:
        values = values[..., [2, 1, 0, 3][: values.shape[2]]]
    if not tiff:  # OpenCV has turned a TIFF already
        values = _upright(values, opened.getexif().get(_ORIENTATION, 1))
    deep = HighBitDepth(
        np.ascontiguousarray(values),
        space,
        profile,
        () if tiff else tuple(_colour_chunks(encoded)),
        not tiff or _tiff(opened).get(_COMPRESSION, 1) != 1,
    )
    return deep if _agrees(deep, image) else None


def _decoded(encoded: bytes) -> NDArray[Any] | None:
    """By OpenCV, which would tell the terminal of each tag that it does not know."""
    import cv2
    from cv2.utils import logging

    level = logging.getLogLevel()
    logging.setLogLevel(logging.LOG_LEVEL_SILENT)
    try:
        return cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return None
    finally:
        logging.setLogLevel(level)


def _tiff(opened: Pillow.Image) -> Mapping[int, Any]:
    return cast("TiffImageFile", opened).tag_v2


def _plain(opened: Pillow.Image) -> bool:
    tags = _tiff(opened)
    formats = tags.get(_SAMPLE_FORMAT, (1,))
    extra = tags.get(_EXTRA_SAMPLES, ())
    return (
        tags.get(_PHOTOMETRIC) in (1, 2)
        and set(formats if isinstance(formats, tuple) else (formats,)) == {1}
        and 1 not in (extra if isinstance(extra, tuple) else (extra,))  # multiplied with alpha
    )


def _upright(values: NDArray[Any], orientation: int) -> NDArray[Any]:
    match orientation:
        case 2:
            return values[:, ::-1]
        case 3:
            return values[::-1, ::-1]
        case 4:
            return values[::-1]
        case 5:
            return values.swapaxes(0, 1)
        case 6:
            return values.swapaxes(0, 1)[:, ::-1]
        case 7:
            return values.swapaxes(0, 1)[::-1, ::-1]
        case 8:
            return values.swapaxes(0, 1)[::-1]
    return values


def _colour_chunks(encoded: bytes) -> "list[tuple[bytes, bytes]]":
    found, at = [], 8
    while at + 12 <= len(encoded):
        size, name = int.from_bytes(encoded[at : at + 4]), encoded[at + 4 : at + 8]
        if name == b"IDAT":
            break
        if name in _COLOUR_CHUNKS:
            found.append((name, encoded[at + 8 : at + 8 + size]))
        at += 12 + size
    return found


def _agrees(deep: HighBitDepth, image: Image) -> bool:
    height, width = image.shape[:2]
    if deep.values.shape[:2] != (height, width):
        return False
    rows = np.linspace(0, height - 1, min(height, _SAMPLES)).astype(int)
    columns = np.linspace(0, width - 1, min(width, _SAMPLES)).astype(int)
    some = deep.values[np.ix_(rows, columns)].reshape(-1, deep.values.shape[2])
    seen = image[np.ix_(rows, columns)].reshape(-1, 3)
    if some.shape[1] == 4:
        seen, some = seen[some[:, 3] > 0], some[some[:, 3] > 0, :3]
    if not len(some):
        return True
    shown = deep.space.displayed(np.repeat(some, 3, axis=1) if some.shape[1] == 1 else some)
    return bool(np.median(np.abs(255 * shown.clip(0, 1) - seen)) <= _AGREEMENT)

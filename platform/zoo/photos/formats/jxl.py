"""JPEG XL (ISO/IEC 18181), as cameras, phones and archives begin to keep photos in.

libjxl decodes it, through pyjpegxl, which is imported only when such a file comes. It turns the
pixels as the codestream says; the orientation in EXIF repeats that and must not be obeyed too
(ISO/IEC 18181-2, section 9.5).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from zoo.errors import PhotoError
from zoo.photos.limits import check_dimensions

FORMAT = "JXL"

SUFFIXES = frozenset((".jxl",))

_CODESTREAM = b"\xff\x0a"
_CONTAINER = b"\0\0\0\x0cJXL \r\n\x87\n"
_ORIENTATION = 0x0112
_MOST_BOXES = 10_000
_MOST_EXIF = 1 << 20  # bytes; cameras write 64 KB at most
_HEAD = 64  # bytes of a codestream, in which its size and kind lie
_SIZES = (9, 13, 18, 30)  # bits of a side, by the two bits before them
_RATIOS = 3  # bits: a width that is one of eight multiples of the height
_TIFF_HEADS = (b"II*\0", b"MM\0*")
_MOST_BEFORE = 16  # bytes: an offset, and perhaps JPEG's "Exif"


def is_jxl(encoded: bytes) -> bool:
    """Whether the file says that it is JPEG XL."""
    return encoded.startswith((_CODESTREAM, _CONTAINER))


def read_jxl(path: Path, encoded: bytes, max_pixels: int) -> tuple[Pillow.Image, int, NDArray[Any]]:
    """The picture for Pillow (8 bits, upright), its bits per channel, and its pixels.

    Args:
        path: the file's name, for sentences.
        encoded: the file.
        max_pixels: that it may have.

    Returns:
        The picture with ``icc_profile`` and ``exif`` in its ``info``; the file's bits; all
        channels [H, W, C], uint8 or uint16, grey or RGB and perhaps alpha.

    Raises:
        PhotoError: too large, an animation, or in the inks of a press.
        RuntimeError: damaged.
    """
    import pyjpegxl

    encoded, compressed_exif = _without_compressed(encoded)
    about = pyjpegxl.probe(encoded)
    deep = about.bits_per_sample > 8
    channels = about.num_color_channels + about.has_alpha
    check_dimensions(path, about.width, about.height, channels * (2 if deep else 1), max_pixels)
    if is_animated(encoded):
        raise PhotoError(
            f"{path} is an animated JPEG XL, which is not supported; save one frame as a photo."
        )
    if about.icc and about.icc[16:20] == b"CMYK":
        raise PhotoError(f"{path} is a JPEG XL in CMYK, which is not supported; save it as RGB.")
    found, values = pyjpegxl.decode_to_numpy(encoded, dtype="uint16" if deep else "uint8")
    shallow = np.rint(values / 257).astype(np.uint8) if deep else values
    picture = Pillow.fromarray(shallow[..., 0] if shallow.shape[2] == 1 else shallow)
    picture.format = FORMAT
    if found.icc:
        picture.info["icc_profile"] = found.icc
    if exif := _exif(found.exif or compressed_exif):
        picture.info["exif"] = exif
    return picture, int(about.bits_per_sample), values


def is_animated(encoded: bytes) -> bool:
    """Whether the codestream's head announces more frames (ISO/IEC 18181-1, annex D).

    The decoder would give the last of them.
    """
    bits = _Bits(_head(encoded)[2:])
    _skip_size(bits)
    if bits.take(1) or not bits.take(1):  # all as usual, or nothing of the rarer things
        return False
    bits.take(3)  # orientation
    if bits.take(1):  # the size at which it wants to be shown
        _skip_size(bits)
    has_preview = bits.take(1)
    if has_preview:
        _skip_preview(bits)
    return bool(bits.take(1))


def _head(encoded: bytes) -> bytes:
    """The codestream's first bytes: the file's, or those of the box that holds it."""
    for kind, _, inside, _ in _boxes(encoded):
        if kind in (b"jxlc", b"jxlp"):
            begin = inside + (4 if kind == b"jxlp" else 0)  # the number of a part of it
            return encoded[begin : begin + _HEAD]
    return encoded[:_HEAD]


def _without_compressed(encoded: bytes) -> tuple[bytes, bytes]:
    """The file without the boxes that Brotli has compressed, and the EXIF that was in one.

    libjxl unpacks them to any size: a kilobyte may become gigabytes. Pixels and profile are never
    in them.
    """
    parts, at, exif = [], 0, b""
    for kind, start, inside, end in _boxes(encoded):
        if kind == b"brob":
            parts.append(encoded[at:start])
            at = end
            if encoded[inside : inside + 4] == b"Exif":
                exif = _unpacked(encoded[inside + 4 : end])
    return (b"".join([*parts, encoded[at:]]) if parts else encoded), exif


def _unpacked(compressed: bytes) -> bytes:
    """What Brotli has compressed; nothing if that is damaged or larger than EXIF ever is."""
    import brotli

    unpacker = brotli.Decompressor()
    try:
        found: bytes = unpacker.process(compressed, output_buffer_limit=_MOST_EXIF)
    except brotli.error:
        return b""
    return found if unpacker.is_finished() and len(found) <= _MOST_EXIF else b""


def _boxes(encoded: bytes) -> Iterator[tuple[bytes, int, int, int]]:
    """Kind, beginning, beginning of the content, and end of each box (ISO/IEC 18181-2, 9.2).

    Raises:
        RuntimeError: there are more than any file has.
    """
    at = count = 0
    while encoded.startswith(_CONTAINER) and at + 8 <= len(encoded):
        size, kind, inside = int.from_bytes(encoded[at : at + 4]), encoded[at + 4 : at + 8], at + 8
        if size == 1:
            size, inside = int.from_bytes(encoded[at + 8 : at + 16]), at + 16
        end = at + size if size else len(encoded)  # 0: as far as the file goes
        if end < inside:
            return  # damaged
        yield kind, at, inside, end
        at, count = end, count + 1
        if count > _MOST_BOXES:
            raise RuntimeError("too many boxes")


class _Bits:
    """Numbers out of bytes, the lowest bit first."""

    def __init__(self, encoded: bytes) -> None:
        self._left = int.from_bytes(encoded, "little")

    def take(self, count: int) -> int:
        value = self._left & ((1 << count) - 1)
        self._left >>= count
        return value


def _skip_size(bits: _Bits) -> None:
    small = bits.take(1)
    bits.take(5 if small else _SIZES[bits.take(2)])
    if not bits.take(_RATIOS):
        bits.take(5 if small else _SIZES[bits.take(2)])


def _skip_preview(bits: _Bits) -> None:
    small = bits.take(1)
    widths = (0, 0, 5, 9) if small else (6, 8, 10, 12)
    bits.take(widths[bits.take(2)])
    if not bits.take(_RATIOS):
        bits.take(widths[bits.take(2)])


def _exif(found: bytes) -> bytes | None:
    """Without orientation, and without what its box has before the TIFF in it."""
    starts = [at for head in _TIFF_HEADS if (at := found.find(head, 0, _MOST_BEFORE)) >= 0]
    if not starts:
        return None
    exif = Pillow.Exif()
    try:
        exif.load(found[min(starts) :])
        exif.pop(_ORIENTATION, None)
        return exif.tobytes()
    except Exception:  # damaged EXIF may raise anything; the photo is worth more than it
        return None

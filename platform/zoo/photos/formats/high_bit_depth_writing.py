"""Pictures of 16 bits per channel as PNG and TIFF, which Pillow cannot write in colour.

Sources: PNG (Third Edition), sections 5.3 and 11.3; TIFF 6.0, sections 8 and 14 (differencing),
and Adobe Photoshop TIFF Technical Notes (compression 8, deflate).
"""

import io
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import TiffImagePlugin

from zoo.photos.formats.high_bit_depth import HighBitDepth

_LEVEL = 1  # of zlib: the lower bytes of a photo are noise, on which more effort is lost
_STRIP = 2**20  # bytes, before compression
_EXIF, _XMP, _PROFILE = 0x8769, 700, 34675
_BYTE, _UNDEFINED = 1, 7


def encode_png(deep: HighBitDepth, exif: bytes | None, xmp: str | None) -> bytes:
    """``deep`` as a PNG of 16 bits.

    Raises:
        ValueError: OpenCV cannot encode it.
    """
    import cv2

    values = deep.values
    if values.shape[2] > 1:
        values = values[..., [2, 1, 0, 3][: values.shape[2]]]
    done, encoded = cv2.imencode(".png", np.ascontiguousarray(values))
    if not done:
        raise ValueError("OpenCV cannot encode it")
    plain = encoded.tobytes()
    chunks = list(deep.chunks)
    if deep.profile:
        chunks.append((b"iCCP", b"ICC\0\0" + zlib.compress(deep.profile)))
    if exif:
        chunks.append((b"eXIf", exif.removeprefix(b"Exif\0\0")))
    if xmp:
        chunks.append((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp.encode()))
    head = 8 + 12 + 13  # signature and IHDR
    return plain[:head] + b"".join(_chunk(*chunk) for chunk in chunks) + plain[head:]


def encode_tiff(deep: HighBitDepth, exif: bytes | None, xmp: str | None) -> bytes:
    """``deep`` as a TIFF of 16 bits, deflated if its source was compressed."""
    height, width, count = deep.values.shape
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    kept = Pillow.Exif()
    kept.load(exif or b"")
    for tag, value in kept.items():
        if tag != _EXIF:
            tags[tag] = value
    if exposure := dict(kept.get_ifd(_EXIF)):
        tags[_EXIF] = exposure
    rows = max(1, _STRIP // (2 * width * count))
    strips = [_strip(deep.values[at : at + rows], deep.compressed) for at in range(0, height, rows)]
    sizes = [len(strip) for strip in strips]
    tags[256], tags[257], tags[258] = width, height, (16,) * count
    tags[259], tags[262], tags[277] = 8 if deep.compressed else 1, 1 if count == 1 else 2, count
    tags[278], tags[279] = rows, tuple(sizes)
    tags[273] = tuple(np.cumsum([0, *sizes[:-1]]).tolist())  # Pillow adds where they begin
    tags[284], tags[339] = 1, (1,) * count
    if deep.compressed:
        tags[317] = 2
    if count == 4:
        tags[338] = (2,)
    for tag, kind, data in (
        (_XMP, _BYTE, xmp and xmp.encode()),
        (_PROFILE, _UNDEFINED, deep.profile),
    ):
        if data:
            tags.tagtype[tag] = kind
            tags[tag] = data
    file = io.BytesIO()
    tags.save(file)
    file.seek(0, io.SEEK_END)
    for strip in strips:
        file.write(strip)
    return file.getvalue()


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _strip(values: NDArray[Any], compressed: bool) -> bytes:
    if not compressed:
        return values.astype("<u2").tobytes()
    steps = values.copy()
    steps[:, 1:] -= values[:, :-1]
    return zlib.compress(steps.astype("<u2").tobytes(), _LEVEL)

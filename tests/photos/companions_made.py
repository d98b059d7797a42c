"""Photos as phones write them, with what stands beside them, made from a drawn picture."""

import io
import struct

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

Picture = NDArray[np.uint8]

GAIN = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/" xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/">'
    b'<a hdrgm:Version="1.0"/></x:xmpmeta>'
)
_ISO = b"urn:iso:std:iso:ts:21496:-1\0"


def ultra_hdr(picture: Picture, standard: str) -> bytes:
    """A JPEG with a gain map of half its size, bound by the multi-picture format.

    Source: Ultra HDR Image Format v1.1 (Adobe's XMP), ISO 21496-1 (its APP2 segment).
    """
    photo, gain = _jpeg(picture), _jpeg(picture[::2, ::2, 0].copy())
    if standard == "adobe":
        xmp = _segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + GAIN)
        photo, gain = _after_start(photo, xmp), _after_start(gain, xmp)
    else:
        photo = _after_start(photo, _segment(0xE2, _ISO + bytes(4)))
        gain = _after_start(gain, _segment(0xE2, _ISO + bytes(62)))
    return _bound(photo, gain)


def _bound(first: bytes, second: bytes) -> bytes:
    """Two JPEGs in one file (CIPA DC-007, section 5.2)."""
    entries = struct.pack("<HHIIHHIIHHII", 0xB000, 7, 4, 0x30303130, 0xB001, 4, 1, 2, 0xB002, 7,
                          32, 50)  # fmt: skip
    size = len(first) + 4 + 4 + 8 + 2 + len(entries) + 4 + 32
    start = 2 + 4 + 4  # where the offsets in an MPF segment are counted from
    pictures = struct.pack("<IIIHH", 0x030000, size, 0, 0, 0)
    pictures += struct.pack("<IIIHH", 0, len(second), size - start, 0, 0)
    ifd = b"II*\0" + struct.pack("<IH", 8, 3) + entries + bytes(4) + pictures
    whole = _after_start(first, _segment(0xE2, b"MPF\0" + ifd))
    assert len(whole) == size
    return whole + second


def motion_photo(picture: Picture, maker: str) -> bytes:
    """A JPEG with a video behind it (Motion Photo format 1.0; Samsung's trailer)."""
    video = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + b"\0\0\0\x08free"
    if maker == "google":
        return container(picture, b'GCamera:MotionPhoto="1"') + video
    return _jpeg(picture) + b"\0\0\x30\x0a\x10\0\0\0MotionPhoto_Data" + video + b"SEFT"


def container(picture: Picture, words: bytes) -> bytes:
    """A JPEG whose XMP says ``words``."""
    return _jpeg(picture, xmp=b"<x:xmpmeta><a " + words + b"/></x:xmpmeta>")


def _jpeg(picture: Picture, **options: object) -> bytes:
    file = io.BytesIO()
    Pillow.fromarray(picture).save(file, "JPEG", **options)
    return file.getvalue()


def _after_start(jpeg: bytes, segment: bytes) -> bytes:
    return jpeg[:2] + segment + jpeg[2:]


def _segment(marker: int, data: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(data) + 2).to_bytes(2) + data

"""Further content of a photo's file (gain map, depth, frames): detected, named and left out.

A gain map (Ultra HDR, ISO 21496-1, Apple's) brightens the picture region by region, a depth map
blurs it, a motion photo's video shows the seconds around it: each still has the face that was
there, and would not fit the new one.

Sources: Android, "Ultra HDR Image Format v1.1" and "Motion Photo format 1.0"; CIPA DC-007
(multi-picture format); the auxiliary image types of ISO/IEC 23008-12 and of Apple's photos.
"""

from collections.abc import Iterator

from PIL import Image as Pillow

from zoo.photos.colour.cicp import HLG, PQ

GAIN_MAP = "HDR gain map"
HDR = "HDR brightness"
DEPTH_MAP = "depth map"
VIDEO = "motion photo's video"
MATTE = "portrait matte"

_GAIN_MARKS = (b"hdrgm:Version", b"urn:iso:std:iso:ts:21496:-1", b"hdrgainmap")
_DEPTH_MARKS = (b"GDepth:", b'Semantic="Depth', b"aux:depth", b"aux:disparity", b"auxid:2")
_VIDEO_MARKS = (b"MotionPhoto", b"MicroVideo")
_SCAN = 0xDA
_MPF = b"MPF\0"
_SAMSUNGS_END = b"SEFT"


def embedded_media(opened: Pillow.Image, encoded: bytes) -> tuple[str, ...]:
    """Further content of the file, in words; ``()`` if there is none.

    Args:
        opened: as Pillow opened it.
        encoded: the file.
    """
    try:
        if opened.format in ("JPEG", "MPO"):
            return tuple(_of_jpeg(opened, encoded))
        if opened.format in ("HEIF", "AVIF"):
            return tuple(_of_heif(opened, encoded))
        return tuple(_frames(opened))
    except Exception:  # what stands beside a photo may be damaged; the photo is read already
        return ("what else the file holds",)


def more(count: int, word: str) -> Iterator[str]:
    """``2 more frames``, if there are any."""
    if count > 0:
        yield f"{count} more {word}{'s' if count > 1 else ''}"


def _of_jpeg(opened: Pillow.Image, encoded: bytes) -> Iterator[str]:
    """A gain map names itself in its own head, which comes after the photo's pixels."""
    pixels = _pixels(encoded)
    head = encoded[:pixels]
    hints = (_MPF, *_GAIN_MARKS, *_DEPTH_MARKS, *_VIDEO_MARKS)
    if not encoded.endswith(_SAMSUNGS_END) and not any(hint in head for hint in hints):
        return  # nothing is announced: megabytes need not be searched
    rest = encoded[pixels:]
    more_pictures = getattr(opened, "n_frames", 1) - 1
    if any(mark in rest for mark in _GAIN_MARKS):
        more_pictures -= 1
        yield GAIN_MAP
    if any(mark in encoded for mark in _DEPTH_MARKS):
        more_pictures -= 1
        yield DEPTH_MAP
    if b"ftyp" in rest and any(mark in encoded for mark in _VIDEO_MARKS):
        yield VIDEO
    yield from more(more_pictures, "picture")


def _pixels(encoded: bytes) -> int:
    """Where a JPEG's first scan begins, behind all of its own metadata."""
    at = 2
    while encoded[at : at + 1] == b"\xff" and encoded[at + 1] != _SCAN:
        at += 2 + int.from_bytes(encoded[at + 2 : at + 4])
    return at


def _of_heif(opened: Pillow.Image, encoded: bytes) -> Iterator[str]:
    points = opened.info.get("nclx_profile") or {}
    if points.get("transfer_characteristics") in (PQ, HLG):
        yield HDR
    auxiliary = [str(kind) for kind in opened.info.get("aux") or {}]
    if any("gainmap" in kind for kind in auxiliary) or b"tmap" in encoded[:128]:
        yield GAIN_MAP
    if opened.info.get("depth_images"):
        yield DEPTH_MAP
    if any("matte" in kind for kind in auxiliary):
        yield MATTE
    if b"mpvd" in encoded or any(mark in encoded for mark in _VIDEO_MARKS):
        yield VIDEO
    yield from _frames(opened)


def _frames(opened: Pillow.Image) -> Iterator[str]:
    word = {"TIFF": "page", "HEIF": "picture"}.get(str(opened.format), "frame")
    yield from more(getattr(opened, "n_frames", 1) - 1, word)

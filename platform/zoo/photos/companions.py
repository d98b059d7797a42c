"""What a photo's file holds besides the photo: none of it is carried over, and all is named.

A gain map (Ultra HDR, ISO 21496-1, Apple's) brightens the picture region by region, a depth map
blurs it, a motion photo's video shows the seconds around it: each still has the face that was
there, and would not fit the new one.

Sources: Android, "Ultra HDR Image Format v1.1" and "Motion Photo format 1.0"; CIPA DC-007
(multi-picture format); the auxiliary image types of ISO/IEC 23008-12 and of Apple's photos.
"""

from collections.abc import Iterator

from PIL import Image as Pillow

GAIN_MAP = "HDR gain map"
DEPTH_MAP = "depth map"
VIDEO = "motion photo's video"
MATTE = "portrait matte"

_GAIN_MARKS = (b"hdrgm:Version", b"urn:iso:std:iso:ts:21496:-1", b"hdrgainmap")
_DEPTH_MARKS = (b"GDepth:", b'Semantic="Depth', b"aux:depth", b"aux:disparity", b"auxid:2")
_VIDEO_MARKS = (b"MotionPhoto", b"MicroVideo")
_MPF_ENTRIES = 0xB002


def companions(opened: Pillow.Image, encoded: bytes) -> tuple[str, ...]:
    """What else the file holds, in words for people; ``()`` for a photo alone.

    Args:
        opened: as Pillow opened it.
        encoded: the file.
    """
    try:
        if opened.format in ("JPEG", "MPO"):
            return tuple(_of_jpeg(opened, encoded))
        if opened.format == "HEIF":
            return tuple(_of_heif(opened, encoded))
        return tuple(_frames(opened))
    except Exception:  # what stands beside a photo may be damaged; the photo is read already
        return ("what else the file holds",)


def _of_jpeg(opened: Pillow.Image, encoded: bytes) -> Iterator[str]:
    """The marks of what follows must be in the file, and something must follow the picture."""
    pictures = getattr(opened, "n_frames", 1)
    if pictures > 1:
        entries = getattr(opened, "mpinfo", {}).get(_MPF_ENTRIES) or [{}]
        rest = encoded[entries[0].get("Size", 0) :]
        known = 0
        if any(mark in rest for mark in _GAIN_MARKS):
            known += 1
            yield GAIN_MAP
        if any(mark in encoded for mark in _DEPTH_MARKS):
            known += 1
            yield DEPTH_MAP
        yield from _more(pictures - 1 - known, "picture")
    elif any(mark in encoded for mark in _DEPTH_MARKS):
        yield DEPTH_MAP
    if b"ftyp" in encoded and any(mark in encoded for mark in _VIDEO_MARKS):
        yield VIDEO


def _of_heif(opened: Pillow.Image, encoded: bytes) -> Iterator[str]:
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
    yield from _more(getattr(opened, "n_frames", 1) - 1, word)


def _more(count: int, word: str) -> Iterator[str]:
    if count > 0:
        yield f"{count} more {word}{'s' if count > 1 else ''}"

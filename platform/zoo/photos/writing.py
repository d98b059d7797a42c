"""Writing a photo back: the format its name asks for, as finely stored as the one it came from."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pillow
from PIL import PngImagePlugin

from zoo.errors import PhotoError
from zoo.photos.image import Image
from zoo.photos.reading import Photo
from zoo.storage import atomic_file

WRITABLE = {
    ".jpg": "JPEG", ".jpeg": "JPEG", ".jpe": "JPEG", ".png": "PNG", ".webp": "WEBP",
    ".tif": "TIFF", ".tiff": "TIFF", ".avif": "AVIF",
}  # fmt: skip
"""Suffixes that can be written, with Pillow's format: those that can say what was done (XMP)."""

_XMP_TAG = 700  # TIFF
_QUALITY = 95


def output_suffix(suffix: str) -> str:
    """The suffix for the successor of a photo with ``suffix``: the same, or ``.png`` instead."""
    return suffix if suffix.lower() in WRITABLE else ".png"


def write_photo(
    path: Path, image: Image, like: Photo | None = None, *, xmp: str | None = None
) -> None:
    """Writes what :func:`encode_photo` gives, atomically.

    Raises:
        PhotoError: see there.
        StorageError: no permission or no space.
    """
    with atomic_file(path) as temporary:
        temporary.write_bytes(encode_photo(path, image, like, xmp=xmp))


def encode_photo(
    path: Path, image: Image, like: Photo | None = None, *, xmp: str | None = None
) -> bytes:
    """``image`` [H, W, 3] as the sRGB file that ``path``'s suffix asks for; nothing is written.

    ``like`` is the photo it was made from: its safe EXIF, transparency, greyness and JPEG
    quality are kept as far as the format can. ``xmp`` is an XMP packet to embed.

    Raises:
        PhotoError: a suffix that is not in :data:`WRITABLE`, or a picture too large for it.
    """
    kind = WRITABLE.get(path.suffix.lower())
    if kind is None:
        raise PhotoError(
            f"Cannot write {path}: the suffix must be one of {' '.join(sorted(WRITABLE))}."
        )
    picture = _picture(image, like, kind)
    encoded = io.BytesIO()
    try:
        picture.save(encoded, kind, **_options(like, kind, xmp))
    except (OSError, ValueError, RuntimeError) as error:
        raise PhotoError(_cannot(path, kind, image, error)) from error
    return encoded.getvalue()


def _picture(image: Image, like: Photo | None, kind: str) -> Pillow.Image:
    picture = Pillow.fromarray(np.ascontiguousarray(image))
    if like is None:
        return picture
    alpha = like.metadata.alpha
    fits = alpha is not None and alpha.shape == image.shape[:2]
    if fits and alpha is not None:
        picture.putalpha(Pillow.fromarray(alpha))
        if kind == "JPEG":  # has no transparency: show it on white
            white = Pillow.new("RGBA", picture.size, "white")
            picture = Pillow.alpha_composite(white, picture).convert("RGB")
    if like.metadata.grey and kind in ("JPEG", "PNG", "TIFF"):
        picture = picture.convert("LA" if picture.mode == "RGBA" else "L")
    return picture


def _options(like: Photo | None, kind: str, xmp: str | None) -> dict[str, Any]:
    options: dict[str, Any] = {}
    metadata = like.metadata if like else None
    if metadata and metadata.exif:
        options["exif"] = metadata.exif
    packet = xmp.encode() if xmp else None
    if kind == "JPEG":
        if metadata and metadata.jpeg:
            options["qtables"] = [list(table) for table in metadata.jpeg.tables]
            options["subsampling"] = metadata.jpeg.subsampling
        else:
            options.update(quality=_QUALITY, subsampling=0)
    elif kind in ("WEBP", "AVIF"):
        options["quality"] = _QUALITY
    if packet and kind == "PNG":
        text = PngImagePlugin.PngInfo()
        text.add_itxt("XML:com.adobe.xmp", packet.decode())
        options["pnginfo"] = text
    elif packet and kind == "TIFF":  # keeps XMP among its other tags (and only uncompressed)
        tags = Pillow.Exif()
        tags.load(options.get("exif", b""))
        tags[_XMP_TAG] = packet
        options["exif"] = tags
    elif packet:
        options["xmp"] = packet
    return options


def _cannot(path: Path, kind: str, image: Image, error: Exception) -> str:
    height, width = image.shape[:2]
    return f"Cannot write {path} as {kind} of {width}x{height} pixels: {error}; try .png."

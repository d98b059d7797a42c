"""Writes photos: format by suffix, quality as in the input."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pillow
from PIL import PngImagePlugin

from zoo.errors import PhotoError
from zoo.photos.formats import exr, heif, jxl
from zoo.photos.formats.high_bit_depth import HighBitDepth
from zoo.photos.image import Image
from zoo.photos.metadata import without_camera
from zoo.photos.reading import Photo
from zoo.storage import atomic_file

WRITABLE = {
    ".jpg": "JPEG", ".jpeg": "JPEG", ".jpe": "JPEG", ".png": "PNG", ".webp": "WEBP",
    ".tif": "TIFF", ".tiff": "TIFF", ".avif": "AVIF",
}  # fmt: skip
"""Suffixes that can be written, with Pillow's format: those that can say what was done (XMP)."""

_XMP_TAG = 700  # TIFF
_QUALITY = 95
_DEEP = ("PNG", "TIFF", "EXR")  # can hold more than 8 bits per channel


def writable(suffix: str) -> dict[str, str]:
    """Suffixes that the successor of a photo with ``suffix`` may have, and their formats.

    Only light becomes OpenEXR: of any other photo it is not known how bright it was.
    """
    return {**WRITABLE, exr.SUFFIX: "EXR"} if suffix.lower() == exr.SUFFIX else WRITABLE


def output_suffix(suffix: str) -> str:
    """The suffix for the successor of a photo with ``suffix``.

    The same; if that cannot be written, JPEG's for what cameras keep photos in (HEIC, JPEG XL), and
    PNG's, which loses nothing, for all others.
    """
    if suffix.lower() in writable(suffix):
        return suffix
    return ".jpg" if suffix.lower() in heif.SUFFIXES | jxl.SUFFIXES else ".png"


def losses(like: Photo, path: Path) -> tuple[str, ...]:
    """What the file of ``like`` holds that its successor ``path`` will not, in words for people.

    That is what stands beside the picture (``like.companions``), depth and transparency. What of
    the metadata is left out on purpose is not told (:mod:`.metadata`).
    """
    kind = writable(exr.SUFFIX).get(path.suffix.lower())
    lost = list(like.companions)
    alpha = like.metadata.alpha
    if like.deep and like.deep.header is not None and like.deep.values.shape[2] == 4:
        alpha = np.rint(255 * like.deep.values[..., 3].clip(0, 1)).astype(np.uint8)
    if like.metadata.bits > 8 and not (like.deep and kind in _DEEP):
        lost.append(f"{like.metadata.bits} bits per channel (8 are written)")
    elif like.deep and like.deep.header is not None and kind != "EXR":
        lost.append("light beyond white (16 bits per channel are written)")
    kept = kind != "JPEG" if like.metadata.alpha is not None else kind == "EXR"
    if alpha is not None and not kept and (alpha < 255).any():
        lost.append("transparency")
    return tuple(lost)


def check_writable(path: Path, like: Photo) -> None:
    """Checks before a swap that its output can be written.

    Raises:
        PhotoError: ``path`` has a suffix that the successor of ``like`` cannot have.
    """
    _kind(path, like)


def write_photo(
    path: Path,
    image: Image,
    like: Photo | None = None,
    *,
    xmp: str | None = None,
    camera: bool = False,
) -> None:
    """Writes what :func:`encode_photo` gives, atomically.

    Raises:
        PhotoError: see there.
        StorageError: no permission or no space.
    """
    with atomic_file(path) as temporary:
        temporary.write_bytes(encode_photo(path, image, like, xmp=xmp, camera=camera))


def encode_photo(
    path: Path,
    image: Image,
    like: Photo | None = None,
    *,
    xmp: str | None = None,
    camera: bool = False,
) -> bytes:
    """``image`` [H, W, 3] as the sRGB file that ``path``'s suffix asks for; nothing is written.

    ``like`` is the photo it was made from: its safe EXIF, transparency, greyness and JPEG
    quality are kept as far as the format can. ``xmp`` is an XMP packet to embed; with ``camera``
    the camera's part of the EXIF is kept too (:mod:`.metadata`).

    A photo with more than 8 bits per channel that was read whole gives a PNG, TIFF or OpenEXR
    file that has them too, in its own colour space; only what ``image`` changed is changed.

    Raises:
        PhotoError: a suffix that is not :func:`writable`, or a picture too large for it.
    """
    kind = _kind(path, like)
    if like and not camera:
        exif = without_camera(like.metadata.exif)
        like = replace(like, metadata=replace(like.metadata, exif=exif))
    encoded = io.BytesIO()
    try:
        if like and like.deep and kind in _DEEP:
            return _deep(like.deep.changed(like.image, image), kind, like.metadata.exif, xmp)
        picture = _picture(image, like, kind)
        picture.save(encoded, kind, **_options(like, kind, xmp))
    except (OSError, ValueError, RuntimeError) as error:
        raise PhotoError(_cannot(path, kind, image, error)) from error
    return encoded.getvalue()


def _kind(path: Path, like: Photo | None) -> str:
    kinds = writable(exr.SUFFIX) if like and like.metadata.format == "EXR" else WRITABLE
    kind = kinds.get(path.suffix.lower())
    if kind is None:
        raise PhotoError(
            f"Cannot write {path}: the suffix must be one of {' '.join(sorted(kinds))}."
        )
    return kind


def _deep(deep: HighBitDepth, kind: str, exif: bytes | None, xmp: str | None) -> bytes:
    from zoo.photos.formats.high_bit_depth_writing import encode_png, encode_tiff

    if kind == "EXR":
        return exr.encode_exr(deep, xmp)
    encode = encode_png if kind == "PNG" else encode_tiff
    return encode(deep if deep.header is None else deep.developed(), exif, xmp)


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

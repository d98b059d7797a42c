"""Reads untrusted photos of all supported formats.

The result is upright sRGB, whatever the file holds (rotated, grey, transparent, CMYK, 16 bits,
floating point, another colour space). Its size is checked before a pixel is decoded.
"""

import io
import os
import stat
import warnings
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from PIL import Image as Pillow
from PIL import ImageOps, UnidentifiedImageError

from zoo.errors import PhotoError
from zoo.photos.colour.cicp import from_code_points
from zoo.photos.colour.colour_spaces import space_of
from zoo.photos.colour.srgb import to_srgb
from zoo.photos.embedded_media import embedded_media
from zoo.photos.formats import exr, heif, jxl
from zoo.photos.formats.high_bit_depth import HighBitDepth, depth, is_raw, read_deep
from zoo.photos.image import Image
from zoo.photos.limits import check_size
from zoo.photos.metadata import Metadata, safe_metadata
from zoo.printable import printable

SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".jpe", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".avif", ".ppm",
     ".pgm", exr.SUFFIX, *heif.SUFFIXES, *jxl.SUFFIXES)
)  # fmt: skip
"""What counts as a photo in a folder."""

_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "PPM")
MAX_BYTES = 300_000_000
MAX_PIXELS = 100_000_000


@dataclass(frozen=True)
class Photo:
    """A photo's pixels, and what of the rest may be written back.

    Attributes:
        path: the file.
        image: upright sRGB.
        metadata: what is safe to write back.
        deep: the same picture with more than 8 bits, if the file has them and they were asked for.
        companions: what else the file holds, such as ``HDR gain map``, if that was asked for.
    """

    path: Path
    image: Image
    metadata: Metadata
    deep: HighBitDepth | None = None
    companions: tuple[str, ...] = ()


def find_photos(
    folders_or_files: Iterable[Path], suffixes: Collection[str] = SUFFIXES
) -> list[Path]:
    """All photos in the folders (and the folders in them), sorted; files are taken as named.

    Args:
        folders_or_files: where to look.
        suffixes: what counts as a photo in a folder.

    Raises:
        PhotoError: something named does not exist, or no photo is there.
    """
    named = list(folders_or_files)
    found: set[Path] = set()
    for path in named:
        if path.is_dir():
            for folder, _, files in os.walk(path):
                found.update(
                    Path(folder, name)
                    for name in files
                    if Path(name).suffix.lower() in suffixes and not name.startswith(".")
                )
        elif path.exists():
            found.add(path)
        else:
            raise PhotoError(f"{path} does not exist; give a photo or a folder of photos.")
    if not found:
        where = ", ".join(str(path) for path in named[:3]) or "nothing"
        raise PhotoError(f"No photos in {where}; give files such as .jpg, .heic or .png.")
    return sorted(found)


class Decode(Protocol):
    """:func:`decode_photo`, here or in a process of its own (:mod:`.decoder_processes`)."""

    def __call__(
        self, encoded: bytes, path: Path, *, max_pixels: int, whole: bool = False
    ) -> Photo: ...


def decode_photo(encoded: bytes, path: Path, *, max_pixels: int, whole: bool = False) -> Photo:
    """The photo in the file ``encoded``, as upright sRGB.

    Args:
        encoded: the file's bytes.
        path: its name, for sentences.
        max_pixels: that it may have.
        whole: whether what 8-bit sRGB cannot hold is wanted too: ``deep`` and ``companions``.

    Raises:
        PhotoError: not a photo, damaged or larger than ``max_pixels``.
    """
    try:
        if exr.is_exr(encoded):
            image, light, others = exr.read_exr(path, encoded, max_pixels)
            bits = 8 * light.values.dtype.itemsize
            return Photo(path, image, Metadata("EXR", bits=bits), light if whole else None, others)
        if jxl.is_jxl(encoded):
            return _jxl(encoded, path, max_pixels, whole)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on damaged metadata, and sizes: checked below
            return _decoded(encoded, path, max_pixels, whole)
    except PhotoError:
        raise
    except MemoryError as error:
        raise PhotoError(
            f"{path} needs more memory than is available; make it smaller first."
        ) from error
    except Pillow.DecompressionBombError as error:
        raise PhotoError(f"{path} has too many pixels; make it smaller first.") from error
    except UnidentifiedImageError as error:
        raise PhotoError(_not_a_photo(path, encoded)) from error
    except Exception as error:  # a decoder of damaged data may raise anything
        words = printable(" ".join(str(error).split())).rstrip(".") or type(error).__name__
        raise PhotoError(f"{path} is damaged and cannot be read: {words}.") from error


def read_photo(
    path: Path,
    *,
    max_pixels: int = MAX_PIXELS,
    whole: bool = False,
    decode: Decode = decode_photo,
) -> Photo:
    """Reads a photo as upright sRGB.

    Args:
        path: the file.
        max_pixels: that it may have.
        whole: whether what 8-bit sRGB cannot hold is wanted too: ``deep`` and ``companions``.
        decode: what decodes it.

    Raises:
        PhotoError: missing, unreadable, not a photo, damaged or larger than ``max_pixels``.
    """
    return decode(photo_bytes(path), path, max_pixels=max_pixels, whole=whole)


def _decoded(encoded: bytes, path: Path, max_pixels: int, whole: bool) -> Photo:
    with Pillow.open(io.BytesIO(encoded), formats=_formats(encoded)) as opened:
        if opened.format == "TIFF" and is_raw(opened, encoded):
            raise PhotoError(
                f"{path} is a camera raw file, and only its preview could be read; develop it "
                "to TIFF or JPEG first."
            )
        check_size(path, opened, max_pixels)
        metadata = replace(safe_metadata(opened), bits=depth(opened, encoded))
        picture = ImageOps.exif_transpose(opened)
        image, alpha = to_srgb(picture)
        if not opened.info.get("icc_profile") and (points := opened.info.get("nclx_profile")):
            image = from_code_points(image, points)
        deep = read_deep(opened, encoded, image) if whole else None
        others = embedded_media(opened, encoded) if whole else ()
    return Photo(path, image, replace(metadata, alpha=alpha), deep, others)


def _jxl(encoded: bytes, path: Path, max_pixels: int, whole: bool) -> Photo:
    picture, bits, values = jxl.read_jxl(path, encoded, max_pixels)
    image, alpha = to_srgb(picture)
    metadata = replace(safe_metadata(picture), bits=bits, alpha=alpha)
    profile = picture.info.get("icc_profile")
    space = space_of(None if picture.mode.startswith("L") else profile)
    deep = whole and 8 < bits <= 16 and values.shape[2] != 2 and space is not None
    return Photo(
        path, image, metadata, HighBitDepth(values, space, profile) if deep and space else None
    )


def _formats(encoded: bytes) -> tuple[str, ...]:
    """What Pillow may take it for."""
    if not heif.is_heif(encoded):
        return _FORMATS
    heif.ready()
    return (heif.FORMAT,)


def photo_bytes(path: Path) -> bytes:
    """What is in a photo's file.

    Raises:
        PhotoError: it is missing, unreadable, no regular file or larger than :data:`MAX_BYTES`.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise PhotoError(f"{path} is not a file; give a photo.")
        if status.st_size > MAX_BYTES:
            raise PhotoError(
                f"{path} is larger than {MAX_BYTES // 1_000_000} MB; make it smaller first."
            )
        return path.read_bytes()
    except FileNotFoundError as error:
        raise PhotoError(f"{path} does not exist; check its name.") from error
    except PermissionError as error:
        raise PhotoError(f"No permission to read {path}; change its permissions.") from error
    except (OSError, ValueError) as error:  # ValueError: a name with a null byte
        raise PhotoError(f"{path} cannot be read: {error}.") from error


def _not_a_photo(path: Path, encoded: bytes) -> str:
    if not encoded:
        return f"{path} is empty; give a photo."
    return (
        f"{path} is not a photo, or damaged; give a JPEG, HEIC, PNG, WebP, TIFF, BMP, GIF, AVIF, "
        "JPEG XL or OpenEXR."
    )

"""Reading any photo a person has, and trusting none.

Whatever the file holds (rotated, grey, transparent, CMYK, 16 bits, another colour space), what
comes out is upright sRGB. Its size is checked before a pixel is decoded.
"""

import io
import os
import stat
import warnings
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image as Pillow
from PIL import ImageOps, UnidentifiedImageError

from zoo.errors import PhotoError
from zoo.photos.colour import to_srgb
from zoo.photos.image import Image
from zoo.photos.limits import check_size
from zoo.photos.metadata import Metadata, safe_metadata

SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".jpe", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".avif", ".ppm",
     ".pgm", ".heic", ".heif")
)  # fmt: skip
"""What counts as a photo in a folder; HEIC is named so that it is refused and not overlooked."""

_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "PPM")
MAX_BYTES = 300_000_000
MAX_PIXELS = 100_000_000
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


@dataclass(frozen=True)
class Photo:
    """A photo's pixels, and what of the rest may be written back."""

    path: Path
    image: Image
    metadata: Metadata


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
        raise PhotoError(f"No photos in {where}; give files such as .jpg, .png or .webp.")
    return sorted(found)


def read_photo(path: Path, *, max_pixels: int = MAX_PIXELS) -> Photo:
    """Reads a photo as upright sRGB.

    Raises:
        PhotoError: missing, unreadable, not a photo, damaged or larger than ``max_pixels``.
    """
    encoded = _read_bytes(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on damaged metadata, and on sizes that are checked below
        try:
            with Pillow.open(io.BytesIO(encoded), formats=_FORMATS) as opened:
                check_size(path, opened, max_pixels)
                metadata = safe_metadata(opened)
                picture = ImageOps.exif_transpose(opened)
                image, alpha = to_srgb(picture)
        except PhotoError:
            raise
        except Pillow.DecompressionBombError as error:
            raise PhotoError(f"{path} has too many pixels; make it smaller first.") from error
        except UnidentifiedImageError as error:
            raise PhotoError(_not_a_photo(path, encoded)) from error
        except Exception as error:  # a decoder of damaged data may raise anything
            raise PhotoError(f"{path} is damaged and cannot be read: {error}.") from error
    return Photo(path, image, replace(metadata, alpha=alpha))


def _read_bytes(path: Path) -> bytes:
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
    if encoded[4:8] == b"ftyp" and encoded[8:12] in _HEIC_BRANDS:
        return f"{path} is a HEIC photo, which is not supported; save it as JPEG first."
    return f"{path} is not a photo, or damaged; give a JPEG, PNG, WebP, TIFF, BMP, GIF or AVIF."

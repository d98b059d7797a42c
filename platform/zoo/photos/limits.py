"""Size limits of photos, checked before decoding."""

from pathlib import Path

from PIL import Image as Pillow

from zoo.errors import PhotoError

MAX_SIDE = 32_767
"""Pixels: OpenCV, which warps pictures, counts them in 16 bits."""

BYTES_PER_PIXEL = 6
"""Of as many pixels as are allowed: three channels of 16 bits."""


def check_size(path: Path, opened: Pillow.Image, max_pixels: int) -> None:
    """Checks the limits of an opened photo before it is decoded.

    Raises:
        PhotoError: more than ``max_pixels``, a side longer than :data:`MAX_SIDE`, or more bytes
            than :data:`BYTES_PER_PIXEL` for each of the pixels allowed.
    """
    check_dimensions(path, *opened.size, bytes_per_pixel(opened), max_pixels)


def check_dimensions(
    path: Path, width: int, height: int, bytes_per_pixel: int, max_pixels: int
) -> None:
    """Checks a photo's dimensions against the limits.

    Raises:
        PhotoError: as :func:`check_size` does.
    """
    size = f"{path} has {width}x{height} pixels"
    if width * height > max_pixels:
        raise PhotoError(
            f"{size}, more than the {max_pixels // 1_000_000} million allowed; make it smaller "
            "first."
        )
    if max(width, height) > MAX_SIDE:
        raise PhotoError(f"{size}, and the limit per side is {MAX_SIDE:,}; cut it first.")
    decoded, allowed = width * height * bytes_per_pixel, BYTES_PER_PIXEL * max_pixels
    if decoded > allowed:
        raise PhotoError(
            f"{size} of {bytes_per_pixel} bytes, {decoded / 1e6:,.0f} MB decoded, more "
            f"than the {allowed / 1e6:,.0f} MB allowed; make it smaller, or save it with 8 bits "
            "a channel."
        )


def bytes_per_pixel(opened: Pillow.Image) -> int:
    """What a pixel takes as the file has it: 3 for RGB, 8 for RGBA of 16 bits."""
    # Pillow names how samples lie in the file, as in "RGB;16B", where it differs from the mode.
    raw = " ".join(str(tile[3]) for tile in getattr(opened, "tile", ()))
    width = 4 if opened.mode in ("I", "F") or ";32" in raw else 2 if ";16" in raw else 1
    if opened.mode.startswith("I;16"):
        width = 2
    return width * max(1, len(opened.getbands()))

"""OpenEXR: pictures with linear floating-point values.

The OpenEXR library is imported only when such a file comes. Only red, green, blue and alpha are
kept: other channels and parts (depth, mattes, passes of a renderer) still show the face that
was there. Decoded with the library's older interface, because the newer one prints what is
damaged on the standard output instead of raising.
"""

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zoo.errors import PhotoError
from zoo.photos.colour.colour_spaces import scene_light, white_of
from zoo.photos.embedded_media import more
from zoo.photos.formats.high_bit_depth import HighBitDepth
from zoo.photos.image import Image
from zoo.photos.limits import check_dimensions

SUFFIX = ".exr"
_MAGIC = b"v/1\x01"
_RGB = ("R", "G", "B")
_HALF, _FLOAT = 1, 2
_KINDS = {_HALF: np.float16, _FLOAT: np.float32}
_KEPT = ("dataWindow", "displayWindow", "pixelAspectRatio", "screenWindowCenter",
         "screenWindowWidth", "chromaticities", "whiteLuminance", "adoptedNeutral",
         "colorInteropID", "acesImageContainerFlag", "xDensity", "framesPerSecond", "expTime",
         "aperture", "isoSpeed", "capDate", "utcOffset")  # fmt: skip
_LOSSLESS = ("NO", "RLE", "ZIPS", "ZIP", "PIZ")


def is_exr(encoded: bytes) -> bool:
    """Whether the file begins as OpenEXR does."""
    return encoded.startswith(_MAGIC)


def read_exr(
    path: Path, encoded: bytes, max_pixels: int
) -> tuple[Image, HighBitDepth, tuple[str, ...]]:
    """What it shows in sRGB [H, W, 3], the light itself, and what else it holds.

    Light of 1 is shown as white, or what :func:`.colour_spaces.white_of` says.

    Raises:
        PhotoError: damaged, too many pixels, or no plain RGB.
    """
    import OpenEXR

    try:
        parts = OpenEXR.File(io.BytesIO(encoded), header_only=True).parts
        header = dict(parts[0].header)
        (left, top), (right, bottom) = (edge.tolist() for edge in header["dataWindow"])
        width, height = right - left + 1, bottom - top + 1
    except (RuntimeError, ValueError, TypeError, KeyError, IndexError, OSError) as error:
        raise PhotoError(f"{path} is damaged and cannot be read: {_words(error)}.") from error
    values, others = _pixels(path, encoded, (height, width), header.get("type"), max_pixels)
    kind = values.dtype
    light = np.nan_to_num(values[..., :3].astype(np.float32), posinf=0, neginf=0)
    try:
        space = scene_light(header.get("chromaticities"), white_of(light.reshape(-1, 3)), kind)
    except ValueError as error:
        raise PhotoError(f"{path} is damaged and cannot be read: it has {error}.") from error
    shown = np.empty((height, width, 3), np.uint8)
    for row in range(height):  # so that 8-byte numbers stay few
        shown[row] = np.rint(255 * space.displayed(values[row, :, :3]).clip(0, 1))
    compression = str(header["compression"]).rpartition(".")[2].split("_COMP")[0]
    keep = {name: header[name] for name in _KEPT if name in header}
    keep["compression"] = (
        header["compression"] if compression in _LOSSLESS else OpenEXR.ZIP_COMPRESSION
    )
    also = (*more(others, "channel"), *more(len(parts) - 1, "part"))
    return shown, HighBitDepth(values, space, header=keep), also


def encode_exr(deep: HighBitDepth, xmp: str | None) -> bytes:
    """``deep`` as OpenEXR; the mark is the text attribute ``xmp``."""
    import OpenEXR

    header = {**(deep.header or {}), "type": OpenEXR.scanlineimage}
    if xmp:
        header["xmp"] = xmp
    names = "RGBA"[: deep.values.shape[2]]
    channels = {
        name: np.ascontiguousarray(deep.values[..., number]) for number, name in enumerate(names)
    }
    file = io.BytesIO()
    OpenEXR.File(header, channels).write(file)
    return file.getvalue()


def _pixels(
    path: Path, encoded: bytes, size: tuple[int, int], storage: object, max_pixels: int
) -> tuple[NDArray[Any], int]:
    """Colour and alpha [H, W, 3 or 4], and how many other channels the first part has."""
    import OpenEXR

    try:
        if storage not in (OpenEXR.scanlineimage, OpenEXR.tiledimage):
            raise PhotoError(f"{path} is a deep OpenEXR picture; flatten it first.")
        file = OpenEXR.InputFile(io.BytesIO(encoded))
        channels = file.header()["channels"]
        plain = all(
            name in channels
            and channels[name].type.v in (_HALF, _FLOAT)
            and (channels[name].xSampling, channels[name].ySampling) == (1, 1)
            for name in _RGB
        )
        if not plain:
            raise PhotoError(
                f"{path} is an OpenEXR picture without plain channels R, G and B in its first "
                "part; save it with those."
            )
        alpha = "A" in channels and channels["A"].type.v in (_HALF, _FLOAT)
        names = [*_RGB, "A"] if alpha else [*_RGB]
        kinds = [np.dtype(_KINDS[channels[name].type.v]) for name in names]
        kind = np.result_type(*kinds)
        check_dimensions(path, *size[::-1], len(names) * kind.itemsize, max_pixels)
        values = np.empty((*size, len(names)), kind)
        for number, (read, one) in enumerate(zip(file.channels(names), kinds, strict=True)):
            values[..., number] = np.frombuffer(read, one).reshape(size)
    except (RuntimeError, ValueError, TypeError, KeyError, OSError) as error:
        raise PhotoError(f"{path} is damaged and cannot be read: {_words(error)}.") from error
    return values, len(channels) - len(names)


def _words(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")

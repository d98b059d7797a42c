"""Filters the metadata of a photo that its output may keep.

A list of what is kept, not of what is dropped: author, copyright and resolution, and for who asks
the camera's data (make, model, lens, exposure, dates). So places, serial numbers, owners' names,
thumbnails (which would still show the face that was there) and makers' notes never pass, whatever
new tags cameras invent.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, JpegImagePlugin
from PIL import Image as Pillow

from zoo.photos.colour.srgb import is_grey

_KEPT = ("Artist", "Copyright", "XResolution", "YResolution", "ResolutionUnit")
_KEPT_CAMERA = ("Make", "Model", "DateTime")
_KEPT_EXPOSURE = (
    "ExposureTime", "FNumber", "ExposureProgram", "ISOSpeedRatings", "DateTimeOriginal",
    "DateTimeDigitized", "OffsetTime", "OffsetTimeOriginal", "OffsetTimeDigitized",
    "SubsecTime", "SubsecTimeOriginal", "SubsecTimeDigitized", "ShutterSpeedValue",
    "ApertureValue", "BrightnessValue", "ExposureBiasValue", "MaxApertureValue",
    "MeteringMode", "LightSource", "Flash", "FocalLength", "FocalLengthIn35mmFilm",
    "ExposureMode", "WhiteBalance", "LensMake", "LensModel",
)  # fmt: skip
_MOST_BYTES = 20_000  # of EXIF; more than the kept tags ever honestly need


@dataclass(frozen=True)
class JpegQuality:
    """How finely a JPEG was stored, so that its successor is stored as finely."""

    tables: tuple[tuple[int, ...], ...]  # quantisation, 64 numbers each
    subsampling: int  # 0: 4:4:4, 1: 4:2:2, 2: 4:2:0, -1: unknown


@dataclass(frozen=True)
class Metadata:
    """Metadata that may be written back, and how the photo was stored."""

    format: str  # Pillow's name: "JPEG", "PNG", "WEBP", …; "EXR"
    grey: bool = False  # the file stored no colour
    alpha: NDArray[np.uint8] | None = None  # [H, W]
    exif: bytes | None = None  # with the camera's data: see without_camera
    jpeg: JpegQuality | None = None
    bits: int = 8  # per channel, in the file


def safe_metadata(opened: Pillow.Image) -> Metadata:
    """The safe part of an opened (not yet transposed) picture's metadata, without its alpha."""
    kind = str(opened.format)
    kind = "JPEG" if kind == "MPO" else kind
    return Metadata(kind, is_grey(opened), None, _safe_exif(opened), _jpeg_quality(opened))


def _safe_exif(opened: Pillow.Image) -> bytes | None:
    try:
        old = opened.getexif()
        new = Pillow.Exif()
        exposure = old.get_ifd(ExifTags.IFD.Exif)
        for name in _KEPT + _KEPT_CAMERA:
            _copy(old, new, ExifTags.Base[name])
        kept: dict[int, object] = {}
        for name in _KEPT_EXPOSURE:
            _copy(exposure, kept, ExifTags.Base[name])
        if kept:
            new[ExifTags.IFD.Exif] = kept
        if not len(new):
            return None
        encoded = new.tobytes()
    except Exception:  # damaged EXIF may raise anything; the photo is worth more than it
        return None
    return encoded if len(encoded) <= _MOST_BYTES else None


def without_camera(exif: bytes | None) -> bytes | None:
    """Safe EXIF without what tells the camera and when it was used; None where nothing is left."""
    if exif is None:
        return None
    try:
        old, new = Pillow.Exif(), Pillow.Exif()
        old.load(exif)
        for name in _KEPT:
            _copy(old, new, ExifTags.Base[name])
        return new.tobytes() if len(new) else None
    except Exception:  # as in _safe_exif
        return None


def _copy(old: object, new: object, tag: int) -> None:
    value = old.get(tag)  # type: ignore[attr-defined]
    if value is not None:
        new[tag] = value  # type: ignore[index]


def _jpeg_quality(opened: Pillow.Image) -> JpegQuality | None:
    if not isinstance(opened, JpegImagePlugin.JpegImageFile):
        return None
    tables = tuple(tuple(int(value) for value in table) for table in opened.quantization.values())
    if not tables or any(len(table) != 64 for table in tables):
        return None
    return JpegQuality(tables[:2], JpegImagePlugin.get_sampling(opened))

"""Converts a file's pixels to 8-bit sRGB and a separate alpha channel."""

import io
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from zoo.photos.image import Image

_DEEP = ("I", "I;16", "I;16B", "I;16L", "I;16N", "F")  # grey of more than 8 bits


def to_srgb(picture: Pillow.Image) -> tuple[Image, NDArray[np.uint8] | None]:
    """Pixels [H, W, 3] and alpha [H, W], or None when the picture has none.

    Where a pixel is wholly transparent its hidden colour is replaced by white: nobody sees it,
    so no face should be found in it.
    """
    alpha = _alpha(picture)
    if picture.mode in _DEEP:
        picture = _eight_bits(picture)
    elif picture.mode in ("1", "P", "PA", "LA", "RGBA", "La", "RGBa") or alpha is not None:
        grey = picture.mode in ("1", "LA", "La", "L")
        picture = picture.convert("L") if grey else picture.convert("RGBA").convert("RGB")
    image = np.array(_managed(picture), np.uint8)
    if alpha is not None:
        image[alpha == 0] = 255
    return image, alpha


def is_grey(picture: Pillow.Image) -> bool:
    """Whether the file stores no colour."""
    return picture.mode in ("1", "L", "LA", "La", *_DEEP)


def _alpha(picture: Pillow.Image) -> NDArray[np.uint8] | None:
    if picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info:
        return np.array(picture.convert("RGBA").getchannel("A"), np.uint8)
    return None


def _eight_bits(picture: Pillow.Image) -> Pillow.Image:
    values = np.nan_to_num(np.asarray(picture, np.float64), posinf=0, neginf=0)
    most = float(values.max(initial=0))
    if picture.mode == "F":
        full = 1.0 if most <= 1 else 255.0 if most <= 255 else 65535.0
    else:
        full = 65535.0 if most <= 65535 else float(2**31 - 1)
    return Pillow.fromarray(np.rint(values.clip(0, full) * (255 / full)).astype(np.uint8))


def _managed(picture: Pillow.Image) -> Pillow.Image:
    """Converts by the embedded ICC profile; as if there were none when it is damaged."""
    profile = picture.info.get("icc_profile")
    if profile:
        from PIL import ImageCms

        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if ImageCms.getProfileDescription(source).startswith("sRGB") and picture.mode == "RGB":
                return picture
            target = ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(picture, source, target, outputMode="RGB")
            return cast(Pillow.Image, converted)
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError, AttributeError):
            pass
    return picture.convert("RGB")

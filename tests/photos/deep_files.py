"""Deep pictures made and read by libraries other than those that the package reads them with."""

from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pyjpegxl
from numpy.typing import NDArray
from PIL import ImageCms

ADOBE_RGB = (0.64, 0.33, 0.21, 0.71, 0.15, 0.06)


def write_deep(path: Path, values: NDArray[np.uint16]) -> Path:
    """[H, W], [H, W, 3] or [H, W, 4] of 16 bits: PNG or TIFF by OpenCV, JPEG XL by libjxl."""
    if path.suffix == ".jxl":
        path.write_bytes(pyjpegxl.encode_from_numpy(values, lossless=True))
        return path
    order = [2, 1, 0, 3][: values.shape[2]] if values.ndim == 3 else ...
    assert cv2.imwrite(str(path), values[..., order] if values.ndim == 3 else values)
    return path


def ffmpeg_reads(path: Path) -> NDArray[Any]:
    """What FFmpeg's own decoders of PNG, TIFF and OpenEXR find: [H, W, C], as it is stored."""
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
    if not frame.format.name.startswith("gbr"):
        return np.asarray(frame.to_ndarray(format=frame.format.name))
    kind = np.dtype("<f2" if "f16" in frame.format.name else "<f4")
    planes = []
    for plane in frame.planes:
        lines = np.frombuffer(bytes(plane), kind).reshape(plane.height, -1)
        planes.append(lines[:, : plane.width])
    green, blue, red, *alpha = planes
    return np.stack([red, green, blue, *alpha], axis=-1)


def srgb_light(shown: NDArray[Any] | float) -> NDArray[np.float64]:
    """Linear light of sRGB's 0 to 1 (IEC 61966-2-1)."""
    shown = np.asarray(shown, np.float64)
    return np.where(shown <= 0.04045, shown / 12.92, ((shown + 0.055) / 1.055) ** 2.4)


def srgb_profile() -> bytes:
    """LittleCMS's own, whose curves are parametric."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

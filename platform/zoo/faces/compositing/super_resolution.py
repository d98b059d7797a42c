"""A swapped face that is enlarged gets the detail that enlarging leaves out.

An identity's network draws a crop of 64 to 256 pixels, a little blurred; on a portrait of 1,000
pixels each of them covers four and the face is softer than the photo around it. A small network
(:mod:`zoo.networks.super_resolution`), trained on photos of other people reduced and blurred
(``pipelines/shipped/super_resolution.py``), tells lids, lips and nostrils as they look at twice the
size.
"""

from pathlib import Path

import cv2
import numpy as np

from zoo.faces.compositing.colour_transfer import each_channel
from zoo.faces.shipped_session import shipped_session
from zoo.photos.image import Plane

WEIGHTS = Path(__file__).with_name("super_resolution.onnx")

_NOISE = 4.0  # grey levels: detail much weaker than this is the pattern of the network, not a face
_AROUND = 1.5  # pixels, within which its strength is found
_FROM, _ALL = 1.2, 1.8  # pixels of the photo per pixel of the face: none of it, and all of it


def share_of_detail(pitch: float) -> float:
    """How much of the detail is laid over a face, 0 to 1; in between, so that none pops up.

    Args:
        pitch: pixels of the photo per pixel of the network's output.
    """
    return float(np.clip((pitch - _FROM) / (_ALL - _FROM), 0, 1))


def enlarged(face: Plane, share: float = 1.0) -> Plane:
    """``face`` [S, S, 3], 0..255, at twice the size, [2S, 2S, 3], with ``share`` of its detail.

    Weak detail is left out (coring): on skin it is the checkered pattern of a network of
    convolutions, which looks like pores and is not.

    Raises:
        AssetError: the network's file is missing or damaged.
    """
    side = face.shape[0]
    even = np.pad(face, ((0, side % 2), (0, side % 2), (0, 0)), mode="edge")
    photo_13SS = np.ascontiguousarray(even.transpose(2, 0, 1)[None], np.float32) / 255
    (detail_11SS,) = shipped_session(WEIGHTS).run(None, {"photo": photo_13SS})
    detail = share * _cored(255 * detail_11SS[0, 0, : 2 * side, : 2 * side])
    large = cv2.resize(face, (2 * side, 2 * side), interpolation=cv2.INTER_CUBIC)
    return np.asarray((large + each_channel(detail)).clip(0, 255), np.float32)


def _cored(detail: Plane) -> Plane:
    """``detail`` where it is strong; σ²/(σ² + n²) of it where its strength nearby is σ (Wiener)."""
    strength = cv2.GaussianBlur(detail * detail, (0, 0), _AROUND)
    return np.asarray(detail * (strength / (strength + _NOISE**2)), np.float32)

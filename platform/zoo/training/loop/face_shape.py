"""Warps the face shape of style photos to the reference's jaw.

A swap keeps the contour of the face in the photo; the affine alignment leaves each person's own jaw
where it is, up to a twentieth of the eyes' distance off. A network that learns it draws a second
chin inside the first. So the style photos' mean shape is warped to the reference's: the jaw fully,
the mouth, whose position is expression as much as likeness, by half, and the rest, which makes the
likeness, only a little.
"""

import cv2
import numpy as np
from scipy.interpolate import RBFInterpolator

from zoo.faces.curation.face_pack import FacePack
from zoo.faces.geometry.reference import REFERENCE, mirror_landmarks
from zoo.photos.image import Plane, Points

_BENT = np.repeat((1.0, 0.15, 0.5), (17, 31, 20))[:, None].astype(np.float32)
_GRID = 32  # the bend is smooth: it is found on a grid of this side
_SMOOTHING = 1e-3


def with_reference_jaw(photos: FacePack) -> FacePack:
    """The same photos, bent alike by one thin-plate spline; their landmarks move with them.

    The crop's rim stays where it is.
    """
    both = [*photos.landmarks, *(mirror_landmarks(points) for points in photos.landmarks)]
    mean = np.mean(both, axis=0)
    moved = mean + _BENT * (REFERENCE - mean)
    source_x, source_y = _backward(mean, moved, photos.size)
    faces = [
        cv2.remap(
            np.ascontiguousarray(face),
            source_x,
            source_y,
            cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        )
        for face in photos.faces
    ]
    landmarks = (photos.landmarks + (moved - mean)).astype(np.float32)
    return FacePack(np.stack(faces).astype(np.uint8), landmarks, photos.names, photos.sources)


def _backward(mean: Points, moved: Points, size: int) -> tuple[Plane, Plane]:
    """For each pixel of the bent crop, the pixel coordinates [S, S] of x and of y it shows."""
    side = np.linspace(0, 1, 5, dtype=np.float32)
    rim = [(x, y) for x in side for y in side if x in (0, 1) or y in (0, 1)]
    still = np.array(rim, np.float32)
    targets, sources = np.concatenate([moved, still]), np.concatenate([mean, still])
    spline = RBFInterpolator(targets, sources - targets, smoothing=_SMOOTHING)
    coarse = (np.arange(_GRID) + 0.5) / _GRID
    places = np.stack(np.meshgrid(coarse, coarse), axis=-1).reshape(-1, 2)
    bend = spline(places).reshape(_GRID, _GRID, 2).astype(np.float32)
    bend = cv2.resize(bend, (size, size), interpolation=cv2.INTER_CUBIC)
    pixel = np.arange(size, dtype=np.float32)
    x, y = np.meshgrid(pixel, pixel)
    return (x + size * bend[..., 0]).astype(np.float32), (y + size * bend[..., 1]).astype(
        np.float32
    )

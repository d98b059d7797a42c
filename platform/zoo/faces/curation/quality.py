"""Quality of a photo for training: sharpness and novelty, measured on the aligned crop."""

import cv2
import numpy as np

from zoo.photos.image import Image, Plane, Points

_SIDE = 128  # pixels at which sharpness is measured, whatever the crop's size
_THUMBNAIL = 32
_SAME_LANDMARKS = 0.008  # of the crop: the mean distance below which two expressions are one


def sharpness(crop: Image) -> float:
    """How much of the face's contrast is fine detail; falls with blur, not with dim light.

    ``std(ΔY) / std(Y)`` over an ellipse on the face, Y the luma of the crop at 128 px and Δ the
    Laplacian. A face of the LFW set has 0.33 on average, 0.11 after a Gaussian blur by 3 % of
    the distance between the eyes' corners.
    """
    grey = _luma(crop, _SIDE)
    laplacian = cv2.Laplacian(grey, cv2.CV_32F, ksize=1)
    y, x = (np.mgrid[:_SIDE, :_SIDE] + 0.5) / _SIDE
    face = ((x - 0.5) / 0.36) ** 2 + ((y - 0.55) / 0.40) ** 2 < 1
    return float(np.std(laplacian[face]) / (np.std(grey[face]) + 1e-3))


class Seen:
    """The faces kept so far, to tell whether another one adds anything."""

    def __init__(self, least_difference: float) -> None:
        """``least_difference``: mean grey levels (0..255) at 32 px below which two are one."""
        self.least_difference = least_difference
        self.names: list[str] = []
        self._thumbnails = np.empty((0, _THUMBNAIL**2), np.float32)
        self._landmarks = np.empty((0, 68, 2), np.float32)

    def twin_of(self, crop: Image, landmarks: Points) -> str | None:
        """The name of a face that this one repeats: the same picture and expression."""
        apart = np.abs(self._thumbnails[: len(self.names)] - self._thumbnail(crop)).mean(axis=1)
        moved = np.linalg.norm(self._landmarks[: len(self.names)] - landmarks, axis=-1).mean(axis=1)
        same = np.flatnonzero((apart < self.least_difference) & (moved < _SAME_LANDMARKS))
        return self.names[same[0]] if len(same) else None

    def add(self, name: str, crop: Image, landmarks: Points) -> None:
        """Keeps a face (unit landmarks) under its name."""
        count = len(self.names)
        if count == len(self._thumbnails):
            room = max(64, count)
            self._thumbnails = np.concatenate(
                [self._thumbnails, np.empty((room, _THUMBNAIL**2), np.float32)]
            )
            self._landmarks = np.concatenate([self._landmarks, np.empty((room, 68, 2), np.float32)])
        self._thumbnails[count] = self._thumbnail(crop)
        self._landmarks[count] = landmarks
        self.names.append(name)

    @staticmethod
    def _thumbnail(crop: Image) -> Plane:
        return _luma(crop, _THUMBNAIL).ravel()


def _luma(crop: Image, side: int) -> Plane:
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    way = cv2.INTER_AREA if side < crop.shape[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(grey, (side, side), interpolation=way), np.float32)

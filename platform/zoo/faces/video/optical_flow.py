"""How points of a face move from one frame to the next."""

import cv2
import numpy as np

from zoo.photos.image import AnyArray, Plane, Points

_SIDE = 320  # pixels, at most, of the part of the picture that flow is found in
_WINDOW = (15, 15)
_AGREES = 0.015  # of the face's size: how far a point's flow is from the face's that it supports


def flow(before: AnyArray, after: AnyArray, points: Points) -> tuple[Points, Plane]:
    """How points [N, 2] move between two grey pictures, and how far there-and-back misses them.

    Pyramidal Lucas-Kanade (Bouguet 2000) at a bounded size. A point whose flow does not come
    back moves as the face does on the whole.
    """
    left, top = np.maximum(points.min(axis=0) - 0.25 * np.ptp(points, axis=0), 0).astype(int)
    right, bottom = (points.max(axis=0) + 0.25 * np.ptp(points, axis=0) + 1).astype(int)
    part = np.s_[top : max(bottom, top + 1), left : max(right, left + 1)]
    a, b = before[part], after[part]
    nothing = np.zeros_like(points), np.full(len(points), np.inf, np.float32)
    if min(a.shape) < 16:
        return nothing
    scale = min(1.0, _SIDE / max(a.shape))
    if scale < 1:
        a, b = (
            cv2.resize(x, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) for x in (a, b)
        )
    start = ((points - (left, top)) * scale).astype(np.float32).reshape(-1, 1, 2)
    there, came, _ = cv2.calcOpticalFlowPyrLK(a, b, start, start.copy(), winSize=_WINDOW)
    back, went, _ = cv2.calcOpticalFlowPyrLK(b, a, there, there.copy(), winSize=_WINDOW)
    moved = (there - start).reshape(-1, 2) / scale
    doubt = np.linalg.norm((back - start).reshape(-1, 2), axis=1) / scale
    good = (doubt < 0.02 * np.ptp(points)) & came.ravel().astype(bool) & went.ravel().astype(bool)
    if good.sum() < 12:
        return nothing
    common, _ = cv2.estimateAffinePartial2D(
        points[good], (points + moved)[good], ransacReprojThreshold=_AGREES * float(np.ptp(points))
    )
    if common is None:
        return nothing
    rigid = points @ common[:, :2].T + common[:, 2] - points
    doubt = np.where(good, doubt, 0.01 * np.ptp(points))
    return np.where(good[:, None], moved, rigid).astype(np.float32), doubt.astype(np.float32)

"""Smooths landmarks over time: a predictor's measurements combined with optical flow.

A landmark predictor has an independent error of about a hundredth of the inter-ocular distance in
each frame: a face aligned by it jitters. Optical flow has small errors between frames, but they
accumulate. So each landmark is modelled as a random walk about its flow, observed with noise:

    x_t = x_{t-1} + u_t + w_t,   w_t ~ N(0, Q_t)        u: flow
    z_t = x_t + v_t,             v_t ~ N(0, R)          z: the predictor

The filter (Kalman 1960) uses frames up to time t, for live video; it has no lag where flow follows
the face. The smoother (Rauch, Tung & Striebel 1965) also uses later frames, so it has none at all.
Blinks and speech stay: flow moves with them, and where flow does not come back to where it started,
Q grows by what it misses.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from zoo.faces.geometry.reference import interocular
from zoo.photos.image import AnyArray, Plane, Points

MEASURED = 0.012
"""Standard deviation of a measured landmark, in distances of the outer eye corners."""

MOVED = 0.003
"""The same of a landmark's flow between two frames, where flow returns to where it came from."""


@dataclass(frozen=True)
class State:
    """The filter's state of a face's landmarks in one frame.

    Attributes:
        predicted: from the last frame and the flow [68, 2].
        predicted_variance: of each [68], pixels squared; infinite in a track's first frame.
        estimate: with this frame's measurement [68, 2].
        variance: likewise [68].
    """

    predicted: Points
    predicted_variance: Plane
    estimate: Points
    variance: Plane


def begin(measured: Points) -> State:
    """The first frame of a track: nothing but its measurement is known."""
    variance = np.full(len(measured), (MEASURED * _size(measured)) ** 2, np.float32)
    return State(measured, np.full_like(variance, np.inf), measured, variance)


def advance(before: State, moved: Points, doubt: Plane, measured: Points | None) -> State:
    """One step of the filter.

    Args:
        before: the last frame's state.
        moved: each landmark's flow since then [68, 2], pixels.
        doubt: by how far flow there and back misses each landmark [68], pixels.
        measured: the predictor's landmarks in this frame [68, 2]; None without a measurement.
    """
    predicted = np.asarray(before.estimate + moved, np.float32)
    size = _size(predicted if measured is None else measured)
    noise = (MEASURED * size) ** 2
    variance = before.variance + (MOVED * size) ** 2 + np.square(doubt)
    if measured is None:
        return State(predicted, variance, predicted, variance)
    gain = variance / (variance + noise)
    estimate = predicted + gain[:, None] * (measured - predicted)
    return State(
        predicted.astype(np.float32),
        variance,
        estimate.astype(np.float32),
        ((1 - gain) * variance).astype(np.float32),
    )


def smoothed(states: Sequence[State]) -> list[Points]:
    """The landmarks of consecutive frames, each with all of these frames known."""
    points = [states[-1].estimate]
    for state, after in zip(reversed(states[:-1]), reversed(states[1:]), strict=True):
        gain = (state.variance / after.predicted_variance)[:, None]
        points.append(state.estimate + gain * (points[-1] - after.predicted))
    return [np.asarray(point, np.float32) for point in reversed(points)]


def _size(landmarks: Points) -> float:
    return max(interocular(landmarks), 1.0)


_SIDE = 480  # pixels, at most, of the part of the picture that flow is found in
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
    step = -(-max(a.shape) // _SIDE)
    if step > 1:  # a whole number, by which OpenCV is quick to average
        high, wide = (length // step for length in a.shape)
        a, b = (
            cv2.resize(x[: step * high, : step * wide], (wide, high), interpolation=cv2.INTER_AREA)
            for x in (a, b)
        )
    start = ((points - (left, top)) / step).astype(np.float32).reshape(-1, 1, 2)
    there, came, _ = cv2.calcOpticalFlowPyrLK(a, b, start, start.copy(), winSize=_WINDOW)
    back, went, _ = cv2.calcOpticalFlowPyrLK(b, a, there, there.copy(), winSize=_WINDOW)
    moved = (there - start).reshape(-1, 2) * step
    doubt = np.linalg.norm((back - start).reshape(-1, 2), axis=1) * step
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

"""Following faces through a video: searched for now and then, landmarks in every frame.

The search is what costs: it runs every few frames, at once after a cut, and where a face's
landmarks and its flow part. In between a face's box follows its landmarks.
"""

from dataclasses import dataclass, field
from itertools import count

import cv2
import numpy as np

from zoo.faces.detection import Box, find_boxes, find_landmarks, overlap
from zoo.faces.smoothing import State, advance, begin
from zoo.photos.image import AnyArray, Image, Plane, Points

_SEARCH_SECONDS = 0.24  # between searches of the whole picture
_LOOK_CLOSER = 4  # every so many searches of a picture without faces, at twice the size
_SAME_FACE = 0.3  # intersection over union of a found box and a followed one
_PARTED = 0.10  # eye distances of landmarks from their flow that ask for a search; twice that, anew
_MISSED = 3  # searches without finding it after which a face is let go
_BOX_SIDE = 2.73  # of dlib's box, in root mean square radii of the landmarks (51 photos)
_BOX_RISE = 0.11  # of its centre above the landmarks' mean, likewise
_FLOW_SIDE = 320  # pixels, at most, of the part of the picture that flow is found in
_WINDOW = (15, 15)
_THUMB = (32, 18)
_CUT_DIFFERENCE = 18.0  # grey levels
_CUT_CORRELATION = 0.6


@dataclass(frozen=True)
class Sighting:
    """One face in one frame.

    Attributes:
        track: a number that is the same for the same face until it is lost.
        state: of its landmarks.
        found: whether the search found it in this very frame.
    """

    track: int
    state: State
    found: bool


@dataclass
class _Track:
    number: int
    state: State
    missed: int = 0
    found: bool = True


@dataclass(frozen=True)
class _Seen:
    grey: AnyArray
    thumb: Plane


@dataclass
class Tracker:
    """Given the frames of a video one after another, says where its faces are."""

    rate: float
    _tracks: list[_Track] = field(default_factory=list)
    _before: _Seen | None = None
    _since: int = 0
    _searches: int = 0
    _numbers: "count[int]" = field(default_factory=count)

    def step(self, image: Image) -> list[Sighting]:
        """The faces of the next frame [H, W, 3], the largest first.

        Raises:
            AssetError: the face models are missing or damaged.
        """
        seen = _Seen(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), _thumbnail(image))
        before, self._before = self._before, seen
        cut = (
            before is None
            or before.grey.shape != seen.grey.shape
            or is_cut(before.thumb, seen.thumb)
        )
        self._since += 1
        search = self._since >= max(1, round(_SEARCH_SECONDS * self.rate))
        if cut or before is None:
            self._tracks, self._searches, search = [], 0, True
        else:
            for track in self._tracks:
                search |= _follow(track, before.grey, seen.grey, image)
        if search:
            self._search(image)
        ordered = sorted(self._tracks, key=lambda track: -_radius(track.state.estimate))
        return [Sighting(track.number, track.state, track.found) for track in ordered]

    def _search(self, image: Image) -> None:
        closer = not self._tracks and self._searches % _LOOK_CLOSER == 0
        boxes = find_boxes(image, closer=closer)
        self._since, self._searches = 0, self._searches + 1
        for track in self._tracks:
            around = box_of(track.state.estimate)
            near = max(boxes, key=lambda box: overlap(around, box), default=None)
            track.found = near is not None and overlap(around, near) > _SAME_FACE
            track.missed = 0 if track.found else track.missed + 1
            if track.found and near is not None:
                boxes.remove(near)
        self._tracks = [track for track in self._tracks if track.missed < _MISSED]
        for box in boxes:
            landmarks = find_landmarks(image, box_of(find_landmarks(image, box)))
            self._tracks.append(_Track(next(self._numbers), begin(landmarks)))


def box_of(landmarks: Points) -> Box:
    """The box that dlib's detector would, on average, draw around a face with these landmarks."""
    radius = _radius(landmarks)
    x, y = landmarks.mean(axis=0) - (0, _BOX_RISE * radius)
    half = _BOX_SIDE * radius / 2
    return round(x - half), round(y - half), round(x + half), round(y + half)


def is_cut(before: Plane, after: Plane) -> bool:
    """Whether two thumbnails are too unlike to be neighbours in one shot."""
    a, b = before - before.mean(), after - after.mean()
    correlation = float((a * b).sum() / max(np.sqrt((a * a).sum() * (b * b).sum()), 1e-6))
    difference = float(np.abs(before - after).mean())
    return difference > _CUT_DIFFERENCE and correlation < _CUT_CORRELATION


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
    scale = min(1.0, _FLOW_SIDE / max(a.shape))
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
    common, _ = cv2.estimateAffinePartial2D(points[good], (points + moved)[good])
    if common is None:
        return nothing
    rigid = points @ common[:, :2].T + common[:, 2] - points
    doubt = np.where(good, doubt, 0.01 * np.ptp(points))
    return np.where(good[:, None], moved, rigid).astype(np.float32), doubt.astype(np.float32)


def _follow(track: _Track, before: AnyArray, after: AnyArray, image: Image) -> bool:
    """Moves a track to the next frame; whether it should be searched for."""
    moved, doubt = flow(before, after, track.state.estimate)
    expected = track.state.estimate + moved
    measured = find_landmarks(image, box_of(expected))
    track.found = False
    parted = float(np.sqrt(np.square(measured - expected).sum(axis=1).mean()))
    parted /= max(float(np.linalg.norm(expected[45] - expected[36])), 1.0)
    lost = not np.isfinite(doubt).all() or parted > 2 * _PARTED
    if lost:
        track.state = begin(measured)
    else:
        track.state = advance(track.state, moved, doubt, measured)
    return bool(lost or parted > _PARTED)


def _radius(landmarks: Points) -> float:
    return float(np.sqrt(np.square(landmarks - landmarks.mean(axis=0)).sum(axis=1).mean()))


def _thumbnail(image: Image) -> Plane:
    small = cv2.resize(image, _THUMB, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.float32)

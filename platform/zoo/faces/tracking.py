"""Following faces through a video: searched for now and then, landmarks in every frame.

The search of a whole picture is what costs: it runs every few frames, at once after a cut, and
where a face is not found again whose landmarks and flow have parted. A face that is followed is
also looked for in its own place, at a size that the detector is good at. In between a face's box
follows its landmarks.

Which frames are searched depends on their numbers in the video, so it does not matter much at
which frame one begins to follow.
"""

from dataclasses import dataclass, field
from itertools import count

import cv2
import numpy as np

from zoo.faces.detection import Box, find_boxes, find_landmarks, overlap
from zoo.faces.flow import flow
from zoo.faces.smoothing import State, advance, begin
from zoo.photos.image import AnyArray, Image, Plane, Points

_SEARCH_SECONDS = 0.24  # between searches of the whole picture
_MOST_BETWEEN = 12  # frames, at the most
_LOOK_CLOSER = 4  # every so many searches, at twice the size if that may find more
_SAME_FACE = 0.3  # intersection over union of a found box and a followed one
_ONE_FACE = 0.6  # likewise of two followed ones
_CHECKED = 120  # pixels, to which a followed face's box is brought to be looked for in its place
_ENLARGED = 3.0  # times, at most, for that
_PARTED = 0.10  # eye distances of landmarks from their flow that ask for a search; twice that, anew
_MISSED = 3  # searches without finding it after which a face is let go
_BOX_SIDE = 2.73  # of dlib's box, in root mean square radii of the landmarks (51 photos)
_BOX_RISE = 0.11  # of its centre above the landmarks' mean, likewise
_THUMB = (32, 18)
_CUT_DIFFERENCE = 18.0  # grey levels
_CUT_CORRELATION = 0.6


@dataclass(frozen=True)
class Sighting:
    """One face in one frame.

    Attributes:
        track: a number that is the same for the same face until it is lost.
        state: of its landmarks.
        found: whether it was looked for and found in this very frame.
        run: changes where it was lost from sight; what was found in one run says nothing of
            another.
    """

    track: int
    state: State
    found: bool
    run: int = 0


@dataclass
class _Track:
    number: int
    state: State
    missed: int = 0
    found: bool = True
    lost: bool = False
    run: int = 0


@dataclass(frozen=True)
class _Seen:
    grey: AnyArray
    thumb: Plane


@dataclass
class Tracker:
    """Given the frames of a video one after another, says where its faces are.

    Attributes:
        rate: frames per second.
        shot: a number that changes with every cut.
    """

    rate: float
    shot: int = -1
    _tracks: list[_Track] = field(default_factory=list)
    _before: _Seen | None = None
    _next: int = 0
    _numbers: "count[int]" = field(default_factory=count)

    def step(self, image: Image, number: int | None = None) -> list[Sighting]:
        """The faces of the next frame [H, W, 3], the largest first.

        Args:
            image: the frame.
            number: its number in the video; by default one more than the last.

        Raises:
            AssetError: the face models are missing or damaged.
        """
        number = self._next if number is None else number
        self._next = number + 1
        seen = _Seen(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), _thumbnail(image))
        before, self._before = self._before, seen
        if (
            before is None
            or before.grey.shape != seen.grey.shape
            or is_cut(before.thumb, seen.thumb)
        ):
            self.shot += 1
            self._tracks = []
            self._search(image, closer=True)
        else:
            doubtful = [
                track for track in self._tracks if _follow(track, before.grey, seen.grey, image)
            ]
            if number % _between(self.rate) == 0:
                self._search(image, closer=number % period(self.rate) == 0)
            elif doubtful:
                self._look_again(doubtful, image)
        ordered = sorted(self._tracks, key=lambda track: -_radius(track.state.estimate))
        return [Sighting(one.number, one.state, one.found, one.run) for one in ordered]

    def _search(self, image: Image, *, closer: bool) -> None:
        """Looks for followed faces and new ones."""
        boxes = find_boxes(image, closer=closer)
        for track in self._tracks:
            near = _nearest(track, boxes)
            if near is not None:
                boxes.remove(near)
            _found(track, near or _in_its_place(track, image), image)
        self._forget()
        for box in boxes:
            if not any(
                overlap(box, box_of(one.state.estimate)) > _SAME_FACE for one in self._tracks
            ):
                self._tracks.append(_Track(next(self._numbers), begin(_landmarks(image, box))))

    def _look_again(self, tracks: list[_Track], image: Image) -> None:
        """Looks for some followed faces, and for new ones if one of them is not there."""
        there = [_in_its_place(track, image) for track in tracks]
        if not all(there):
            self._search(image, closer=False)
            return
        for track, box in zip(tracks, there, strict=True):
            _found(track, box, image)

    def _forget(self) -> None:
        """Lets faces go that were not found, and all but one of those that have become one."""
        kept: list[_Track] = []
        for track in self._tracks:
            place = box_of(track.state.estimate)
            twin = any(overlap(place, box_of(one.state.estimate)) > _ONE_FACE for one in kept)
            if track.missed < _MISSED and not twin:
                kept.append(track)
        self._tracks = kept


def period(rate: float) -> int:
    """Frames after which the searches of a video of ``rate`` frames per second repeat."""
    return _LOOK_CLOSER * _between(rate)


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


def _between(rate: float) -> int:
    return min(max(1, round(_SEARCH_SECONDS * rate)), _MOST_BETWEEN)


def _follow(track: _Track, before: AnyArray, after: AnyArray, image: Image) -> bool:
    """Moves a track to the next frame; whether it should be looked for."""
    moved, doubt = flow(before, after, track.state.estimate)
    expected = track.state.estimate + moved
    measured = find_landmarks(image, box_of(expected))
    track.found = False
    parted = _apart(measured, expected)
    lost = not np.isfinite(doubt).all() or parted > 2 * _PARTED
    if lost:
        track.state, track.lost, track.run = begin(measured), True, track.run + 1
    else:
        track.state = advance(track.state, moved, doubt, measured)
    return bool(track.lost or parted > _PARTED)


def _nearest(track: _Track, boxes: list[Box]) -> Box | None:
    place = box_of(track.state.estimate)
    near = max(boxes, key=lambda box: overlap(place, box), default=None)
    return near if near is not None and overlap(place, near) > _SAME_FACE else None


def _in_its_place(track: _Track, image: Image) -> Box | None:
    """Where the detector finds a face in the part of the picture around a track's box."""
    left, top, right, bottom = box_of(track.state.estimate)
    side = right - left
    x0, y0 = max(0, left - side // 2), max(0, top - side // 2)
    part = image[y0 : max(0, bottom + side // 2), x0 : max(0, right + side // 2)]
    scale = min(_CHECKED / max(side, 1), _ENLARGED)
    if min(part.shape[:2]) * scale < _CHECKED / 2:
        return None
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    resized = cv2.resize(part, None, fx=scale, fy=scale, interpolation=way)
    boxes = find_boxes(np.asarray(resized, np.uint8), closer=False)
    return _nearest(track, [_moved(box, scale, x0, y0) for box in boxes])


def _moved(box: Box, scale: float, x: int, y: int) -> Box:
    left, top, right, bottom = (edge / scale for edge in box)
    return round(left + x), round(top + y), round(right + x), round(bottom + y)


def _found(track: _Track, box: Box | None, image: Image) -> None:
    """Notes whether a track was found; one that was lost begins anew there."""
    track.found = box is not None
    track.missed = 0 if track.found else track.missed + 1
    if box is not None and track.lost:
        landmarks = _landmarks(image, box)
        if _apart(landmarks, track.state.estimate) > 2 * _PARTED:
            track.run += 1
        track.state, track.lost = begin(landmarks), False


def _landmarks(image: Image, box: Box) -> Points:
    """Those in a box of the detector's, from a box that fits them better."""
    return find_landmarks(image, box_of(find_landmarks(image, box)))


def _apart(some: Points, others: Points) -> float:
    """Root mean square, in distances of the others' outer eye corners."""
    far = float(np.sqrt(np.square(some - others).sum(axis=1).mean()))
    return far / max(float(np.linalg.norm(others[45] - others[36])), 1.0)


def _radius(landmarks: Points) -> float:
    return float(np.sqrt(np.square(landmarks - landmarks.mean(axis=0)).sum(axis=1).mean()))


def _thumbnail(image: Image) -> Plane:
    small = cv2.resize(image, _THUMB, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.float32)

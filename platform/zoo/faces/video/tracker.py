"""Face tracking in videos: periodic detection, landmarks in every frame.

Landmarks are measured in every other frame; in between they follow their flow, which is the
surer of the two from one frame to the next.

The whole picture is searched every few frames, at once after a cut, and when a face is not found
again after its landmarks and flow have diverged: YuNet proposes faces, at a reduced size, and the
detector looks at those that are not followed yet. A followed face is confirmed where YuNet sees it
from the front and its landmarks agree; otherwise the detector looks for it in its own place. Either
way the detector sees a face turned upright, at a size that it is good at. In between a face's box
and roll follow its landmarks.

Which frames are searched depends on their numbers in the video, so it does not matter much at
which frame one begins to follow.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

import cv2
import numpy as np

from zoo.faces.detection import yunet
from zoo.faces.detection.detector import examined, luminance, search_turned
from zoo.faces.detection.hog import Box, Detection, Grey, look_upright, overlap
from zoo.faces.detection.landmark_fitting import (
    CONFIRMED,
    FINE,
    apart,
    are_confirmed,
    box_of,
    find_landmarks,
    fit_landmarks,
    radius_of,
    roll_of,
)
from zoo.faces.geometry.pose import head_pose
from zoo.faces.video.landmark_smoothing import State, advance, begin, flow
from zoo.photos.image import AnyArray, Image, Plane, Points

_SEARCH_SECONDS = 0.24  # between searches of the whole picture
_MOST_BETWEEN = 12  # frames, at the most
_MEASURED_EVERY = 2  # frames: in the others landmarks follow their flow
_LOOK_CLOSER = 4  # every so many searches, at twice the size; for lying faces too
_SIDE, _CLOSER_SIDE = 320, 640  # pixels of the longer side in a search
_SAME_FACE = 0.3  # intersection over union of a found box and a followed one
_ONE_FACE = 0.6  # likewise of two followed ones
_PARTED = 0.10  # eye distances of landmarks from their flow that ask for a search; twice that, anew
_FRONTAL = 25.0  # degrees of yaw up to which YuNet alone is believed
_MISSED = 3  # searches without finding it after which a face is let go
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
    """Tracks the faces of a video, frame by frame.

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
        grey = luminance(image)
        seen = _Seen(grey, _thumbnail(grey))
        before, self._before = self._before, seen
        if before is None or before.grey.shape != grey.shape or is_cut(before.thumb, seen.thumb):
            self.shot += 1
            self._tracks = []
            self._search(image, grey, closer=True)
        else:
            measured = number % _MEASURED_EVERY == 0
            doubtful = [
                track
                for track in self._tracks
                if _follow(track, before.grey, grey, image, measured=measured)
            ]
            if number % searches(self.rate) == 0:
                closer = number % period(self.rate) == 0
                self._search(image, grey, closer=closer)
            elif doubtful:
                self._look_again(doubtful, image, grey)
        ordered = sorted(self._tracks, key=lambda track: -radius_of(track.state.estimate))
        return [Sighting(one.number, one.state, one.found, one.run) for one in ordered]

    def _search(self, image: Image, grey: Grey, *, closer: bool = False) -> None:
        """Looks for followed faces and new ones."""
        proposed = yunet.search(image, _CLOSER_SIDE if closer else _SIDE)
        for track in self._tracks:
            if _is_seen(track, proposed):
                track.found, track.missed = True, 0
            else:
                _found(track, _in_its_place(track, grey), image)
        self._forget()
        for detection in self._new(image, grey, proposed, closer=closer):
            if self._is_followed(detection.box):
                continue
            landmarks = _landmarks(image, detection)
            if landmarks is not None and not self._is_followed(box_of(landmarks)):
                self._tracks.append(_Track(next(self._numbers), begin(landmarks)))

    def _new(
        self, image: Image, grey: Grey, proposed: list[yunet.FivePoints], *, closer: bool
    ) -> list[Detection]:
        """What the detector sees of faces that are not followed, the clearest first."""
        followed = [box_of(track.state.estimate) for track in self._tracks]
        found = examined(grey, proposed, followed)
        if closer and not self._tracks and not found:
            found = search_turned(image)
        return sorted(found, key=lambda one: -one.score)

    def _is_followed(self, box: Box) -> bool:
        boxes = (box_of(track.state.estimate) for track in self._tracks)
        return any(overlap(box, followed) > _SAME_FACE for followed in boxes)

    def _look_again(self, tracks: list[_Track], image: Image, grey: Grey) -> None:
        """Looks for some followed faces, and for new ones if one of them is not there."""
        there = [_in_its_place(track, grey) for track in tracks]
        if not all(there):
            self._search(image, grey)
            return
        for track, detection in zip(tracks, there, strict=True):
            _found(track, detection, image)

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
    return _LOOK_CLOSER * searches(rate)


def searches(rate: float) -> int:
    """Frames from one search of a whole picture to the next, of ``rate`` frames per second."""
    return min(max(1, round(_SEARCH_SECONDS * rate)), _MOST_BETWEEN)


def is_cut(before: Plane, after: Plane) -> bool:
    """Whether two thumbnails are too unlike to be neighbours in one shot."""
    a, b = before - before.mean(), after - after.mean()
    correlation = float((a * b).sum() / max(np.sqrt((a * a).sum() * (b * b).sum()), 1e-6))
    difference = float(np.abs(before - after).mean())
    return difference > _CUT_DIFFERENCE and correlation < _CUT_CORRELATION


def _follow(
    track: _Track, before: AnyArray, after: AnyArray, image: Image, *, measured: bool
) -> bool:
    """Moves a track to the next frame; whether it should be looked for.

    Its landmarks are measured if they are to be, and where flow is not to be trusted.
    """
    moved, doubt = flow(before, after, track.state.estimate)
    track.found = False
    astray = not np.isfinite(doubt).all()
    if not (measured or astray or track.lost):
        track.state = advance(track.state, moved, doubt, None)
        return False
    expected = track.state.estimate + moved
    landmarks = find_landmarks(image, box_of(expected), roll_of(expected))
    parted = apart(landmarks, expected)
    lost = astray or parted > 2 * _PARTED
    if lost:
        track.state, track.lost, track.run = begin(landmarks), True, track.run + 1
    else:
        track.state = advance(track.state, moved, doubt, landmarks)
    return bool(track.lost or parted > _PARTED)


def _is_seen(track: _Track, proposed: Sequence[yunet.FivePoints]) -> bool:
    """Whether YuNet has seen a track's face from the front, and its landmarks agree with that."""
    landmarks = track.state.estimate
    return (
        not track.lost
        and any(one.score >= CONFIRMED and one.off(landmarks) < FINE for one in proposed)
        and abs(head_pose(landmarks).angles[0]) < _FRONTAL
    )


def _in_its_place(track: _Track, grey: Grey) -> Detection | None:
    """What the detector finds where a track is."""
    estimate = track.state.estimate
    seen = look_upright(grey, box_of(estimate), roll_of(estimate))
    return seen if seen and seen.score >= 0 else None


def _found(track: _Track, detection: Detection | None, image: Image) -> None:
    """Notes whether a track was found; one that was lost, or is contradicted, begins anew there."""
    if detection is not None:
        track.lost = track.lost or not are_confirmed(image, track.state.estimate)
    if detection is not None and track.lost:
        landmarks = _landmarks(image, detection)
        if landmarks is None:
            detection = None
        else:
            if apart(landmarks, track.state.estimate) > 2 * _PARTED:
                track.run += 1
            track.state, track.lost = begin(landmarks), False
    track.found = detection is not None
    track.missed = 0 if track.found else track.missed + 1


def _landmarks(image: Image, detection: Detection) -> Points | None:
    """Those of a detected face, from a box that fits them better than the detector's."""
    fit = fit_landmarks(image, detection)
    if fit is None:
        return None
    return find_landmarks(image, box_of(fit.landmarks), roll_of(fit.landmarks))


def _thumbnail(grey: Grey) -> Plane:
    step = max(1, min(grey.shape[0] // (4 * _THUMB[1]), grey.shape[1] // (4 * _THUMB[0])))
    few = np.ascontiguousarray(grey[::step, ::step])  # 16 pixels of each place, at least
    return np.asarray(cv2.resize(few, _THUMB, interpolation=cv2.INTER_AREA), np.float32)

"""Finding faces in a photo, each with its 68 landmarks.

A photo is searched at a bounded size first: a small one by the detector itself, a larger one by
YuNet, whose proposals the detector looks at. When no upright face is seen there, YuNet searches it
rotated by quarter turns, in a small copy first, and then by odd eighths: heads that lie, scans,
pictures stored sideways. When nothing is found, it is searched at twice the size; when a large
photo shows small faces, which seldom come alone, at most at its own. A detection that cannot be
confirmed (:mod:`zoo.faces.detection.landmark_fitting`) is discarded.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from zoo.faces.detection import yunet
from zoo.faces.detection.hog import Box, Detection, Grey, contained, look_upright, search
from zoo.faces.detection.landmark_fitting import (
    SURE,
    Fit,
    averaged,
    fit_landmarks,
    roll_of,
)
from zoo.faces.geometry.reference import interocular
from zoo.photos.image import Image, Points

_FIRST_SIDE = 1024  # pixels of the longer side in the first search
_REDUCED_SIDE = 512
_WHOLE_SIDE = 512  # pixels, up to which the detector searches the picture itself: 10 ms
_PROPOSED = 5 / 16  # of the detector's size, at which YuNet sees all that it would, and smaller
_TURNED_SIDE = 320  # for YuNet, which sees faces of 20 pixels
_TURNS = (
    (90.0, -90.0),
    (0.0, 180.0),
    (45.0, -45.0, 135.0, -135.0),
)  # degrees
_NEXT = 45.0  # degrees, between directions in which YuNet sees the same faces
_WELL_SEEN = 0.87  # YuNet's score of a face from which it is not searched in other directions
_LAST_SIDE = 4096
_SMALL = 130  # pixels: near the detector's least size, so smaller faces may have been missed
_SAME_FACE = 0.35  # of the smaller box, in the other, above which they are one face

_Seen = dict[float, list[yunet.FivePoints]]  # by roll


@dataclass(frozen=True)
class Face:
    """One face.

    Attributes:
        box: the detector's (left, top, right, bottom), in pixels of the photo; where the head is
            tilted, it is turned with it about its centre.
        landmarks: likewise in pixels.
    """

    box: Box
    landmarks: Points

    @property
    def area(self) -> int:
        """Of the box, in pixels."""
        left, top, right, bottom = self.box
        return (right - left) * (bottom - top)

    @property
    def interocular(self) -> float:
        """Distance in pixels between the outer corners of the eyes."""
        return interocular(self.landmarks)


def find_faces(image: Image) -> list[Face]:
    """All faces of ``image`` [H, W, 3], the largest first; empty when there is none.

    Raises:
        AssetError: the landmark model is missing or damaged.
    """
    grey = luminance(image)
    side = min(_FIRST_SIDE, max(grey.shape))
    fits = _fitted(image, _search(image, grey, side))
    if not fits:
        searches = (_fitted(image, found) for found in _searches_turned(image))
        fits = next((fits for fits in searches if fits), [])
        if any(_direction(fit) for fit in fits):
            side = min(_REDUCED_SIDE, side)  # at which such faces were searched
    while closer := _closer([fit.detection.box for fit in fits], side, grey):
        side = closer
        directions = sorted({_direction(fit) for fit in fits} or {0})
        found = [one for roll in directions for one in _search(image, grey, side, roll)]
        if not fits and side > 2 * _FIRST_SIDE:
            found += search_turned(image, side // 4)
        fits = _merged(fits, _fitted(image, found))
    faces = [Face(fit.detection.box, averaged(image, fit)) for fit in fits]
    return sorted(faces, key=lambda face: face.area, reverse=True)


def find_upright(image: Image, grey: Grey, side: int, roll: float = 0.0) -> list[Detection]:
    """What the detector sees of faces that YuNet proposes, the largest first.

    Args:
        image: [H, W, 3].
        grey: its luminance.
        side: to which the longer side is reduced; faces of 20 pixels at that size are seen.
        roll: clockwise, about which the faces are turned.
    """
    return examined(grey, yunet.search(image, side, roll))


def examined(
    grey: Grey, proposed: Sequence[yunet.FivePoints], known: Sequence[Box] = ()
) -> list[Detection]:
    """What the detector sees where YuNet sees faces, the largest first.

    The detector takes five times as long as YuNet for a whole picture, and YuNet sees more faces
    than can be swapped; so what it sees is looked at in its own place (:func:`.hog.look_upright`).

    Args:
        grey: the picture's luminance.
        proposed: the faces that YuNet sees in it.
        known: boxes of faces that are not looked at.
    """
    places = [one.place for one in proposed]
    places = [place for place in places if _is_new(place[0], known)]
    places.sort(key=lambda place: place[0][0] - place[0][2])
    seen = [look_upright(grey, *place) for place in places]
    return [one for one in seen if one is not None]


def search_turned(image: Image, side: int = _TURNED_SIDE) -> list[Detection]:
    """Faces at any roll, by YuNet; of those in one place the way up that it sees best.

    Args:
        image: [H, W, 3].
        side: to which the longer side is reduced.
    """
    return next((found for found in _searches_turned(image, side) if found), [])


def _searches_turned(image: Image, side: int = _TURNED_SIDE) -> Iterator[list[Detection]]:
    """Two such searches: a quick one, whose directions a small copy shows, and a full one."""
    longer = max(image.shape[:2])
    well, _ = _directed(image, min(side, longer) // 2)
    if well:
        if longer > side:
            well = yunet.search_directions(image, side, _apart(well))
        yield _best_views(image, well)
    well, seen = _directed(image, side)
    yield _best_views(image, well or seen)


def _directed(image: Image, side: int) -> tuple[_Seen, _Seen]:
    """What YuNet sees of faces turned by quarters, and by odd eighths if that is necessary.

    Returns:
        Of the directions in which it sees a face well, and of all that were tried.
    """
    seen: _Seen = {}
    for rolls in _TURNS:
        seen |= yunet.search_directions(image, side, rolls)
        enough = _WELL_SEEN if rolls is _TURNS[-1] else yunet.CLEAR
        well = {roll: seen[roll] for roll in seen if _sees(image, seen[roll], enough)}
        if well:
            return well, seen
    return {}, seen


def _apart(seen: _Seen) -> list[float]:
    """The directions, without those next to one in which more is seen, or better."""
    clearest = sorted(seen, key=lambda roll: -sum(one.score for one in seen[roll]))
    kept: list[float] = []
    for roll in clearest:
        if all(abs((roll - other + 180) % 360 - 180) > _NEXT for other in kept):
            kept.append(roll)
    return kept


def _sees(image: Image, faces: list[yunet.FivePoints], score: float) -> bool:
    """Whether one of the faces, turned upright, has more than ``score``."""
    return any((best := _upright(image, one)) and best.score > score for one in faces)


def _upright(image: Image, seen: yunet.FivePoints) -> yunet.FivePoints | None:
    """A face turned upright by its points; None if there is none: at 45° the points may be wrong.

    One that is clear is returned as it is.
    """
    return seen if seen.score > yunet.CLEAR else yunet.look(image, *seen.place, yunet.GLANCE)


def _best_views(image: Image, found: Mapping[float, list[yunet.FivePoints]]) -> list[Detection]:
    upright = [_upright(image, one) for one in itertools.chain(*found.values())]
    kept: list[Detection] = []
    for one in sorted(filter(None, upright), key=lambda one: -one.score):
        box, roll = one.place
        if _is_new(box, [old.box for old in kept]):
            kept.append(Detection(box, SURE if one.score > yunet.CLEAR else 0.0, roll))
    return kept


def luminance(image: Image) -> Grey:
    """The luminance [H, W] of ``image`` [H, W, 3]."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)


def _search(image: Image, grey: Grey, side: int, roll: float = 0.0) -> list[Detection]:
    """At the size at which the longer side has ``side`` pixels: faces of 80 of them are found."""
    if side > _WHOLE_SIDE:
        return find_upright(image, grey, round(_PROPOSED * side), roll)
    return search(grey, side / max(grey.shape), roll)


def _fitted(image: Image, found: list[Detection]) -> list[Fit]:
    """Those that are confirmed."""
    return _merged([], [fit for one in found if (fit := fit_landmarks(image, one))])


def _merged(fits: list[Fit], more: list[Fit]) -> list[Fit]:
    """All of them, the clearest first; of those in one place only the clearest."""
    kept: list[Fit] = []
    for fit in sorted(fits + more, key=lambda fit: -fit.detection.score):
        if _is_new(fit.detection.box, [old.detection.box for old in kept]):
            kept.append(fit)
    return kept


def _direction(fit: Fit) -> int:
    """The quarter turn in degrees that is nearest to the face's roll: 0, 90, 180 or 270."""
    return 90 * round(roll_of(fit.landmarks) / 90) % 360


def _is_new(box: Box, known: Sequence[Box]) -> bool:
    return all(contained(box, old) < _SAME_FACE for old in known)


def _closer(boxes: list[Box], side: int, grey: Grey) -> int | None:
    """At which longer side to search next, after ``side`` showed ``boxes``; None when at no other.

    Twice as large; where faces are found already, no larger than the picture is.
    """
    longer = max(grey.shape)
    if boxes:
        smallest = min(right - left for left, _, right, _ in boxes) * side / longer
        wanted = min(2 * side, longer)
        return wanted if wanted > side and smallest < _SMALL and side < _LAST_SIDE else None
    return 2 * side if 2 * side <= min(2 * longer, _LAST_SIDE) else None

"""First pass over a segment: tracks of faces with their descriptors.

The first pass over a video, before any face is swapped: its faces are tracked by the same code as
in the swap, hence with the same numbers, and described periodically.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from zoo.faces.detection.detector import Face
from zoo.faces.detection.landmark_fitting import box_of, radius_of
from zoo.faces.recognition.descriptors import Descriptors, descriptor
from zoo.faces.video.tracker import Sighting, period, searches
from zoo.photos.image import Image
from zoo.swapping.video.frames.frame_swapping import Followed

_NEAR = 1.2  # of the sum of two faces' radii: so near, who is who is asked often
_OFTEN = 2  # frames between two descriptions, there
_WELL_KNOWN = 4  # descriptions after which a lonely face is seldom described


@dataclass(frozen=True)
class Track:
    """A track: consecutive frames in which one face, as far as the tracker knows, is followed.

    Attributes:
        frames: their numbers in the video [K].
        places: the face's middle and radius in each [K, 3], pixels.
        described: the frames [D] in which it was described.
        descriptors: what it looked like there [D, 128].
    """

    frames: NDArray[np.int64]
    places: NDArray[np.float32]
    described: NDArray[np.int64]
    descriptors: Descriptors


@dataclass(frozen=True)
class Analysis:
    """What there is in a segment and some frames on either side of it.

    Attributes:
        number: of the segment.
        first: its first frame's number.
        after: the number after its last frame's.
        trails: by the tracker's number.
    """

    number: int
    first: int
    after: int
    trails: dict[int, Track]


@dataclass
class _OpenTrack:
    frames: list[int] = field(default_factory=list)
    places: list[tuple[float, float, float]] = field(default_factory=list)
    described: list[int] = field(default_factory=list)
    descriptors: list[NDArray[np.float32]] = field(default_factory=list)
    run: int | None = None  # in which it was described last


def analyse(followed: Iterable[Followed], rate: float, number: int, own: range) -> Analysis:
    """Follows and describes all faces.

    Args:
        followed: consecutive frames.
        rate: frames per second.
        number: of the segment.
        own: its frames' numbers.

    Raises:
        AssetError: the descriptor network is missing or damaged.
    """
    trails: defaultdict[int, _OpenTrack] = defaultdict(_OpenTrack)
    often, seldom = searches(rate), period(rate)
    for frame in followed:
        places = {one.track: _place(one) for one in frame.sightings.values()}
        for track, one in frame.sightings.items():
            trail = trails[track]
            trail.frames.append(frame.number)
            trail.places.append(places[track])
            near = any(_near(places[track], places[other]) for other in places if other != track)
            every = often if len(trail.described) < _WELL_KNOWN else seldom
            due = one.found and (frame.number % every == 0 or trail.run != one.run)
            if due or (near and frame.number % _OFTEN == 0):
                trail.described.append(frame.number)
                trail.descriptors.append(_described(frame.image, one))
                trail.run = one.run
    return Analysis(number, own.start, own.stop, {t: _whole(one) for t, one in trails.items()})


def _place(sighting: Sighting) -> tuple[float, float, float]:
    points = sighting.state.estimate
    x, y = points.mean(axis=0)
    return float(x), float(y), radius_of(points)


def _near(a: tuple[float, float, float], b: tuple[float, float, float]) -> bool:
    return bool(np.hypot(a[0] - b[0], a[1] - b[1]) < _NEAR * (a[2] + b[2]))


def _described(image: Image, sighting: Sighting) -> NDArray[np.float32]:
    points = sighting.state.estimate
    return descriptor(image, Face(box_of(points), points))


def _whole(trail: _OpenTrack) -> Track:
    return Track(
        np.array(trail.frames, np.int64),
        np.array(trail.places, np.float32).reshape(-1, 3),
        np.array(trail.described, np.int64),
        np.array(trail.descriptors, np.float32).reshape(-1, 128),
    )

"""Track linking: joins tracks of neighbouring segments.

A segment's frames overlap its neighbours', so a face that is followed from one into the next is in
the same places in both.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from zoo.faces.recognition.descriptors import Descriptors
from zoo.swapping.video.assignment.tracks import Analysis, Track

Key = tuple[int, int]
"""A segment's number and a track's in it."""

_SAME_PLACE = 0.35  # of the radius, within which two tracks' middles are one face's
_MOSTLY = 0.8  # of the frames that they have in common


@dataclass(frozen=True)
class LinkedTrack:
    """One face, followed through any number of segments.

    Attributes:
        keys: its tracks.
        places: middle and radius [3] in each frame, by the frame's number.
        described: the frames [D] in which it was described, in order.
        descriptors: what it looked like there [D, 128].
    """

    keys: tuple[Key, ...]
    places: dict[int, NDArray[np.float32]]
    described: NDArray[np.int64]
    descriptors: Descriptors

    @cached_property
    def frames(self) -> NDArray[np.int64]:
        """The numbers of its frames, in order."""
        return np.array(sorted(self.places), np.int64)


def link_tracks(looked: Sequence[Analysis]) -> list[LinkedTrack]:
    """All faces of a video, in order of time.

    Args:
        looked: what was seen in its segments, in order.
    """
    parent: dict[Key, Key] = {(one.number, track): (one.number, track)
                              for one in looked for track in one.trails}  # fmt: skip

    def root(key: Key) -> Key:
        while parent[key] != key:
            key = parent[key]
        return key

    for before, after in pairwise(looked):
        for track, trail in before.trails.items():
            for other, there in after.trails.items():
                if _same(trail, there):
                    parent[root((after.number, other))] = root((before.number, track))
    members: defaultdict[Key, list[Key]] = defaultdict(list)
    for key in parent:
        members[root(key)].append(key)
    by_number = {one.number: one for one in looked}
    found = [_joined(keys, by_number) for keys in members.values()]
    return sorted(found, key=lambda one: (int(one.frames[0]), one.keys))


def _same(a: Track, b: Track) -> bool:
    common, here, there = np.intersect1d(a.frames, b.frames, return_indices=True)
    if not len(common):
        return False
    apart = np.linalg.norm(a.places[here, :2] - b.places[there, :2], axis=1)
    near = apart < _SAME_PLACE * np.minimum(a.places[here, 2], b.places[there, 2])
    return bool(near.mean() >= _MOSTLY)


def _joined(keys: Sequence[Key], looked: dict[int, Analysis]) -> LinkedTrack:
    places: dict[int, NDArray[np.float32]] = {}
    descriptors: dict[int, NDArray[np.float32]] = {}
    for own in (False, True):  # what a segment saw of its own frames counts more
        for number, track in keys:
            segment, trail = looked[number], looked[number].trails[track]
            inside = range(segment.first, segment.after)
            for place, frame in enumerate(trail.frames.tolist()):
                if (frame in inside) == own:
                    places[frame] = trail.places[place]
            for frame, shown in zip(trail.described.tolist(), trail.descriptors, strict=True):
                if (frame in inside) == own:
                    descriptors[frame] = shown
    frames = sorted(descriptors)
    return LinkedTrack(
        tuple(keys),
        places,
        np.array(frames, np.int64),
        np.array([descriptors[frame] for frame in frames], np.float32).reshape(-1, 128),
    )

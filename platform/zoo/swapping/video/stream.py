"""Frames in, swapped frames out, a few frames later.

What a frame becomes depends on its neighbours: landmarks are smoothed with those of the frames
before and after it, the network's output and the matte are averaged with theirs, and a face that
comes or goes is faded. Nothing is carried over a cut, or from one face to another.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from zoo.faces.alignment import align
from zoo.faces.blending import Method
from zoo.faces.segmentation import skin
from zoo.faces.smoothing import State, smoothed
from zoo.faces.tracking import Sighting, Tracker
from zoo.photos.frames import paste, to_rgb, workable
from zoo.photos.image import Image
from zoo.photos.video import Video
from zoo.swapping.compositing import SwappedFace, aligned_for_segmentation, paste_back
from zoo.swapping.network import Network
from zoo.swapping.video.averaging import FrameFace, averaged, denoised
from zoo.swapping.video.deep import deep_frame
from zoo.swapping.video.stopwatch import Stopwatch

if TYPE_CHECKING:
    import av

WhichFaces = Literal["all", "largest"]

LOOKAHEAD = 12
"""Frames that landmarks are smoothed with, to either side."""

REACH = 2
"""Frames that outputs and mattes are averaged with, to either side."""

_FADE_SECONDS = 0.2
_LARGER = 1.2  # by how much a face must be larger than another to be the largest


_GONE = np.empty((0, 0, 3), np.uint8)


@dataclass
class _Frame:
    number: int
    frame: "av.VideoFrame | None"
    image: Image
    shot: int
    sightings: dict[int, Sighting]
    present: list[int] = field(default_factory=list)
    seen: dict[int, FrameFace] = field(default_factory=dict)


@dataclass(frozen=True)
class Swapped:
    """One frame, swapped, and how many faces were."""

    frame: "av.VideoFrame"
    faces: int


def margin(video: Video) -> int:
    """Frames before and after a frame that it can depend on."""
    return LOOKAHEAD + _fading(video)


def swap_frames(
    frames: Iterable["av.VideoFrame"],
    video: Video,
    network: Network,
    *,
    format: str,
    faces: WhichFaces = "all",
    method: Method = "feather",
    between: tuple[int, int] | None = None,
    watch: Stopwatch | None = None,
) -> Iterator[Swapped]:
    """Swaps consecutive frames of ``video``; they come out in order, in pixels of ``format``.

    Args:
        frames: as they were decoded.
        video: that they are of.
        network: makes the faces.
        format: see :func:`zoo.photos.frames.workable`.
        faces: which.
        method: how they are blended in.
        between: times ``[start, end)`` of the frames that are wanted; the others are only looked
            at. All, by default.
        watch: is told how long each step takes.

    Raises:
        AssetError: the face models are missing or damaged.
    """
    watch = watch or Stopwatch()
    start, end = between or (int(video.times[0]), video.end)
    first, after = (int(number) for number in np.searchsorted(video.times, (start, end)))
    followed = _followed(frames, video, format, watch)
    wanted = range(first - REACH, after + REACH)
    reach = _fading(video)
    for near in _windows(_seen(followed, network, faces, wanted, watch), reach):
        here = near[reach]
        assert here is not None and here.frame is not None
        frame, image = here.frame, here.image
        here.frame, here.image = None, _GONE  # windows remember it for what was seen in it
        if not first <= here.number < after:
            continue
        result = image
        deep = deep_frame(frame, video.turned)
        mix = None if deep is None else deep.mix
        parts: list[tuple[int, int, int, int]] = []
        with watch.step("blend"):
            # The largest last: where faces overlap, the nearer one stands in front.
            for track in reversed(here.seen):
                others = [
                    one.seen.get(track) if one else None
                    for one in near[reach - REACH : reach + REACH + 1]
                ]
                if not parts:
                    result = result.copy()
                opacity = _opacity(near, track)
                face = averaged(others, REACH)
                parts.append(paste_back(result, face, method, opacity, mix))
        if parts and deep is None:
            with watch.step("convert"):
                edges = np.array(parts)
                part = (*edges[:, :2].min(axis=0), *edges[:, 2:].max(axis=0))
                left, top, right, bottom = (int(edge) for edge in part)
                box = (left, top, right, bottom)
                paste(frame, image, result, video.turned, box)
        yield Swapped(frame, len(parts))


def _fading(video: Video) -> int:
    """Frames in which a face fades."""
    return min(max(REACH, round(_FADE_SECONDS * float(video.rate))), LOOKAHEAD)


def _followed(
    frames: Iterable["av.VideoFrame"], video: Video, format: str, watch: Stopwatch
) -> Iterator[_Frame]:
    tracker = Tracker(float(video.rate))
    for frame in frames:
        number = int(np.searchsorted(video.times, frame.pts or 0))
        with watch.step("convert"):
            ready = workable(frame, (video.width, video.height), format)
            image = to_rgb(ready, video.turned)
        with watch.step("find"):
            sightings = {one.track: one for one in tracker.step(image, number)}
        yield _Frame(number, ready, image, tracker.shot, sightings)


def _seen(
    frames: Iterable[_Frame],
    network: Network,
    faces: WhichFaces,
    wanted: range,
    watch: Stopwatch,
) -> Iterator[_Frame]:
    """Says which faces are to be swapped, and makes those of the wanted frames."""
    for window in _windows(frames, LOOKAHEAD):
        here = window[LOOKAHEAD]
        assert here is not None
        here.present = [track for track in here.sightings if _confirmed(window, track)]
        if faces == "largest" and here.present:
            here.present = [_largest(window, here.present)]
        for track in here.present if here.number in wanted else ():
            with watch.step("align"):
                landmarks = smoothed(_states(window, track))[0]
                crop = align(here.image, landmarks, network.resolution)
                wide = aligned_for_segmentation(here.image, landmarks, crop)
            with watch.step("network"):
                raw = network(crop.image[None])[0]
            with watch.step("segment"):
                matte = skin(wide.image, wide.landmarks)
            face = SwappedFace(landmarks, crop, raw, matte)
            here.seen[track] = FrameFace(face, denoised(wide.image))
        yield here


def _states(window: list[_Frame | None], track: int) -> list[State]:
    """From the middle of the window on, as long as the track lasts."""
    states: list[State] = []
    for frame in window[LOOKAHEAD:]:
        if frame is None or track not in frame.sightings:
            break
        states.append(frame.sightings[track].state)
    return states


def _confirmed(window: list[_Frame | None], track: int) -> bool:
    """Whether a search found the face near this frame; flow alone leads astray."""
    seen = [frame.sightings.get(track) if frame else None for frame in window]
    here = seen[LOOKAHEAD]
    return any(one and here and one.found and one.run == here.run for one in seen)


def _largest(window: list[_Frame | None], tracks: list[int]) -> int:
    """The track of the largest face in these frames; of some about as large the leftmost.

    No frame before them counts, so all segments agree.
    """
    sizes, places = {}, {}
    for track in tracks:
        points = [f.sightings[track].state.estimate for f in window if f and track in f.sightings]
        sizes[track] = float(np.mean([np.ptp(one, axis=0).max() for one in points]))
        places[track] = float(np.mean([one[:, 0].mean() for one in points]))
    largest = max(sizes.values())
    return min((t for t in tracks if _LARGER * sizes[t] >= largest), key=lambda t: places[t])


def _opacity(near: list[_Frame | None], track: int) -> float:
    """1, or less near a frame in which the face comes or goes; a cut or an end is neither."""
    middle = len(near) // 2
    here, nearest = near[middle], middle + 1
    for side in (near[middle + 1 :], near[:middle][::-1]):
        for distance, frame in enumerate(side, 1):
            if frame is None or here is None or frame.shot != here.shot:
                break
            if track not in frame.present:
                nearest = min(nearest, distance)
                break
    return nearest / (middle + 1)


def _windows(frames: Iterable[_Frame], reach: int) -> Iterator[list[_Frame | None]]:
    """Each frame in the middle of ``2 * reach + 1``; None beyond the first and the last."""
    window: deque[_Frame | None] = deque([None] * (2 * reach + 1), 2 * reach + 1)
    for frame in frames:
        window.append(frame)
        if window[reach] is not None:
            yield list(window)
    for _ in range(reach):
        window.append(None)
        if window[reach] is not None:
            yield list(window)

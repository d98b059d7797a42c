"""Frames in, swapped frames out, a few frames later.

What a frame becomes depends on its neighbours: landmarks are smoothed with those of the frames
before and after it, and so are the network's output and the matte. Nothing is carried over a cut,
or from one face to another.
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
from zoo.swapping.network import Network
from zoo.swapping.video.put_back import Seen, put_back, steadied
from zoo.swapping.video.stopwatch import Stopwatch

if TYPE_CHECKING:
    import av

WhichFaces = Literal["all", "largest"]

LOOKAHEAD = 12
"""Frames that landmarks are smoothed with, to either side."""

REACH = 2
"""Frames that outputs and mattes are averaged with, to either side."""

MARGIN = LOOKAHEAD + REACH
"""Frames before and after a frame that it can depend on."""

_SEGMENTED = 128  # pixels, the side of the crop that is segmented
_LARGER = 1.2  # by how much another face must be larger to become the largest


@dataclass
class _Frame:
    frame: "av.VideoFrame"
    image: Image
    sightings: dict[int, Sighting]
    seen: dict[int, Seen] = field(default_factory=dict)


@dataclass(frozen=True)
class Swapped:
    """One frame, swapped, and how many faces were."""

    frame: "av.VideoFrame"
    faces: int


def swap_frames(
    frames: Iterable["av.VideoFrame"],
    video: Video,
    network: Network,
    *,
    format: str,
    faces: WhichFaces = "all",
    method: Method = "feather",
    watch: Stopwatch | None = None,
) -> Iterator[Swapped]:
    """Swaps consecutive frames of ``video``; they come out in order, in pixels of ``format``.

    Raises:
        AssetError: the face models are missing or damaged.
    """
    watch = watch or Stopwatch()
    followed = _followed(frames, video, format, faces, watch)
    for near in _windows(_seen(followed, network, watch), REACH):
        here = near[REACH]
        assert here is not None
        result = here.image
        parts: list[tuple[int, int, int, int]] = []
        with watch.step("blend"):
            # The largest last: where faces overlap, the nearer one stands in front.
            for track in reversed(here.seen):
                others = [frame.seen.get(track) if frame else None for frame in near]
                if not parts:
                    result = result.copy()
                parts.append(put_back(result, steadied(others, REACH), method))
        if parts:
            with watch.step("convert"):
                edges = np.array(parts)
                part = (*edges[:, :2].min(axis=0), *edges[:, 2:].max(axis=0))
                left, top, right, bottom = (int(edge) for edge in part)
                box = (left, top, right, bottom)
                paste(here.frame, here.image, result, video.turned, box)
        yield Swapped(here.frame, len(parts))


def _followed(
    frames: Iterable["av.VideoFrame"],
    video: Video,
    format: str,
    faces: WhichFaces,
    watch: Stopwatch,
) -> Iterator[_Frame]:
    tracker = Tracker(float(video.rate))
    largest: int | None = None
    for frame in frames:
        with watch.step("convert"):
            ready = workable(frame, (video.width, video.height), format)
            image = to_rgb(ready, video.turned)
        with watch.step("find"):
            sightings = tracker.step(image)
        if faces == "largest" and sightings:
            largest = _largest(sightings, largest)
            sightings = [sighting for sighting in sightings if sighting.track == largest]
        yield _Frame(ready, image, {sighting.track: sighting for sighting in sightings})


def _largest(sightings: list[Sighting], before: int | None) -> int:
    """The track of the largest face; the same as before unless another is clearly larger."""
    sizes = {s.track: float(np.ptp(s.state.estimate, axis=0).max()) for s in sightings}
    first = max(sizes, key=lambda track: sizes[track])
    return before if before in sizes and sizes[first] < _LARGER * sizes[before] else first


def _seen(frames: Iterable[_Frame], network: Network, watch: Stopwatch) -> Iterator[_Frame]:
    for window in _windows(frames, LOOKAHEAD):
        here = window[LOOKAHEAD]
        assert here is not None
        for track, sighting in here.sightings.items():
            if not _confirmed(window, track):
                continue
            with watch.step("align"):
                landmarks = smoothed(_states(window, track, sighting))[0]
                crop = align(here.image, landmarks, network.resolution)
                wide = align(here.image, landmarks, _SEGMENTED)
            with watch.step("network"):
                raw = network(crop.image[None])[0]
            with watch.step("segment"):
                matte = skin(wide.image, wide.landmarks)
            here.seen[track] = Seen(landmarks, crop, raw, wide.image, matte)
        yield here


def _states(window: list[_Frame | None], track: int, first: Sighting) -> list[State]:
    """From the middle of the window on, as long as the track lasts."""
    states = [first.state]
    for frame in window[LOOKAHEAD + 1 :]:
        if frame is None or track not in frame.sightings:
            break
        states.append(frame.sightings[track].state)
    return states


def _confirmed(window: list[_Frame | None], track: int) -> bool:
    """Whether a search found the face near this frame; flow alone leads astray."""
    return any(f is not None and track in f.sightings and f.sightings[track].found for f in window)


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

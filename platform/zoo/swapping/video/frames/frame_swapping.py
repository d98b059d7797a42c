"""The frame pipeline: frames in, swapped frames out with a delay.

What a frame becomes depends on its neighbours: landmarks are smoothed with those of the frames
before and after it, the network's output and the matte are averaged with theirs, and a face that
comes or goes is faded. Nothing is carried over a cut, or from one face to another.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from zoo.faces.geometry.alignment import Aligned, align
from zoo.faces.masks.segmentation import skin
from zoo.faces.video.landmark_smoothing import State, smoothed
from zoo.faces.video.tracker import Sighting, Tracker
from zoo.photos.image import Image
from zoo.photos.video.frames import paste, to_rgb, workable
from zoo.photos.video.reader import Video
from zoo.swapping.compositing import aligned_for_segmentation, paste_back
from zoo.swapping.network import Network
from zoo.swapping.options import CompositingOptions
from zoo.swapping.video.assignment.roles import Role, Roles
from zoo.swapping.video.frames.hdr_frame import deep_frame
from zoo.swapping.video.frames.temporal_averaging import EVERY, FrameFace, averaged, denoised
from zoo.swapping.video.step_timer import StepTimer

if TYPE_CHECKING:
    import av

LOOKAHEAD = 12
"""Frames that landmarks are smoothed with, to either side."""

REACH = 3
"""Frames that outputs and mattes are averaged with, to either side."""

_FADE_SECONDS = 0.2


_GONE = np.empty((0, 0, 3), np.uint8)


@dataclass
class Followed:
    """A frame and the faces in it, by their tracks; ``seen`` and ``present`` by who they are."""

    number: int
    frame: "av.VideoFrame | None"
    image: Image
    shot: int
    sightings: dict[int, Sighting]
    present: dict[int, tuple[int, Role]] = field(default_factory=dict)
    seen: dict[int, FrameFace] = field(default_factory=dict)


@dataclass(frozen=True)
class Swapped:
    """One frame, swapped.

    Attributes:
        frame: the frame.
        faces: how many were swapped.
        networks: the numbers of the networks that made them.
        after_cut: whether it is the first of a shot.
    """

    frame: "av.VideoFrame"
    faces: int
    networks: frozenset[int]
    after_cut: bool = False


def margin(video: Video) -> int:
    """Frames before and after a frame that it can depend on."""
    return LOOKAHEAD + _fading(video)


def swap_frames(
    frames: Iterable["av.VideoFrame"],
    video: Video,
    network: Network,
    *,
    format: str,
    look: CompositingOptions | None = None,
    roles: Roles | None = None,
    others: Sequence[Network] = (),
    between: tuple[int, int] | None = None,
    timer: StepTimer | None = None,
) -> Iterator[Swapped]:
    """Swaps consecutive frames of ``video``; they come out in order, in pixels of ``format``.

    Args:
        frames: as they were decoded.
        video: that they are of.
        network: makes the faces.
        format: see :func:`zoo.photos.video.frames.workable`.
        look: how they are put in.
        roles: whose faces are swapped, by which network; by default all, by ``network``.
        others: the networks that ``roles`` numbers from 1 on.
        between: times ``[start, end)`` of the frames that are wanted; the others are only looked
            at. All, by default.
        timer: is told how long each step takes.

    Raises:
        AssetError: the face models are missing or damaged.
    """
    timer, look, networks = timer or StepTimer(), look or CompositingOptions(), (network, *others)
    start, end = between or (int(video.times[0]), video.end)
    first, after = (int(number) for number in np.searchsorted(video.times, (start, end)))
    followed = follow(frames, video, format, timer)
    wanted = range(first - REACH, after + REACH)
    reach = _fading(video)
    for near in _windows(_seen(followed, networks, roles or Roles(), wanted, look, timer), reach):
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
        # The largest last: where faces overlap, the nearer one stands in front.
        for who in reversed(here.seen):
            around = [
                one.seen.get(who) if one else None
                for one in near[reach - REACH : reach + REACH + 1]
            ]
            face = averaged(around, REACH)
            with timer.step("blend"):
                if not parts:
                    result = result.copy()
                parts.append(paste_back(result, face, look, _opacity(near, who), mix))
        if parts and deep is None:
            with timer.step("convert"):
                edges = np.array(parts)
                part = (*edges[:, :2].min(axis=0), *edges[:, 2:].max(axis=0))
                left, top, right, bottom = (int(edge) for edge in part)
                box = (left, top, right, bottom)
                paste(frame, image, result, video.turned, box)
        used = frozenset(here.present[who][1].network for who in here.seen)
        before = near[reach - 1]
        after_cut = before is not None and before.shot != here.shot
        yield Swapped(frame, len(parts), used, after_cut)


def _fading(video: Video) -> int:
    """Frames in which a face fades."""
    return min(max(REACH, round(_FADE_SECONDS * float(video.rate))), LOOKAHEAD)


def follow(
    frames: Iterable["av.VideoFrame"], video: Video, format: str, timer: StepTimer
) -> Iterator[Followed]:
    """Consecutive frames of ``video`` as pictures, with the faces in them.

    Raises:
        AssetError: the face models are missing or damaged.
    """
    tracker = Tracker(float(video.rate))
    for frame in frames:
        number = int(np.searchsorted(video.times, frame.pts or 0))
        with timer.step("convert"):
            ready = workable(frame, (video.width, video.height), format)
            image = to_rgb(ready, video.turned)
        with timer.step("find"):
            sightings = {one.track: one for one in tracker.step(image, number)}
        yield Followed(number, ready, image, tracker.shot, sightings)


def _seen(
    frames: Iterable[Followed],
    networks: Sequence[Network],
    roles: Roles,
    wanted: range,
    look: CompositingOptions,
    timer: StepTimer,
) -> Iterator[Followed]:
    """Selects the faces to swap, and aligns those of the requested frames."""
    for window in _windows(frames, LOOKAHEAD):
        here = window[LOOKAHEAD]
        assert here is not None
        for track in here.sightings:
            role = roles.role(track, here.number)
            if role and role.who not in here.present and _confirmed(window, track):
                here.present[role.who] = track, role
        for who, (track, role) in here.present.items() if here.number in wanted else ():
            network = networks[role.network]
            with timer.step("align"):
                landmarks = smoothed(_states(window, track, roles))[0]
                crop = align(here.image, landmarks, network.resolution)
                wide = aligned_for_segmentation(here.image, landmarks, crop)
            shown = denoised(wide.image)
            swap = timer.timed("network", partial(_output, network, crop))
            segment = timer.timed(
                "segment",
                partial(skin, wide.image, wide.landmarks, without_hair="hair" in look.keep),
            )
            face = FrameFace(landmarks, crop, shown, swap, segment)
            if here.number % EVERY == 0:
                face = replace(face, raw=swap(), matte=segment())
            here.seen[who] = face
        yield here


def _output(network: Network, crop: Aligned) -> Image:
    raw: Image = network(crop.image[None])[0]
    return raw


def _states(window: list[Followed | None], track: int, roles: Roles) -> list[State]:
    """From the middle of the window on, as long as the track lasts and shows the same person."""
    states: list[State] = []
    role: Role | None = None
    for frame in window[LOOKAHEAD:]:
        if frame is None or track not in frame.sightings:
            break
        now = roles.role(track, frame.number)
        if states and now != role:
            break
        role = now
        states.append(frame.sightings[track].state)
    return states


def _confirmed(window: list[Followed | None], track: int) -> bool:
    """Whether a detection confirmed the face near this frame; flow alone drifts."""
    seen = [frame.sightings.get(track) if frame else None for frame in window]
    here = seen[LOOKAHEAD]
    return any(one and here and one.found and one.run == here.run for one in seen)


def _opacity(near: list[Followed | None], who: int) -> float:
    """1, or less near a frame in which the face comes or goes; a cut or an end is neither."""
    middle = len(near) // 2
    here, nearest = near[middle], middle + 1
    for side in (near[middle + 1 :], near[:middle][::-1]):
        for distance, frame in enumerate(side, 1):
            if frame is None or here is None or frame.shot != here.shot:
                break
            if who not in frame.present:
                nearest = min(nearest, distance)
                break
    return nearest / (middle + 1)


def _windows(frames: Iterable[Followed], reach: int) -> Iterator[list[Followed | None]]:
    """Each frame in the middle of ``2 * reach + 1``; None beyond the first and the last."""
    window: deque[Followed | None] = deque([None] * (2 * reach + 1), 2 * reach + 1)
    for frame in frames:
        window.append(frame)
        if window[reach] is not None:
            yield list(window)
    for _ in range(reach):
        window.append(None)
        if window[reach] is not None:
            yield list(window)

"""Live video: tracks and swaps the face of one frame.

Only one face of a camera is swapped: the largest at the beginning, and the same one as long as it
is in view. It is tracked as in a video (:mod:`zoo.faces.video.tracker`), by the causal filter, and
segmented in every other frame, as long as its crop looks the same. The state of the tracker travels
with the frames, so that any worker can take the next one.
"""

import io
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image as Pillow

from zoo.errors import PhotoError
from zoo.faces.geometry.alignment import Aligned, align
from zoo.faces.masks.segmentation import skin
from zoo.faces.video.tracker import Tracker
from zoo.photos.image import Image, Plane, Points
from zoo.photos.reading import Decode, decode_photo
from zoo.provenance.credentials.marking import Marking, xmp
from zoo.provenance.credentials.media_types import HEAD, media_type
from zoo.swapping.compositing import SEGMENTED, SwappedFace, paste_back
from zoo.swapping.network import Network
from zoo.swapping.video.frames.temporal_averaging import denoised, look_alike

MAX_PIXELS = 1280 * 1280
MAX_BYTES = 1_500_000
RATE = 30.0
"""Frames per second that a camera is taken to give: how often a face is searched for."""

_QUALITY = 85


@dataclass(frozen=True)
class Segmented:
    """A matte, and what the crop showed that it is of.

    Attributes:
        matte: how much of each pixel of the crop may be replaced [T, T].
        shown: the crop [T, T, 3], its noise averaged away.
        track: the number of the face.
    """

    matte: Plane
    shown: Image
    track: int


@dataclass
class Following:
    """The tracking state between frames.

    Attributes:
        tracker: of all faces.
        track: the number of the face that is swapped.
        segmented: that face in the last frame, if it was segmented there.
    """

    tracker: Tracker
    track: int | None = None
    segmented: Segmented | None = None


@dataclass(frozen=True)
class TrackedFace:
    """The face to swap in a frame.

    Attributes:
        landmarks: pixels of the frame.
        crop: aligned for the segmentation.
        matte: how much of each pixel of the crop may be replaced [T, T].
    """

    landmarks: Points
    crop: Aligned
    matte: Plane


@dataclass(frozen=True)
class TrackedFrame:
    """A frame in which the face has been found.

    Attributes:
        image: the frame.
        face: the one to swap, or None where none was found.
        started: when it came, by ``time.perf_counter``.
    """

    image: Image
    face: TrackedFace | None
    started: float


@dataclass(frozen=True)
class Frame:
    """An answer.

    Attributes:
        jpeg: the swapped frame, or None when no face was found.
        seconds: that it took.
    """

    jpeg: bytes | None
    seconds: float


def track_frame(
    encoded: bytes, following: Following | None, decode: Decode = decode_photo
) -> tuple[TrackedFrame, Following]:
    """Finds the face that is followed, or else the largest of a frame.

    The next frame needs only the second of what it returns: it can be tracked while this one is
    swapped.

    Args:
        encoded: a JPEG.
        following: what the last frame gave, which is changed; None for the first.
        decode: what decodes it.

    Raises:
        PhotoError: no JPEG, or too large.
        AssetError: the face models or the segmentation network are missing or damaged.
    """
    started = time.perf_counter()
    image = _decoded(encoded, decode)
    following = following or Following(Tracker(RATE))
    faces = following.tracker.step(image)
    if not faces:
        following.segmented = None
        return TrackedFrame(image, None, started), following
    chosen = next((one for one in faces if one.track == following.track), faces[0])
    following.track, landmarks = chosen.track, chosen.state.estimate
    crop = align(image, landmarks, SEGMENTED)
    matte = _matte(crop, following)
    return TrackedFrame(image, TrackedFace(landmarks, crop, matte), started), following


def swap_tracked(tracked: TrackedFrame, network: Network, mark: Marking) -> Frame:
    """Swaps the face of a tracked frame.

    Args:
        tracked: the frame.
        network: whose face to put in.
        mark: goes into the JPEG's metadata.

    Raises:
        AssetError: the network's file is damaged.
    """
    jpeg = None
    if (face := tracked.face) is not None:
        crop, side = face.crop, network.resolution
        if side != SEGMENTED:
            crop = align(tracked.image, face.landmarks, side)
        swapped = SwappedFace(face.landmarks, crop, network(crop.image[None])[0], face.matte)
        result = tracked.image.copy()
        paste_back(result, swapped)
        jpeg = _encoded(result, mark)
    return Frame(jpeg, time.perf_counter() - tracked.started)


def _matte(crop: Aligned, following: Following) -> Plane:
    """The face's matte: of every second frame the last one's, if the crop looks the same."""
    last, following.segmented = following.segmented, None
    shown = denoised(crop.image)
    if last and last.track == following.track and look_alike(last.shown.astype(np.float32), shown):
        return last.matte
    matte = skin(crop.image, crop.landmarks)
    assert following.track is not None
    following.segmented = Segmented(matte, shown.astype(np.uint8), following.track)
    return matte


def _decoded(encoded: bytes, decode: Decode) -> Image:
    if media_type(encoded[:HEAD]) != "image/jpeg":
        raise PhotoError("A frame is not a JPEG; send each frame as a JPEG.")
    return decode(encoded, Path("A frame"), max_pixels=MAX_PIXELS).image


def _encoded(image: Image, mark: Marking) -> bytes:
    jpeg = io.BytesIO()
    Pillow.fromarray(image).save(jpeg, "JPEG", quality=_QUALITY, xmp=xmp(mark).encode())
    return jpeg.getvalue()

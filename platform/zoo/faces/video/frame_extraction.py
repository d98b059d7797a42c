"""Frame extraction: sharp frames of a video with one face, as different as possible."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zoo.errors import NoFaceError
from zoo.faces.curation.coverage import traits
from zoo.faces.curation.illumination import illumination
from zoo.faces.curation.photo_selection import AlignSettings, Dropped, examine
from zoo.faces.curation.quality import sharpness
from zoo.photos.image import Image
from zoo.photos.video.decoding import decode
from zoo.photos.video.interlacing import still
from zoo.photos.video.reader import Video, inspect_video
from zoo.photos.writing import write_photo

CANDIDATES = 150
"""Frames looked at, evenly over the video."""

MOST = 60
"""Frames kept of one video."""

_NEW = 0.5  # least distance of a frame's features from all that are kept
_SCALES = (10.0, 7.0, 0.06, 0.3)  # of yaw and pitch in degrees, mouth, light: one step each
_READ_THROUGH = 6000  # frames; longer videos are entered at keyframes only


@dataclass(frozen=True)
class _Candidate:
    path: Path
    sharpness: float
    features: NDArray[np.float64]


def extract(
    video: Path,
    folder: Path,
    settings: AlignSettings,
    progress: Callable[[int, int], object] = lambda done, total: None,
) -> list[Path]:
    """Writes the chosen frames of ``video`` into ``folder`` as JPEG, named by their time.

    Raises:
        PhotoError: the video is unreadable or too large.
        NoFaceError: no frame of it shows one sharp face.
        StorageError: no permission or no space.
    """
    known = inspect_video(video)
    wanted = _wanted(known)
    found: list[_Candidate] = []
    for done, (seconds, image) in enumerate(_pictures(known, wanted), 1):
        examined = examine(video.name, image, settings)
        if not isinstance(examined, Dropped):
            crop = examined.aligned.image
            face = traits(examined.face.landmarks, illumination(crop))
            numbers = np.array([face.yaw, face.pitch, face.mouth, face.light.side])
            path = folder / f"{video.stem}-{_clock(seconds)}.jpg"
            write_photo(path, image)
            found.append(_Candidate(path, sharpness(crop), numbers / _SCALES))
        progress(done, len(wanted))
    if not found:
        raise NoFaceError(
            f"None of {len(wanted)} frames of {video} shows one sharp face; give another video."
        )
    kept = _choose(found)
    for index, candidate in enumerate(found):
        if index not in kept:
            candidate.path.unlink()
    return [found[index].path for index in sorted(kept)]


def _wanted(video: Video) -> NDArray[np.int64]:
    """Times of the frames to examine."""
    times = video.times if len(video.times) <= _READ_THROUGH else video.keys
    picks = np.linspace(0, len(times) - 1, min(CANDIDATES, len(times)))
    chosen: NDArray[np.int64] = times[np.unique(picks.astype(int))]
    return chosen


def _pictures(video: Video, wanted: NDArray[np.int64]) -> Iterator[tuple[float, Image]]:
    start = int(video.times[0])
    if len(video.times) <= _READ_THROUGH:
        chosen = set(wanted.tolist())
        frames = (frame for frame in decode(video, start, video.end) if frame.pts in chosen)
    else:
        frames = (frame for key in wanted for frame in decode(video, int(key), int(key) + 1))
    for frame in frames:
        seconds = float(((frame.pts or 0) - start) * video.time_base)
        yield seconds, still(frame, video.turned, video.fields)


def _choose(candidates: list[_Candidate]) -> set[int]:
    """The sharpest first, then whatever is farthest from all that are kept, sharper ones sooner."""
    features = np.stack([candidate.features for candidate in candidates])
    sharp = np.array([candidate.sharpness for candidate in candidates])
    weight = np.clip(sharp / float(np.median(sharp)), 0.5, 1.5)
    first = int(sharp.argmax())
    kept = {first}
    apart = np.linalg.norm(features - features[first], axis=1)
    while len(kept) < min(MOST, len(candidates)):
        farthest = int((apart * weight).argmax())
        if apart[farthest] < _NEW:
            break
        kept.add(farthest)
        apart = np.minimum(apart, np.linalg.norm(features - features[farthest], axis=1))
    return kept


def _clock(seconds: float) -> str:
    """``03m12s480``, which sorts by time."""
    milliseconds = max(0, round(seconds * 1000))
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes:02d}m{rest // 1000:02d}s{rest % 1000:03d}"

"""One video file in, one out: planned, swapped in segments, joined, marked and signed."""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from zoo.errors import NobodyError, NoFaceError, UsageError
from zoo.photos.video.reader import Video, inspect_video
from zoo.provenance.credentials.manifest import Made
from zoo.provenance.credentials.marking import Marking, of_networks
from zoo.provenance.credentials.signing import sign_file
from zoo.provenance.credentials.signing_key import signing_key
from zoo.swapping.network_files.inspection import inspect_network
from zoo.swapping.options import SwapOptions, check_networks, settings_of
from zoo.swapping.video.assignment.identity_assignment import Assignment, assign_identities
from zoo.swapping.video.containers.encoding import choose_codec, choose_format, container_format
from zoo.swapping.video.containers.muxing import Part, mux, notes_of
from zoo.swapping.video.containers.stream_plan import Audio, Subtitles, plan_streams
from zoo.swapping.video.resume import (
    finished,
    plan_of,
    remember,
    remember_roles,
    remember_segments,
    remembered_roles,
    remembered_segments,
    work_folder,
)
from zoo.swapping.video.segment import SegmentOptions
from zoo.swapping.video.segment_division import Segment, segments
from zoo.swapping.video.segment_workers import LocalSegments, Segments, SegmentWork
from zoo.swapping.video.step_timer import StepTimer

Progress = Callable[[int, int], None]
"""Told how many frames of how many are done."""


@dataclass(frozen=True)
class VideoOptions:
    """How a video is swapped.

    Attributes:
        swap: which faces, by which network, and how; by default all, by the first one.
        start: seconds from the first frame, from which on the output is to be.
        end: likewise, until which.
        audio: how sound is to be stored.
        subtitles: likewise.
    """

    swap: SwapOptions = field(default_factory=SwapOptions)
    start: float | None = None
    end: float | None = None
    audio: Audio = "copy"
    subtitles: Subtitles = "copy"

    def settings(self, mark: Marking) -> dict[str, str]:
        """What a manifest keeps of them."""
        limits = {"start": self.start, "end": self.end}
        given = {name: str(value) for name, value in limits.items() if value is not None}
        streams = {"audio": self.audio, "subtitles": self.subtitles}
        given |= {name: value for name, value in streams.items() if value != "copy"}
        return {**settings_of(self.swap, mark), **given}


@dataclass(frozen=True)
class VideoSwap:
    """The result of a video swap.

    Attributes:
        frames: of the output.
        swapped: those in which a face was.
        resumed: those that an earlier, unfinished run had made.
        seconds: of the output.
        took: seconds of this run.
        steps: seconds that each step worked in this run, in all processes together.
        notes: what was done that its owner might not expect, in sentences.
    """

    frames: int
    swapped: int
    resumed: int
    seconds: float
    took: float
    steps: dict[str, float]
    notes: tuple[str, ...] = ()


_ALL = VideoOptions()


def swap_video(
    source: Path,
    target: Path,
    networks: Sequence[Path],
    *,
    mark: Marking,
    options: VideoOptions = _ALL,
    jobs: int | None = None,
    segments_by: Segments | None = None,
    progress: Progress = lambda done, total: None,
    tell: Callable[[str], None] = lambda note: None,
) -> VideoSwap:
    """Writes the swapped ``source`` to ``target``, marked and signed, whole or not at all.

    Times, size, turn, colours, sound and subtitles are kept. A run that was killed leaves its
    finished segments beside ``target``, and the same call goes on with the missing ones, also with
    another target.

    Args:
        source: a video.
        target: of a suffix in :data:`zoo.photos.video.reader.WRITABLE`.
        networks: files, as the options number them.
        mark: what the output is to say of itself, and of each network, in their order.
        options: what is swapped, and how.
        jobs: processes; by default one per core.
        segments_by: what has segments made; by default ``jobs`` processes of this machine.
        progress: called some times a second.
        tell: is told, before the first frame is swapped, each of the notes of the result.

    Raises:
        UsageError: ``target`` is ``source`` or has a wrong suffix, nothing is between ``start``
            and ``end``, a face is chosen that is not there, or the container cannot hold
            ``audio``.
        PhotoError: ``source`` cannot be read or shows no face, or ``target``'s format cannot
            hold a stream of it, which no usual way converts. The latter is found out at once.
        AssetError: the network or the face models are missing or damaged.
        SigningError: there is no usable key.
        StorageError: no permission, no space, or another process makes the same.
    """
    began = time.perf_counter()
    if target.exists() and source.exists() and target.samefile(source):
        raise UsageError(f"{target} is the input itself; choose another output.")
    container = container_format(target)
    check_networks(options.swap, networks)
    hashes = [
        hashlib.sha256(inspect_network(path, its_mark).encoded).hexdigest()
        for path, its_mark in zip(networks, (mark, *mark.also), strict=True)
    ]
    video = inspect_video(source)
    first, after = _limits(video, options)
    codec = choose_codec(video, container)
    handlings = plan_streams(video, target, options.audio, options.subtitles)
    signing_key()  # without which all would be for nothing
    notes = (*notes_of(video), *handlings.notes)
    for note in notes:
        tell(note)
    settings = SegmentOptions(codec, choose_format(video, codec), options.swap)
    timer = StepTimer()
    steps = timer.seconds
    plan = plan_of(video, hashes, settings, (first, after))
    local = LocalSegments(video, jobs)
    maker = segments_by or local
    with work_folder(target, plan) as folder:
        parts = remembered_segments(folder, video.times, first, after)
        if parts is None:
            parts = segments(video, first, after, maker.at_once)
            remember_segments(folder, parts)
        counts = {
            part.number: int(((video.times >= part.start) & (video.times < part.end)).sum())
            for part in parts
        }
        total = sum(counts.values())
        done = finished(folder, parts, len(networks))
        resumed = sum(segment.frames for segment in done.values())
        before = sum(counts[number] for number in done)
        progress(before, total)
        todo = [part for part in parts if part.number not in done]

        def advance(frames: int) -> None:
            nonlocal before
            before += frames
            progress(min(before, total), total)

        work = SegmentWork(video, settings, networks, folder)
        assignment = None
        with local:
            if options.swap.tells_apart:
                with timer.step("tell apart"):
                    assignment = remembered_roles(folder) or _assigned(work, parts, maker)
                    remember_roles(folder, assignment)
                work = replace(work, roles=assignment.segments)
                for note in _missing(assignment):
                    tell(note)
            for made in maker.make(work, todo, advance):
                remember(folder, made)
                done[made.number] = made
                for step, seconds in made.seconds.items():
                    steps[step] += seconds
        progress(total, total)
        if not any(segment.swapped for segment in done.values()):
            if assignment is not None:
                raise NobodyError(f"{source} shows none of the selected people.")
            raise NoFaceError(
                f"{source} shows no detectable face: a face must be within about 40 degrees of "
                "facing the camera, at any tilt, and at least 40 pixels wide."
            )
        made_by = of_networks(mark, {one for segment in done.values() for one in segment.networks})
        join_began = time.perf_counter()
        with TemporaryDirectory(prefix="joined-", dir=folder) as place:
            joined = Path(place, f"joined{target.suffix.lower()}")
            files = [Part(folder / part.name, done[part.number].first) for part in parts]
            mux(
                video,
                files,
                joined,
                made_by,
                start=first,
                end=after,
                handlings=handlings.streams,
                notes=handlings.notes,
            )
            sign_file(joined, target, Made(made_by, source, options.settings(mark)))
        steps["join and sign"] += time.perf_counter() - join_began
    return VideoSwap(
        frames=sum(segment.frames for segment in done.values()),
        swapped=sum(segment.swapped for segment in done.values()),
        resumed=resumed,
        seconds=float((after - first) * video.time_base),
        took=time.perf_counter() - began,
        steps=dict(steps),
        notes=(*notes, *_missing(assignment)),
    )


def _missing(assignment: Assignment | None) -> list[str]:
    return [f"Not there: {who}." for who in assignment.missing] if assignment else []


def _assigned(work: SegmentWork, parts: Sequence[Segment], maker: Segments) -> Assignment:
    """The people of the video.

    Raises:
        UsageError, NobodyError: see :func:`.identity_assignment.assign_identities`.
    """
    looked = sorted(maker.look(work, parts), key=lambda one: one.number)
    return assign_identities(looked, work.options.options, str(work.video.path))


def _limits(video: Video, options: VideoOptions) -> tuple[int, int]:
    """The first wanted frame's time and the time after the last, in the video's units."""
    start, end = options.start, options.end
    zero = int(video.times[0])
    first = zero if start is None else zero + round(start / float(video.time_base))
    after = video.end if end is None else min(video.end, zero + round(end / float(video.time_base)))
    wanted = video.times[(video.times >= first) & (video.times < after)]
    if not len(wanted):
        raise UsageError(
            f"{video.path} has no frame between the given start and end: it lasts "
            f"{video.seconds:.1f} seconds."
        )
    return int(np.min(wanted)), after

"""Joins segments into one video with the source's other streams, without encoding.

Sound, subtitles and fonts are copied or converted (:mod:`.stream_plan`); chapters, title and
languages are copied. What could still show or tell too much is not: covers and second angles show
the face that was there, data streams and the other tags hold places, devices and owners, as for
photos (:mod:`zoo.photos.metadata`).
"""

import heapq
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from numpy.typing import NDArray

from zoo.photos.colour.cicp import PQ
from zoo.photos.video.reader import Video, opened
from zoo.provenance.credentials.marking import DIGITAL_SOURCE_TYPE, Marking, xmp
from zoo.swapping.video.containers.colour_signalling import picture_stream
from zoo.swapping.video.containers.encoding import container_format
from zoo.swapping.video.containers.other_streams import OtherStreams, Timed, describe, writing
from zoo.swapping.video.containers.stream_plan import Handling

_KEPT = ("title", "artist", "album", "date", "creation_time", "copyright", "language", "genre")
_FIELD_ORDERS = {"top": 2, "bottom": 3}  # FFmpeg's: both stored and shown first
_XMP_BOX = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")  # XMP specification, part 3, 1.2.2


@dataclass(frozen=True)
class Part:
    """A segment's file and the time of its first frame, in the video's units."""

    path: Path
    first: int


def mux(
    video: Video,
    parts: Sequence[Part],
    target: Path,
    mark: Marking,
    *,
    start: int,
    end: int,
    handlings: Sequence[Handling] = (),
    notes: Sequence[str] = (),
) -> None:
    """Writes ``parts``, in order, with the source's other streams, to ``target``.

    Args:
        video: the source.
        parts: files of consecutive segments, all of one encoder's settings.
        target: a temporary file of the wanted suffix.
        mark: what the file is to say of itself.
        start: a time of the video; what comes before is left out, and it becomes 0. If it is the
            first frame's, 0 is where the first stream begins.
        end: what comes from this time on is left out.
        handlings: what becomes of the other streams.
        notes: what the file is to say of its other streams.

    Raises:
        PhotoError: the source is gone or damaged.
        StorageError: it cannot be written.
    """
    kind = container_format(target)
    whole = start <= int(video.times[0]) and end >= video.end
    options = {"movflags": "+faststart"} if kind in ("mp4", "mov") else {}
    with ExitStack() as stack:
        source = stack.enter_context(opened(video.path))
        first = stack.enter_context(av.open(str(parts[0].path)))
        from_start = start <= int(video.times[0])
        offset = _beginning(video, source, handlings) if from_start else start * video.time_base
        original = source.streams[video.stream]
        assert isinstance(original, av.VideoStream)
        with writing(target):
            output = stack.enter_context(av.open(str(target), "w", format=kind, options=options))
            picture = picture_stream(output, first.streams.video[0], original, video.signal)
            picture.time_base = video.time_base
            picture.codec_context.framerate = video.rate  # so WebM knows how long a frame lasts
            if video.fields is not None:
                picture.codec_context.field_order = _FIELD_ORDERS[video.fields]
            describe(picture, original)
            if video.matrix is not None:
                picture.set_display_matrix(video.matrix)
            others = OtherStreams(source, output, handlings)
            output.metadata.update({k: v for k, v in source.metadata.items() if k in _KEPT})
            output.metadata["comment"] = " ".join((mark.sentence, *notes_of(video), *notes))
            output.metadata["description"] = f"DigitalSourceType: {DIGITAL_SOURCE_TYPE}"
            if whole:
                output.set_chapters(_chapters(source, offset))
        pictures = _pictures(parts, picture, video, min(end, video.end))
        limits = None if whole else (float(start * video.time_base), float(end * video.time_base))
        heard = others.packets(target, offset, limits)
        for _, packet, stream in heapq.merge(pictures, heard, key=lambda timed: timed[0]):
            _shift(packet, offset)
            packet.stream = stream
            with writing(target):
                output.mux(packet)
        with writing(target):
            output.close()  # which writes, too
    if kind in ("mp4", "mov"):
        _append_xmp(target, mark)


def _beginning(video: Video, source: InputContainer, handlings: Sequence[Handling]) -> Fraction:
    """Seconds of the source at which the first of its streams that are kept begins.

    Broadcasts begin at any time of the day, which is nothing that an output should wait for.
    """
    starts = [int(video.times[0]) * video.time_base]
    for handling in handlings:
        stream = source.streams[handling.index]
        if stream.type == "audio" and stream.start_time is not None and stream.time_base:
            starts.append(stream.start_time * stream.time_base)
    return max(min(starts), Fraction(0))


def _chapters(source: InputContainer, offset: Fraction) -> list[Any]:
    chapters = source.chapters()
    for chapter in chapters:
        assert chapter["time_base"] is not None
        ticks = round(offset / chapter["time_base"])
        chapter["start"], chapter["end"] = chapter["start"] - ticks, chapter["end"] - ticks
    return chapters


def _pictures(parts: Sequence[Part], stream: Stream, video: Video, end: int) -> Iterator[Timed]:
    """All packets of the parts, with decoding times that ascend over their borders too."""
    times = [time for part in parts for time, _ in _packets(part, video)]
    shown = np.array(times, np.int64)
    ordered = np.sort(shown).tolist()
    after = dict(zip(ordered, [*ordered[1:], end], strict=True))
    decoded = iter(_decode_times(shown).tolist())
    for part in parts:
        for time, packet in _packets(part, video):
            packet.time_base = video.time_base
            packet.pts, packet.dts, packet.duration = time, next(decoded), after[time] - time
            yield float(packet.dts * video.time_base), packet, stream


def _packets(part: Part, video: Video) -> Iterator[tuple[int, "Packet[Any]"]]:
    """A segment's packets as they are to be decoded, with the times of showing.

    The container of segments counts from a zero of its own, in fractions of the video's units.
    """
    with av.open(str(part.path)) as container:
        stream = container.streams.video[0]
        assert stream.time_base is not None
        unit = stream.time_base / video.time_base
        zero = None
        for packet in container.demux(stream):
            if packet.pts is None or not packet.size:
                continue
            zero = packet.pts if zero is None else zero  # the first is a key, and shown first
            yield part.first + round((packet.pts - zero) * unit), packet


def _decode_times(shown: NDArray[np.int64]) -> NDArray[np.int64]:
    """When each packet is to be decoded, for packets with these times of showing.

    The i-th packet is decoded when the frame d places before the i-th is shown, where d is the
    most places that any packet comes before its turn.
    """
    ordered = np.sort(shown)
    ranks = np.searchsorted(ordered, shown)
    early = int(np.maximum(np.arange(len(shown)) - ranks, 0).max())
    step = max(1, int(np.diff(ordered[: early + 2]).min())) if len(ordered) > 1 else 1
    before = ordered[0] - step * np.arange(early, 0, -1)
    return np.concatenate([before, ordered])[: len(shown)]


def _shift(packet: "Packet[Any]", offset: Fraction) -> None:
    ticks = round(offset / packet.time_base) if offset else 0
    if packet.pts is not None:
        packet.pts -= ticks
    if packet.dts is not None:
        packet.dts -= ticks


def _append_xmp(path: Path, mark: Marking) -> None:
    """Adds the XMP packet as the last box of an MP4 or MOV file."""
    packet = xmp(mark).encode()
    size = 8 + len(_XMP_BOX) + len(packet)
    with path.open("ab") as file:
        file.write(size.to_bytes(4, "big") + b"uuid" + _XMP_BOX + packet)


def notes_of(video: Video) -> tuple[str, ...]:
    """Notes for the output's comment and the command line."""
    notes = []
    if video.signal.hdr:
        name = "PQ" if video.signal.transfer == PQ else "HLG"
        notes.append(
            f"HDR ({name}): the network saw it tone-mapped to SDR; faces are blended in {name}."
        )
    if video.fields is not None:
        notes.append(f"Interlaced ({video.fields} field first): each field was swapped separately.")
    if video.signal.dropped:
        left_out = ", ".join(video.signal.dropped)
        notes.append(f"Left out, because it describes the original faces: {left_out}.")
    return tuple(notes)

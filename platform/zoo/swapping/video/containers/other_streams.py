"""Copies or converts the packets of audio, subtitles and fonts."""

import errno
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream

from zoo.errors import StorageError
from zoo.storage import plain_errors
from zoo.swapping.video.containers.edit_lists import EditLists
from zoo.swapping.video.containers.stream_plan import Converter, Handling, add_copy, converter

Timed = tuple[float, "Packet[Any]", Stream]
"""Seconds in the source by which packets are put in order, a packet and the stream it goes to."""

_KEPT = ("title", "language", "filename", "mimetype")
_SILENCE = b"\0\0"  # a sample of MP4's subtitles without a letter
_LONG = 1 << 31  # units of time, which no packet lasts
_BEYOND_THE_SYSTEM = 1000  # FFmpeg's own errors have numbers above it


@dataclass(frozen=True)
class _Way:
    handling: Handling
    stream: Stream
    converter: Converter | None


class OtherStreams:
    """All streams of a source but its picture, those that an output is to have.

    Args:
        source: opened for this alone.
        output: the container, to which streams are added.
        handlings: what becomes of each.
    """

    def __init__(
        self, source: InputContainer, output: OutputContainer, handlings: Sequence[Handling]
    ) -> None:
        self._source = source
        self._ways: dict[int, _Way] = {}
        for handling in handlings:
            stream = source.streams[handling.index]
            if handling.encoder is None:
                way = _Way(handling, add_copy(output, stream), None)
            else:
                made = converter(output, stream, handling.encoder)
                way = _Way(handling, made.stream, made)
            describe(way.stream, stream)
            self._ways[handling.index] = way

    def packets(
        self, target: Path, offset: Fraction, limits: tuple[float, float] | None
    ) -> Iterator[Timed]:
        """All packets to be written, with times as in the source.

        Args:
            target: the output, for what is said of faults.
            offset: seconds of the source that become nought.
            limits: seconds between which packets are wanted, if not all are.

        Raises:
            StorageError: sound cannot be encoded.
        """
        streams = [
            self._source.streams[index]
            for index in self._ways
            if self._source.streams[index].type != "attachment"
        ]
        if not streams:
            return
        edits = EditLists(streams)
        for read in self._source.demux(*streams):
            if not read.size or (read.dts is None and read.pts is None):
                continue
            way = self._ways[read.stream_index]
            # A decoder knows by itself, of all packets, which samples an edit cut away.
            for packet in edits.kept(read) if way.converter is None else (read,):
                time = packet.dts if packet.dts is not None else packet.pts
                assert time is not None
                seconds = float(time * packet.time_base)
                if limits is not None and not limits[0] <= seconds < limits[1]:
                    continue
                if way.converter is None and seconds < offset and not way.handling.early:
                    continue
                if self._is_silence(packet):
                    continue
                yield from self._on(way, packet, seconds, target)
        for way in self._ways.values():
            if way.converter is not None:
                with writing(target):
                    last = list(way.converter.end())
                for packet in last:
                    yield _when(packet), packet, way.stream

    def _on(
        self, way: _Way, packet: "Packet[Any]", seconds: float, target: Path
    ) -> Iterator[Timed]:
        if way.converter is None:
            if not 0 <= (packet.duration or 0) < _LONG:  # Ogg's last may end before it begins
                packet.duration = 0
            yield seconds, packet, way.stream
            return
        with writing(target):
            ready = list(way.converter.add(packet))
        for made in ready:
            yield _when(made), made, way.stream

    def _is_silence(self, packet: "Packet[Any]") -> bool:
        """Whether it is of MP4's empty subtitles, which FFmpeg makes when it writes them."""
        context = self._source.streams[packet.stream_index].codec_context
        return context is not None and context.name == "mov_text" and bytes(packet) == _SILENCE


def describe(copy: Stream, stream: Stream) -> None:
    """Copies permitted metadata of the source's stream to the output's."""
    copy.metadata.update({k: v for k, v in stream.metadata.items() if k in _KEPT})
    copy.disposition = stream.disposition


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """Distinguishes errors of the output from errors of the input.

    Raises:
        StorageError: in place of FFmpeg's error.
    """
    try:
        yield
    except (av.error.FFmpegError, ValueError) as error:
        number = getattr(error, "errno", None)
        reason = getattr(error, "strerror", None) or str(error)
        if number is not None and number < _BEYOND_THE_SYSTEM and number != errno.EINVAL:
            with plain_errors(target):
                raise OSError(number, reason) from error
        raise StorageError(
            f"Cannot write the {target.suffix}: {reason}. Finished frames are kept: the same "
            "command resumes, also with another container."
        ) from error


def _when(packet: "Packet[Any]") -> float:
    time = packet.dts if packet.dts is not None else packet.pts
    assert time is not None
    return float(time * packet.time_base)

"""Plans the handling of a video's audio, subtitles and fonts before a frame is swapped.

Whether a container can hold a codec is tested by writing the stream's first packets into such a
container in memory with FFmpeg and reading them back. What it cannot hold is converted where there
is a lossless or usual way, and refused where there is none.
"""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import av
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.subtitles.stream import SubtitleStream

from zoo.errors import PhotoError, UsageError
from zoo.photos.video.reader import WRITABLE, Video, opened
from zoo.swapping.video.containers import audio, subtitles
from zoo.swapping.video.containers.edit_lists import EditLists
from zoo.swapping.video.containers.encoding import container_format

Audio = Literal["copy", "aac", "flac", "none"]
"""How sound is to be stored; what ``copy`` cannot be copied is converted."""

Subtitles = Literal["copy", "none"]
"""Likewise subtitles."""

Converter = audio.SoundConverter | subtitles.TextConverter

_LOSSLESS_FIRST = {
    "mp4": ("flac", "aac"),
    "mov": ("alac", "aac"),
    "matroska": ("flac", "aac"),
    "webm": ("libopus",),
}
_USUAL = {"mp4": ("aac",), "mov": ("aac",), "matroska": ("aac",), "webm": ("libopus",)}
_EXACT = ("pcm_", "adpcm_")  # FFmpeg does not call all of them lossless
_BEYOND_24_BITS = ("pcm_f", "pcm_s32", "pcm_s64", "pcm_u32")
_PACKETS = 16  # of each stream that a container is tried with; the first may be damaged
_SEARCHED = 4000  # packets among which they must be
_ROUNDING = 0.0015  # seconds: Matroska counts in thousandths


@dataclass(frozen=True)
class Handling:
    """What becomes of one of the source's streams.

    Attributes:
        index: of the source's stream.
        encoder: FFmpeg's name of what it is converted with; None if it is copied.
        early: whether the container keeps times before the first picture, as priming needs.
        note: what is done, in a sentence, unless it is just copied.
    """

    index: int
    encoder: str | None = None
    early: bool = True
    note: str | None = None


@dataclass(frozen=True)
class Handlings:
    """The plan of an output's other streams, with notes for the user."""

    streams: tuple[Handling, ...]
    notes: tuple[str, ...]


def plan_streams(
    video: Video, target: Path, audio: Audio = "copy", subtitles: Subtitles = "copy"
) -> Handlings:
    """Decides, and tries, what becomes of the sound, subtitles and fonts of ``video``.

    Raises:
        UsageError: the container cannot hold the sound that is asked for.
        PhotoError: it cannot hold a stream, and there is no way to convert it.
    """
    kind, suffix = container_format(target), target.suffix.lower()
    handlings: list[Handling] = []
    fonts = 0
    with opened(video.path) as source:
        wanted = [
            stream
            for stream in source.streams
            if (stream.type == "audio" and audio != "none")
            or (stream.type == "subtitle" and subtitles != "none")
        ]
        first = _first_packets(source.demux(*wanted), wanted) if wanted else {}
        for stream in wanted:
            packets = first.get(stream.index, [])
            case = _Case(stream, packets, kind, suffix, video.path)
            if stream.type == "audio":
                handlings.append(case.sound(audio))
            else:
                handlings.append(case.text())
        for stream in source.streams:
            if stream.type == "attachment" and kind == "matroska":
                handlings.append(Handling(stream.index))
            elif stream.type == "attachment":
                fonts += 1
    notes = [one.note for one in handlings if one.note]
    if fonts:
        notes.append(f"Left out: {fonts} attached fonts, which {suffix} cannot hold.")
    return Handlings(tuple(handlings), tuple(dict.fromkeys(notes)))


def add_copy(output: OutputContainer, stream: Stream) -> Stream:
    """Adds a stream to ``output`` for the very packets of ``stream``.

    Raises:
        ValueError: the container cannot hold them.
    """
    copy = output.add_stream_from_template(stream, opaque=True)
    if isinstance(copy, av.AudioStream):
        layout = copy.codec_context.layout
        if " " in layout.name and layout.nb_channels in audio.LAYOUTS:
            # AVI and WAV count channels only, and MP4 wants to know which they are.
            copy.codec_context.layout = audio.LAYOUTS[layout.nb_channels]
    return copy


def converter(output: OutputContainer, stream: Stream, encoder: str) -> Converter:
    """Adds a stream to ``output`` for what ``encoder`` makes of ``stream``."""
    if isinstance(stream, av.AudioStream):
        return audio.SoundConverter(output, stream, encoder)
    assert isinstance(stream, SubtitleStream)
    return subtitles.TextConverter(output, stream, encoder)


@dataclass(frozen=True)
class _Case:
    """One stream and where it is to go."""

    stream: Stream
    packets: Sequence["Packet[Any]"]
    kind: str
    suffix: str
    path: Path

    def sound(self, wanted: Audio) -> Handling:
        name = self.name
        if wanted in ("copy", name):
            early = self._copied(self.kind)
            if early is not None:
                return Handling(self.stream.index, early=early)
        if wanted != "copy":
            if self._converted(wanted):
                return Handling(self.stream.index, wanted, note=self._note(wanted, asked=True))
            if wanted not in _LOSSLESS_FIRST[self.kind] + _USUAL[self.kind]:
                usual = " or ".join(audio.ENCODERS[one] for one in _LOSSLESS_FIRST[self.kind])
                raise UsageError(
                    f"{self.suffix} cannot hold {audio.ENCODERS[wanted]}; omit --audio, which "
                    f"then uses {usual} if necessary, or write a .mkv."
                )
        for encoder in (_LOSSLESS_FIRST if self._exact else _USUAL)[self.kind]:
            if self._converted(encoder):
                return Handling(self.stream.index, encoder, note=self._note(encoder))
        raise self._refusal("--audio none")

    def text(self) -> Handling:
        early = self._copied(self.kind)
        if early is not None:
            return Handling(self.stream.index, early=early)
        context, encoder = self.stream.codec_context, subtitles.ENCODERS[self.kind]
        if context is not None and context.codec.text_sub and self._converted(encoder):
            return Handling(self.stream.index, encoder, note=self._note(encoder))
        raise self._refusal("--subtitles none")

    @property
    def name(self) -> str:
        context = self.stream.codec_context
        return context.codec.canonical_name if context else "of an unknown codec"

    @property
    def _exact(self) -> bool:
        """Whether it decodes to the same samples everywhere, so that not one need change."""
        lossless = bool(self.stream.codec_context) and self.stream.codec_context.codec.lossless
        return lossless or self.name.startswith(_EXACT)

    @property
    def _called(self) -> str:
        return "sound" if self.stream.type == "audio" else "subtitles"

    def _note(self, encoder: str, *, asked: bool = False) -> str:
        made = audio.ENCODERS.get(encoder, encoder)
        why = "as asked" if asked else f"because {self.suffix} cannot hold it"
        how = ""
        if encoder in audio.LOSSLESS:
            exact = self._exact and not self.name.startswith(_BEYOND_24_BITS)
            how = ", without loss" if exact else " of 24 bits"
        return f"The {self._called} ({self.name}) becomes {made}{how}, {why}."

    def _refusal(self, way_out: str) -> PhotoError:
        others = (one for one in (".mkv", ".mp4", ".mov", ".webm") if WRITABLE[one] != self.kind)
        able = next((one for one in others if self._copied(WRITABLE[one]) is not None), None)
        advice = f"write a {able}, which can, or " if able else ""
        return PhotoError(
            f"{self.suffix} cannot hold the {self._called} ({self.name}) of {self.path}, and "
            f"there is no standard conversion; {advice}drop it with {way_out}."
        )

    def _copied(self, kind: str) -> bool | None:
        """None if a container cannot hold it; else whether times before nought are kept."""
        if not self.stream.codec_context:
            return None
        written = io.BytesIO()
        packets = [_again(packet) for packet in self.packets]
        times = [float(one.pts * one.time_base) for one in packets if one.pts is not None]
        try:
            with av.open(written, "w", format=kind) as output:
                copy = add_copy(output, self.stream)
                output.start_encoding()
                for packet in packets:
                    packet.stream = copy
                    output.mux(packet)
            if not times or self.stream.type != "audio":
                return True
            written.seek(0)
            with av.open(written, "r") as back:
                if not back.streams[0].codec_context:
                    return None
                packet = next(packet for packet in back.demux() if packet.size)
                return (
                    packet.pts is not None
                    and abs(float(packet.pts * packet.time_base) - times[0]) < _ROUNDING
                )
        except (av.error.FFmpegError, ValueError, StopIteration, IndexError):
            return None

    def _converted(self, encoder: str) -> bool:
        """Whether the container holds what the encoder makes of the first packets."""
        try:
            with av.open(io.BytesIO(), "w", format=self.kind) as output:
                made = converter(output, self.stream, encoder)
                output.start_encoding()
                for packet in self.packets:
                    for ready in made.add(packet):
                        output.mux(ready)
                if isinstance(made, subtitles.TextConverter) or not self.packets:
                    return True
                for ready in made.end():
                    output.mux(ready)
                return made.heard
        except (av.error.FFmpegError, ValueError):
            return False


def _first_packets(
    packets: Iterable["Packet[Any]"], streams: Sequence[Stream]
) -> dict[int, list["Packet[Any]"]]:
    """A few packets of each stream, without what edits take away."""
    edits = EditLists(streams)
    found: dict[int, list[Packet[Any]]] = {stream.index: [] for stream in streams}
    hoped = {stream.index for stream in streams if stream.type == "audio"}
    for count, packet in enumerate(packets):
        empty = not packet.size or (packet.dts is None and packet.pts is None)
        for kept in () if empty else edits.kept(packet):
            if len(found[kept.stream_index]) < _PACKETS:
                found[kept.stream_index].append(kept)
        if all(len(found[index]) >= _PACKETS for index in hoped) or count > _SEARCHED:
            break
    return found


def _again(packet: "Packet[Any]") -> "Packet[Any]":
    """The same packet: writing one changes its times."""
    same: Packet[Any] = Packet(bytes(packet))
    same.pts, same.dts, same.duration = packet.pts, packet.dts, packet.duration
    same.time_base, same.is_keyframe = packet.time_base, packet.is_keyframe
    return same

"""Converts text subtitles that the new container cannot hold.

FFmpeg reads all kinds of text as Advanced SubStation Alpha and writes it as another kind: words,
times, bold, italics and colours stay, places on the picture and fonts only where both have them.
"""

import contextlib
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, cast

import av
from av.container import OutputContainer
from av.packet import Packet
from av.subtitles.stream import SubtitleStream

ENCODERS = {"mp4": "mov_text", "mov": "mov_text", "matroska": "subrip", "webm": "webvtt"}
"""FFmpeg's encoder of text for each container that can be written."""

_UNIT = Fraction(1, 1000)  # seconds


class TextConverter:
    """One stream of subtitles on its way into another kind of text.

    Args:
        output: the container, to which a stream is added.
        stream: of the source; of text.
        encoder: a value of :data:`ENCODERS`.

    Raises:
        ValueError, FFmpegError: it cannot be read or written so.
    """

    def __init__(self, output: OutputContainer, stream: SubtitleStream, encoder: str) -> None:
        self._source = stream.codec_context
        self._source.open(strict=False)
        made = cast(SubtitleStream, output.add_stream(encoder))
        made.time_base = made.codec_context.time_base = _UNIT
        made.codec_context.subtitle_header = self._source.subtitle_header
        made.codec_context.open(strict=False)
        self.stream = made

    def add(self, packet: "Packet[Any]") -> Iterator["Packet[Any]"]:
        """Takes the source's next packet and gives it in the new kind. Damaged ones are dropped."""
        assert packet.pts is not None
        said = None
        with contextlib.suppress(av.error.InvalidDataError):
            said = self._source.decode2(packet)
        if said is None or not len(said):
            return
        made = self.stream.codec_context.encode_subtitle(said)
        made.time_base = _UNIT
        made.pts = made.dts = round(packet.pts * packet.time_base / _UNIT)
        made.duration = round((packet.duration or 0) * packet.time_base / _UNIT)
        made.stream = self.stream
        yield made

    def end(self) -> Iterator["Packet[Any]"]:
        """Nothing waits."""
        return iter(())

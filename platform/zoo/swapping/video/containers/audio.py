"""Transcodes audio that the new container cannot hold, in sync with the picture.

Edits and priming are taken away as the source says; gaps are filled with silence, so that what
comes after them stays where it was.
"""

import contextlib
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
from av.container import OutputContainer
from av.filter import Graph
from av.packet import Packet

ENCODERS = {"aac": "AAC", "libopus": "Opus", "flac": "FLAC", "alac": "ALAC"}
"""FFmpeg's encoders that sound is converted with, and the names of what they make."""

LOSSLESS = ("flac", "alac")
"""Those that give back the very samples they were given, to 24 bits."""

_BIT_RATE = 96_000  # per channel: transparent for AAC and Opus
_OPUS_RATE = 48_000
_AAC_RATES = (96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000,
              11_025, 8_000)  # fmt: skip
LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
"""What so many channels are when a file does not say it."""

_OPUS_LAYOUTS = LAYOUTS | {4: "quad"}


class SoundConverter:
    """One stream of sound on its way into another codec.

    Args:
        output: the container, to which a stream is added.
        stream: of the source.
        encoder: a key of :data:`ENCODERS`.

    Attributes:
        stream: of the output.
        heard: whether anything could be decoded so far.

    Raises:
        ValueError, FFmpegError: the container cannot hold what the encoder makes, or the encoder
            does not take the source's kind of sound.
    """

    def __init__(self, output: OutputContainer, stream: av.AudioStream, encoder: str) -> None:
        self._source = stream
        rate = stream.codec_context.sample_rate or _OPUS_RATE
        if encoder == "libopus" or (encoder == "aac" and rate not in _AAC_RATES):
            rate = _OPUS_RATE
        made = output.add_stream(encoder, rate=rate)
        assert isinstance(made, av.AudioStream)
        context = made.codec_context
        layout = stream.codec_context.layout
        known = _OPUS_LAYOUTS if encoder == "libopus" else LAYOUTS
        said = not layout.name.endswith("channels") and encoder not in ("libopus", "alac")
        context.layout = layout.name if said else known.get(layout.nb_channels, "stereo")
        if encoder in LOSSLESS:
            deep = stream.codec_context.format.bits > 16  # else all of them fit
            context.format = {"flac": ("s16", "s32"), "alac": ("s16p", "s32p")}[encoder][deep]
        else:
            context.bit_rate = _BIT_RATE * context.layout.nb_channels
        self.stream = made
        self.heard = False
        self._next = Fraction(0)  # second at which the next frame is due
        self._last: int | None = None
        self._graph: Graph | None = None
        self._kind: tuple[str, str, int] | None = None

    def add(self, packet: "Packet[Any]") -> Iterator["Packet[Any]"]:
        """Takes the source's next packet and gives what is ready. Damaged ones are passed over."""
        frames: list[av.AudioFrame] = []
        with contextlib.suppress(av.error.InvalidDataError):
            frames = self._source.codec_context.decode(packet)
        for frame in frames:
            yield from self._through(frame)

    def end(self) -> Iterator["Packet[Any]"]:
        """The last of what is ready."""
        with contextlib.suppress(av.error.InvalidDataError):
            for frame in self._source.codec_context.decode(None):
                yield from self._through(frame)
        self._source.codec_context.flush_buffers()  # so that it can be read again
        yield from self._drained()
        yield from self._encoded(None)

    def _through(self, frame: av.AudioFrame) -> Iterator["Packet[Any]"]:
        self.heard = True
        unit = frame.time_base or self._source.time_base or Fraction(1, frame.sample_rate)
        if frame.pts is None:  # such as the last that a decoder held back
            frame.pts, frame.time_base = round(self._next / unit), unit
        self._next = frame.pts * unit + Fraction(frame.samples, frame.sample_rate)
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        if kind != self._kind:  # at first, and where a broadcast goes from stereo to surround
            yield from self._drained()
            self._graph, self._kind = self._steady(frame), kind
        assert self._graph is not None
        self._graph.push(frame)
        yield from self._pulled()

    def _steady(self, frame: av.AudioFrame) -> Graph:
        """Filters that make one kind of samples of these frames, without gaps."""
        context, graph = self.stream.codec_context, Graph()
        graph.link_nodes(
            graph.add(
                "abuffer",
                sample_rate=str(frame.sample_rate),
                sample_fmt=frame.format.name,
                channel_layout=_said(frame.layout),
                time_base=str(frame.time_base),
            ),
            graph.add("aresample", **{"async": "1", "out_sample_rate": str(context.sample_rate)}),
            graph.add(
                "aformat",
                sample_rates=str(context.sample_rate),
                sample_fmts=context.format.name,
                channel_layouts=context.layout.name,
            ),
            graph.add("abuffersink"),
        ).configure()
        return graph

    def _drained(self) -> Iterator["Packet[Any]"]:
        if self._graph is not None:
            self._graph.push(None)
            yield from self._pulled()

    def _pulled(self) -> Iterator["Packet[Any]"]:
        assert self._graph is not None
        with contextlib.suppress(av.error.BlockingIOError, av.error.EOFError):
            while True:
                frame = self._graph.pull()
                assert isinstance(frame, av.AudioFrame)
                yield from self._encoded(frame)

    def _encoded(self, frame: av.AudioFrame | None) -> Iterator["Packet[Any]"]:
        for packet in self.stream.encode(frame):
            if packet.pts is None:  # FLAC's last, an empty one, tells the container its checksum
                packet.pts = packet.dts = self._last
            self._last = packet.pts
            packet.stream = self.stream
            yield packet


def _said(layout: av.AudioLayout) -> str:
    return LAYOUTS.get(layout.nb_channels, "stereo") if " " in layout.name else layout.name

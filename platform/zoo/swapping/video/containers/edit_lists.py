"""Edit lists: parts of a file that players do not show.

A trimmed MP4 keeps what was cut away, and FFmpeg marks it as to be decoded and thrown away. None of
it goes into an output, but for the few packets without which the first sound could not be decoded.

Source: ISO/IEC 14496-12, 8.6.6.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from av.packet import Packet
from av.stream import Stream

_PRIMING = {"aac": 2, "mp3": 2, "opus": 4, "ac3": 1, "eac3": 1, "vorbis": 1}
"""Packets that a decoder must have seen before the first that is heard."""


class EditLists:
    """Leaves out what edit lists cut from these streams."""

    def __init__(self, streams: Iterable[Stream]) -> None:
        self._waiting: dict[int, deque[Packet[Any]] | None] = {}
        for stream in streams:
            context = stream.codec_context
            name = context.codec.canonical_name if context else ""
            self._waiting[stream.index] = deque(maxlen=_PRIMING.get(name, 0))

    def kept(self, packet: "Packet[Any]") -> Iterator["Packet[Any]"]:
        """What of a stream is to be copied now that its next packet, not an empty one, is known."""
        waiting = self._waiting[packet.stream_index]
        if packet.is_discard:
            if waiting is not None:  # nothing of the stream is heard yet
                waiting.append(packet)
            return
        self._waiting[packet.stream_index] = None
        yield from waiting or ()
        yield packet

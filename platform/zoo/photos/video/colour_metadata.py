"""Colour metadata of a video, which a player needs to show it.

Sources: ITU-T H.273 (numbers of primaries and transfers); SMPTE ST 2086 (mastering display) and
CTA-861.3 (content light level), in FFmpeg's structures (libavutil/mastering_display_metadata.h);
RFC 9559, sections 5.1.4.1.28 and 5.1.4.1.17 (Matroska's colour elements, block additions).
"""

import io
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from zoo.photos.colour.cicp import HLG, PQ

if TYPE_CHECKING:
    import av

UNSAID = 2
"""The number of primaries and of a transfer that nobody names."""

DOLBY_VISION = "Dolby Vision metadata"

_SITING = {(1, 2): "left", (2, 2): "center", (1, 1): "topleft", (2, 1): "top"}
_HORIZONTAL, _VERTICAL = b"\x55\xb7\x81", b"\x55\xb8\x81"  # ChromaSiting, of one byte
_BLOCK_ADDITION = b"\x41\xed"  # BlockAddIDExtraData
_DOVI_CONFIGURATIONS = {b"dvcC", b"dvvC", b"dvwC"}  # and the type that it is said to have
_NEAR = 64  # bytes between both, at most
_DROPPED = {
    "DYNAMIC_HDR_PLUS": "HDR10+ metadata",
    "DYNAMIC_HDR_VIVID": "HDR Vivid metadata",
    "DOVI_METADATA": DOLBY_VISION,
    "DOVI_RPU_BUFFER": DOLBY_VISION,
}


@dataclass(frozen=True)
class Mastering:
    """The display that a film was graded on.

    Attributes:
        red: its place in the chromaticity diagram, x and y.
        green: likewise.
        blue: likewise.
        white: likewise.
        darkest: cd/m2.
        brightest: cd/m2.
    """

    red: tuple[Fraction, Fraction]
    green: tuple[Fraction, Fraction]
    blue: tuple[Fraction, Fraction]
    white: tuple[Fraction, Fraction]
    darkest: Fraction
    brightest: Fraction


@dataclass(frozen=True)
class Signal:
    """The colour metadata of a video.

    Attributes:
        primaries: by H.273.
        transfer: by H.273.
        siting: where chroma lies between the pixels it is for, in FFmpeg's words (``left``,
            ``topleft``, ...); None when it is not said.
        mastering: of HDR10.
        light: of HDR10: the most light of any pixel and of any frame's mean, cd/m2.
        dropped: what is said scene by scene of faces that were there, in words for people.
    """

    primaries: int = UNSAID
    transfer: int = UNSAID
    siting: str | None = None
    mastering: Mastering | None = None
    light: tuple[int, int] | None = None
    dropped: tuple[str, ...] = ()

    @property
    def hdr(self) -> bool:
        """Whether the light is PQ's or HLG's."""
        return self.transfer in (PQ, HLG)


def signal_of(stream: "av.VideoStream", frame: "av.VideoFrame") -> Signal:
    """The colour metadata of a stream and its first frame."""
    found = {side.type.name: bytes(side) for side in iter(cast(Any, frame.side_data))}
    light = found.get("CONTENT_LIGHT_LEVEL")
    values = np.frombuffer(light, np.uint32)[:2] if light else np.zeros(2, np.uint32)
    return Signal(
        primaries=int(frame.color_primaries),
        transfer=int(frame.color_trc),
        siting=_siting(stream),
        mastering=_mastering(found.get("MASTERING_DISPLAY_METADATA")),
        light=(int(values[0]), int(values[1])) if values.any() else None,
        dropped=tuple(dict.fromkeys(_DROPPED[name] for name in _DROPPED if name in found)),
    )


def dolby_vision_alone(stream: "av.VideoStream") -> int | None:
    """The profile of Dolby Vision whose pictures have wrong colours without its metadata.

    Its base layer is in IPT: profile 5, and 10 and 20 without a compatible layer (*Dolby Vision
    Streams Within the ISO Base Media File Format*, section 3.2). None for every other video.
    """
    header = _matroska_header(stream)
    place = header.find(_BLOCK_ADDITION) + len(_BLOCK_ADDITION)
    if place < len(_BLOCK_ADDITION) or not _DOVI_CONFIGURATIONS & {
        header[at : at + 4] for at in range(max(0, place - _NEAR), min(place + _NEAR, len(header)))
    }:
        return None
    said = header[place + 1 : place + 6]  # behind a byte of the size: versions, profile, layers
    if len(said) < 5:
        return None
    profile, compatible = said[2] >> 1, said[4] >> 4
    return profile if profile == 5 or (profile in (10, 20) and not compatible) else None


def _mastering(data: bytes | None) -> Mastering | None:
    """From FFmpeg's structure: ten fractions and whether primaries and light are said."""
    if data is None or len(data) < 22 * 4:
        return None
    numbers = np.frombuffer(data, np.int32)[:22].tolist()
    if not (numbers[20] and numbers[21]) or 0 in numbers[1:20:2]:
        return None
    r = [Fraction(*numbers[at : at + 2]) for at in range(0, 20, 2)]
    return Mastering((r[0], r[1]), (r[2], r[3]), (r[4], r[5]), (r[6], r[7]), r[8], r[9])


def _siting(stream: "av.VideoStream") -> str | None:
    """By way of a Matroska header, which names it: PyAV does not."""
    written = _matroska_header(stream)
    places = [written.find(name) + len(name) for name in (_HORIZONTAL, _VERTICAL)]
    if min(places) < len(_HORIZONTAL) or max(places) >= len(written):
        return None
    return _SITING.get((written[places[0]], written[places[1]]))


def _matroska_header(stream: "av.VideoStream") -> bytes:
    """What Matroska says of a stream; empty for a codec that it has no name for."""
    import av

    header = io.BytesIO()
    try:
        with av.open(header, "w", format="matroska") as output:
            output.add_stream_from_template(stream, opaque=True)
            output.start_encoding()
    except (av.error.FFmpegError, ValueError):
        return b""
    return header.getvalue()

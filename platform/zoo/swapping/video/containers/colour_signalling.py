"""Passes the source's colour metadata to the encoder and the container.

HDR10's display and light go into the stream itself, and into the container where it said them. VP9
has no place for primaries, transfer and siting in its stream; there the container alone says them.

Sources: the options of x264, x265 (``--master-display``, ``--max-cll``) and SVT-AV1
(``Docs/Parameters.md``), whose units are those of the streams: 1/50000 and 1/10000 cd/m2, or plain.
"""

from fractions import Fraction
from typing import TYPE_CHECKING

from zoo.photos.video.colour_metadata import DOLBY_VISION, UNSAID, Signal

if TYPE_CHECKING:
    import av
    from av.container import OutputContainer

# What a container says of a stream that is its encoder's, not its source's.
_ENCODERS_WORDS = (
    "extradata", "pix_fmt", "width", "height", "profile", "level", "bit_rate", "colorspace",
    "color_range", "sample_aspect_ratio",
)  # fmt: skip
_PLACE, _LIGHT = 50_000, 10_000  # units
_PARAMETERS = {"libx264": "x264-params", "libx265": "x265-params", "libsvtav1": "svtav1-params"}
_NAMES = {
    "libx264": ("mastering-display", "cll"),
    "libx265": ("master-display", "max-cll"),
    "libsvtav1": ("mastering-display", "content-light"),
}


def encoder_options(encoder: str, options: dict[str, str], signal: Signal) -> dict[str, str]:
    """An encoder's options, with the colour metadata of its stream."""
    result = dict(options)
    if signal.siting not in (None, "left"):  # which is what is meant when nothing is said
        result["chroma_sample_location"] = str(signal.siting)
    if encoder not in _NAMES:
        return result
    display, most = _NAMES[encoder]
    said = [result[name] for name in (_PARAMETERS[encoder],) if name in result]
    if signal.mastering is not None:
        said.append(f"{display}={_display(signal, plain=encoder == 'libsvtav1')}")
    if signal.light is not None:
        said.append(f"{most}={signal.light[0]},{signal.light[1]}")
    if said:
        result[_PARAMETERS[encoder]] = ":".join(said)
    return result


def picture_stream(
    output: "OutputContainer", made: "av.VideoStream", source: "av.VideoStream", signal: Signal
) -> "av.VideoStream":
    """The output's stream for packets such as those of ``made``.

    Args:
        output: the container.
        made: a segment's.
        source: what it was made from.
        signal: what that says.
    """
    context, own = made.codec_context, source.codec_context
    template = made
    if context.codec.canonical_name == own.codec.canonical_name and _in_container(own, signal):
        template = source
    picture = output.add_stream_from_template(template, opaque=True)
    ready = picture.codec_context
    for name in _ENCODERS_WORDS if template is source else ():
        value = getattr(context, name)
        if value is not None or name == "extradata":
            setattr(ready, name, value)
    if ready.color_primaries == UNSAID:
        ready.color_primaries = signal.primaries
    if ready.color_trc == UNSAID:
        ready.color_trc = signal.transfer
    return picture


def _in_container(own: "av.VideoCodecContext", signal: Signal) -> bool:
    """Whether the source's container may say more of its colours than its stream.

    PyAV can pass that on with all else that a container says of a stream, not by itself; with
    Dolby Vision's it would promise what is left out.
    """
    if own.codec.canonical_name == "vp9":
        return True
    hdr10 = signal.mastering is not None or signal.light is not None
    return hdr10 and DOLBY_VISION not in signal.dropped


def _display(signal: Signal, *, plain: bool) -> str:
    one = signal.mastering
    assert one is not None
    place, light = (1, 1) if plain else (_PLACE, _LIGHT)

    def number(value: Fraction, unit: int) -> str:
        return f"{float(value):.6g}" if plain else str(round(value * unit))

    def pair(name: str, values: tuple[Fraction, Fraction], unit: int) -> str:
        return f"{name}({number(values[0], unit)},{number(values[1], unit)})"

    return (
        pair("G", one.green, place)
        + pair("B", one.blue, place)
        + pair("R", one.red, place)
        + pair("WP", one.white, place)
        + pair("L", (one.brightest, one.darkest), light)
    )

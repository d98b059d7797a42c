"""Telling an encoder, and a container, what the source says of its colours.

HDR10's display and light go into the stream itself, from where containers copy them. VP9 has no
place for primaries, transfer and siting in its stream; there the container alone says them.

Sources: the options of x264, x265 (``--master-display``, ``--max-cll``) and SVT-AV1
(``Docs/Parameters.md``), whose units are those of the streams: 1/50000 and 1/10000 cd/m2, or plain.
"""

from fractions import Fraction
from typing import TYPE_CHECKING

from zoo.photos.signal import UNSAID, Signal

if TYPE_CHECKING:
    import av
    from av.container import OutputContainer

_PLACE, _LIGHT = 50_000, 10_000  # units
_PARAMETERS = {"libx264": "x264-params", "libx265": "x265-params", "libsvtav1": "svtav1-params"}
_NAMES = {
    "libx264": ("mastering-display", "cll"),
    "libx265": ("master-display", "max-cll"),
    "libsvtav1": ("mastering-display", "content-light"),
}


def encoder_options(encoder: str, options: dict[str, str], signal: Signal) -> dict[str, str]:
    """An encoder's options, with what is to be said in its stream."""
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
    context = made.codec_context
    same = context.codec.canonical_name == source.codec_context.codec.canonical_name == "vp9"
    alike = same and _shape(made) == _shape(source)
    picture = output.add_stream_from_template(source if alike else made, opaque=True)
    if picture.codec_context.color_primaries == UNSAID:
        picture.codec_context.color_primaries = signal.primaries
    if picture.codec_context.color_trc == UNSAID:
        picture.codec_context.color_trc = signal.transfer
    return picture


def _shape(stream: "av.VideoStream") -> tuple[int, int, str | None, int]:
    context = stream.codec_context
    return context.width, context.height, context.pix_fmt, context.color_range


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

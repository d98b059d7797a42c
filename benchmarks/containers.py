"""Audio and subtitles by container: which are copied, converted or refused.

Makes a clip of each container with each codec that FFmpeg writes into it, plans its streams, joins
them with its encoded picture as a swap does (without the swap), and reads the outputs back: the
sound must be the source's, in time. Prints the tables of docs/video.md.

    python benchmarks/containers.py
"""

import sys
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.subtitles.stream import SubtitleStream
from av.subtitles.subtitle import SubtitleSet
from numpy.typing import NDArray

from zoo.errors import ZooError
from zoo.photos.video.decoding import decode
from zoo.photos.video.reader import SUFFIXES, WRITABLE, Video, inspect_video
from zoo.provenance.credentials.marking import Marking
from zoo.swapping.video.containers.encoding import add_encoder, choose_codec, container_format
from zoo.swapping.video.containers.muxing import Part, mux
from zoo.swapping.video.containers.stream_plan import plan_streams

SOUND = {
    "AAC": "aac", "MP3": "libmp3lame", "MP2": "mp2", "AC-3": "ac3", "Opus": "libopus",
    "Vorbis": "vorbis", "FLAC": "flac", "ALAC": "alac", "PCM": "pcm_s16le", "µ-law": "pcm_mulaw",
    "ADPCM": "adpcm_ms", "WMA": "wmav2",
}  # fmt: skip
"""Twelve codecs by name, with FFmpeg's encoders."""

TEXT = {"mov_text": "mov_text", "SubRip": "subrip", "ASS": "ass", "WebVTT": "webvtt",
        "DVD": "dvdsub"}  # fmt: skip
SOURCES = {
    ".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm",
    ".avi": "avi", ".mpg": "mpeg", ".mpeg": "mpeg", ".ts": "mpegts", ".mts": "mpegts",
    ".m2ts": "mpegts", ".flv": "flv", ".wmv": "asf", ".asf": "asf", ".3gp": "3gp", ".3g2": "3g2",
    ".ogv": "ogg", ".mxf": "mxf", ".vob": "vob", ".nut": "nut",
}  # fmt: skip
"""Twenty containers, with FFmpeg's names."""

_PICTURE = {"webm": "libvpx", "avi": "mpeg4", "mpeg": "mpeg2video", "vob": "mpeg2video",
            "mxf": "mpeg2video", "asf": "msmpeg4", "ogg": "libvpx"}  # fmt: skip
_QUICK = {"libx264": {"preset": "ultrafast"}, "libvpx": {"deadline": "realtime", "cpu-used": "8"}}
_MARK = Marking("ada", "1", "0" * 64, "synthetic")
_FRAMES, _RATE = 20, 48_000
_Samples = NDArray[np.float32]
_ASS = (
    "[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name, Fontname, Fontsize\n"
    "Style: Default,Arial,16\n\n[Events]\nFormat: Layer, Start, End, Style, Text\n"
)


def main() -> None:
    """Prints a table of inputs, and one of outputs."""
    assert set(SOURCES) == SUFFIXES
    with tempfile.TemporaryDirectory() as folder:
        clips = {
            (suffix, name): sounding(Path(folder, f"{name}{suffix}"), encoder)
            for suffix in SOURCES
            for name, encoder in SOUND.items()
        }
        print(f"| in \\ sound | out | {' | '.join(SOUND)} |\n|---|---|{'---|' * len(SOUND)}")
        for suffix in SOURCES:
            out = suffix if suffix in WRITABLE else ".mkv"
            cells = [outcome(clips[suffix, name], out) for name in SOUND]
            print(f"| {suffix} | {out} | {' | '.join(cells)} |", flush=True)
        print(f"\n| out \\ sound | {' | '.join(SOUND)} |\n|---|{'---|' * len(SOUND)}")
        for out in WRITABLE:
            cells = []
            for name in SOUND:
                of = [clip for (suffix, one), clip in clips.items() if one == name and clip]
                cells.append(" / ".join(sorted({outcome(clip, out) for clip in of})))
            print(f"| {out} | {' | '.join(cells)} |", flush=True)
        print(f"\n| out \\ subtitles | {' | '.join(TEXT)} |\n|---|{'---|' * len(TEXT)}")
        spoken = {name: speaking(Path(folder), encoder) for name, encoder in TEXT.items()}
        for out in WRITABLE:
            cells = [outcome(spoken[name], out) for name in TEXT]
            print(f"| {out} | {' | '.join(cells)} |", flush=True)


def outcome(clip: Path | None, out: str) -> str:
    """What becomes of a clip's second stream, or a dash if there is no such clip."""
    if clip is None:
        return "–"
    video = inspect_video(clip)
    target = clip.with_name(f"out{out}")
    try:
        plan = plan_streams(video, target)
    except ZooError as error:
        print(error, file=sys.stderr)
        return "refused"
    try:
        joined(video, target, plan.streams, plan.notes)
    except ZooError as error:
        print(clip, target, error, file=sys.stderr)
        return "FAILED"
    if "audio" in video.others:
        check(clip, target)
    (handling,) = plan.streams
    return handling.encoder.replace("lib", "") if handling.encoder else "copied"


def joined(video: Video, target: Path, streams: Any, notes: tuple[str, ...]) -> None:
    """The video with its own picture, encoded anew."""
    codec = choose_codec(video, container_format(target))
    part = target.with_name("part.nut")
    with av.open(str(part), "w", format="nut") as output:
        stream = None
        for frame in decode(video, int(video.times[0]), video.end):
            stream = stream or add_encoder(output, video, codec, frame)
            output.mux(stream.encode(frame))
        assert stream is not None
        output.mux(stream.encode())
    parts = [Part(part, int(video.times[0]))]
    start, end = int(video.times[0]), video.end
    mux(video, parts, target, _MARK, start=start, end=end, handlings=streams, notes=notes)


def check(before: Path, after: Path) -> None:
    """Whether two files' sound is the same at the same distance from their pictures."""
    one, two = heard(before), heard(after)
    if likeness(one, two, _RATE // 500) < 0.97 or abs(len(one) - len(two)) > 0.05 * _RATE:
        print(f"{before.name} -> {after.name}: differs", len(one), len(two), file=sys.stderr)


def likeness(one: _Samples, two: _Samples, shift: int) -> float:
    """The best correlation of two sounds within ``shift`` samples of each other."""
    middle = one[shift:][: min(len(one), len(two)) - 2 * shift]
    places = range(0, 2 * shift + 1, 16)
    return max(float(np.corrcoef(middle, two[at:][: len(middle)])[0, 1]) for at in places)


def heard(path: Path) -> _Samples:
    """One channel, 48000 a second, from the first picture on."""
    with av.open(str(path)) as container:
        picture = next(container.decode(video=0))
        zero = float((picture.pts or 0) * (picture.time_base or 0))
    samples = np.zeros(2 * _RATE, np.float32)
    last = 0
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            data = _channel(frame)
            first = last
            if frame.pts is not None and frame.time_base is not None:
                first = round((float(frame.pts * frame.time_base) - zero) * _RATE)
            if last and abs(first - last) < _RATE // 500:  # stamps in milliseconds
                first = last  # as players do
            data, first = data[max(0, -first) :], max(0, first)
            samples[first : first + len(data)] = data[: len(samples) - first]
            last = max(last, first + len(data))
    return samples[:last]


def _channel(frame: av.AudioFrame) -> _Samples:
    data = frame.to_ndarray()
    if data.dtype.kind == "i":
        data = data / float(2 ** (8 * data.itemsize - 1))
    own = data[0] if frame.format.is_planar else data[0, :: frame.layout.nb_channels]
    return np.asarray(own, np.float32)


def sounding(path: Path, encoder: str) -> Path | None:
    """A clip with a tone that rises, or None if the container cannot hold it."""
    kind = SOURCES[path.suffix]
    try:
        with av.open(str(path), "w", format=kind) as output:
            picture = _picture(output, kind)
            options = {"strict": "-2"} if encoder == "vorbis" else {}
            sound = output.add_stream(encoder, rate=_RATE, options=options)
            assert isinstance(sound, av.AudioStream)
            sound.codec_context.layout = "stereo"
            sound.codec_context.bit_rate = 128_000
            output.start_encoding()
            tone = _tone(_FRAMES / 25)
            for block in range(0, tone.shape[1], 1920):
                for packet in picture.encode(_frame(block // 1920)):
                    output.mux(packet)
                part = np.ascontiguousarray(tone[:, block : block + 1920])
                frame = av.AudioFrame.from_ndarray(part, "fltp", "stereo")
                frame.sample_rate, frame.pts, frame.time_base = _RATE, block, Fraction(1, _RATE)
                output.mux(sound.encode(frame))
            output.mux(picture.encode())
            output.mux(sound.encode())
        # Some write what nobody can read, or not at the right time.
        right = likeness(_tone(_FRAMES / 25)[0], heard(path), 4200) > 0.9
        return path if right else None
    except (av.error.FFmpegError, ValueError, LookupError):
        return None


def speaking(folder: Path, encoder: str) -> Path | None:
    """A clip with subtitles."""
    path = folder / f"text-{encoder}{'.mp4' if encoder == 'mov_text' else '.mkv'}"
    try:
        with av.open(str(path), "w") as output:
            picture = _picture(output, "mp4")
            text = output.add_stream(encoder)
            assert isinstance(text, SubtitleStream)
            text.time_base = text.codec_context.time_base = Fraction(1, 1000)
            text.codec_context.subtitle_header = _ASS.encode()
            if encoder != "dvdsub":
                text.codec_context.open()
            output.start_encoding()
            for number in range(_FRAMES):
                output.mux(picture.encode(_frame(number)))
            output.mux(picture.encode())
            if encoder != "dvdsub":
                said = SubtitleSet.create(b"0,0,Default,,0,0,0,,Good morning", 0, 300)
                packet = text.codec_context.encode_subtitle(said)
            else:
                packet = av.Packet(bytes(20))  # pictures, which nobody looks at here
            packet.pts = packet.dts = 40
            packet.duration, packet.time_base, packet.stream = 300, Fraction(1, 1000), text
            output.mux(packet)
        return path
    except (av.error.FFmpegError, ValueError, UnboundLocalError) as error:
        print(error, file=sys.stderr)
        return None


def _picture(output: Any, kind: str) -> av.VideoStream:
    encoder = _PICTURE.get(kind, "libx264")
    picture = output.add_stream(encoder, rate=25, options=_QUICK.get(encoder, {}))
    assert isinstance(picture, av.VideoStream)
    picture.width, picture.height, picture.pix_fmt = 96, 64, "yuv420p"
    if kind == "mxf":
        picture.width, picture.height = 720, 576
    picture.codec_context.time_base = Fraction(1, 25)
    return picture


def _frame(number: int) -> av.VideoFrame:
    frame = av.VideoFrame.from_ndarray(np.full((64, 96, 3), 40 + 8 * number, np.uint8), "rgb24")
    frame = frame.reformat(format="yuv420p")
    frame.pts, frame.time_base = number, Fraction(1, 25)
    return frame


def _tone(seconds: float) -> _Samples:
    time = np.arange(round(seconds * _RATE)) / _RATE
    tone = 0.3 * np.sin(2 * np.pi * (50 + 100 * time) * time)
    return np.stack([tone, tone]).astype(np.float32)


if __name__ == "__main__":
    main()

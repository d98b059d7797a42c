"""Codecs, containers and streams as people have them: all of a video but its faces is kept."""

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.subtitles.stream import SubtitleStream
from av.subtitles.subtitle import SubtitleSet

from tests.clips import STEP, packets, pictures, write_clip
from tests.swapping.video.conftest import MARK, SMALL_FRAMES
from zoo.photos.image import Image
from zoo.photos.video.reader import inspect_video
from zoo.swapping.video.containers.encoding import choose_codec, choose_format
from zoo.swapping.video.file import swap_video

SPOKEN = {40: "Good morning", 160: "Καλημέρα"}  # milliseconds
_ASS = (
    "[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name, Fontname, Fontsize\n"
    "Style: Default,Arial,16\n\n[Events]\nFormat: Layer, Start, End, Style, Text\n"
)


@dataclass(frozen=True)
class Kind:
    """A kind of video."""

    name: str
    encoder: str = "libx264"
    pixels: str = "yuv420p"
    sound: str | None = "aac"
    subtitles: str | None = None
    rotation: int = 0
    uneven: bool = False

    @property
    def suffix(self) -> str:
        return "." + self.name.rpartition(".")[2]


KINDS = [
    Kind("hevc.mp4", "libx265"),
    Kind("hevc10.mkv", "libx265", "yuv420p10le"),
    Kind("vp9.webm", "libvpx-vp9", sound="libopus"),
    Kind("av1.mp4", "libsvtav1"),
    Kind("av1-10.webm", "libsvtav1", "yuv420p10le", sound="libopus"),
    Kind("h264-10.mp4", "libx264", "yuv420p10le"),
    Kind("h264-444.mkv", "libx264", "yuv444p"),
    Kind("tx3g.mp4", subtitles="mov_text"),
    Kind("srt.mkv", subtitles="srt"),
    Kind("silent.mov", sound=None),
    Kind("turned.mp4", rotation=90),
    Kind("uneven.mp4", uneven=True),
    Kind("uneven.mkv", "libx265", uneven=True, subtitles="srt"),
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_all_but_the_face_is_kept(
    kind: Kind, small: list[Image], blackening_file: Path, tmp_path: Path
) -> None:
    source = _made(kind, small, tmp_path)
    target = tmp_path / f"out{kind.suffix}"
    made = swap_video(source, target, [blackening_file], mark=MARK, jobs=1)
    assert made.swapped == made.frames == SMALL_FRAMES
    before, after = inspect_video(source), inspect_video(target)
    assert (after.times == before.times).all()
    assert after.time_base == before.time_base
    assert after.end == before.end
    for name in ("width", "height", "codec", "format", "turned", "matrix", "others"):
        assert getattr(after, name) == getattr(before, name), name
    for stream in ("audio", "subtitle"):
        if stream in before.others:
            assert packets(source, stream) == packets(target, stream)
            assert _described(source, stream) == _described(target, stream)
    for own, swapped in zip(pictures(source), pictures(target), strict=True):
        difference = np.abs(own.astype(int) - swapped).mean(axis=2)
        assert difference[:12].mean() < 4 and difference.max() > 40


def test_depth_goes_before_codec(small: list[Image], tmp_path: Path) -> None:
    """The VP9 encoder of PyAV's wheels has 8 bits only; AV1 goes where VP9 does."""
    video = inspect_video(write_clip(tmp_path / "a.mp4", small[:1]))
    deep = replace(video, codec="vp9", format="yuv420p10le")
    for container in ("webm", "matroska", "mp4"):
        codec = choose_codec(deep, container)
        assert (codec.name, choose_format(deep, codec)) == ("av1", "yuv420p10le")
    assert choose_codec(deep, "mov").name == "hevc"  # which holds neither VP9 nor AV1
    assert choose_codec(replace(video, codec="av1"), "mov").name == "h264"
    assert choose_codec(replace(video, codec="vp9"), "webm").name == "vp9"
    assert choose_codec(replace(video, format="yuv420p10le"), "webm").name == "av1"


def _made(kind: Kind, small: list[Image], folder: Path) -> Path:
    """The clip, with an upright face whatever its rotation."""
    upright = [np.ascontiguousarray(np.rot90(face, -kind.rotation // 90)) for face in small]
    clip = write_clip(
        folder / kind.name,
        upright,
        time=lambda t: t * STEP + (37 * (t % 3) if kind.uneven else 0),
        codec=kind.encoder,
        pixels=kind.pixels,
        sound=kind.sound,
        rotation=kind.rotation,
    )
    return clip if kind.subtitles is None else _subtitled(clip, kind.subtitles)


def _subtitled(clip: Path, codec: str) -> Path:
    """The same with subtitles in Greek and English, in ``codec``."""
    path = clip.with_stem("subtitled")
    with av.open(str(clip)) as source, av.open(str(path), "w") as output:
        copies = {
            one.index: output.add_stream_from_template(one, opaque=True) for one in source.streams
        }
        text = output.add_stream(codec)
        assert isinstance(text, SubtitleStream)
        text.metadata["language"] = "ell"
        text.time_base = Fraction(1, 1000)
        text.codec_context.time_base = Fraction(1, 1000)
        text.codec_context.subtitle_header = _ASS.encode()
        text.codec_context.open()
        for packet in source.demux():
            if packet.size:
                packet.stream = copies[packet.stream_index]
                output.mux(packet)
        for time, words in SPOKEN.items():
            said = SubtitleSet.create(f"0,0,Default,,0,0,0,,{words}".encode(), 0, 60)
            packet = text.codec_context.encode_subtitle(said)
            packet.pts = packet.dts = time
            packet.duration, packet.time_base = 60, Fraction(1, 1000)
            packet.stream = text
            output.mux(packet)
    return path


def _described(path: Path, kind: str) -> object:
    with av.open(str(path)) as container:
        (stream,) = [stream for stream in container.streams if stream.type == kind]
        return stream.codec_context.name, stream.metadata.get("language"), stream.time_base

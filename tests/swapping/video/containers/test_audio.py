"""Sound and subtitles: what a container holds is copied, the rest converted or refused at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from benchmarks.containers import heard, joined, likeness, sounding, speaking
from tests.clips import packets, pictures
from tests.swapping.video.conftest import MARK
from zoo.errors import PhotoError, StorageError, UsageError
from zoo.photos.image import AnyArray
from zoo.photos.video.reader import inspect_video
from zoo.swapping.video.containers.other_streams import writing
from zoo.swapping.video.containers.stream_plan import (
    Audio,
    Handling,
    Handlings,
    plan_streams,
)
from zoo.swapping.video.file import swap_video
from zoo.swapping.video.segment_workers import LocalSegments

_BECOMES = {
    (".mp4", "libmp3lame", ".mkv"): "mp3float",
    (".webm", "libopus", ".mov"): "aac",
    (".webm", "libopus", ".mp4"): "opus",
    (".mkv", "flac", ".mp4"): "flac",
    (".mkv", "flac", ".mov"): "alac",
    (".mkv", "flac", ".webm"): "opus",
    (".mov", "pcm_mulaw", ".mov"): "pcm_mulaw",
    (".mov", "pcm_mulaw", ".mkv"): "flac",
    (".avi", "adpcm_ms", ".mp4"): "flac",
    (".avi", "pcm_s16le", ".mp4"): "pcm_s16le",
    (".wmv", "wmav2", ".mkv"): "aac",
    (".ts", "aac", ".mkv"): "aac",
    (".ts", "aac", ".mp4"): "aac",
    (".ogv", "vorbis", ".mp4"): "vorbis",
}
"""Source, sound and target, and what is heard in it; benchmarks/containers.py tries all."""


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Path]:
    """A clip for each source and sound, with a tone that rises."""
    folder = tmp_path_factory.mktemp("sounding")
    made: dict[tuple[str, str], Path] = {}
    for suffix, encoder, _ in _BECOMES:
        path = sounding(folder / f"{encoder}{suffix}", encoder)
        assert path is not None
        made[suffix, encoder] = path
    return made


@pytest.mark.parametrize("case", _BECOMES, ids=" ".join)
def test_sound_is_copied_or_converted_and_stays_in_time(
    case: tuple[str, str, str], clips: dict[tuple[str, str], Path], tmp_path: Path
) -> None:
    suffix, encoder, out = case
    source, target = clips[suffix, encoder], tmp_path / f"out{out}"
    plan = _joined(source, target)
    with av.open(str(target)) as container:
        (sound,) = container.streams.audio
        assert sound.codec_context.name == _BECOMES[case]
        picture = container.streams.video[0]
        assert picture.start_time is not None and picture.time_base is not None
        assert picture.start_time * picture.time_base < 0.09  # a broadcast's clock is not kept
    one, two = heard(source), heard(target)
    assert likeness(one, two, 96) > 0.97  # within 2 ms
    assert abs(len(one) - len(two)) < 2048
    copied = plan.streams[0].encoder is None
    assert bool(plan.notes) != copied
    if _BECOMES[case] in ("flac", "alac") and encoder != "flac":
        assert ", without loss" in plan.notes[0]


def test_lossless_means_every_sample(tmp_path: Path) -> None:
    """24 bits and 16, through FLAC and ALAC."""
    for encoder, suffix, out in (("pcm_s24le", ".mov", ".mkv"), ("flac", ".mkv", ".mov")):
        source = sounding(tmp_path / f"{encoder}{suffix}", encoder)
        assert source is not None
        target = tmp_path / f"out-{encoder}{out}"
        _joined(source, target, audio="flac" if out == ".mkv" else "copy")
        before, after = _samples(source), _samples(target)
        assert before.shape == after.shape
        assert (before == after).all()


def test_what_is_asked_for_is_what_is_heard(
    clips: dict[tuple[str, str], Path], tmp_path: Path
) -> None:
    source = inspect_video(clips[".mov", "pcm_mulaw"])
    plan = plan_streams(source, tmp_path / "out.mp4", "aac")
    assert plan.notes == ("The sound (pcm_mulaw) becomes AAC, as asked.",)
    aac = inspect_video(clips[".ts", "aac"])
    assert plan_streams(aac, tmp_path / "out.mp4", "aac").streams[0].encoder is None
    assert plan_streams(aac, tmp_path / "out.webm", "none") == Handlings((), ())
    with pytest.raises(UsageError, match=r"\.webm cannot hold AAC; .* which then uses Opus"):
        plan_streams(source, tmp_path / "out.webm", "aac")
    with pytest.raises(UsageError, match=r"\.mov cannot hold FLAC; .* which then uses ALAC or AAC"):
        plan_streams(source, tmp_path / "out.mov", "flac")


def test_subtitles_become_what_the_container_holds(tmp_path: Path) -> None:
    for encoder, out, name in (
        ("mov_text", ".mkv", "srt"),
        ("mov_text", ".webm", "webvtt"),
        ("ass", ".mp4", "mov_text"),
        ("ass", ".mkv", "ssa"),
    ):
        source = speaking(tmp_path, encoder)
        assert source is not None
        target = tmp_path / f"out-{encoder}{out}"
        _joined(source, target)
        with av.open(str(target)) as container:
            (text,) = container.streams.subtitles
            assert text.codec_context.name == name
            told = [
                (packet.pts, packet.duration, bytes(packet))
                for packet in container.demux(text)
                if packet.size > 2 and packet.time_base
            ]
            base = text.time_base
        assert base is not None
        ((time, lasts, words),) = told
        assert time is not None and lasts is not None
        assert (time * base, lasts * base) == (Fraction(1, 25), Fraction(3, 10))
        assert b"Good morning" in words


def test_what_there_is_no_way_for_is_refused_before_the_first_frame(
    blackening_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    swapped = lambda *more: pytest.fail("a frame was swapped")  # noqa: E731
    monkeypatch.setattr(LocalSegments, "make", swapped)
    source = speaking(tmp_path, "dvdsub")
    assert source is not None
    said = (
        r"\.mov cannot hold the subtitles \(dvd_subtitle\) of .*; write a \.mkv, which can, or "
        r"drop it with --subtitles none\."
    )
    with pytest.raises(PhotoError, match=said):
        swap_video(source, tmp_path / "out.mov", [blackening_file], mark=MARK, jobs=1)
    assert not [path for path in tmp_path.iterdir() if "out" in path.name]
    plan = plan_streams(inspect_video(source), tmp_path / "out.mov", subtitles="none")
    assert plan == Handlings((), ())


def test_the_pictures_of_a_blu_ray_go_to_matroska_only(tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    with av.open(str(path), "w") as output:
        picture = output.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        assert isinstance(picture, av.VideoStream)
        picture.width, picture.height = 96, 64
        text = output.add_mux_stream("hdmv_pgs_subtitle")
        frame = av.VideoFrame.from_ndarray(np.full((64, 96, 3), 9, np.uint8), "rgb24")
        frame.pts = 0
        output.mux(picture.encode(frame))
        shown: av.Packet[Any] = av.Packet(bytes.fromhex("16000b006000401000008000000080000000"))
        shown.stream, shown.pts, shown.dts, shown.duration = text, 40, 40, 200
        shown.time_base = Fraction(1, 1000)
        output.mux(shown)
        output.mux(picture.encode())
    video = inspect_video(path)
    assert plan_streams(video, tmp_path / "out.mkv") == Handlings((Handling(1),), ())
    for suffix in (".mp4", ".mov", ".webm"):
        said = rf"\{suffix} cannot hold the subtitles \(hdmv_pgs_subtitle\) .* write a \.mkv"
        with pytest.raises(PhotoError, match=said):
            plan_streams(video, tmp_path / f"out{suffix}")


def test_fonts_are_kept_in_matroska_and_said_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "fonts.mkv"
    with av.open(str(path), "w") as output:
        picture = output.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        assert isinstance(picture, av.VideoStream)
        picture.width, picture.height = 96, 64
        output.add_attachment("a.ttf", "font/ttf", b"letters")
        for number in range(3):
            frame = av.VideoFrame.from_ndarray(np.full((64, 96, 3), 9, np.uint8), "rgb24")
            frame.pts = number
            output.mux(picture.encode(frame))
        output.mux(picture.encode())
    assert _joined(path, tmp_path / "out.mkv").notes == ()
    assert inspect_video(tmp_path / "out.mkv").others == ("attachment",)
    plan = _joined(path, tmp_path / "out.mp4")
    assert plan.notes == ("Left out: 1 attached fonts, which .mp4 cannot hold.",)


@pytest.mark.parametrize("out", [".mkv", ".mp4", ".webm"])
def test_what_a_trim_cut_away_is_not_in_the_output(
    out: str, clips: dict[tuple[str, str], Path], tmp_path: Path
) -> None:
    """An edit list hides the first 0.4 of 0.8 seconds."""
    whole = clips[".mp4", "libmp3lame"].with_name("whole.mp4")
    assert whole.exists() or sounding(whole, "aac")
    source, target = tmp_path / "trimmed.mp4", tmp_path / f"out{out}"
    with _cut(whole, source, Fraction(2, 5)):
        _joined(source, target)
    original = heard(whole)[round(0.4 * 48_000) :]
    assert len(heard(source)) == pytest.approx(len(original), abs=2)
    video = inspect_video(target)
    assert video.times[0] == 0 and len(video.times) == 10
    assert np.abs(pictures(target)[0].astype(int) - pictures(whole)[10]).mean() < 2
    sound = heard(target)
    assert len(sound) == pytest.approx(len(original), abs=2048)
    settled = 2048  # what a codec needs to begin
    assert likeness(original[settled:], sound[settled:], 96) > 0.97
    with av.open(str(target)) as container:
        cut = [
            packet
            for packet in container.demux(audio=0)
            if packet.pts is not None and packet.size and (packet.pts * packet.time_base) < -0.001
        ]
    assert len(cut) <= (3 if out == ".mp4" else 1)  # by which the first can be decoded


def test_faults_of_the_output_are_not_blamed_on_the_input(tmp_path: Path) -> None:
    full = av.error.OSError(28, "No space left on device")
    with pytest.raises(StorageError, match="the disk is full"), writing(tmp_path / "out.mp4"):
        raise full
    with (
        pytest.raises(StorageError, match="Finished frames are kept"),
        writing(tmp_path / "out.mp4"),
    ):
        raise av.error.ArgumentError(22, "Invalid argument")


@contextmanager
def _cut(whole: Path, path: Path, seconds: Fraction) -> Iterator[None]:
    """Writes ``whole`` to ``path`` as an editor trims it, without encoding."""
    with av.open(str(whole)) as source, av.open(str(path), "w") as output:
        copies = {
            one.index: output.add_stream_from_template(one, opaque=True) for one in source.streams
        }
        for packet in source.demux():
            if packet.size and packet.pts is not None and packet.dts is not None:
                ticks = round(seconds / packet.time_base)
                packet.pts, packet.dts = packet.pts - ticks, packet.dts - ticks
                packet.stream = copies[packet.stream_index]
                output.mux(packet)
    assert sum(1 for time, _ in packets(path, "audio") if time is not None and time < -2048) > 10
    yield


def _joined(source: Path, target: Path, audio: Audio = "copy") -> Handlings:
    video = inspect_video(source)
    plan = plan_streams(video, target, audio)
    joined(video, target, plan.streams, plan.notes)
    return plan


def _samples(path: Path) -> AnyArray:
    """Of one channel, as 32-bit numbers."""
    with av.open(str(path)) as container:
        frames = []
        for frame in container.decode(audio=0):
            data = frame.to_ndarray()
            own = data[0] if frame.format.is_planar else data[0, ::2]
            frames.append(own.astype(np.int64) << (32 - 8 * data.itemsize))
    return np.concatenate(frames)

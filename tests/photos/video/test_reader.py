"""Videos as untrusted files: what is let in, what is not, and every frame at its time."""

from pathlib import Path

import av
import numpy as np
import pytest

from tests.clips import STEP, write_clip
from zoo.errors import PhotoError
from zoo.photos.image import Image
from zoo.photos.video import reader as module
from zoo.photos.video.decoding import decode, sampled
from zoo.photos.video.frames import orientation, paste, plain_format, to_rgb, workable
from zoo.photos.video.reader import inspect_video, is_video
from zoo.photos.video.yuv_planes import colours


@pytest.fixture(scope="module")
def pictures() -> list[Image]:
    """30 frames of colours that drift, [64, 96, 3]."""
    y, x = np.mgrid[:64, :96]
    return [
        np.stack([60 + x + t, 50 + 2 * y, 200 - x - 2 * t], axis=-1).astype(np.uint8)
        for t in range(30)
    ]


def test_any_frame_is_found_at_its_time(pictures: list[Image], tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", pictures, time=lambda t: t * STEP + 100 * (t % 2))
    video = inspect_video(path)
    assert len(video.times) == 30
    assert video.times[1] - video.times[0] == STEP + 100
    for first, after in ((0, 3), (11, 14), (27, 30)):
        end = int(video.times[after]) if after < 30 else video.end
        frames = list(decode(video, int(video.times[first]), end))
        assert [frame.pts for frame in frames] == video.times[first:after].tolist()
        for frame, wanted in zip(frames, pictures[first:after], strict=True):
            difference = np.abs(to_rgb(frame, video.turned).astype(int) - wanted)
            assert difference.mean() < 2.5


@pytest.mark.parametrize("degrees", [-90, 90, 180])
def test_a_turned_video_is_seen_upright(
    pictures: list[Image], tmp_path: Path, degrees: int
) -> None:
    video = inspect_video(write_clip(tmp_path / "a.mp4", pictures[:2], rotation=degrees))
    frame = next(decode(video, 0, 1))
    stored = frame.to_ndarray(format="rgb24").astype(int)
    upright = to_rgb(frame, video.turned).astype(int)
    assert np.abs(upright - np.rot90(stored, degrees // 90)).mean() < 3
    assert (video.turned.stored(video.turned.upright(stored)) == stored).all()


@pytest.mark.parametrize("matrix", [1, 5, 9])
@pytest.mark.parametrize("format", ["yuv420p", "yuv444p", "yuv420p10le"])
@pytest.mark.parametrize("range_", [1, 2])
def test_what_is_pasted_has_its_colours_and_the_rest_its_numbers(
    matrix: int, format: str, range_: int
) -> None:
    deep = format.endswith("le")
    frame = av.VideoFrame(64, 64, format)
    rng = np.random.default_rng(0)
    for plane, level in zip(frame.planes, (90, 128, 128), strict=True):
        values = rng.integers(level, level + 2, plane.buffer_size // (1 + deep))
        kind = np.uint16 if deep else np.uint8
        plane.update((values * (4 if deep else 1)).astype(kind).tobytes())
    frame.colorspace, frame.color_range = matrix, range_
    frame = workable(frame, (64, 64), format)
    before = [bytes(plane) for plane in frame.planes]
    old = to_rgb(frame, orientation(None))
    new = old.copy()
    new[16:48, 16:48] = (170, 110, 90)
    paste(frame, old, new, orientation(None), (16, 16, 48, 48))
    seen = to_rgb(frame, orientation(None)).astype(int)
    assert np.abs(seen[22:42, 22:42] - (170, 110, 90)).max() <= 3
    assert (seen[:12] == old[:12]).all() and (seen[:, 52:] == old[:, 52:]).all()
    first = np.frombuffer(bytes(frame.planes[0]), np.uint8) != np.frombuffer(before[0], np.uint8)
    assert 0 < first.sum() <= 32 * 32 * (1 + deep)
    assert colours(frame)[1] == range_


def test_formats_that_cannot_be_pasted_into_become_planes() -> None:
    assert plain_format("yuvj420p") == "yuv420p"
    assert plain_format("nv12") == plain_format("pal8") == "yuv420p"
    assert plain_format("p010le") == plain_format("gbrp12le") == "yuv420p10le"


def test_a_playlist_opens_nothing(tmp_path: Path, pictures: list[Image]) -> None:
    write_clip(tmp_path / "secret.ts", pictures[:2])
    playlist = tmp_path / "list.mp4"
    playlist.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsecret.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises(PhotoError, match=r"list\.mp4 is not a video, or damaged"):
        inspect_video(playlist)
    playlist.write_text(f"ffconcat version 1.0\nfile {tmp_path / 'secret.ts'}\n")
    with pytest.raises(PhotoError, match="is not a video, or damaged"):
        inspect_video(playlist)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "is empty"), (b"\0" * 5000, "is not a video"), (b"just words", "is not a video")],
)
def test_what_is_no_video_is_refused_in_a_sentence(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    path = tmp_path / "x.mp4"
    path.write_bytes(content)
    with pytest.raises(PhotoError, match=reason):
        inspect_video(path)


def test_caps_hold_before_anything_is_decoded(
    pictures: list[Image], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_clip(tmp_path / "a.mp4", pictures)
    with pytest.raises(PhotoError, match="96x64 pixels a frame"):
        inspect_video(path, max_pixels=96 * 64 - 1)
    monkeypatch.setattr(module, "MAX_FRAMES", 29)
    with pytest.raises(PhotoError, match="more than 29 frames"):
        inspect_video(path)
    monkeypatch.setattr(module, "MAX_STREAMS", 1)
    with pytest.raises(PhotoError, match="2 streams, more than 1 allowed"):
        inspect_video(path)


def test_a_cut_off_file_and_a_damaged_one(pictures: list[Image], tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mkv", pictures, sound=None)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])
    video = inspect_video(path)
    assert 0 < len(list(decode(video, 0, video.end))) < 30
    noisy = bytearray(whole)
    noisy[len(whole) // 2 : len(whole) // 2 + 400] = bytes(400)
    path.write_bytes(bytes(noisy))
    video = inspect_video(path)
    assert 0 < len(list(decode(video, 0, video.end))) <= 30
    with pytest.raises(PhotoError, match="does not exist"):
        inspect_video(tmp_path / "none.mp4")


def test_samples_are_spread_evenly(pictures: list[Image], tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", pictures)
    found = list(sampled(path, 4))
    assert len(found) == 4
    assert np.diff([seconds for seconds, _ in found]) == pytest.approx([0.24] * 3, abs=0.05)


def test_a_damaged_matroska_is_named_whatever_is_wrong_with_it(
    pictures: list[Image], tmp_path: Path
) -> None:
    whole = write_clip(tmp_path / "a.mkv", pictures).read_bytes()
    unknown = tmp_path / "unknown.mkv"
    unknown.write_bytes(whole.replace(b"V_MPEG4/ISO/AVC", b"V_XXXX4/ISO/AVC"))
    with pytest.raises(PhotoError, match=r"unknown\.mkv is damaged, or its codec"):
        inspect_video(unknown)
    rng = np.random.default_rng(0)
    damaged = tmp_path / "damaged.mkv"
    named = 0
    for _ in range(60):
        content = bytearray(whole)
        for place in rng.integers(40, 700, 8):
            content[place] = int(rng.integers(256))
        damaged.write_bytes(content)
        try:
            video = inspect_video(damaged)
            assert sum(1 for _ in decode(video, int(video.times[0]), video.end)) <= len(pictures)
        except PhotoError as error:
            assert "damaged.mkv" in str(error)
            named += 1
    assert 0 < named < 60


def test_a_video_lasts_from_its_first_frame_to_the_end_of_its_last(
    pictures: list[Image], tmp_path: Path
) -> None:
    clip = write_clip(tmp_path / "a.mp4", pictures[:5], time=lambda t: (t + 3) * STEP, sound=None)
    video = inspect_video(clip)
    assert video.seconds == pytest.approx(5 / 25, abs=1e-6)
    assert is_video(clip) and not is_video(tmp_path / "a.png")

"""Interlaced video: each field is swapped where its own face is, and written as a field."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from av.video.frame import PictureType

from tests.clips import BASE, STEP
from tests.swapping.video.conftest import MARK, swap_here
from zoo.errors import PhotoError, UsageError
from zoo.photos.image import AnyArray, Image
from zoo.photos.video.decoding import decode, sampled
from zoo.photos.video.interlacing import (
    First,
    fields_of,
    has_separate_fields,
    separated,
    woven,
)
from zoo.photos.video.reader import inspect_video
from zoo.photos.video.yuv_planes import plane_of
from zoo.swapping.network import SwapNetwork
from zoo.swapping.options import SwapOptions
from zoo.swapping.video.containers.encoding import choose_codec, choose_format
from zoo.swapping.video.frames.deinterlacing import of_fields
from zoo.swapping.video.segment import SegmentOptions, _swapped
from zoo.swapping.video.segment_division import Segment
from zoo.swapping.video.step_timer import StepTimer

FIELDS, PACE = 12, 4  # pixels that the face moves from field to field
WIDTH, HEIGHT = 256, 160
_ORDER: dict[str, int] = {"top": 2, "bottom": 3}


@pytest.fixture(scope="module")
def moments(portraits: list[Image]) -> list[Image]:
    """A face that passes quickly, at 50 pictures per second."""
    face = cv2.resize(portraits[0], (HEIGHT, HEIGHT), interpolation=cv2.INTER_AREA)
    shifts = [np.array([[1, 0, 20.0 + PACE * t], [0, 1, 0]]) for t in range(FIELDS)]
    return [
        np.asarray(
            cv2.warpAffine(face, shift, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE), np.uint8
        )
        for shift in shifts
    ]


def _written(
    path: Path,
    moments: Sequence[Image],
    first: First,
    codec: str = "libx264",
    pixels: str = "yuv420p",
) -> Path:
    options = {"libx264": {"crf": "6", "preset": "veryfast"}, "mpeg2video": {"b": "6000000"}}
    with av.open(str(path), "w") as output:
        stream = output.add_stream(codec, rate=25, options=options[codec])
        assert isinstance(stream, av.VideoStream)
        stream.height, stream.width = moments[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        context: Any = stream.codec_context
        step, context.time_base = (STEP, BASE) if codec == "libx264" else (1, Fraction(1, 25))
        flags = av.codec.context.Flags
        context.flags |= int(flags.interlaced_dct) | int(flags.interlaced_me)
        context.field_order = _ORDER[first]
        context.colorspace = context.color_primaries = context.color_trc = 1
        context.color_range = 1
        for count in range(len(moments) // 2):
            early, late = (_planes(moments[2 * count + k]) for k in (0, 1))
            frame = woven(early, late, first)
            frame.pts, frame.time_base = count * step, context.time_base
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
    return path


def _planes(image: Image) -> av.VideoFrame:
    rgb = av.VideoFrame.from_ndarray(image, "rgb24")
    return rgb.reformat(format="yuv420p", dst_colorspace=1, dst_color_range=1)


def _frames(path: Path) -> list[av.VideoFrame]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def _lumas(frames: list[av.VideoFrame], first: First) -> list[AnyArray]:
    """The fields [H / 2, W], one after another, whatever the marks say."""
    starts = (0, 1) if first == "top" else (1, 0)
    return [plane_of(frame, 0)[start::2].astype(int) for frame in frames for start in starts]


@pytest.mark.parametrize("first", ["top", "bottom"])
@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "libx264"), ("a.mpg", "mpeg2video")])
def test_the_order_of_fields_is_known(
    first: First, name: str, codec: str, moments: list[Image], tmp_path: Path
) -> None:
    video = inspect_video(_written(tmp_path / name, moments[:6], first, codec))
    assert video.fields == first
    whole = of_fields(video)
    assert len(whole.times) == 6 and float(whole.rate) == 50
    assert np.diff(whole.times * float(whole.time_base)) == pytest.approx([0.02] * 5)
    assert whole.seconds == pytest.approx(video.seconds)


@pytest.mark.parametrize("first", ["top", "bottom"])
def test_separated_fields_are_the_moments_and_woven_the_frame(
    first: First, moments: list[Image], tmp_path: Path
) -> None:
    frames = _frames(_written(tmp_path / "a.mkv", moments, first))
    own = [[plane_of(frame, index).copy() for index in range(3)] for frame in frames]
    pictures = list(separated(frames, first))
    assert len(pictures) == FIELDS
    for picture, moment in zip(pictures[2:-2], moments[2:-2], strict=True):
        seen = plane_of(picture, 0).astype(int)
        assert np.abs(seen - plane_of(_planes(moment), 0)).mean() < 2
    for count, planes in enumerate(own):
        again = woven(pictures[2 * count], pictures[2 * count + 1], first)
        assert again.interlaced_frame
        for index, plane in enumerate(planes):
            assert (plane_of(again, index) == plane).all()


def test_the_first_frame_after_a_cut_is_predicted_from_no_other(
    moments: list[Image], unchanging: SwapNetwork, tmp_path: Path
) -> None:
    negatives = [np.asarray(255 - moment, np.uint8) for moment in moments]
    source = _written(tmp_path / "a.mp4", [*moments[:6], *negatives], "top")
    swap_here(source, tmp_path / "out.mp4", unchanging)
    kinds = [frame.pict_type for frame in _frames(tmp_path / "out.mp4")]
    assert len(kinds) == 9
    assert [number for number, kind in enumerate(kinds) if kind == PictureType.I] == [0, 3]


@pytest.mark.parametrize(
    ("first", "name", "codec", "target"),
    [
        ("top", "a.mp4", "libx264", "out.mp4"),
        ("bottom", "a.mkv", "libx264", "out.mkv"),
        ("top", "a.mpg", "mpeg2video", "out.mov"),
    ],
)
def test_fields_are_found_swapped_and_written_as_fields(
    first: First, name: str, codec: str, target: str, moments: list[Image],
    blackening: SwapNetwork, tmp_path: Path,
) -> None:  # fmt: skip
    source = _written(tmp_path / name, moments, first, codec)
    done = swap_here(source, tmp_path / target, blackening)
    assert sum(one.swapped for one in done) == sum(one.frames for one in done) == FIELDS // 2
    before, after = inspect_video(source), inspect_video(tmp_path / target)
    assert after.fields == before.fields == first and after.codec == "h264"
    assert len(after.times) == FIELDS // 2 and after.seconds == pytest.approx(before.seconds)
    frames = _frames(tmp_path / target)
    assert all(frame.interlaced_frame for frame in frames)
    own, made = _lumas(_frames(source), first), _lumas(frames, first)
    places = []
    for old, new in zip(own, made, strict=True):
        changed = np.maximum(np.abs(new - old) - 8, 0).sum(axis=0)  # 8: the codec's
        assert changed.sum() > 2000
        places.append(changed @ np.arange(WIDTH) / changed.sum())
    steps = np.diff(places)[1:-1]  # the change goes with the face, from field to field
    assert steps.mean() == pytest.approx(PACE, abs=0.5) and steps.min() > PACE / 2
    with av.open(str(tmp_path / target)) as container:
        said = f"Interlaced ({first} field first): each field was swapped separately."
        metadata = {name.lower(): words for name, words in container.metadata.items()}
    assert metadata["comment"] == f"{MARK.sentence} {said}"


def test_lines_without_a_face_keep_their_numbers_and_segments_agree(
    moments: list[Image], blackening: SwapNetwork, tmp_path: Path
) -> None:
    video = inspect_video(_written(tmp_path / "a.mkv", moments, "top"))
    how = SegmentOptions(choose_codec(video, "matroska"), "yuv420p", SwapOptions())
    middle = int(video.times[3])

    def made(start: int, end: int) -> list[AnyArray]:
        part = Segment(0, start, end)
        swapped = _swapped(video, part, [blackening], how, None, StepTimer())
        return [plane_of(one.frame, 0).astype(int) for one in swapped]

    whole = made(0, video.end)
    parts = [*made(0, middle), *made(middle, video.end)]
    assert len(parts) == len(whole) == FIELDS // 2
    for frame, one, other in zip(decode(video, 0, video.end), whole, parts, strict=True):
        own = plane_of(frame, 0)
        assert (one[:8] == own[:8]).all() and (one[:, :15] == own[:, :15]).all()
        assert (one != own).sum() > 1000
        assert np.abs(one - other).mean() < 0.5


def test_what_cannot_hold_fields_is_refused_or_avoided(
    moments: list[Image], tmp_path: Path
) -> None:
    video = inspect_video(_written(tmp_path / "a.mkv", moments[:4], "top"))
    with pytest.raises(UsageError, match=r"a\.mkv is interlaced, which WebM cannot hold"):
        choose_codec(video, "webm")
    for codec in ("av1", "vp9", "mpeg2video"):
        assert choose_codec(replace(video, codec=codec), "mp4").name == "h264"
    h264 = choose_codec(video, "mp4")
    assert choose_format(replace(video, height=486), h264) == "yuv422p"  # a field: 243 lines
    assert choose_format(video, h264) == "yuv420p"


def test_fields_that_nothing_joins_are_refused(moments: list[Image], tmp_path: Path) -> None:
    said = r"\.mkv stores each field as a picture of its own \(hevc\)"
    for name, params in (("top", "interlace=tff:"), ("bottom", "interlace=bff:"), ("whole", "")):
        path = tmp_path / f"{name}.mkv"
        with av.open(str(path), "w") as output:
            quick = {"preset": "ultrafast", "x265-params": f"{params}log-level=none"}
            stream = output.add_stream("libx265", rate=50, options=quick)
            assert isinstance(stream, av.VideoStream)
            stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT // 2, "yuv420p"
            for number, moment in enumerate(moments[:4]):
                frame = _planes(np.ascontiguousarray(moment[number % 2 :: 2]))
                frame.pts, frame.time_base = number, Fraction(1, 50)
                output.mux(stream.encode(frame))
            output.mux(stream.encode())
        if params:
            with pytest.raises(PhotoError, match=name + said):
                inspect_video(path)
        else:
            assert inspect_video(path).fields is None
            whole = _frames(path)[0]
    assert has_separate_fields(whole, "jpeg2000", (WIDTH, HEIGHT))  # as MXF has it
    assert not has_separate_fields(whole, "jpeg2000", (2 * WIDTH, HEIGHT))
    assert not has_separate_fields(whole, "jpeg2000", (WIDTH, HEIGHT // 2))


def test_a_picture_of_an_interlaced_video_has_no_combs(
    moments: list[Image], tmp_path: Path
) -> None:
    path = _written(tmp_path / "a.mkv", moments, "top")
    assert inspect_video(path).fields == "top"
    for _, image in sampled(path, 2):
        lines = image.astype(int).mean(axis=2)
        combs = np.abs(2 * lines[1:-1] - lines[:-2] - lines[2:]).mean()
        plain = moments[4].astype(int).mean(axis=2)
        assert combs < 2 * np.abs(2 * plain[1:-1] - plain[:-2] - plain[2:]).mean() + 1


def test_a_single_frame_has_two_fields(moments: list[Image], tmp_path: Path) -> None:
    frames = _frames(_written(tmp_path / "a.mkv", moments[:2], "bottom"))
    assert len(frames) == 1 and len(list(separated(frames, "bottom"))) == 2


def test_a_progressive_video_has_no_fields(clip: Path) -> None:
    assert inspect_video(clip).fields is None
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        assert fields_of(next(container.decode(stream)), stream.codec_context) is None

"""HDR: the network sees what a person would, and the frame keeps its light and its bits."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.swapping.video.conftest import MARK, swap_here
from zoo.photos.colour.cicp import HLG, PQ
from zoo.photos.colour.tone_mapping import Tone
from zoo.photos.image import AnyArray, Image
from zoo.photos.video.colour_metadata import Signal
from zoo.photos.video.frames import orientation, to_rgb, workable
from zoo.photos.video.reader import inspect_video
from zoo.photos.video.yuv_planes import numbers, plane_of
from zoo.swapping.network import SwapNetwork
from zoo.swapping.video.containers.muxing import notes_of
from zoo.swapping.video.frames import frame_swapping
from zoo.swapping.video.frames.frame_swapping import swap_frames
from zoo.swapping.video.frames.hdr_frame import deep_frame

UPRIGHT = orientation(None)


@pytest.fixture(scope="module", params=[PQ, HLG], ids=["pq", "hlg"])
def clip(
    request: pytest.FixtureRequest, small: list[Image], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The small faces, at twice their light, in HEVC of 10 bits."""
    path = tmp_path_factory.mktemp("hdr") / "hdr.mp4"
    options = {"crf": "8", "preset": "ultrafast", "x265-params": "log-level=none"}
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx265", rate=25, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.height, stream.width = small[0].shape[:2]
        stream.pix_fmt = "yuv420p10le"
        context = stream.codec_context
        context.color_primaries, context.color_trc = 9, request.param
        context.colorspace, context.color_range = 9, 1
        for count, face in enumerate(small):
            frame = _hdr(face, request.param)
            frame.pts, frame.time_base = count, Fraction(1, 25)
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
    return path


def _hdr(face: Image, transfer: int) -> av.VideoFrame:
    stored = Tone(transfer, 9).stored(face.astype(np.float32))
    rgb = av.VideoFrame.from_ndarray(np.rint(65535 * stored).astype(np.uint16), "rgb48le")
    frame = rgb.reformat(format="yuv420p10le", dst_colorspace=9, dst_color_range=1)
    frame.color_primaries, frame.color_trc = 9, transfer
    return frame


def _sdr(count: int, face: Image) -> av.VideoFrame:
    rgb = av.VideoFrame.from_ndarray(face, "rgb24")
    frame = rgb.reformat(format="yuv420p", dst_colorspace=1, dst_color_range=1)
    frame.pts, frame.time_base = count * 512, Fraction(1, 12800)
    return frame


class _Watching:
    """A network that gives back what it sees, and keeps it."""

    resolution = 64

    def __init__(self) -> None:
        self.seen: list[Image] = []

    def __call__(self, crops: Image) -> Image:
        self.seen.extend(crops)
        return crops


def test_the_network_sees_light_as_in_sdr(
    clip: Path, small: list[Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what it gives back unchanged changes nothing: the same codes, but for its own blur."""
    monkeypatch.setattr(frame_swapping, "EVERY", 1)
    network = _Watching()
    video = inspect_video(clip)
    with av.open(str(clip)) as container:
        decoded = list(container.decode(video=0))
    before = [[plane_of(frame, index).astype(int) for index in range(3)] for frame in decoded]
    seen = [to_rgb(frame, UPRIGHT) for frame in decoded]
    for face, picture in zip(small, seen, strict=True):
        assert np.abs(face.astype(int) - picture).mean() < 3  # the codec's
    made = list(swap_frames(decoded, video, network, format="yuv420p10le"))
    assert len(network.seen) == len(small) and all(item.faces for item in made)
    plain = _Watching()
    list(swap_frames([_sdr(*one) for one in enumerate(small)], video, plain, format="yuv420p"))
    difference = np.array(network.seen, int) - np.array(plain.seen, int)
    assert np.abs(difference).mean() < 6 and np.abs(difference.mean(axis=(0, 1, 2))).max() < 3
    for item, own in zip(made, before, strict=True):
        change = plane_of(item.frame, 0).astype(int) - own[0]
        assert (change[:10] == 0).all() and (change[:, :10] == 0).all()
        assert (change != 0).any() and abs(change[change != 0].mean()) < 4  # of 1023


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_a_blend_is_one_of_stored_numbers(transfer: int, small: list[Image]) -> None:
    frame = workable(_hdr(small[0], transfer), (160, 120), "yuv420p10le")
    old = numbers(frame, (40, 30, 100, 90))
    deep = deep_frame(frame, UPRIGHT)
    assert deep is not None
    wanted: AnyArray = np.full((60, 60, 3), (200, 150, 130), np.float32)
    untouched = plane_of(frame, 0).copy()
    deep.mix(40, 30, np.full((60, 60), 0.25, np.float32), wanted)
    mixed = numbers(frame, (40, 30, 100, 90))
    exact = old + 0.25 * (Tone(transfer, 9).stored(wanted) - old)
    assert np.abs(mixed - exact).mean() < 1.5 / 1023
    assert np.abs((mixed - exact).mean(axis=(0, 1))).max() < 0.5 / 1023
    inside = np.zeros((120, 160), bool)
    inside[30:90, 40:100] = True
    assert (plane_of(frame, 0)[~inside] == untouched[~inside]).all()


def test_hdr_stays_hdr_and_the_output_says_what_was_done(
    clip: Path, blackening: SwapNetwork, tmp_path: Path
) -> None:
    target = tmp_path / "out.mp4"
    swap_here(clip, target, blackening)
    before, after = inspect_video(clip), inspect_video(target)
    assert after.signal == before.signal and after.format == "yuv420p10le"
    name = "PQ" if before.signal.transfer == PQ else "HLG"
    with av.open(str(target)) as container:
        comment = container.metadata["comment"]
    assert comment == (
        f"{MARK.sentence} HDR ({name}): the network saw it tone-mapped to SDR; "
        f"faces are blended in {name}."
    )


def test_what_describes_the_scenes_before_is_named(clip: Path) -> None:
    video = inspect_video(clip)
    said = replace(video, signal=Signal(dropped=("HDR10+ metadata", "Dolby Vision metadata")))
    assert notes_of(said) == (
        "Left out, because it describes the original faces: HDR10+ metadata, Dolby Vision "
        "metadata.",
    )
    assert notes_of(replace(video, signal=Signal())) == ()

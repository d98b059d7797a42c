"""What a video says of its colours, it says after the swap too."""

import struct
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.swapping.video.conftest import swap_here
from zoo.errors import PhotoError
from zoo.photos.image import Image
from zoo.photos.video.colour_metadata import Mastering, Signal, signal_of
from zoo.photos.video.reader import inspect_video
from zoo.swapping.network import SwapNetwork

FRAMES = 3
MASTERING = Mastering(
    red=(Fraction(17, 25), Fraction(8, 25)),
    green=(Fraction(53, 200), Fraction(69, 100)),
    blue=(Fraction(3, 20), Fraction(3, 50)),
    white=(Fraction(3127, 10000), Fraction(329, 1000)),
    darkest=Fraction(1, 200),
    brightest=Fraction(1000),
)
_DISPLAY = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"
_PLAIN = "G(0.265,0.69)B(0.15,0.06)R(0.68,0.32)WP(0.3127,0.329)L(1000.0,0.005)"


@dataclass(frozen=True)
class Kind:
    """A kind of video, and what it says."""

    name: str
    encoder: str
    options: dict[str, str]
    pixels: str
    primaries: int
    transfer: int
    matrix: int
    siting: str | None = None
    hdr10: bool = False


KINDS = [
    Kind("vp9.webm", "libvpx-vp9", {"b": "0", "cpu-used": "8"}, "yuv420p", 9, 14, 9),
    Kind("vp9.mp4", "libvpx-vp9", {"b": "0", "cpu-used": "8"}, "yuv420p", 1, 1, 1),
    Kind("h264.mkv", "libx264", {}, "yuv420p", 6, 6, 6, siting="topleft"),
    Kind("h264.mp4", "libx264", {}, "yuv420p", 12, 13, 1, siting="center"),
    Kind(
        "hdr10.mp4",
        "libx265",
        {"x265-params": f"log-level=none:master-display={_DISPLAY}:max-cll=1000,400"},
        "yuv420p10le",
        *(9, 16, 9),
        siting="topleft",
        hdr10=True,
    ),
    Kind(
        "hdr10-av1.mkv",
        "libsvtav1",
        {"preset": "12", "svtav1-params": f"mastering-display={_PLAIN}:content-light=1000,400"},
        "yuv420p10le",
        *(9, 16, 9),
        siting="topleft",
        hdr10=True,
    ),
    Kind(
        "hdr10-h264.mkv",
        "libx264",
        {"x264-params": f"mastering-display={_DISPLAY}:cll=1000,400"},
        "yuv420p10le",
        *(9, 16, 9),
        hdr10=True,
    ),
    Kind("hlg.mov", "libx265", {"x265-params": "log-level=none"}, "yuv420p10le", 9, 18, 9),
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_colours_are_said_as_they_were(
    kind: Kind, small: list[Image], blackening: SwapNetwork, tmp_path: Path
) -> None:
    source = _written(kind, small, tmp_path / kind.name)
    target = tmp_path / f"out{source.suffix}"
    swap_here(source, target, blackening)
    before, after = inspect_video(source), inspect_video(target)
    assert after.codec == before.codec and after.format == before.format
    for video in (before, after):
        signal, context = video.signal, _context(video.path)
        assert (signal.primaries, signal.transfer) == (kind.primaries, kind.transfer)
        assert context == (kind.primaries, kind.transfer, kind.matrix, 1)
        assert kind.siting is None or signal.siting == kind.siting
        assert (signal.light == (1000, 400)) == kind.hdr10
        if kind.hdr10:
            _close(signal.mastering)
    assert after.signal.siting == before.signal.siting


def _close(mastering: Mastering | None) -> None:
    assert mastering is not None
    for name in ("red", "green", "blue", "white", "darkest", "brightest"):
        found, wanted = getattr(mastering, name), getattr(MASTERING, name)
        assert np.array(found, float) == pytest.approx(np.array(wanted, float), abs=2e-4), name


def _context(path: Path) -> tuple[int, ...]:
    """Primaries, transfer, matrix and range, as the container says them."""
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        named = (context.color_primaries, context.color_trc, context.colorspace)
        return (*(int(one) for one in named), int(context.color_range))


def _written(kind: Kind, faces: list[Image], path: Path) -> Path:
    options = {"crf": "16", **kind.options}
    if kind.siting:
        options["chroma_sample_location"] = kind.siting
    if "preset" not in options and kind.encoder.startswith("libx"):
        options["preset"] = "ultrafast"
    with av.open(str(path), "w") as output:
        stream = output.add_stream(kind.encoder, rate=25, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.height, stream.width = faces[0].shape[:2]
        stream.pix_fmt = kind.pixels
        context = stream.codec_context
        context.color_primaries, context.color_trc = kind.primaries, kind.transfer
        context.colorspace, context.color_range = kind.matrix, 1
        for count, face in enumerate(faces[:FRAMES]):
            rgb = av.VideoFrame.from_ndarray(face, "rgb24")
            matrix = {1: 1, 6: 5, 9: 9}[kind.matrix]
            frame = rgb.reformat(format=kind.pixels, dst_colorspace=matrix, dst_color_range=1)
            frame.pts, frame.time_base = count, Fraction(1, 25)
            frame.color_primaries, frame.color_trc = kind.primaries, kind.transfer
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
    return path


def test_nothing_said_is_nothing_made_up(small: list[Image], tmp_path: Path) -> None:
    kind = Kind("plain.mkv", "libx264", {}, "yuv420p", 2, 2, 6)
    path = _written(kind, small, tmp_path / kind.name)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frame = next(container.decode(stream))
        assert signal_of(stream, frame) == Signal(siting="left")


def test_what_the_container_says_of_hdr10_it_says_again(
    small: list[Image], blackening: SwapNetwork, tmp_path: Path
) -> None:
    """Players ask the container; FFmpeg's writer takes it from nowhere but another container."""
    kind = next(kind for kind in KINDS if kind.name == "hdr10.mp4")
    place = [13250, 34500, 7500, 3000, 34000, 16000, 15635, 16450]
    display = struct.pack(">8H2I", *place, 10_000_000, 50)
    boxes = [_box(b"mdcv", display), _box(b"clli", struct.pack(">2H", 1000, 400))]
    source = _written(replace(kind, options=_WITHOUT), small, tmp_path / kind.name)
    source.write_bytes(_with_boxes(source.read_bytes(), b"".join(boxes)))
    _close(inspect_video(source).signal.mastering)
    for target in (tmp_path / "out.mp4", tmp_path / "out.mkv"):
        swap_here(source, target, blackening)
        signal = inspect_video(target).signal
        _close(signal.mastering)
        assert signal.light == (1000, 400)
    written = (tmp_path / "out.mp4").read_bytes()
    assert all(box in written for box in boxes)
    assert b"\x55\xd0" in (tmp_path / "out.mkv").read_bytes()  # MasteringMetadata


_WITHOUT = {"x265-params": "log-level=none"}


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + name + content


def _with_boxes(movie: bytes, boxes: bytes) -> bytes:
    """An MP4 file, its index at the end, with further boxes in its picture's sample entry."""
    whole, start, end = bytearray(movie), 0, len(movie)
    for name in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"hev1"):
        start = whole.index(name, start, end) - 4
        (size,) = struct.unpack_from(">I", whole, start)
        struct.pack_into(">I", whole, start, size + len(boxes))
        start, end = start + 8, start + size
    whole[end:end] = boxes
    return bytes(whole)


@pytest.fixture(scope="module")
def hevc(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """An MP4 of three pictures of 10 bits; of fewer, x265's decode times are random."""
    path = tmp_path_factory.mktemp("hevc") / "plain.mp4"
    quick = {"preset": "ultrafast", "x265-params": "log-level=none"}
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx265", rate=25, options=quick)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p10le"
        for number in range(3):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 90, np.uint8), "rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
    return path.read_bytes()


@pytest.mark.parametrize(
    ("profile", "compatible", "readable"), [(5, 0, False), (8, 1, True), (7, 0, True)]
)
def test_dolby_vision_is_refused_where_its_pictures_alone_have_wrong_colours(
    hevc: bytes, profile: int, compatible: int, readable: bool, tmp_path: Path
) -> None:
    path = tmp_path / "phone.mp4"
    path.write_bytes(_with_dolby_vision(hevc, profile, compatible))
    if readable:
        assert inspect_video(path).codec == "hevc"
        return
    with pytest.raises(PhotoError, match=r"phone\.mp4 is Dolby Vision of profile 5, .* HDR10"):
        inspect_video(path)


def _with_dolby_vision(mp4: bytes, profile: int, compatible: int) -> bytes:
    """The file with the configuration in its sample entry; its index is at the end."""
    said = bytes([1, 0, profile << 1, (6 << 3) | 0b101, compatible << 4]) + bytes(19)
    box = struct.pack(">I", 8 + len(said)) + b"dvcC" + said
    made = bytearray(mp4)
    entry = made.find(b"hev1") - 4
    end = entry + int(struct.unpack_from(">I", made, entry)[0])
    made[end:end] = box
    for name in (b"hev1", b"stsd", b"stbl", b"minf", b"mdia", b"trak", b"moov"):
        at = made.rfind(name, 0, entry + 8) - 4
        struct.pack_into(">I", made, at, struct.unpack_from(">I", made, at)[0] + len(box))
    return bytes(made)

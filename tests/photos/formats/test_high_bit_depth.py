"""16 bits per channel: nothing but what was changed is changed, and another reader sees it."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import ExifTags
from PIL import Image as Pillow

from tests.photos.deep_files import ffmpeg_reads, srgb_light, write_deep
from tests.photos.icc import linear_srgb_profile
from tests.photos.orientation import ORIENTATIONS, turned
from zoo.photos.formats.high_bit_depth import _colour_chunks, depth
from zoo.photos.formats.high_bit_depth_writing import encode_png, encode_tiff
from zoo.photos.reading import Photo, read_photo
from zoo.photos.writing import losses, write_photo

Picture = NDArray[np.uint8]
PACKET = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><a>café 東京</a></x:xmpmeta>'


@pytest.fixture
def deep(picture: Picture) -> NDArray[np.uint16]:
    """The picture with noise in its lower 8 bits [48, 64, 3]."""
    noise = np.random.default_rng(0).integers(-100, 101, picture.shape)
    return (picture.astype(int) * 257 + noise).clip(0, 65535).astype(np.uint16)


def changed(photo: Photo, value: int) -> Picture:
    image = photo.image.copy()
    image[10:20, 30:50] = value
    return image


@pytest.mark.parametrize("source", [".png", ".tif"])
@pytest.mark.parametrize("target", [".png", ".tif"])
def test_all_but_the_change_keeps_its_16_bits(
    tmp_path: Path, deep: NDArray[np.uint16], source: str, target: str
) -> None:
    photo = read_photo(write_deep(tmp_path / f"in{source}", deep), whole=True)
    out = tmp_path / f"out{target}"
    write_photo(out, changed(photo, 200), photo, xmp=PACKET)
    read = ffmpeg_reads(out)
    assert read.dtype == np.uint16
    rest = np.ones(deep.shape[:2], bool)
    rest[10:20, 30:50] = False
    assert (read[rest] == deep[rest]).all()
    assert np.abs(read[~rest] / 257 - 200).max() <= 1.5
    assert losses(photo, out) == ()
    assert photo.metadata.bits == 16


def test_a_change_is_as_fine_as_the_picture(tmp_path: Path, deep: NDArray[np.uint16]) -> None:
    photo = read_photo(write_deep(tmp_path / "in.png", deep), whole=True)
    darker = np.where(photo.image > 0, photo.image - 1, 0).astype(np.uint8)
    write_photo(tmp_path / "out.png", darker, photo)
    lower = photo.image > 0
    read = ffmpeg_reads(tmp_path / "out.png").astype(int)
    assert (read[lower] == deep[lower].astype(int) - 257).all()


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_a_profile_is_kept_and_the_change_is_made_in_its_numbers(
    tmp_path: Path, deep: NDArray[np.uint16], suffix: str
) -> None:
    plain = read_photo(write_deep(tmp_path / f"plain{suffix}", deep), whole=True)
    assert plain.deep is not None
    profiled = replace(plain, deep=replace(plain.deep, profile=linear_srgb_profile()))
    write_photo(tmp_path / f"in{suffix}", plain.image, profiled)

    photo = read_photo(tmp_path / f"in{suffix}", whole=True)
    out = tmp_path / f"out{suffix}"
    write_photo(out, changed(photo, 128), photo)
    with Pillow.open(out) as opened:
        assert opened.info["icc_profile"] == linear_srgb_profile()
    read = ffmpeg_reads(out)
    assert (read[:10] == deep[:10]).all()
    middle = read[10:20, 30:50] / 65535
    assert np.abs(middle - srgb_light(128 / 255)).max() < 0.01  # 0.216, and not 0.502
    again = read_photo(out)
    assert np.abs(again.image[10:20, 30:50].astype(int) - 128).max() <= 2


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_metadata_and_mark_are_written_beside_16_bits(
    tmp_path: Path, deep: NDArray[np.uint16], picture: Picture, suffix: str
) -> None:
    exif = Pillow.Exif()
    exif[ExifTags.Base.Make] = "Maker"
    exif[ExifTags.IFD.Exif] = {ExifTags.Base.ISOSpeedRatings: 400}
    Pillow.fromarray(picture).save(tmp_path / "small.jpg", exif=exif)
    small = read_photo(tmp_path / "small.jpg")
    photo = read_photo(write_deep(tmp_path / f"in{suffix}", deep), whole=True)
    with_exif = Photo(photo.path, photo.image, small.metadata, photo.deep)
    write_photo(tmp_path / f"out{suffix}", photo.image, with_exif, xmp=PACKET, camera=True)
    with Pillow.open(tmp_path / f"out{suffix}") as opened:
        found = opened.getexif()
        assert found[ExifTags.Base.Make] == "Maker"
        assert found.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ISOSpeedRatings] == 400
        packet = opened.info.get("xmp") or opened.info.get("XML:com.adobe.xmp")
        assert packet is not None
        assert (packet if isinstance(packet, str) else packet.decode()) == PACKET
    assert (ffmpeg_reads(tmp_path / f"out{suffix}") == deep).all()


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_a_turned_deep_photo_is_upright(
    tmp_path: Path, deep: NDArray[np.uint16], orientation: int, suffix: str
) -> None:
    path = write_deep(tmp_path / f"in{suffix}", turned(deep, orientation))
    turn(path, orientation)
    photo = read_photo(path, whole=True)
    assert photo.deep is not None
    assert (photo.deep.values == deep).all()
    assert np.abs(photo.image.astype(int) - deep // 257).max() <= 1
    write_photo(tmp_path / f"out{suffix}", photo.image, photo)
    assert (ffmpeg_reads(tmp_path / f"out{suffix}") == deep).all()
    with Pillow.open(tmp_path / f"out{suffix}") as opened:
        assert opened.getexif().get(0x0112, 1) == 1


def turn(path: Path, orientation: int) -> None:
    """Writes the orientation into a file that has none."""
    photo = read_photo(path, whole=True)
    assert photo.deep is not None
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    encode = encode_png if path.suffix == ".png" else encode_tiff
    path.write_bytes(encode(photo.deep, exif.tobytes(), None))


def test_transparency_keeps_its_16_bits(tmp_path: Path, deep: NDArray[np.uint16]) -> None:
    alpha = np.linspace(1, 65535, deep[..., 0].size).reshape(deep.shape[:2]).astype(np.uint16)
    for suffix in (".png", ".tif"):
        path = write_deep(tmp_path / f"in{suffix}", np.dstack([deep, alpha]))
        photo = read_photo(path, whole=True)
        write_photo(tmp_path / f"out{suffix}", changed(photo, 9), photo)
        read = ffmpeg_reads(tmp_path / f"out{suffix}")
        assert (read[..., 3] == alpha).all()
        assert (read[:10, :, :3] == deep[:10]).all()
        assert losses(photo, Path("out.jpg")) == (
            "16 bits per channel (8 are written)",
            "transparency",
        )


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_grey_keeps_its_16_bits_and_stays_grey(
    tmp_path: Path, deep: NDArray[np.uint16], suffix: str
) -> None:
    grey = deep[..., 0]
    photo = read_photo(write_deep(tmp_path / f"in{suffix}", grey), whole=True)
    image = photo.image.copy()
    image[10:20, 30:50] = (255, 0, 0)  # of which grey is 76
    write_photo(tmp_path / f"out{suffix}", image, photo)
    read = ffmpeg_reads(tmp_path / f"out{suffix}")
    assert read.shape == grey.shape
    assert (read[:10] == grey[:10]).all()
    assert np.abs(read[10:20, 30:50] / 257 - 0.299 * 255).max() <= 1.5


def test_uncompressed_stays_uncompressed(tmp_path: Path, deep: NDArray[np.uint16]) -> None:
    photo = read_photo(write_deep(tmp_path / "in.tif", deep), whole=True)
    assert photo.deep is not None
    for compressed, number in ((True, 8), (False, 1)):
        deep_one = replace(photo.deep, compressed=compressed)
        (tmp_path / "out.tif").write_bytes(encode_tiff(deep_one, None, None))
        with Pillow.open(tmp_path / "out.tif") as opened:
            assert opened.tag_v2[259] == number  # type: ignore[attr-defined]
        assert read_photo(tmp_path / "out.tif", whole=True).deep is not None
        assert (ffmpeg_reads(tmp_path / "out.tif") == deep).all()


def test_tags_that_only_a_camera_knows_are_nobodys_warning(
    tmp_path: Path, deep: NDArray[np.uint16], capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "in.tif"
    Pillow.fromarray(deep[..., 0]).save(path, tiffinfo={52545: b"private"})
    assert read_photo(path, whole=True).deep is not None
    assert capfd.readouterr() == ("", "")


def test_what_becomes_8_bits_is_told(tmp_path: Path, deep: NDArray[np.uint16]) -> None:
    photo = read_photo(write_deep(tmp_path / "in.png", deep), whole=True)
    for name in ("out.jpg", "out.webp", "out.avif"):
        assert losses(photo, tmp_path / name) == ("16 bits per channel (8 are written)",)
    flat = read_photo(write_deep(tmp_path / "in.png", deep))
    assert flat.deep is None
    assert losses(flat, Path("out.png")) == ("16 bits per channel (8 are written)",)


def test_depths_are_where_each_format_says_them() -> None:
    def opened(kind: str, mode: str = "RGB", **info: object) -> Any:
        return SimpleNamespace(format=kind, mode=mode, info=info)

    pixi = b"....pixi" + b"\0\0\0\0\x03" + b"\x0a\x0a\x0a"
    assert depth(opened("AVIF"), pixi) == 10
    assert depth(opened("AVIF"), b"no such box") == 8
    assert depth(opened("HEIF"), b"") == 8
    assert depth(opened("HEIF", bit_depth=10), b"") == 10
    assert depth(opened("PPM", "I;16"), b"") == 16
    assert depth(opened("PPM"), b"") == 8


def test_a_pngs_colours_are_told_up_to_its_pixels() -> None:
    def chunk(name: bytes, content: bytes) -> bytes:
        return len(content).to_bytes(4) + name + content + b"sum!"

    told = [(b"gAMA", b"1234"), (b"pHYs", b"123456789")]
    chunks = [(b"IHDR", b"." * 13), told[0], (b"tEXt", b"private"), told[1], (b"IDAT", b"")]
    encoded = b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*one) for one in [*chunks, (b"gAMA", b"late")])
    assert _colour_chunks(encoded) == told
    assert _colour_chunks(encoded[:30]) == []

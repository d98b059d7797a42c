"""OpenEXR: floating-point light in, the same light out, but for what was changed."""

import io
from pathlib import Path

import numpy as np
import OpenEXR
import pytest
from numpy.typing import NDArray

from tests.photos.deep_files import ffmpeg_reads, srgb_light
from zoo.errors import PhotoError
from zoo.photos.reading import read_photo
from zoo.photos.writing import WRITABLE, losses, output_suffix, write_photo

Picture = NDArray[np.uint8]
Light = NDArray[np.floating]


def exr(path: Path, channels: dict[str, Light], **header: object) -> Path:
    OpenEXR.File({"type": OpenEXR.scanlineimage, **header}, channels).write(str(path))
    return path


@pytest.fixture
def light(picture: Picture) -> NDArray[np.float16]:
    """The picture's light [48, 64, 3] with a lamp of 40 and noise below a level of 255."""
    noise = np.random.default_rng(1).uniform(0, 0.4, picture.shape)
    light = srgb_light((picture + noise) / 255).astype(np.float16)
    light[:4, :4] = 40
    return light


def changed(image: Picture, value: int) -> Picture:
    image = image.copy()
    image[10:20, 30:50] = value
    return image


@pytest.mark.parametrize("kind", [np.float16, np.float32])
def test_light_is_kept_bit_by_bit_and_changed_where_the_picture_was(
    tmp_path: Path, light: NDArray[np.float16], picture: Picture, kind: type
) -> None:
    path = exr(tmp_path / "in.exr", {"RGB": light.astype(kind)})
    photo = read_photo(path, whole=True)
    assert np.abs(photo.image[4:].astype(int) - picture[4:]).max() <= 1
    out = tmp_path / "out.exr"
    write_photo(out, changed(photo.image, 128), photo, xmp="<x>mark</x>")
    read = ffmpeg_reads(out)
    assert read.dtype == kind
    rest = np.ones(light.shape[:2], bool)
    rest[10:20, 30:50] = False
    assert (read[rest] == light[rest]).all()
    assert (read[:4, :4] == 40).all()
    assert np.abs(read[~rest] - srgb_light(128 / 255)).max() < 0.01
    assert OpenEXR.File(str(out), header_only=True).header()["xmp"] == "<x>mark</x>"
    assert losses(photo, out) == ()


def test_windows_and_primaries_are_kept_and_nothing_private(
    tmp_path: Path, light: NDArray[np.float16]
) -> None:
    primaries = (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, 0.3127, 0.3290)
    window = (np.array([10, -20], np.int32), np.array([73, 27], np.int32))
    whole = (np.array([0, 0], np.int32), np.array([99, 99], np.int32))
    path = exr(
        tmp_path / "in.exr", {"RGB": light}, dataWindow=window, displayWindow=whole,
        chromaticities=primaries, owner="somebody", compression=OpenEXR.PIZ_COMPRESSION,
    )  # fmt: skip
    photo = read_photo(path, whole=True)
    write_photo(tmp_path / "out.exr", photo.image, photo)
    header = OpenEXR.File(str(tmp_path / "out.exr"), header_only=True).header()
    assert [edge.tolist() for edge in header["dataWindow"]] == [[10, -20], [73, 27]]
    assert [edge.tolist() for edge in header["displayWindow"]] == [[0, 0], [99, 99]]
    assert np.allclose(header["chromaticities"], primaries)
    assert header["compression"] == OpenEXR.PIZ_COMPRESSION
    assert "owner" not in header
    assert b"somebody" not in (tmp_path / "out.exr").read_bytes()


def test_a_lossy_picture_is_not_compressed_lossily_again(
    tmp_path: Path, light: NDArray[np.float16]
) -> None:
    path = exr(tmp_path / "in.exr", {"RGB": light}, compression=OpenEXR.DWAA_COMPRESSION)
    photo = read_photo(path, whole=True)
    write_photo(tmp_path / "out.exr", photo.image, photo)
    assert photo.deep is not None
    assert (ffmpeg_reads(tmp_path / "out.exr") == photo.deep.values).all()


def test_transparency_is_kept_and_other_channels_are_named(
    tmp_path: Path, light: NDArray[np.float16]
) -> None:
    alpha = np.full(light.shape[:2], 0.25, np.float16)
    depth = np.ones(light.shape[:2], np.float32)
    path = exr(tmp_path / "in.exr", {"RGBA": np.dstack([light, alpha]), "Z": depth, "N.X": depth})
    photo = read_photo(path, whole=True)
    write_photo(tmp_path / "out.exr", changed(photo.image, 9), photo)
    assert (ffmpeg_reads(tmp_path / "out.exr")[..., 3] == alpha).all()
    header = OpenEXR.File(str(tmp_path / "out.exr"), header_only=True).header()
    assert sorted(channel.name for channel in header["channels"]) == ["A", "B", "G", "R"]
    assert losses(photo, Path("out.exr")) == ("2 more channels",)
    assert losses(photo, Path("out.png"))[1:] == (
        "light beyond white (16 bits per channel are written)",
        "transparency",
    )


def test_light_becomes_a_png_of_16_bits_in_srgb(
    tmp_path: Path, light: NDArray[np.float16], picture: Picture
) -> None:
    photo = read_photo(exr(tmp_path / "in.exr", {"RGB": light}), whole=True)
    write_photo(tmp_path / "out.png", photo.image, photo)
    read = ffmpeg_reads(tmp_path / "out.png")
    assert read.dtype == np.uint16
    shown = (srgb_light(read[4:] / 65535) - light[4:]).astype(float)
    assert np.abs(shown).max() < 1e-4
    assert (read[:4, :4] == 65535).all()


def test_a_picture_far_too_bright_or_dark_is_shown_so_that_faces_are_seen(
    tmp_path: Path, light: NDArray[np.float16], picture: Picture
) -> None:
    for exposure in (16.0, 1 / 16):
        bright = light.astype(np.float32) * np.float32(exposure)
        photo = read_photo(exr(tmp_path / "in.exr", {"RGB": bright}), whole=True)
        assert 100 < np.median(photo.image) < 220
        write_photo(tmp_path / "out.exr", changed(photo.image, 128), photo)
        read = ffmpeg_reads(tmp_path / "out.exr")
        assert (read[:10] == bright[:10]).all()


def test_what_is_no_plain_picture_is_refused(tmp_path: Path, light: NDArray[np.float16]) -> None:
    plane = np.ascontiguousarray(light[..., 0])
    with pytest.raises(PhotoError, match="without plain channels R, G and B"):
        read_photo(exr(tmp_path / "a.exr", {"Y": plane}))
    path = exr(tmp_path / "b.exr", {"RGB": light})
    with pytest.raises(PhotoError, match="64x48 pixels"):
        read_photo(path, max_pixels=64 * 48 - 1)
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(PhotoError, match=r"b\.exr is damaged"):
        read_photo(path)
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(PhotoError, match=r"b\.exr is damaged"):
        read_photo(path)


def test_only_light_becomes_openexr(tmp_path: Path, picture: Picture) -> None:
    assert output_suffix(".EXR") == ".EXR"
    assert ".exr" not in WRITABLE
    with pytest.raises(PhotoError, match="the suffix must be one of"):
        write_photo(tmp_path / "a.exr", picture)


def test_a_damaged_one_prints_nothing_on_the_standard_output(
    tmp_path: Path, light: NDArray[np.float16], capfd: pytest.CaptureFixture[str]
) -> None:
    whole = exr(tmp_path / "a.exr", {"RGB": light}).read_bytes()
    OpenEXR.File(io.BytesIO(whole))
    (tmp_path / "a.exr").write_bytes(whole[:-500])
    capfd.readouterr()
    with pytest.raises(PhotoError):
        read_photo(tmp_path / "a.exr")
    assert capfd.readouterr().out == ""

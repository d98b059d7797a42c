"""JPEG XL: read upright, in its colours and depth, its size and kind told before it is decoded."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pyjpegxl
import pytest
from numpy.typing import NDArray
from PIL import ExifTags
from PIL import Image as Pillow

from tests.photos.icc import linear_srgb_profile
from zoo.errors import PhotoError
from zoo.photos.formats.jxl import is_animated
from zoo.photos.reading import find_photos, read_photo
from zoo.photos.writing import losses, output_suffix, write_photo

Picture = NDArray[np.uint8]

ANIMATED = bytes.fromhex("ff0ae83041130088090804010058004b")
"""The head of three frames of 40 x 30 pixels, as libjxl wrote them."""


def jxl(path: Path, picture: NDArray[Any], **options: Any) -> Path:
    encoded = pyjpegxl.encode_from_numpy(np.ascontiguousarray(picture), lossless=True, **options)
    path.write_bytes(encoded)
    return path


def test_it_is_read_with_its_safe_metadata(tmp_path: Path, picture: Picture) -> None:
    exif = Pillow.Exif()
    exif[ExifTags.Base.Artist] = "Maker"
    exif[ExifTags.Base.Orientation] = 6  # the codestream's own, 1, counts
    exif[ExifTags.IFD.GPSInfo] = {1: "N", 2: (1.0, 2.0, 3.0)}
    photo = read_photo(jxl(tmp_path / "a.jxl", picture, exif=exif.tobytes()), whole=True)
    assert np.array_equal(photo.image, picture)
    assert (photo.metadata.format, photo.metadata.bits, photo.deep) == ("JXL", 8, None)
    write_photo(tmp_path / "out.jpg", photo.image, photo)
    with Pillow.open(tmp_path / "out.jpg") as opened:
        assert opened.getexif()[ExifTags.Base.Artist] == "Maker"
        assert not opened.getexif().get_ifd(ExifTags.IFD.GPSInfo)


def test_a_jpeg_kept_in_it_is_read(tmp_path: Path, picture: Picture) -> None:
    file = io.BytesIO()
    Pillow.fromarray(picture).save(file, "JPEG", quality=95)
    (tmp_path / "a.jpg").write_bytes(file.getvalue())
    (tmp_path / "a.jxl").write_bytes(pyjpegxl.jpeg_to_jxl(file.getvalue()))
    same, other = (read_photo(tmp_path / name).image.astype(int) for name in ("a.jxl", "a.jpg"))
    assert np.abs(same - other).max() <= 4


def test_another_colour_space_becomes_srgb(tmp_path: Path) -> None:
    grey = np.full((16, 16, 3), 128, np.uint8)
    photo = read_photo(jxl(tmp_path / "a.jxl", grey, icc=linear_srgb_profile()))
    assert np.abs(photo.image.astype(int) - 188).max() <= 1


def test_16_bits_reach_a_png_and_are_missed_in_a_jpeg(tmp_path: Path, picture: Picture) -> None:
    deep = picture.astype(np.uint16) * 256 + np.arange(picture.size).reshape(picture.shape) % 90
    photo = read_photo(jxl(tmp_path / "a.jxl", deep.astype(np.uint16)), whole=True)
    assert photo.metadata.bits == 16
    assert photo.deep is not None and np.array_equal(photo.deep.values, deep)
    assert losses(photo, Path("a.png")) == ()
    assert losses(photo, Path("a.jpg")) == ("16 bits per channel (8 are written)",)


def test_transparency_is_read(tmp_path: Path, picture: Picture) -> None:
    alpha = np.full((*picture.shape[:2], 1), 255, np.uint8)
    alpha[:5] = 0
    photo = read_photo(jxl(tmp_path / "a.jxl", np.concatenate([picture, alpha], 2)), whole=True)
    assert photo.metadata.alpha is not None
    assert np.array_equal(photo.metadata.alpha, alpha[..., 0])
    assert losses(photo, Path("a.jpg")) == ("transparency",)


def test_it_is_found_by_its_name_and_becomes_a_jpeg(tmp_path: Path, picture: Picture) -> None:
    found = find_photos([jxl(tmp_path / "a.JXL", picture).parent])
    assert [path.name for path in found] == ["a.JXL"]
    assert output_suffix(".jxl") == ".jpg"


def test_its_size_is_told_before_a_pixel_is_decoded(
    tmp_path: Path, picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = jxl(tmp_path / "a.jxl", picture)
    monkeypatch.delattr("pyjpegxl.decode_to_numpy")
    with pytest.raises(PhotoError, match="more than the 0 million allowed"):
        read_photo(path, max_pixels=1000)


@pytest.mark.parametrize(
    "head",
    [b"", b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x0cjxlp\0\0\0\0"],
    ids=["bare", "in a box"],
)
def test_frames_are_announced(head: bytes, picture: Picture) -> None:
    assert is_animated(head + ANIMATED)
    assert not is_animated(pyjpegxl.encode_from_numpy(picture))


def test_an_animation_is_refused(
    tmp_path: Path, picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zoo.photos.formats.jxl.is_animated", lambda _: True)
    with pytest.raises(PhotoError, match=r"a\.jxl is an animated JPEG XL.*save one frame"):
        read_photo(jxl(tmp_path / "a.jxl", picture))


def test_half_of_one_is_damaged(tmp_path: Path, picture: Picture) -> None:
    path = jxl(tmp_path / "a.jxl", picture)
    encoded = path.read_bytes()
    path.write_bytes(encoded[: len(encoded) // 2])
    with pytest.raises(PhotoError, match=r"a\.jxl is damaged and cannot be read"):
        read_photo(path)

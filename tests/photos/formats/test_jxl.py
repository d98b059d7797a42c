"""JPEG XL: read upright, in its colours and depth, its size and kind told before it is decoded."""

import io
from pathlib import Path
from typing import Any

import brotli
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


def _codestream(*fields: tuple[int, int]) -> bytes:
    """Numbers and their bits, the lowest first, behind the signature of a codestream."""
    value = at = 0
    for number, bits in fields:
        value |= number << at
        at += bits
    return b"\xff\x0a" + value.to_bytes(at // 8 + 9, "little")


SMALL = ((1, 1), (5, 5), (0, 3), (7, 5))  # sides of 48 and 64
RATIO = ((1, 1), (5, 5), (1, 3))
LARGE = ((0, 1), (3, 2), (2999, 30), (0, 3), (1, 2), (3999, 13))
NINE = ((0, 1), (0, 2), (299, 9), (0, 3), (2, 2), (399, 18))
UNUSUAL = ((0, 1), (1, 1), (3, 3))  # not all as usual; rarer things; orientation
PREVIEW = ((1, 1), (1, 1), (2, 2), (9, 5), (0, 3), (3, 2), (8, 9))
OTHER_PREVIEW = ((1, 1), (0, 1), (1, 2), (200, 8), (0, 3), (3, 2), (2000, 12))
SQUARE_PREVIEW = ((1, 1), (0, 1), (0, 2), (9, 6), (1, 3))


@pytest.mark.parametrize("size", [SMALL, RATIO, LARGE, NINE])
@pytest.mark.parametrize("shown", [((0, 1),), ((1, 1), *LARGE), ((1, 1), *RATIO)])
@pytest.mark.parametrize("preview", [((0, 1),), PREVIEW, OTHER_PREVIEW, SQUARE_PREVIEW])
def test_what_a_head_may_hold_is_passed_over(size: Any, shown: Any, preview: Any) -> None:
    """ISO/IEC 18181-1, annex D: the announcement of frames comes after all of it."""
    begin = (*size, *UNUSUAL, *shown, *preview)
    assert is_animated(_codestream(*begin, (1, 1), (0, 7)))
    assert not is_animated(_codestream(*begin, (0, 1), (127, 7)))
    assert not is_animated(_codestream(*size, (1, 1), (127, 7)))  # all as usual
    assert not is_animated(_codestream(*size, (0, 1), (0, 1), (127, 7)))


def box(kind: bytes, content: bytes, large: bool = False) -> bytes:
    size = len(content) + (16 if large else 8)
    head = (1).to_bytes(4) + kind + size.to_bytes(8) if large else size.to_bytes(4) + kind
    return head + content


BEGIN = box(b"JXL ", b"\r\n\x87\n") + box(b"ftyp", b"jxl \0\0\0\0jxl ")


def test_the_box_that_holds_the_codestream_is_found_behind_others() -> None:
    for large in (False, True):
        for before in (b"", box(b"Exif", bytes(40), large)):
            whole = BEGIN + before
            assert is_animated(whole + box(b"jxlc", ANIMATED, large))
            assert is_animated(whole + box(b"jxlp", bytes(4) + ANIMATED, large))
            assert not is_animated(whole + box(b"xxxx", ANIMATED, large))
    assert is_animated(BEGIN + b"\0\0\0\0jxlc" + ANIMATED)  # as far as the file goes
    assert not is_animated(BEGIN + b"\0\0\0\7xxxx" + box(b"jxlc", ANIMATED))  # damaged
    with pytest.raises(RuntimeError, match="too many boxes"):
        is_animated(BEGIN + 10_001 * box(b"free", b""))


def test_compressed_boxes_never_reach_the_decoder(
    tmp_path: Path, picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few kilobytes of one would become gigabytes there; this one is harmless."""
    codestream = pyjpegxl.encode_from_numpy(picture, lossless=True)
    exif = Pillow.Exif()
    exif[ExifTags.Base.Artist] = "Maker"
    compressed = box(b"brob", b"Exif" + brotli.compress(bytes(4) + exif.tobytes()[6:]))
    seen: list[bytes] = []
    decode = pyjpegxl.decode_to_numpy

    def decoded(encoded: bytes, **options: Any) -> Any:
        seen.append(encoded)
        return decode(encoded, **options)

    monkeypatch.setattr("pyjpegxl.decode_to_numpy", decoded)
    for first, last in ((compressed, b""), (b"", compressed), (compressed, compressed)):
        (tmp_path / "a.jxl").write_bytes(BEGIN + first + box(b"jxlc", codestream) + last)
        photo = read_photo(tmp_path / "a.jxl")
        assert np.array_equal(photo.image, picture)
        assert photo.metadata.exif and b"Maker" in photo.metadata.exif
    large = brotli.compress(bytes(4) + exif.tobytes()[6:] + bytes(1_100_000))
    for content in (large, b"no Brotli", b""):
        file = BEGIN + box(b"brob", b"Exif" + content) + box(b"jxlc", codestream)
        (tmp_path / "a.jxl").write_bytes(file)
        assert read_photo(tmp_path / "a.jxl").metadata.exif is None
    del seen[3:]
    assert seen == [BEGIN + box(b"jxlc", codestream)] * 3


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

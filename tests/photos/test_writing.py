from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import ExifTags
from PIL import Image as Pillow

from zoo.errors import PhotoError, StorageError
from zoo.photos.reading import read_photo
from zoo.photos.writing import WRITABLE, output_suffix, write_photo

Picture = NDArray[np.uint8]
PACKET = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><a>café 東京</a></x:xmpmeta>'


@pytest.mark.parametrize("suffix", sorted(WRITABLE))
def test_what_is_written_is_read_and_carries_its_mark(
    tmp_path: Path, picture: Picture, suffix: str
) -> None:
    path = tmp_path / f"a{suffix}"
    write_photo(path, picture, xmp=PACKET)
    photo = read_photo(path)
    assert photo.metadata.format == WRITABLE[suffix]
    lossy = WRITABLE[suffix] in ("JPEG", "WEBP", "AVIF")
    assert np.abs(photo.image.astype(int) - picture).mean() <= (4 if lossy else 0)
    with Pillow.open(path) as opened:
        found = opened.info.get("xmp") or opened.info.get("XML:com.adobe.xmp")
        if WRITABLE[suffix] == "TIFF":
            found = opened.tag_v2[700]  # type: ignore[attr-defined]
    assert found is not None
    assert (found if isinstance(found, str) else bytes(found).decode()) == PACKET


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif", ".avif"])
def test_safe_metadata_travels(tmp_path: Path, picture: Picture, suffix: str) -> None:
    exif = Pillow.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Orientation] = "Maker", 3
    exif[ExifTags.IFD.Exif] = {ExifTags.Base.ISOSpeedRatings: 400}
    Pillow.fromarray(picture).save(tmp_path / "in.jpg", exif=exif)
    photo = read_photo(tmp_path / "in.jpg")
    write_photo(tmp_path / f"out{suffix}", photo.image, photo, xmp=PACKET, camera=True)
    again = read_photo(tmp_path / f"out{suffix}")
    assert again.image.shape == picture.shape
    with Pillow.open(tmp_path / f"out{suffix}") as opened:
        found = opened.getexif()
        assert found[ExifTags.Base.Make] == "Maker"
        assert found.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ISOSpeedRatings] == 400
        assert found.get(ExifTags.Base.Orientation, 1) == 1


@pytest.mark.parametrize("quality", [40, 75, 97])
@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_a_jpeg_is_stored_as_finely_as_it_was(
    tmp_path: Path, picture: Picture, quality: int, subsampling: int
) -> None:
    source, target = tmp_path / "in.jpg", tmp_path / "out.jpg"
    Pillow.fromarray(picture).save(source, quality=quality, subsampling=subsampling)
    photo = read_photo(source)
    write_photo(target, photo.image, photo)
    again = read_photo(target)
    assert again.metadata.jpeg == photo.metadata.jpeg
    assert abs(target.stat().st_size / source.stat().st_size - 1) < 0.1


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_grey_and_cmyk_jpegs_are_written_back(tmp_path: Path, picture: Picture, mode: str) -> None:
    Pillow.fromarray(picture).convert(mode).save(tmp_path / "in.jpg")
    photo = read_photo(tmp_path / "in.jpg")
    write_photo(tmp_path / "out.jpg", photo.image, photo)
    with Pillow.open(tmp_path / "out.jpg") as opened:
        assert opened.mode == ("L" if mode == "L" else "RGB")
    again = read_photo(tmp_path / "out.jpg").image
    assert np.abs(again.astype(int) - photo.image).mean() < 4


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif", ".avif"])
def test_transparency_is_written_back(tmp_path: Path, picture: Picture, suffix: str) -> None:
    alpha = np.where(picture[..., 0] < 100, 0, 255).astype(np.uint8)
    Pillow.fromarray(np.dstack([picture, alpha])).save(tmp_path / "in.png")
    photo = read_photo(tmp_path / "in.png")
    write_photo(tmp_path / f"out{suffix}", photo.image, photo)
    again = read_photo(tmp_path / f"out{suffix}").metadata.alpha
    assert again is not None
    assert np.abs(again.astype(int) - alpha).mean() < 2


def test_transparency_shows_white_in_a_jpeg(tmp_path: Path, picture: Picture) -> None:
    alpha = np.full(picture.shape[:2], 255, np.uint8)
    alpha[:16] = 0
    Pillow.fromarray(np.dstack([picture, alpha])).save(tmp_path / "in.png")
    photo = read_photo(tmp_path / "in.png")
    write_photo(tmp_path / "out.jpg", photo.image, photo)
    assert (read_photo(tmp_path / "out.jpg").image[:15] > 250).all()


def test_formats_that_cannot_be_marked_are_refused(tmp_path: Path, picture: Picture) -> None:
    for name in ("a.bmp", "a.gif", "a", "a.exe"):
        with pytest.raises(PhotoError, match="the suffix must be one of"):
            write_photo(tmp_path / name, picture)
    assert output_suffix(".BMP") == ".png"
    assert output_suffix(".JPG") == ".JPG"


def test_a_picture_too_large_for_its_format_leaves_nothing(tmp_path: Path) -> None:
    wide = np.zeros((2, 20_000, 3), np.uint8)
    with pytest.raises(PhotoError, match="20000x2 pixels"):
        write_photo(tmp_path / "a.webp", wide)
    with pytest.raises(PhotoError, match="70000x2 pixels"):
        write_photo(tmp_path / "a.jpg", np.zeros((2, 70_000, 3), np.uint8))
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_the_old_photo(
    tmp_path: Path, picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.png"
    write_photo(path, picture)
    before = path.read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StorageError, match="disk is full"):
        write_photo(path, 255 - picture)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_an_image_that_is_a_view_is_written(tmp_path: Path, picture: Picture) -> None:
    write_photo(tmp_path / "a.png", picture[:, ::-1])
    assert np.array_equal(read_photo(tmp_path / "a.png").image, picture[:, ::-1])

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import ExifTags
from PIL import Image as Pillow

from zoo.photos.metadata import without_camera
from zoo.photos.reading import read_photo
from zoo.photos.writing import write_photo

Base, IFD = ExifTags.Base, ExifTags.IFD


@pytest.fixture
def phone_photo(tmp_path: Path, picture: NDArray[np.uint8]) -> Path:
    """A JPEG with everything a phone writes."""
    exif = Pillow.Exif()
    exif[Base.Make], exif[Base.Model], exif[Base.Orientation] = "Maker", "Model 7", 6
    exif[Base.Artist], exif[Base.Copyright] = "A. Artist", "(c) A. Artist"
    exif[Base.DateTime], exif[Base.HostComputer] = "2024:05:06 07:08:09", "Jane's laptop"
    exif[Base.ImageDescription] = "Jane at home"
    exif[IFD.Exif] = {
        Base.ExposureTime: 0.01,
        Base.ISOSpeedRatings: 200,
        Base.DateTimeOriginal: "2024:05:06 07:08:09",
        Base.LensModel: "Lens 3",
        Base.BodySerialNumber: "SERIAL123",
        Base.LensSerialNumber: "SERIAL456",
        Base.CameraOwnerName: "Jane Doe",
        Base.MakerNote: b"SECRETNOTE" * 10,
        Base.UserComment: b"ASCII\0\0\0private",
        Base.ImageUniqueID: "UNIQUE789",
    }
    exif[IFD.GPSInfo] = {1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 36.0)}
    path = tmp_path / "phone.jpg"
    Pillow.fromarray(picture).save(path, exif=exif, quality=80, comment=b"PRIVATECOMMENT")
    return path


def kept(path: Path) -> Pillow.Exif:
    encoded = read_photo(path).metadata.exif
    assert encoded is not None
    exif = Pillow.Exif()
    exif.load(encoded)
    return exif


def test_camera_dates_exposure_and_author_are_kept(phone_photo: Path) -> None:
    exif = kept(phone_photo)
    assert exif[Base.Make] == "Maker"
    assert exif[Base.Copyright] == "(c) A. Artist"
    exposure = exif.get_ifd(IFD.Exif)
    assert float(exposure[Base.ExposureTime]) == pytest.approx(0.01)
    assert exposure[Base.LensModel] == "Lens 3"
    assert exposure[Base.DateTimeOriginal] == "2024:05:06 07:08:09"


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif", ".avif"])
def test_the_camera_is_written_only_where_it_is_asked_for(
    phone_photo: Path, tmp_path: Path, suffix: str
) -> None:
    photo = read_photo(phone_photo)
    found = []
    for camera in (False, True):
        write_photo(tmp_path / f"out{suffix}", photo.image, photo, camera=camera)
        encoded = (tmp_path / f"out{suffix}").read_bytes()
        words = (b"Maker", b"Model 7", b"Lens 3", b"2024:05:06")
        assert [word in encoded for word in words] == [camera] * len(words)
        private = (b"SERIAL", b"Jane", b"SECRETNOTE", b"UNIQUE", b"private", b"PRIVATE")
        assert not any(word in encoded for word in private)
        with Pillow.open(tmp_path / f"out{suffix}") as opened:
            exif = opened.getexif()
            assert exif[Base.Artist] == "A. Artist"
            assert exif[Base.Copyright] == "(c) A. Artist"
            assert not exif.get_ifd(IFD.GPSInfo)
            found.append(exif.get_ifd(IFD.Exif).get(Base.ISOSpeedRatings))
    assert found == [None, 200]


def test_without_the_camera_nothing_may_be_left() -> None:
    exif = Pillow.Exif()
    exif[Base.Make] = "Maker"
    assert without_camera(exif.tobytes()) is None
    assert without_camera(None) is None
    assert without_camera(b"Exif\0\0MM\0*\xff\xff\xff\xff") is None
    exif[Base.Artist] = "A. Artist"
    left = Pillow.Exif()
    left.load(without_camera(exif.tobytes()) or b"")
    assert dict(left) == {Base.Artist: "A. Artist"}


def test_places_serial_numbers_owners_and_notes_are_dropped(phone_photo: Path) -> None:
    exif = kept(phone_photo)
    assert Base.Orientation not in exif
    assert not exif.get_ifd(IFD.GPSInfo)
    encoded = read_photo(phone_photo).metadata.exif or b""
    for secret in (b"SERIAL", b"Jane", b"SECRET", b"private", b"UNIQUE", b"PRIVATE"):
        assert secret not in encoded


def test_a_thumbnail_of_the_old_face_does_not_travel(
    tmp_path: Path, picture: NDArray[np.uint8]
) -> None:
    exif = Pillow.Exif()
    exif[Base.Make] = "Maker"
    exif._ifds[IFD.IFD1] = {513: 200, 514: 4}
    encoded = exif.tobytes() + b"\xff\xd8THUMBNAIL\xff\xd9"
    Pillow.fromarray(picture).save(tmp_path / "a.jpg", exif=encoded)
    safe = read_photo(tmp_path / "a.jpg").metadata.exif
    assert safe is not None
    assert b"THUMBNAIL" not in safe


def test_a_photo_without_metadata_has_none(tmp_path: Path, picture: NDArray[np.uint8]) -> None:
    Pillow.fromarray(picture).save(tmp_path / "a.png")
    assert read_photo(tmp_path / "a.png").metadata.exif is None


@pytest.mark.parametrize(
    "damaged", [b"Exif\0\0", b"Exif\0\0MM\0*\xff\xff\xff\xff", b"Exif\0\0II*\0\x08\0\0\0\xff\xff"]
)
def test_damaged_metadata_does_not_stop_the_photo(
    tmp_path: Path, picture: NDArray[np.uint8], damaged: bytes
) -> None:
    Pillow.fromarray(picture).save(tmp_path / "a.jpg", exif=damaged)
    photo = read_photo(tmp_path / "a.jpg")
    assert photo.image.shape == picture.shape
    assert photo.metadata.exif is None


def test_endless_metadata_is_dropped(tmp_path: Path, picture: NDArray[np.uint8]) -> None:
    exif = Pillow.Exif()
    exif[Base.Artist] = "x" * 50_000
    Pillow.fromarray(picture).save(tmp_path / "a.jpg", exif=exif)
    assert read_photo(tmp_path / "a.jpg").metadata.exif is None


def test_the_quality_of_a_jpeg_is_known(tmp_path: Path, picture: NDArray[np.uint8]) -> None:
    for subsampling in (0, 1, 2):
        path = tmp_path / f"{subsampling}.jpg"
        Pillow.fromarray(picture).save(path, quality=60, subsampling=subsampling)
        quality = read_photo(path).metadata.jpeg
        assert quality is not None
        assert quality.subsampling == subsampling
        assert [len(table) for table in quality.tables] == [64, 64]

"""HEIC: read upright, in its colours, its size checked first, and nobody else waits for it."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pillow_heif
import pytest
from numpy.typing import NDArray
from PIL import ExifTags
from PIL import Image as Pillow

from tests.photos.deep_files import srgb_light
from tests.photos.icc import linear_srgb_profile
from tests.photos.orientation import ORIENTATIONS, turned
from zoo.errors import PhotoError
from zoo.photos.embedded_media import embedded_media
from zoo.photos.formats.heif import SUFFIXES
from zoo.photos.reading import find_photos, read_photo
from zoo.photos.writing import losses, output_suffix, write_photo

Picture = NDArray[np.uint8]


def heic(path: Path, picture: Picture, **options: object) -> Path:
    """A photo as an iPhone keeps it: 4:2:0, HEVC."""
    pillow_heif.from_pillow(Pillow.fromarray(np.ascontiguousarray(picture))).save(
        path, quality=95, **options
    )
    return path


@pytest.fixture
def large(picture: Picture) -> Picture:
    """Smooth colours [192, 256, 3]."""
    return np.asarray(Pillow.fromarray(picture).resize((256, 192), Pillow.Resampling.BICUBIC))


def test_heic_is_read_with_its_safe_metadata(tmp_path: Path, large: Picture) -> None:
    exif = Pillow.Exif()
    exif[ExifTags.Base.Make] = "Maker"
    exif[ExifTags.IFD.GPSInfo] = {1: "N", 2: (1.0, 2.0, 3.0)}
    photo = read_photo(heic(tmp_path / "a.heic", large, exif=exif.tobytes()))
    assert np.abs(photo.image.astype(int) - large).mean() < 2
    assert photo.metadata.format == "HEIF"
    write_photo(tmp_path / "out.jpg", photo.image, photo, camera=True)
    with Pillow.open(tmp_path / "out.jpg") as opened:
        assert opened.getexif()[ExifTags.Base.Make] == "Maker"
        assert not opened.getexif().get_ifd(ExifTags.IFD.GPSInfo)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_it_is_turned_once(tmp_path: Path, large: Picture, orientation: int) -> None:
    """The container's turn (irot, imir) repeats EXIF's, as phones write it."""
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    path = heic(tmp_path / "a.heic", turned(large, orientation), exif=exif.tobytes())
    content = path.read_bytes()
    assert (b"irot" in content or b"imir" in content) == (orientation > 1)
    image = read_photo(path).image
    assert image.shape == large.shape
    assert np.abs(image.astype(int) - large).mean() < 2


def test_an_orientation_that_the_container_does_not_repeat_counts_for_nothing(
    tmp_path: Path, large: Picture
) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6
    pillow_heif.register_heif_opener()
    Pillow.fromarray(large).save(tmp_path / "a.heic", "HEIF", exif=exif)
    assert b"irot" not in (tmp_path / "a.heic").read_bytes()
    assert np.abs(read_photo(tmp_path / "a.heic").image.astype(int) - large).mean() < 3


def test_another_colour_space_becomes_srgb(tmp_path: Path) -> None:
    grey = np.full((64, 64, 3), 128, np.uint8)
    photo = read_photo(heic(tmp_path / "a.heic", grey, icc_profile=linear_srgb_profile()))
    assert np.abs(photo.image.astype(int) - 188).max() <= 2


def srgb(light: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def pq(light: NDArray[np.float64]) -> NDArray[np.float64]:
    power = light**0.1593017578125
    found = ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375
    return np.asarray(found)


def hlg(scene: NDArray[np.float64]) -> NDArray[np.float64]:
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(
        scene <= 1 / 12, np.sqrt(3 * scene), a * np.log(np.maximum(12 * scene - b, 1e-9)) + c
    )


@pytest.mark.parametrize(
    ("transfer", "curve"),
    [
        # ITU-R BT.2100, tables 4 and 5: the inverse of what reads it; light 1 is 203 cd/m2
        (16, lambda light: pq(light * 203 / 10_000)),
        (18, lambda light: hlg((light * 203 / 1000) ** (1 / 1.2))),
        (13, srgb),
    ],
)
def test_light_by_pq_and_hlg_and_wide_primaries_come_out_in_their_colours(
    tmp_path: Path, transfer: int, curve: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> None:
    grey = np.linspace(0.02, 0.95, 256)
    stored = np.tile(np.rint(curve(grey) * 255).astype(np.uint8)[None, :, None], (64, 1, 3))
    path = tmp_path / "a.heic"
    pillow_heif.from_pillow(Pillow.fromarray(stored)).save(
        path, quality=100, chroma=444, color_primaries=9, transfer_characteristics=transfer,
        matrix_coefficients=9, full_range_flag=1,
    )  # fmt: skip
    photo = read_photo(path, whole=True)
    assert photo.companions == (("HDR brightness",) if transfer != 13 else ())
    image = photo.image
    expected = 255 * srgb(grey)
    assert np.abs(image[32].astype(float) - expected[:, None]).max() < 8  # of PQ's coarse steps
    assert np.abs(image[32].mean(axis=1) - expected).mean() < 2
    if transfer == 13:
        red = np.zeros((64, 64, 3), np.uint8)
        red[..., 0], red[..., 1:] = 200, 100
        pillow_heif.from_pillow(Pillow.fromarray(red)).save(
            path, quality=100, chroma=444, color_primaries=12, transfer_characteristics=13
        )
        # Display P3's (200, 100, 100) in sRGB, by its published matrix
        matrix = np.array([[1.2249, -0.2247, 0], [-0.0420, 1.0419, 0], [-0.0197, -0.0786, 1.0979]])
        wide = 255 * srgb(matrix @ srgb_light(red[0, 0] / 255))
        assert np.abs(read_photo(path).image[32, 32] - wide).max() < 3


def test_too_many_pixels_are_refused_before_decoding(
    tmp_path: Path, large: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = heic(tmp_path / "a.heic", large)

    def decode(*_: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr("pillow_heif.heif.BaseImage.load", decode)
    with pytest.raises(PhotoError, match="256x192 pixels"):
        read_photo(path, max_pixels=256 * 192 - 1)
    with pytest.raises(PhotoError, match="decoded"):
        read_photo(path, max_pixels=256 * 192)


def test_a_truncated_one_is_damaged(tmp_path: Path, large: Picture) -> None:
    path = heic(tmp_path / "a.heic", large)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(PhotoError, match=r"a\.heic is (not a photo, or )?damaged"):
        read_photo(path)


def test_its_suffixes_are_found_in_folders_and_become_jpeg(tmp_path: Path) -> None:
    for suffix in SUFFIXES:
        (tmp_path / f"a{suffix.upper()}").touch()
        assert output_suffix(suffix.upper()) == ".jpg"
    assert len(find_photos([tmp_path])) == len(SUFFIXES) == 3


def test_more_bits_and_pictures_are_told(tmp_path: Path, large: Picture) -> None:
    deep = pillow_heif.from_bytes("RGB;16", (256, 192), (large.astype("<u2") * 257).tobytes())
    deep.add_from_pillow(Pillow.fromarray(255 - large))
    deep.save(tmp_path / "a.heic", quality=90, primary_index=0)
    photo = read_photo(tmp_path / "a.heic", whole=True)
    assert np.abs(photo.image.astype(int) - large).mean() < 2
    assert losses(photo, Path("out.jpg")) == (
        "1 more picture",
        f"{photo.metadata.bits} bits per channel (8 are written)",
    )
    assert photo.metadata.bits in (10, 12)


@pytest.mark.parametrize("suffix", [".heic", ".avif"])
def test_a_gain_map_that_the_containers_brands_announce_is_told(
    tmp_path: Path, large: Picture, suffix: str
) -> None:
    pillow_heif.register_heif_opener()
    Pillow.fromarray(large).save(tmp_path / f"a{suffix}")
    content = (tmp_path / f"a{suffix}").read_bytes()
    assert b"miaf" in content[:64]
    with Pillow.open(tmp_path / f"a{suffix}") as opened:
        assert embedded_media(opened, content) == ()
        announced = content.replace(b"miaf", b"tmap", 1)  # ISO 21496-1's brand
        assert embedded_media(opened, announced) == ("HDR gain map",)


def test_an_avif_of_10_bits_says_that_it_becomes_8(tmp_path: Path, large: Picture) -> None:
    deep = large.astype(np.uint16)[..., ::-1] * 4
    assert cv2.imwrite(str(tmp_path / "a.avif"), deep, [cv2.IMWRITE_AVIF_DEPTH, 10])
    photo = read_photo(tmp_path / "a.avif", whole=True)
    assert np.abs(photo.image.astype(int) - large).mean() < 3
    assert losses(photo, Path("out.avif")) == ("10 bits per channel (8 are written)",)
    Pillow.fromarray(large).save(tmp_path / "b.avif")
    assert losses(read_photo(tmp_path / "b.avif", whole=True), Path("out.avif")) == ()


def test_no_other_photo_waits_for_its_decoder(tmp_path: Path, picture: Picture) -> None:
    Pillow.fromarray(picture).save(tmp_path / "a.jpg")
    program = (
        "import sys; from pathlib import Path; from zoo.photos.reading import read_photo; "
        "from zoo.swapping.photo import swap_file; "
        f"read_photo(Path({str(tmp_path / 'a.jpg')!r}), whole=True); "
        "print(sorted({'pillow_heif', 'OpenEXR', 'PIL.AvifImagePlugin'} & set(sys.modules)))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip() == "[]"

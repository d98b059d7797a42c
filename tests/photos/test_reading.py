import contextlib
import io
import random
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageCms

from tests.photos.icc import linear_srgb_profile
from tests.photos.orientation import ORIENTATIONS, turned
from zoo.errors import PhotoError
from zoo.photos.image import Image
from zoo.photos.limits import bytes_per_pixel
from zoo.photos.reading import _formats, find_photos, read_photo

Picture = NDArray[np.uint8]


def saved(path: Path, picture: Pillow.Image, **options: object) -> Path:
    picture.save(path, **options)  # type: ignore[arg-type]
    return path


def apart(one: Image, other: NDArray[np.generic]) -> float:
    assert one.shape == other.shape
    return float(np.abs(one.astype(float) - other.astype(float)).max())


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif", ".webp", ".jpg", ".avif", ".ppm"])
def test_every_format_is_read(tmp_path: Path, picture: Picture, suffix: str) -> None:
    options: dict[str, object] = {"lossless": True} if suffix == ".webp" else {}
    if suffix in (".jpg", ".avif"):
        options = {"quality": 100, "subsampling": "4:4:4"}
    photo = read_photo(saved(tmp_path / f"a{suffix}", Pillow.fromarray(picture), **options))
    assert photo.image.dtype == np.uint8
    assert photo.image.flags.c_contiguous
    assert apart(photo.image, picture) <= (8 if suffix in (".jpg", ".avif") else 0)
    assert photo.metadata.alpha is None
    assert not photo.metadata.grey


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_a_turned_photo_is_upright(tmp_path: Path, picture: Picture, orientation: int) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path / "a.png", Pillow.fromarray(turned(picture, orientation)), exif=exif)
    assert apart(read_photo(path).image, picture) == 0


def test_a_turned_photos_transparency_turns_with_it(tmp_path: Path, picture: Picture) -> None:
    alpha = picture[..., 0]
    turned = np.dstack([picture, alpha])[::-1, ::-1]
    exif = Pillow.Exif()
    exif[0x0112] = 3
    path = saved(tmp_path / "a.png", Pillow.fromarray(np.ascontiguousarray(turned)), exif=exif)
    found = read_photo(path).metadata.alpha
    assert found is not None
    assert np.array_equal(found, alpha)


@pytest.mark.parametrize("mode", ["L", "1", "LA"])
def test_grey_is_read_as_grey_in_three_channels(
    tmp_path: Path, picture: Picture, mode: str
) -> None:
    grey = Pillow.fromarray(picture).convert("L").convert(mode)
    photo = read_photo(saved(tmp_path / "a.png", grey))
    assert photo.metadata.grey
    assert apart(photo.image, np.array(grey.convert("RGB"))) == 0
    assert (photo.metadata.alpha is not None) == (mode == "LA")


def test_transparency_is_kept_apart_and_hidden_colour_is_gone(
    tmp_path: Path, picture: Picture
) -> None:
    alpha = np.full(picture.shape[:2], 255, np.uint8)
    alpha[:10], alpha[10:20] = 0, 100
    photo = read_photo(saved(tmp_path / "a.png", Pillow.fromarray(np.dstack([picture, alpha]))))
    assert photo.metadata.alpha is not None
    assert np.array_equal(photo.metadata.alpha, alpha)
    assert (photo.image[:10] == 255).all()
    assert apart(photo.image[10:], picture[10:]) == 0


def test_a_palette_with_a_transparent_colour(tmp_path: Path) -> None:
    palette = Pillow.new("P", (4, 2))
    palette.putpalette([255, 0, 0, 0, 200, 0, 0, 0, 90])
    palette.putdata([0, 1, 2, 0, 1, 2, 0, 1])
    photo = read_photo(saved(tmp_path / "a.png", palette, transparency=2))
    assert photo.metadata.alpha is not None
    assert (photo.metadata.alpha == [[255, 255, 0, 255], [255, 0, 255, 255]]).all()
    assert (photo.image[0, :2] == [(255, 0, 0), (0, 200, 0)]).all()


@pytest.mark.parametrize("suffix", [".jpg", ".tif"])
def test_cmyk_comes_out_in_its_colours(tmp_path: Path, suffix: str) -> None:
    colours = {
        (0, 255, 255, 0): (255, 0, 0),
        (255, 255, 0, 0): (0, 0, 255),
        (0, 0, 0, 255): (0,) * 3,
    }
    for ink, light in colours.items():
        photo = read_photo(saved(tmp_path / f"a{suffix}", Pillow.new("CMYK", (16, 16), ink)))
        assert np.abs(photo.image.astype(int) - light).max() < 6


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_16_bits_are_scaled_and_not_cut(tmp_path: Path, channels: int, suffix: str) -> None:
    ramp = np.tile(np.linspace(0, 65535, 256).astype(np.uint16), (8, 1))
    deep = ramp if channels == 1 else np.dstack([ramp, ramp[:, ::-1], ramp, ramp + 0 * ramp])
    if channels == 3:
        deep = deep[..., :3]
    if channels == 4:
        deep = deep.copy()
        deep[..., 3] = 65535
    path = tmp_path / f"a{suffix}"
    assert cv2.imwrite(str(path), deep)  # BGR, as OpenCV writes it
    photo = read_photo(path)
    expected = np.dstack([ramp // 257] * 3)
    if channels > 1:
        expected[..., 1] = expected[:, ::-1, 1]
    assert apart(photo.image, expected) <= 1


def test_floating_point_grey(tmp_path: Path) -> None:
    ramp = np.tile(np.linspace(0, 1, 256).astype(np.float32), (8, 1))
    ramp[0, 0] = np.nan
    photo = read_photo(saved(tmp_path / "a.tif", Pillow.fromarray(ramp)))
    assert apart(photo.image[1:, :, 0], np.tile(np.arange(256), (7, 1))) <= 1


def test_another_colour_space_becomes_srgb(tmp_path: Path) -> None:
    grey = Pillow.new("RGB", (8, 8), (128, 128, 128))
    path = saved(tmp_path / "a.png", grey, icc_profile=linear_srgb_profile())
    expected = 255 * (1.055 * (128 / 255) ** (1 / 2.4) - 0.055)  # 188
    assert np.abs(read_photo(path).image - expected).max() < 2.5
    red = saved(
        tmp_path / "b.png",
        Pillow.new("RGB", (8, 8), (255, 0, 0)),
        icc_profile=linear_srgb_profile(),
    )
    assert np.abs(read_photo(red).image.astype(int) - (255, 0, 0)).max() < 4


def test_a_profile_of_another_kind_or_a_damaged_one_is_ignored(
    tmp_path: Path, picture: Picture
) -> None:
    profile = linear_srgb_profile()
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    for bad in (b"x", b"", profile[:200], profile[:128] + bytes(300), lab, bytes(5000)):
        path = saved(tmp_path / "a.png", Pillow.fromarray(picture), icc_profile=bad)
        assert apart(read_photo(path).image, picture) == 0


def test_an_srgb_profile_changes_nothing(tmp_path: Path, picture: Picture) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = saved(tmp_path / "a.png", Pillow.fromarray(picture), icc_profile=profile)
    assert apart(read_photo(path).image, picture) == 0


def test_transparent_and_grey_photos_may_have_a_profile(tmp_path: Path, picture: Picture) -> None:
    for mode in ("L", "RGBA", "P", "LA", "CMYK"):
        suffix = ".tif" if mode == "CMYK" else ".png"
        converted = Pillow.fromarray(picture).convert(mode)
        path = saved(tmp_path / f"a{suffix}", converted, icc_profile=linear_srgb_profile())
        assert read_photo(path).image.shape == picture.shape


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png", ".tif"])
def test_of_an_animation_the_first_picture_is_read(tmp_path: Path, suffix: str) -> None:
    frames = [Pillow.new("RGB", (32, 32), colour) for colour in ("red", "blue")]
    path = tmp_path / f"a{suffix}"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    assert np.abs(read_photo(path).image.astype(int) - (255, 0, 0)).max() < 6


def test_the_suffix_does_not_decide(tmp_path: Path, picture: Picture) -> None:
    saved(tmp_path / "a.png", Pillow.fromarray(picture))
    (tmp_path / "a.png").rename(tmp_path / "a.jpg")
    photo = read_photo(tmp_path / "a.jpg")
    assert photo.metadata.format == "PNG"
    assert photo.metadata.jpeg is None


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims to be of any size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes(10_000))) + chunk(b"IEND", b"")
    )  # fmt: skip


@pytest.mark.parametrize("side", [10_001, 13_000, 60_000, 2**31 - 1])
def test_too_many_pixels_are_refused_before_decoding(tmp_path: Path, side: int) -> None:
    (tmp_path / "bomb.png").write_bytes(bomb(side, side))
    with pytest.raises(PhotoError, match=r"bomb\.png .*pixels"):
        read_photo(tmp_path / "bomb.png")


def test_the_limit_of_pixels_is_the_callers(tmp_path: Path, picture: Picture) -> None:
    path = saved(tmp_path / "a.png", Pillow.fromarray(picture))
    assert read_photo(path, max_pixels=64 * 48).image.shape == (48, 64, 3)
    with pytest.raises(PhotoError, match="64x48 pixels"):
        read_photo(path, max_pixels=64 * 48 - 1)


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "huge.jpg").open("wb") as file:
        file.truncate(10**12)  # a hole: takes no space
    with pytest.raises(PhotoError, match="larger than 300 MB"):
        read_photo(tmp_path / "huge.jpg")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("empty.jpg", b"", "is empty"),
        ("text.jpg", b"Dear diary, " * 50, "is not a photo"),
        ("phone.heic", b"\0\0\0\x18ftypheic" + bytes(100), "is not a photo, or damaged"),
        ("new.jxl", b"\xff\x0a" + bytes(100), "is damaged and cannot be read"),
        ("box.jxl", b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(99), "is damaged and cannot be read"),
        ("script.jpg", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is not a photo"),
        ("cut.png", bomb(50, 50)[:60], "damaged"),
    ],
)
def test_what_is_no_photo_is_named(
    tmp_path: Path, name: str, content: bytes, sentence: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(PhotoError, match=sentence) as caught:
        read_photo(tmp_path / name)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif", ".gif", ".avif"])
def test_a_truncated_photo_is_damaged(tmp_path: Path, picture: Picture, suffix: str) -> None:
    large = Pillow.fromarray(np.tile(picture, (4, 4, 1)))
    path = saved(tmp_path / f"a{suffix}", large)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(PhotoError, match="damaged"):
        read_photo(path)


@pytest.mark.parametrize("tag", [(254, 1), (50706, b"\x01\x04\0\0")])
def test_a_raw_files_preview_is_not_taken_for_the_photo(
    tmp_path: Path, picture: Picture, tag: tuple[int, object]
) -> None:
    small = Pillow.fromarray(picture)
    path = saved(tmp_path / "a.tif", small, tiffinfo=dict([tag]))
    with pytest.raises(PhotoError, match=r"a\.tif is a camera raw file"):
        read_photo(path)


def test_missing_forbidden_and_folders_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(PhotoError, match=r"a\.jpg does not exist"):
        read_photo(tmp_path / "a.jpg")
    with pytest.raises(PhotoError, match="is not a file"):
        read_photo(tmp_path)
    with pytest.raises(PhotoError, match="is not a file"):
        read_photo(Path("/dev/zero"))
    with pytest.raises(PhotoError, match="cannot be read"):
        read_photo(Path("a\0b.jpg"))

    def forbidden(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    (tmp_path / "b.jpg").write_bytes(b"x")
    monkeypatch.setattr(Path, "read_bytes", forbidden)
    with pytest.raises(PhotoError, match="No permission to read"):
        read_photo(tmp_path / "b.jpg")


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif", ".gif", ".bmp", ".avif"])
def test_changed_bytes_never_raise_anything_else(
    tmp_path: Path, picture: Picture, suffix: str
) -> None:
    chance = random.Random(suffix)
    exif = Pillow.Exif()
    exif[0x010F] = "Maker"
    options = {"exif": exif, "icc_profile": linear_srgb_profile()}
    path = tmp_path / f"a{suffix}"
    saved(path, Pillow.fromarray(picture), **({} if suffix in (".gif", ".bmp") else options))
    whole = path.read_bytes()
    for attempt in range(150):
        changed = bytearray(whole)
        reach = len(changed) if attempt % 2 else min(200, len(changed))
        for _ in range(chance.randint(1, 8)):
            changed[chance.randrange(reach)] = chance.randrange(256)
        path.write_bytes(changed)
        with contextlib.suppress(PhotoError):
            photo = read_photo(path, max_pixels=1_000_000)
            assert photo.image.ndim == 3
            assert photo.image.dtype == np.uint8


def test_photos_are_found_in_folders_and_sorted(tmp_path: Path) -> None:
    for name in ("b.JPG", "a.png", "sub/c.webp", "d.heic", "notes.txt", ".hidden.jpg", "._e.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = find_photos([tmp_path, tmp_path / "a.png", tmp_path / "notes.txt"])
    names = [path.relative_to(tmp_path).as_posix() for path in found]
    assert names == ["a.png", "b.JPG", "d.heic", "notes.txt", "sub/c.webp"]


def test_finding_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match="No photos in"):
        find_photos([tmp_path])
    with pytest.raises(PhotoError, match="does not exist"):
        find_photos([tmp_path / "nowhere"])
    with pytest.raises(PhotoError, match="No photos"):
        find_photos([])


def test_folders_that_hold_each_other_are_walked_once(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.jpg").touch()
    (tmp_path / "sub" / "loop").symlink_to(tmp_path)
    assert find_photos([tmp_path, tmp_path / "sub"]) == [tmp_path / "sub" / "a.jpg"]


def test_reading_closes_the_file(tmp_path: Path, picture: Picture) -> None:
    buffer = io.BytesIO()
    Pillow.fromarray(picture).save(buffer, "PNG")
    path = tmp_path / "a.png"
    path.write_bytes(buffer.getvalue())
    read_photo(path)
    path.unlink()
    with pytest.raises(PhotoError, match="does not exist"):
        read_photo(path)


def test_a_side_may_not_be_longer_than_what_can_be_warped(tmp_path: Path) -> None:
    path = tmp_path / "line.png"
    Pillow.new("L", (40_000, 2)).save(path)
    with pytest.raises(PhotoError, match="40000x2 pixels, and the limit per side is 32,767"):
        read_photo(path)


@pytest.mark.parametrize(
    ("kind", "channels", "bits", "wanted"),
    [
        (".png", 3, 8, 3), (".png", 4, 8, 4), (".png", 4, 16, 8), (".png", 3, 16, 6),
        (".png", 1, 16, 2), (".tiff", 3, 16, 6), (".tiff", 4, 16, 8), (".jpg", 3, 8, 3),
    ],
)  # fmt: skip
def test_a_pixel_takes_what_its_file_says(
    tmp_path: Path, kind: str, channels: int, bits: int, wanted: int
) -> None:
    path = tmp_path / f"a{kind}"
    pixels = np.zeros((10, 10, channels), np.uint16 if bits == 16 else np.uint8)
    assert cv2.imwrite(str(path), pixels)
    with Pillow.open(path) as opened:
        assert bytes_per_pixel(opened) == wanted
    if wanted <= 6:
        assert read_photo(path, max_pixels=100).image.shape == (10, 10, 3)
    else:
        with pytest.raises(PhotoError, match=f"of {wanted} bytes, .* more than the"):
            read_photo(path, max_pixels=100)


@pytest.mark.parametrize(
    ("most", "full"), [(0.5, 1.0), (1.0, 1.0), (200.0, 255.0), (60000.0, 65535.0)]
)
def test_floating_numbers_are_of_the_range_they_fill(
    tmp_path: Path, most: float, full: float
) -> None:
    values = np.linspace(0, most, 48, dtype=np.float32).reshape(6, 8)
    Pillow.fromarray(values).save(tmp_path / "a.tif")
    wanted = np.rint(values / full * 255)
    assert np.abs(read_photo(tmp_path / "a.tif").image[..., 0] - wanted).max() <= 1


def test_a_heic_is_opened_as_nothing_else() -> None:
    assert _formats(b"\0\0\0\x18ftypheic") == ("HEIF",)
    assert "HEIF" not in _formats(b"\xff\xd8\xff") and "JPEG" in _formats(b"\xff\xd8\xff")

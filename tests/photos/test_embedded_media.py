"""What stands beside a photo in its file is named, and never written."""

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow

from tests.photos.companions_made import GAIN, container, motion_photo, ultra_hdr
from zoo.photos.embedded_media import embedded_media
from zoo.photos.reading import read_photo
from zoo.photos.writing import losses, write_photo

Picture = NDArray[np.uint8]


def others(path: Path) -> tuple[str, ...]:
    return read_photo(path, whole=True).companions


def test_a_plain_photo_has_none(tmp_path: Path, picture: Picture) -> None:
    for suffix in (".jpg", ".png", ".webp", ".tif", ".gif", ".bmp", ".avif"):
        Pillow.fromarray(picture).save(tmp_path / f"a{suffix}")
        assert others(tmp_path / f"a{suffix}") == ()


@pytest.mark.parametrize("standard", ["adobe", "iso"])
def test_a_gain_map_is_named_and_gone(tmp_path: Path, picture: Picture, standard: str) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(ultra_hdr(picture, standard))
    photo = read_photo(path, whole=True)
    assert photo.metadata.format == "JPEG"
    assert photo.companions == ("HDR gain map",)
    out = tmp_path / "out.jpg"
    write_photo(out, photo.image, photo)
    written = out.read_bytes()
    assert not any(mark in written for mark in (b"hdrgm", b"21496", b"MPF\0", b"GainMap"))
    assert written.count(b"\xff\xd8\xff") == 1
    assert losses(photo, out) == ("HDR gain map",)
    with Pillow.open(out) as opened:
        assert opened.format == "JPEG"


def test_a_gain_map_that_was_cut_off_is_not_claimed(tmp_path: Path, picture: Picture) -> None:
    encoded = io.BytesIO()
    Pillow.fromarray(picture).save(encoded, "JPEG", xmp=GAIN)
    (tmp_path / "a.jpg").write_bytes(encoded.getvalue())
    assert others(tmp_path / "a.jpg") == ()


def test_the_second_picture_of_a_stereo_camera_is_named(tmp_path: Path, picture: Picture) -> None:
    left, right = Pillow.fromarray(picture), Pillow.fromarray(picture[:, ::-1].copy())
    left.save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[right, right])
    assert others(tmp_path / "a.jpg") == ("2 more pictures",)


@pytest.mark.parametrize("maker", ["google", "samsung"])
def test_a_motion_photos_video_is_named_and_gone(
    tmp_path: Path, picture: Picture, maker: str
) -> None:
    (tmp_path / "a.jpg").write_bytes(motion_photo(picture, maker))
    photo = read_photo(tmp_path / "a.jpg", whole=True)
    assert photo.companions == ("motion photo's video",)
    write_photo(tmp_path / "out.jpg", photo.image, photo)
    assert b"ftyp" not in (tmp_path / "out.jpg").read_bytes()


def test_a_depth_map_is_named(tmp_path: Path, picture: Picture) -> None:
    (tmp_path / "a.jpg").write_bytes(container(picture, b'Item:Semantic="Depth"'))
    assert others(tmp_path / "a.jpg") == ("depth map",)


@pytest.mark.parametrize(
    ("info", "encoded", "words"),
    [
        ({}, b"", ()),
        ({"nclx_profile": {"transfer_characteristics": 16}}, b"", ("HDR brightness",)),
        ({"nclx_profile": {"transfer_characteristics": 18}}, b"", ("HDR brightness",)),
        ({"nclx_profile": {"transfer_characteristics": 13}}, b"", ()),
        ({"aux": {"urn:com:apple:photo:2020:aux:hdrgainmap": [1]}}, b"", ("HDR gain map",)),
        ({}, bytes(100) + b"tmap", ("HDR gain map",)),
        ({}, bytes(126) + b"tmap", ()),
        ({"depth_images": [1]}, b"", ("depth map",)),
        ({"aux": {"urn:com:apple:photo:2018:aux:portraiteffectsmatte": [1]}}, b"",
         ("portrait matte",)),
        ({}, b"....mpvd", ("motion photo's video",)),
        ({}, b"<x MicroVideo=1>", ("motion photo's video",)),
        ({"aux": 7}, b"", ("what else the file holds",)),
    ],
)  # fmt: skip
def test_what_a_heif_holds_is_named(
    info: dict[str, object], encoded: bytes, words: tuple[str, ...]
) -> None:
    opened: Any = SimpleNamespace(format="HEIF", info=info, n_frames=1)
    assert embedded_media(opened, encoded) == words
    opened.format, opened.n_frames = "AVIF", 3
    more = () if "else" in str(words) else ("2 more frames",)
    assert embedded_media(opened, encoded) == words + more


def test_more_frames_and_pages_are_counted(tmp_path: Path) -> None:
    frames = [Pillow.new("RGB", (32, 32), colour) for colour in ("red", "blue", "green")]
    for suffix, words in (
        (".gif", "2 more frames"),
        (".webp", "2 more frames"),
        (".png", "2 more frames"),
        (".tif", "2 more pages"),
    ):
        path = tmp_path / f"a{suffix}"
        frames[0].save(path, save_all=True, append_images=frames[1:])
        assert others(path) == (words,)
        assert read_photo(path).companions == ()

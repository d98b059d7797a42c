"""The files that people have, from the phone's HEIC to a renderer's OpenEXR, through a swap."""

import json
from pathlib import Path

import numpy as np
import OpenEXR
import pillow_heif
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow

from tests.photos.companions_made import ultra_hdr
from tests.photos.deep_files import ffmpeg_reads, srgb_light, write_deep
from zoo.errors import PhotoError
from zoo.photos.image import Image
from zoo.photos.reading import read_photo
from zoo.provenance.credentials.marking import DIGITAL_SOURCE_TYPE, Marking
from zoo.provenance.credentials.signing import sidecar
from zoo.provenance.credentials.verifying import FINE, Status, verify
from zoo.swapping.files.outputs import is_done
from zoo.swapping.network import SwapNetwork
from zoo.swapping.options import SwapOptions, settings_of
from zoo.swapping.photo import Swap, swap_file

MARK = Marking("ada", "3", "ab" * 32, "synthetic")


@pytest.fixture
def deep(portraits: list[Image]) -> NDArray[np.uint16]:
    """Ada with noise below a level of 255 [256, 256, 3]."""
    noise = np.random.default_rng(0).integers(-120, 121, portraits[0].shape)
    return (portraits[0].astype(int) * 257 + noise).clip(0, 65535).astype(np.uint16)


def kept(swap: Swap, source: Path) -> NDArray[np.bool_]:
    """Pixels [H, W] that are no face: equal in the 8-bit pictures before and after."""
    same = (swap.image == read_photo(source).image).all(axis=2)
    assert 0.5 < same.mean() < 0.99
    return np.asarray(same)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jxl"])
def test_of_a_16_bit_photo_only_the_face_changes(
    tmp_path: Path, deep: NDArray[np.uint16], blackening: SwapNetwork, suffix: str
) -> None:
    source = write_deep(tmp_path / f"in{suffix}", deep)
    target = tmp_path / ("out.png" if suffix == ".jxl" else f"out{suffix}")
    swap = swap_file(source, target, blackening, mark=MARK)
    assert swap.dropped == ()
    same, read = kept(swap, source), ffmpeg_reads(target)
    assert read.dtype == np.uint16
    assert (read[same] == deep[same]).all()
    face = read[~same].astype(float) / 257 - swap.image[~same]
    assert np.abs(face).max() < 1.5
    assert len(np.unique(read[~same] % 257)) > 200  # not 8 bits stretched to 16
    assert verify(target).status in FINE
    assert is_done(target, source, MARK, settings_of(SwapOptions(), MARK))


@pytest.mark.parametrize("named", ["in.exr", "in.png"])  # its content says what it is
def test_of_light_only_the_face_changes_and_the_manifest_lies_beside_it(
    tmp_path: Path, portraits: list[Image], blackening: SwapNetwork, named: str
) -> None:
    light = srgb_light(portraits[0] / 255).astype(np.float16)
    light[:8, :8] = 30
    source, target = tmp_path / named, tmp_path / "out.exr"
    OpenEXR.File({"type": OpenEXR.scanlineimage}, {"RGB": light}).write(str(source))
    swap = swap_file(source, target, blackening, mark=MARK)
    same, read = kept(swap, source), ffmpeg_reads(target)
    assert (read[same] == light[same]).all()
    assert np.abs(read[~same] - srgb_light(swap.image[~same] / 255)).max() < 0.01
    assert sidecar(target).name == "out.exr.c2pa"
    assert DIGITAL_SOURCE_TYPE.encode() in target.read_bytes()
    found = verify(target)
    assert found.status in FINE
    assert found.steps[0].swap["identity"] == "ada"
    assert is_done(target, source, MARK, settings_of(SwapOptions(), MARK))
    altered = bytearray(target.read_bytes())
    altered[-1] ^= 1
    target.write_bytes(altered)
    assert verify(target).status is Status.altered


def test_a_phones_photo_becomes_an_upright_jpeg(
    tmp_path: Path, portraits: list[Image], blackening: SwapNetwork
) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6
    stored = Pillow.fromarray(np.ascontiguousarray(np.rot90(portraits[0], 1)))
    source, target = tmp_path / "IMG_1.HEIC", tmp_path / "out.jpg"
    pillow_heif.from_pillow(stored).save(source, quality=95, exif=exif.tobytes())
    swap = swap_file(source, target, blackening, mark=MARK)
    assert len(swap.faces) == 1
    same = kept(swap, source)
    with Pillow.open(target) as opened:
        assert opened.getexif().get(0x0112, 1) == 1
        out = np.asarray(opened).astype(int)
    assert np.abs(out - portraits[0])[same].mean() < 3
    assert verify(target).status in FINE


def test_no_gain_map_stays_beside_a_new_face(
    tmp_path: Path, portraits: list[Image], blackening: SwapNetwork
) -> None:
    source, target = tmp_path / "in.jpg", tmp_path / "out.jpg"
    source.write_bytes(ultra_hdr(portraits[0], "adobe"))
    swap = swap_file(source, target, blackening, mark=MARK)
    assert swap.dropped == ("HDR gain map",)
    assert b"hdrgm" not in target.read_bytes()
    assert b"MPF\0" not in target.read_bytes()
    assert json.dumps(swap.dropped) == '["HDR gain map"]'


def test_what_cannot_be_written_is_refused_before_the_swap(
    tmp_path: Path, photo: Path, blackening: SwapNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(*_: object, **__: object) -> None:
        raise AssertionError("swapped")

    monkeypatch.setattr("zoo.swapping.photo.swap_image", work)
    for name in ("out.bmp", "out.exr", "out.heic"):
        with pytest.raises(PhotoError, match="the suffix must be one of"):
            swap_file(photo, tmp_path / name, blackening, mark=MARK)

"""One photo: only the face changes, everything else is kept, and nothing is half-written."""

import errno
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from zoo.errors import NoFaceError, PhotoError, StorageError, UsageError
from zoo.faces.masks.face_mask import face_mask
from zoo.photos.image import Image
from zoo.photos.reading import read_photo
from zoo.provenance.credentials.marking import DIGITAL_SOURCE_TYPE, Marking
from zoo.swapping.compositing import replaceable
from zoo.swapping.network import SwapNetwork
from zoo.swapping.options import only
from zoo.swapping.photo import swap_file, swap_image

MARK = Marking("ada", "3", "ab" * 32, "synthetic")


def test_a_network_that_changes_nothing_gives_the_photo_back(
    portraits: list[Image], unchanging: SwapNetwork
) -> None:
    photo = portraits[0]
    swap = swap_image(photo, unchanging)
    (face,) = swap.faces
    mask = face_mask(face.landmarks, photo.shape)
    assert swap.image.shape == photo.shape
    assert (swap.image[mask == 0] == photo[mask == 0]).all()
    difference = np.abs(swap.image.astype(float) - photo)
    assert difference[mask > 0].mean() < 3  # what sampling into the crop and back costs
    assert len(swap.raw) == 1
    assert swap.raw[0].shape == (128, 128, 3)


def test_a_swapped_face_does_not_touch_the_rest(
    portraits: list[Image], blackening: SwapNetwork
) -> None:
    photo = portraits[0]
    before = photo.copy()
    swap = swap_image(photo, blackening)
    mask = face_mask(swap.faces[0].landmarks, photo.shape)
    assert (photo == before).all()
    outside = cv2.dilate(mask, np.ones((3, 3))) == 0  # but for a pixel on which the outline lies
    assert (swap.image[outside] == photo[outside]).all()
    # Light and colours are the photo's, but no feature of the face is left.
    inside = (mask > 0.99) & (replaceable(photo, swap.faces[0].landmarks) > 0.99)
    left, was = (cv2.Laplacian(image, cv2.CV_32F)[inside].std() for image in (swap.image, photo))
    assert left < 0.2 * was
    assert photo[inside].astype(float).std(axis=0).min() > 5


@pytest.mark.parametrize("method", ["feather", "poisson"])
def test_both_ways_of_blending_keep_the_size(
    portraits: list[Image], unchanging: SwapNetwork, method: str
) -> None:
    swap = swap_image(portraits[1], unchanging, only("all", method=method))
    assert swap.image.shape == portraits[1].shape
    assert swap.image.dtype == np.uint8


def test_all_faces_or_only_the_largest(couple: Image, blackening: SwapNetwork) -> None:
    both, one = swap_image(couple, blackening), swap_image(couple, blackening, only("largest"))
    assert len(both.faces) == len(both.raw) == 2
    assert both.faces[0].area > both.faces[1].area
    assert len(one.faces) == len(one.raw) == 1
    assert (one.image[:, 256:] == couple[:, 256:]).all()
    assert (both.image[:, 256:] != couple[:, 256:]).any()


def test_without_a_face_it_says_so(unchanging: SwapNetwork) -> None:
    with pytest.raises(NoFaceError):
        swap_image(np.full((200, 300, 3), 90, np.uint8), unchanging)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif"])
def test_every_output_says_that_it_is_synthetic(
    photo: Path, tmp_path: Path, unchanging: SwapNetwork, suffix: str
) -> None:
    target = tmp_path / f"out{suffix}"
    swap_file(photo, target, unchanging, mark=MARK)
    content = target.read_bytes()
    assert DIGITAL_SOURCE_TYPE.encode() in content
    assert MARK.sha256.encode() in content
    with Pillow.open(target) as picture:
        assert picture.size == (256, 256)


def test_transparency_and_safe_metadata_are_kept(
    portraits: list[Image], tmp_path: Path, unchanging: SwapNetwork
) -> None:
    alpha = np.tile(np.arange(256, dtype=np.uint8), (256, 1))
    source = tmp_path / "photo.png"
    picture = Pillow.fromarray(np.dstack([portraits[0], alpha]))
    exif = Pillow.Exif()
    exif[0x8298] = "me"  # Copyright
    exif[0x8825] = {1: "N", 2: (1.0, 2.0, 3.0)}  # GPS
    picture.save(source, exif=exif)
    swap_file(source, tmp_path / "out.png", unchanging, mark=MARK)
    with Pillow.open(tmp_path / "out.png") as swapped:
        assert (np.asarray(swapped)[..., 3] == alpha).all()
        assert swapped.getexif()[0x8298] == "me"
        assert not swapped.getexif().get_ifd(0x8825)


def test_the_input_is_never_overwritten(photo: Path, unchanging: SwapNetwork) -> None:
    before = photo.read_bytes()
    with pytest.raises(UsageError, match="input itself"):
        swap_file(photo, photo, unchanging, mark=MARK)
    link = photo.with_name("link.png")
    link.symlink_to(photo)
    with pytest.raises(UsageError):
        swap_file(photo, link, unchanging, mark=MARK)
    assert photo.read_bytes() == before


def test_a_photo_without_a_face_is_named(tmp_path: Path, unchanging: SwapNetwork) -> None:
    Pillow.new("RGB", (300, 200), "green").save(tmp_path / "meadow.png")
    with pytest.raises(NoFaceError, match=r"meadow\.png shows no detectable face"):
        swap_file(tmp_path / "meadow.png", tmp_path / "out.png", unchanging, mark=MARK)
    assert not (tmp_path / "out.png").exists()


def test_a_truncated_photo_is_named(photo: Path, tmp_path: Path, unchanging: SwapNetwork) -> None:
    photo.write_bytes(photo.read_bytes()[:4000])
    with pytest.raises(PhotoError, match=r"photo\.png"):
        swap_file(photo, tmp_path / "out.png", unchanging, mark=MARK)
    assert not (tmp_path / "out.png").exists()


def test_a_full_disk_leaves_no_half_file_and_the_old_one(
    photo: Path, tmp_path: Path, unchanging: SwapNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out" / "out.png"
    target.parent.mkdir()
    target.write_bytes(b"old")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("zoo.storage.os.replace", full)
    with pytest.raises(StorageError, match="the disk is full"):
        swap_file(photo, target, unchanging, mark=MARK)
    assert [path.name for path in target.parent.iterdir()] == ["out.png"]
    assert target.read_bytes() == b"old"


def test_a_file_in_the_folders_place_is_one_sentence(
    photo: Path, tmp_path: Path, unchanging: SwapNetwork
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"Cannot write .*out\.png"):
        swap_file(photo, tmp_path / "file" / "out.png", unchanging, mark=MARK)


def test_an_output_that_cannot_carry_the_mark_is_refused(
    photo: Path, tmp_path: Path, unchanging: SwapNetwork
) -> None:
    with pytest.raises(PhotoError, match="suffix"):
        swap_file(photo, tmp_path / "out.bmp", unchanging, mark=MARK)


def test_what_was_written_is_what_was_swapped(
    photo: Path, tmp_path: Path, unchanging: SwapNetwork
) -> None:
    swap = swap_file(photo, tmp_path / "out.png", unchanging, mark=MARK)
    assert (read_photo(tmp_path / "out.png").image == swap.image).all()

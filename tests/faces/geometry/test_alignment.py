from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.faces.conftest import Portrait
from zoo.faces.geometry.alignment import align, alignment_matrix, apply, covered, invert, warp_back
from zoo.faces.geometry.reference import REFERENCE
from zoo.photos.image import Image, Points

HEIGHT, WIDTH = 420, 500


def brightness(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """A smooth picture that is known between its pixels too."""
    return np.asarray(128 + 50 * np.sin(x / 23) + 50 * np.cos(y / 31 + x / 70))


@pytest.fixture(scope="module")
def photo() -> Image:
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(float)
    return np.repeat(np.rint(brightness(x, y))[..., None], 3, axis=2).astype(np.uint8)


def landmarks_in(width: float) -> Points:
    """The reference, sheared and turned a little, about the photo's middle."""
    turned = REFERENCE @ np.array([[1.0, -0.1], [0.12, 1.1]]).T * width
    centred = turned - turned.mean(axis=0) + np.array((WIDTH / 2, HEIGHT / 2))
    return np.asarray(centred, np.float32)


def test_the_map_takes_moved_reference_landmarks_back_exactly() -> None:
    landmarks = landmarks_in(180)
    assert np.allclose(apply(alignment_matrix(landmarks), landmarks), REFERENCE, atol=1e-5)


@pytest.mark.parametrize("size", [64, 128, 256])
@pytest.mark.parametrize("width", [40, 90, 180, 300])
def test_each_crop_pixel_shows_its_place_in_the_photo(
    photo: Image, width: float, size: int
) -> None:
    aligned = align(photo, landmarks_in(width), size)
    centres = (np.stack(np.meshgrid(np.arange(size), np.arange(size)), axis=-1) + 0.5) / size
    places = apply(invert(aligned.matrix), centres.astype(np.float32)).astype(float)
    x, y = places[..., 0], places[..., 1]
    inside = (x > 0) & (x < WIDTH - 1) & (y > 0) & (y < HEIGHT - 1)
    apart = np.abs(aligned.image[..., 0] - brightness(x, y))[inside]
    assert apart.max() < 2.5  # averaging over a crop pixel of several photo pixels included
    assert apart.mean() < 0.5


@pytest.mark.parametrize("size", [64, 256])
@pytest.mark.parametrize("width", [90, 180])
def test_there_and_back_the_photo_is_itself(photo: Image, width: float, size: int) -> None:
    aligned = align(photo, landmarks_in(width), size)
    back = warp_back(aligned.image, aligned.matrix, photo.shape)
    inner = covered(aligned.matrix, (0, 0, WIDTH, HEIGHT))
    inner = cv2.erode(inner.astype(np.uint8), np.ones((9, 9))) > 0
    apart = np.abs(back.astype(float) - photo)[inner]
    assert inner.sum() > 0.8 * width**2
    assert apart.mean() < 0.6
    assert apart.max() < 3


def test_nothing_is_written_outside_the_crop(photo: Image) -> None:
    aligned = align(photo, landmarks_in(90), 64)
    inside = covered(aligned.matrix, (0, 0, WIDTH, HEIGHT))
    back = warp_back(np.full((64, 64, 3), 200, np.uint8), aligned.matrix, photo.shape)
    assert (back[~inside] == 0).all()
    assert (back[inside] == 200).all()
    plane = warp_back(np.ones((64, 64), np.float32), aligned.matrix, photo.shape)
    assert np.array_equal(plane > 0, inside)


def test_a_face_wholly_outside_the_photo_leaves_it_empty(photo: Image) -> None:
    landmarks = landmarks_in(90) + 5000
    assert not warp_back(
        np.ones((64, 64, 3), np.uint8), alignment_matrix(landmarks), photo.shape
    ).any()
    assert align(photo, landmarks, 64).image.shape == (64, 64, 3)


def test_the_average_of_a_large_crop_is_the_small_crop(portraits: Sequence[Portrait]) -> None:
    for portrait in portraits[:3]:
        image, landmarks = portrait.render.image, portrait.face.landmarks
        small = align(image, landmarks, 64).image.astype(float)
        large = align(image, landmarks, 256).image
        averaged = large.reshape(64, 4, 64, 4, 3).mean(axis=(1, 3))
        assert np.abs(small - averaged).mean() < 2.5


def test_fine_detail_is_averaged_when_the_photo_is_larger_than_the_crop() -> None:
    board = np.indices((900, 900)).sum(axis=0) % 2 * 255
    photo = np.repeat(board[..., None], 3, axis=2).astype(np.uint8)
    landmarks = (REFERENCE * 800 + 50).astype(np.float32)
    crop = align(photo, landmarks, 64).image
    assert np.abs(crop.astype(float) - 127.5).max() < 8


def test_beyond_the_border_the_photos_last_pixels_repeat(photo: Image) -> None:
    landmarks = landmarks_in(180) - np.array((250, 0), np.float32)
    crop = align(photo, landmarks, 128).image
    rows = crop[:, :20, 0].astype(float)
    assert np.ptp(rows, axis=1).max() < 12  # each row is nearly constant: the face leans a little


def test_faces_are_aligned_and_not_mirrored(portraits: Sequence[Portrait]) -> None:
    for portrait in portraits:
        unit = align(portrait.render.image, portrait.face.landmarks, 64).landmarks
        assert np.linalg.norm(unit - REFERENCE, axis=1).mean() < 0.06
        matrix = alignment_matrix(portrait.face.landmarks)
        assert np.linalg.det(matrix[:, :2]) > 0

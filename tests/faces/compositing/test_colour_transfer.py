"""A swap takes the photo's light and colour, and keeps what is finer than they are."""

import cv2
import numpy as np
import pytest

from zoo.faces.compositing.colour_transfer import transfer_colour
from zoo.faces.compositing.lab import to_lab
from zoo.photos.image import Image, Plane

SIDE, EYES = 160, 60.0


def face(seed: int) -> Image:
    """Fine structure on mid grey."""
    noise = np.random.default_rng(seed).normal(size=(SIDE, SIDE, 3))
    fine = cv2.GaussianBlur(noise, (0, 0), 1.5)
    return np.asarray((128 + 60 * fine).clip(0, 255), np.uint8)


def everywhere() -> Plane:
    return np.ones((SIDE, SIDE), np.float32)


def lit(image: Image, gain: np.ndarray) -> Image:
    return np.asarray((image * gain).clip(0, 255), np.uint8)


SIDE_LIGHT = np.linspace(0.55, 1.25, SIDE)[None, :, None]


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


def low(image: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.GaussianBlur(image.astype(np.float32), (0, 0), 0.2 * EYES))


def test_the_direction_of_light_becomes_the_photos() -> None:
    swapped, photo = lit(face(0), SIDE_LIGHT[:, ::-1]), lit(face(1), SIDE_LIGHT)
    agreed = transfer_colour(swapped, photo, everywhere(), EYES)
    assert correlation(low(swapped), low(photo)) < -0.8
    assert correlation(low(agreed), low(photo)) > 0.97


def test_what_is_fine_stays_the_swaps() -> None:
    swapped, photo = face(0), lit(face(1), SIDE_LIGHT)
    agreed = transfer_colour(swapped, photo, everywhere(), EYES)
    fine = agreed - low(agreed)
    assert correlation(fine, swapped - low(swapped)) > 0.9
    assert abs(correlation(fine, photo - low(photo))) < 0.3


def test_colours_become_the_photos() -> None:
    swapped = lit(face(0), np.array((1.2, 1.0, 0.7)))
    photo = lit(face(1), np.array((0.8, 1.0, 1.1)))
    agreed = np.rint(transfer_colour(swapped, photo, everywhere(), EYES)).astype(np.uint8)
    cast = np.abs(to_lab(agreed).mean((0, 1)) - to_lab(photo).mean((0, 1)))
    assert cast.max() < 1.5


def test_in_a_grey_photo_the_swap_is_grey() -> None:
    grey = face(1).mean(axis=2, keepdims=True).repeat(3, axis=2).astype(np.uint8)
    agreed = np.rint(transfer_colour(face(0), grey, everywhere(), EYES)).astype(np.uint8)

    def colour(image: Image) -> float:
        return float(np.abs(to_lab(image)[..., 1:]).mean())

    assert colour(face(0)) > 4
    assert colour(agreed) < 0.15 * colour(face(0))


def test_what_lies_outside_the_mask_has_no_say() -> None:
    swapped, photo = face(0), face(1)
    mask = everywhere()
    mask[:, : SIDE // 2] = 0
    changed = photo.copy()
    changed[:, : SIDE // 2] = (255, 0, 0)
    inside = np.s_[:, SIDE // 2 + 4 :]
    a, b = (transfer_colour(swapped, picture, mask, EYES)[inside] for picture in (photo, changed))
    assert np.abs(a - b).max() < 1.0


def test_a_flat_face_gains_no_detail_from_nothing() -> None:
    flat = np.full((SIDE, SIDE, 3), 120, np.uint8)
    agreed = transfer_colour(flat, face(1), everywhere(), EYES)
    assert (agreed - low(agreed)).std() < 2.5


@pytest.mark.parametrize("scale", [1, 4])
def test_the_size_of_the_picture_does_not_matter(scale: int) -> None:
    swapped, photo = lit(face(0), SIDE_LIGHT[:, ::-1]), lit(face(1), SIDE_LIGHT)
    small = transfer_colour(swapped, photo, everywhere(), EYES)
    side = SIDE * scale
    large = transfer_colour(
        cv2.resize(swapped, (side, side)).astype(np.uint8),
        cv2.resize(photo, (side, side)).astype(np.uint8),
        np.ones((side, side), np.float32),
        EYES * scale,
    )
    back = cv2.resize(large, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    assert np.abs(low(back) - low(small)).mean() < 2

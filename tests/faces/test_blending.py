from collections.abc import Sequence
from typing import Literal

import cv2
import numpy as np
import pytest

from zoo.faces.alignment import align, alignment_matrix, covered, warp_back
from zoo.faces.blending import agree_in_colour, blend, face_mask, face_outline
from zoo.faces.lab import to_lab
from zoo.faces.reference import REFERENCE
from zoo.photos.image import Image

from .conftest import Portrait

METHODS: tuple[Literal["feather", "poisson"], ...] = ("feather", "poisson")


def swapped_between(photo: Portrait, other: Portrait, size: int = 128) -> Image:
    """The other person's crop, warped to where the photo's face is."""
    crop = align(other.render.image, other.face.landmarks, size).image
    matrix = alignment_matrix(photo.face.landmarks)
    return warp_back(crop, matrix, photo.render.image.shape)


def test_the_mask_covers_face_and_forehead_and_stays_inside(portrait: Portrait) -> None:
    landmarks = portrait.face.landmarks
    mask = face_mask(landmarks, portrait.render.image.shape)
    assert mask.dtype == np.float32
    assert mask.min() == 0
    assert mask.max() == 1
    hull = np.zeros(mask.shape, np.uint8)
    cv2.fillConvexPoly(hull, np.rint(face_outline(landmarks)).astype(np.int32), 1)
    assert (mask[hull == 0] == 0).all()
    x, y = np.rint(landmarks[[30, 33, 66]]).astype(int).T
    assert (mask[y, x] == 1).all()
    height = landmarks[8, 1] - landmarks[27, 1]
    forehead = landmarks[[21, 22]].mean(axis=0) - (0, 0.25 * height)
    assert mask[round(float(forehead[1])), round(float(forehead[0]))] == 1


def test_the_mask_rises_gently_from_its_rim(portrait: Portrait) -> None:
    mask = face_mask(portrait.face.landmarks, portrait.render.image.shape)
    steps = max(np.abs(np.diff(mask, axis=0)).max(), np.abs(np.diff(mask, axis=1)).max())
    assert steps < 0.3


def test_the_mask_ends_where_the_crop_ends() -> None:
    landmarks = (REFERENCE * 200 + 50).astype(np.float32)
    landmarks[17:27, 1] -= 40  # brows so high that the forehead leaves the crop
    mask = face_mask(landmarks, (300, 300))
    inside = covered(alignment_matrix(landmarks), (0, 0, 300, 300))
    assert (mask[~inside] == 0).all()
    assert mask[inside].max() == 1


def test_the_photos_border_does_not_fade_the_face(portrait: Portrait) -> None:
    landmarks = portrait.face.landmarks
    whole = face_mask(landmarks, portrait.render.image.shape)
    cut_at = round(float(landmarks[30, 0]))
    cut = face_mask(landmarks - np.array((cut_at, 0), np.float32), (256, 256 - cut_at))
    assert (cut[:, 0] > whole[:, cut_at] - 0.25).all()  # a rounded outline: one pixel
    assert cut[round(float(landmarks[30, 1])), 0] == 1


@pytest.mark.parametrize("move", [(-5000, 0), (0, 5000), (-400, -400)])
def test_a_face_outside_the_photo_has_an_empty_mask(
    portrait: Portrait, move: tuple[int, int]
) -> None:
    landmarks = portrait.face.landmarks + np.array(move, np.float32)
    photo = portrait.render.image
    assert not face_mask(landmarks, photo.shape).any()
    assert np.array_equal(blend(photo, photo, landmarks), photo)


@pytest.mark.parametrize("method", METHODS)
def test_outside_the_mask_no_pixel_changes(
    portraits: Sequence[Portrait], method: Literal["feather", "poisson"]
) -> None:
    photo, other = portraits[0], portraits[2]
    before = photo.render.image.copy()
    swapped = swapped_between(photo, other)
    result = blend(photo.render.image, swapped, photo.face.landmarks, method=method)
    mask = face_mask(photo.face.landmarks, before.shape)
    assert np.array_equal(photo.render.image, before)
    assert np.array_equal(result[mask == 0], before[mask == 0])
    assert np.abs(result[mask == 1].astype(float) - before[mask == 1]).mean() > 3


@pytest.mark.parametrize("method", METHODS)
def test_a_face_swapped_by_itself_is_itself(
    portrait: Portrait, method: Literal["feather", "poisson"]
) -> None:
    photo = portrait.render.image
    result = blend(photo, photo.copy(), portrait.face.landmarks, method=method)
    assert np.abs(result.astype(float) - photo).max() <= 2


def test_colours_agree_inside_the_mask(portraits: Sequence[Portrait]) -> None:
    photo, other = portraits[0], portraits[2]
    mask = face_mask(photo.face.landmarks, photo.render.image.shape)
    swapped = swapped_between(photo, other)
    agreed = agree_in_colour(swapped, photo.render.image, mask)

    def mean(image: Image) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.average(to_lab(image).reshape(-1, 3), axis=0, weights=mask.ravel())

    wanted = mean(photo.render.image)
    assert np.abs(mean(np.rint(agreed).astype(np.uint8)) - wanted).max() < 2
    assert np.abs(mean(swapped) - wanted).max() > 4


def test_a_flat_face_gains_no_contrast_from_nothing() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (80, 80, 3)).astype(np.uint8)
    flat = np.full((80, 80, 3), 120, np.uint8)
    agreed = agree_in_colour(flat, photo, np.ones((80, 80), np.float32))
    assert np.ptp(agreed, axis=(0, 1)).max() < 1


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("part", [(slice(0, 256), slice(128, 256)), (slice(120, 256), slice(None))])
def test_a_face_cut_by_the_border_is_blended(
    portraits: Sequence[Portrait],
    method: Literal["feather", "poisson"],
    part: tuple[slice, slice],
) -> None:
    photo, other = portraits[0], portraits[2]
    shift = np.array((part[1].start or 0, part[0].start or 0), np.float32)
    cut = np.ascontiguousarray(photo.render.image[part])
    swapped = np.ascontiguousarray(swapped_between(photo, other)[part])
    result = blend(cut, swapped, photo.face.landmarks - shift, method=method)
    assert result.shape == cut.shape
    assert (result != cut).any()


def test_a_face_larger_than_the_photo_is_blended_everywhere() -> None:
    landmarks = (REFERENCE * 4000 - 2000).astype(np.float32)
    photo = np.random.default_rng(0).integers(0, 256, (60, 50, 3)).astype(np.uint8)
    assert (face_mask(landmarks, photo.shape) == 1).all()
    for method in METHODS:
        assert blend(photo, photo[::-1].copy(), landmarks, method=method).shape == photo.shape


def test_cloning_hides_a_difference_in_light_across_the_face(portrait: Portrait) -> None:
    photo = portrait.render.image
    ramp = np.linspace(-40, 40, photo.shape[1])[None, :, None]
    swapped = (photo + ramp).clip(0, 255).astype(np.uint8)
    mask = face_mask(portrait.face.landmarks, photo.shape) == 1

    def error(method: Literal["feather", "poisson"]) -> float:
        result = blend(photo, swapped, portrait.face.landmarks, method=method)
        return float(np.abs(result.astype(float) - photo)[mask].mean())

    assert error("poisson") < 0.6 * error("feather")

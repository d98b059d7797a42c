"""A face that is finished in its crop is the one that is finished in the whole picture."""

import cv2
import numpy as np
import pytest

from zoo.faces.compositing.blending import Method, blend
from zoo.faces.compositing.colour_transfer import transfer_colour
from zoo.faces.compositing.detail import sharpened
from zoo.faces.compositing.super_resolution import enlarged
from zoo.faces.detection.detector import find_faces
from zoo.faces.geometry.alignment import align, shown_of_photo, warp_back
from zoo.faces.masks.face_mask import face_mask
from zoo.faces.masks.segmentation import skin
from zoo.people import named_person, random_scene, render
from zoo.photos.image import Image, Matrix, Plane
from zoo.swapping.compositing import (
    SwappedFace,
    aligned_for_segmentation,
    coverage,
    paste_back,
    refined,
    relit,
    replaceable,
)
from zoo.swapping.options import CompositingOptions


@pytest.fixture(scope="module")
def picture() -> Image:
    """A portrait at the edge of a larger picture, so that its mask is cut."""
    wall = np.full((400, 600, 3), 100, np.uint8)
    wall[120:376, 400:] = render(named_person("ada"), random_scene(0, max_yaw=10), 256).image[
        :, :200
    ]
    return wall


def swapped(picture: Image, size: int = 64) -> SwappedFace:
    landmarks = find_faces(picture)[0].landmarks
    crop = align(picture, landmarks, size)
    wide = aligned_for_segmentation(picture, landmarks, crop)
    raw = np.ascontiguousarray(crop.image[..., ::-1])
    return SwappedFace(landmarks, crop, raw, skin(wide.image, wide.landmarks))


def averaged(crop: Image, matrix: Matrix, picture: Image) -> Plane:
    """A crop in the picture [H, W, 3]: 16 cubic samples of each pixel, and their mean."""
    height, width = picture.shape[:2]
    linear, centre = matrix[:, :2] / 4, (-3 / 8, -3 / 8, 1)
    finer = warp_back(crop, np.column_stack([linear, matrix @ centre]), (4 * height, 4 * width))
    return np.asarray(cv2.resize(finer, (width, height), interpolation=cv2.INTER_AREA), np.float32)


@pytest.mark.parametrize("method", ["feather", "poisson"])
@pytest.mark.parametrize("opacity", [1.0, 0.4])
@pytest.mark.parametrize("size", [64, 256])  # of fewer pixels than the face has, and of more
def test_it_equals_the_same_steps_in_the_whole_picture(
    picture: Image, method: Method, opacity: float, size: int
) -> None:
    """Mask and matte at the picture's size, and a face averaged over each of its pixels."""
    face = swapped(picture, size)
    mask = face_mask(face.landmarks, picture.shape)
    weight = mask * replaceable(picture, face.landmarks)
    shown, pitch = refined(relit(face, coverage(face), picture.shape), face.crop.pitch)
    levels = np.rint(shown.clip(0, 255)).astype(np.uint8)
    there = averaged(levels, face.crop.matrix, picture)
    options = CompositingOptions(method)
    expected = blend(
        picture, there, weight, face.landmarks, pitch=pitch, method=method, opacity=opacity
    )
    result = picture.copy()
    left, top, right, bottom = paste_back(result, face, options, opacity)
    error = np.abs(result.astype(int) - expected).max(axis=2)
    assert error[mask > 0.01].mean() < 2
    assert (
        np.percentile(error[mask > 0.01], 99) < 16
    )  # where a pixel of the mask is two of the crop
    assert error[mask == 0].max() <= 1
    assert np.abs(expected.astype(int) - picture).max() > 30
    outside = np.ones(picture.shape[:2], np.bool_)
    outside[top:bottom, left:right] = False
    assert np.array_equal(result[outside], picture[outside])


def test_a_finished_face_has_the_photos_light_and_its_own_detail(picture: Image) -> None:
    face = swapped(picture, 32)
    weight = coverage(face)
    assert face.crop.pitch > 2
    assert not weight[[0, -1]].any() and not weight[:, [0, -1]].any()
    assert weight.shape == (256, 256) and weight.max() > 0.99
    lit = relit(face, weight, picture.shape)
    seen = np.asarray(cv2.resize(weight, (32, 32), interpolation=cv2.INTER_AREA), np.float32)
    seen *= shown_of_photo(face.crop.matrix, 32, picture.shape)
    eyes = 32 * float(np.linalg.norm(face.crop.landmarks[45] - face.crop.landmarks[36]))
    assert np.array_equal(lit, transfer_colour(face.raw, face.crop.image, seen, eyes))
    shown, pitch = refined(lit, face.crop.pitch)
    assert np.array_equal(shown, sharpened(enlarged(lit))) and pitch == face.crop.pitch / 2
    small, pitch = refined(lit, 0.7)
    assert small is lit and pitch == 0.7


def test_a_face_outside_the_picture_changes_nothing(picture: Image) -> None:
    face = swapped(picture, 32)
    result = np.full((50, 50, 3), 7, np.uint8)
    moved = SwappedFace(face.landmarks + 5000, face.crop, face.raw, face.matte)
    assert paste_back(result, moved) == (0, 0, 0, 0)
    assert (result == 7).all()


def test_a_crop_of_the_segmentations_size_is_not_aligned_again(picture: Image) -> None:
    landmarks = find_faces(picture)[0].landmarks
    crop = align(picture, landmarks, 128)
    assert aligned_for_segmentation(picture, landmarks, crop) is crop
    other = aligned_for_segmentation(picture, landmarks, align(picture, landmarks, 64))
    assert np.array_equal(other.image, crop.image)

"""A face pasted back within its own part of a picture is the one pasted into the whole."""

import numpy as np
import pytest

from zoo.faces.compositing.blending import Method, blend
from zoo.faces.compositing.super_resolution import enlarged, share_of_detail
from zoo.faces.detection.detector import find_faces
from zoo.faces.geometry.alignment import align, warp_back
from zoo.faces.masks.segmentation import skin
from zoo.people import named_person, random_scene, render
from zoo.photos.image import Image
from zoo.swapping.compositing import SwappedFace, aligned_for_segmentation, paste_back, replaceable
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


@pytest.mark.parametrize("method", ["feather", "poisson"])
@pytest.mark.parametrize("opacity", [1.0, 0.4])
def test_it_equals_pasting_into_the_whole_picture(
    picture: Image, method: Method, opacity: float
) -> None:
    face = swapped(picture)
    share = share_of_detail(face.crop.pitch)
    assert share > 0.5
    expected = blend(
        picture,
        warp_back(enlarged(face.raw, share), face.crop.matrix, picture.shape),
        face.landmarks,
        matte=replaceable(picture, face.landmarks),
        pitch=face.crop.pitch / 2,
        method=method,
        opacity=opacity,
    )
    result = picture.copy()
    left, top, right, bottom = paste_back(result, face, CompositingOptions(method), opacity)
    assert np.abs(result.astype(int) - expected).max() <= 1
    assert np.abs(expected.astype(int) - picture).max() > 40
    outside = np.ones(picture.shape[:2], np.bool_)
    outside[top:bottom, left:right] = False
    assert np.array_equal(result[outside], picture[outside])


def test_a_face_outside_the_picture_changes_nothing(picture: Image) -> None:
    face = swapped(picture)
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

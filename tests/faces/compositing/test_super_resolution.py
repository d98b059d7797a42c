"""An enlarged face gets its detail back, and no texture that was only noise."""

import cv2
import numpy as np
import pytest

from zoo.faces.compositing.super_resolution import enlarged, share_of_detail
from zoo.faces.geometry.alignment import align
from zoo.people import random_person, random_scene, render
from zoo.photos.image import AnyArray, Image, Plane

INSIDE = np.s_[48:208, 56:200]


@pytest.fixture(scope="module")
def large() -> Image:
    picture = render(random_person(7), random_scene(7, max_yaw=0), 448)
    return align(picture.image, picture.landmarks, 256).image


@pytest.fixture(scope="module")
def small(large: Image) -> Plane:
    """As an identity's network would draw it: half the size, a little blurred."""
    reduced = cv2.resize(large, (128, 128), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(reduced, (0, 0), 0.8), np.float32)


def luma(image: AnyArray) -> Plane:
    return np.asarray(image[INSIDE] @ (0.2126, 0.7152, 0.0722), np.float32)


def detail(image: AnyArray) -> float:
    plane = luma(image)
    return float((plane - cv2.GaussianBlur(plane, (0, 0), 1.5)).std())


def error(image: AnyArray, truth: AnyArray) -> float:
    return float(np.sqrt(np.square(luma(image) - luma(truth)).mean()))


def test_detail_is_nearer_to_the_true_one(large: Image, small: Plane) -> None:
    cubic, result = enlarged(small, 0.0), enlarged(small)
    assert result.shape == large.shape
    assert error(result, large) < 0.9 * error(cubic, large)
    assert detail(cubic) < 0.65 * detail(large)
    assert 1.25 * detail(cubic) < detail(result) < 1.15 * detail(large)


def test_without_detail_it_is_cubic_interpolation(small: Plane) -> None:
    expected = cv2.resize(small, (256, 256), interpolation=cv2.INTER_CUBIC)
    np.testing.assert_array_equal(enlarged(small, 0.0), expected.clip(0, 255))


def test_half_of_the_detail_lies_between(small: Plane) -> None:
    least, half, most = (enlarged(small, share) for share in (0.0, 0.5, 1.0))
    unclipped = (most > 0) & (most < 255)
    assert np.abs(2 * half - least - most)[unclipped].max() < 1e-3


def test_faint_patterns_are_not_made_stronger() -> None:
    noise = np.random.default_rng(0).normal(scale=1.5, size=(128, 128, 1))
    skin = np.asarray(np.full((128, 128, 3), (180, 140, 120)) + noise, np.float32)
    assert detail(enlarged(skin)) < 1.1 * detail(enlarged(skin, 0.0))


def test_other_sizes(small: Plane) -> None:
    assert enlarged(small[:64, :64]).shape == (128, 128, 3)
    assert enlarged(np.tile(small, (2, 2, 1))).shape == (512, 512, 3)


def test_an_odd_side_gets_the_same_detail_as_an_even_one(small: Plane) -> None:
    odd, even = enlarged(small[:65, :65]), enlarged(small[:66, :66])
    assert odd.shape == (130, 130, 3)
    np.testing.assert_allclose(odd[:96, :96], even[:96, :96], atol=0.5)


@pytest.mark.parametrize(("pitch", "share"), [(0.5, 0), (1.2, 0), (1.5, 0.5), (1.8, 1), (9, 1)])
def test_detail_comes_in_with_the_size_of_the_face(pitch: float, share: float) -> None:
    assert share_of_detail(pitch) == pytest.approx(share)

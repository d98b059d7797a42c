from collections.abc import Sequence

import numpy as np
import pytest

from tests.faces.conftest import Portrait
from zoo.faces.compositing.blending import Method, blend
from zoo.faces.geometry.alignment import align, alignment_matrix, warp_back
from zoo.faces.geometry.reference import REFERENCE
from zoo.faces.masks.face_mask import face_mask
from zoo.photos.image import Plane

METHODS: tuple[Method, ...] = ("feather", "poisson")


def swapped_between(photo: Portrait, other: Portrait, size: int = 128) -> Plane:
    """The other person's crop, warped to where the photo's face is."""
    crop = align(other.render.image, other.face.landmarks, size).image
    matrix = alignment_matrix(photo.face.landmarks)
    return np.asarray(warp_back(crop, matrix, photo.render.image.shape), np.float32)


@pytest.mark.parametrize("method", METHODS)
def test_outside_the_mask_no_pixel_changes(portraits: Sequence[Portrait], method: Method) -> None:
    photo, other = portraits[0], portraits[2]
    before = photo.render.image.copy()
    swapped = swapped_between(photo, other)
    mask = face_mask(photo.face.landmarks, before.shape)
    result = blend(photo.render.image, swapped, mask, photo.face.landmarks, method=method)
    assert np.array_equal(photo.render.image, before)
    assert np.array_equal(result[mask == 0], before[mask == 0])
    assert np.abs(result[mask == 1].astype(float) - before[mask == 1]).mean() > 3


@pytest.mark.parametrize("method", METHODS)
def test_a_face_swapped_by_itself_is_itself(portrait: Portrait, method: Method) -> None:
    photo = portrait.render.image
    mask = face_mask(portrait.face.landmarks, photo.shape)
    itself = photo.astype(np.float32)
    result = blend(photo, itself, mask, portrait.face.landmarks, method=method)
    assert np.abs(result.astype(float) - photo).max() <= 2


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("part", [(slice(0, 256), slice(128, 256)), (slice(120, 256), slice(None))])
def test_a_face_cut_by_the_border_is_blended(
    portraits: Sequence[Portrait],
    method: Method,
    part: tuple[slice, slice],
) -> None:
    photo, other = portraits[0], portraits[2]
    shift = np.array((part[1].start or 0, part[0].start or 0), np.float32)
    cut = np.ascontiguousarray(photo.render.image[part])
    swapped = np.ascontiguousarray(swapped_between(photo, other)[part])
    landmarks = photo.face.landmarks - shift
    result = blend(cut, swapped, face_mask(landmarks, cut.shape), landmarks, method=method)
    assert result.shape == cut.shape
    assert (result != cut).any()


def test_a_face_larger_than_the_photo_is_blended_everywhere() -> None:
    landmarks = (REFERENCE * 4000 - 2000).astype(np.float32)
    photo = np.random.default_rng(0).integers(0, 256, (60, 50, 3)).astype(np.uint8)
    mask = face_mask(landmarks, photo.shape)
    assert (mask == 1).all()
    turned = photo[::-1].astype(np.float32)
    for method in METHODS:
        assert blend(photo, turned, mask, landmarks, method=method).shape == photo.shape


def test_cloning_hides_a_difference_in_light_across_the_face(portrait: Portrait) -> None:
    photo = portrait.render.image
    ramp = np.linspace(-40, 40, photo.shape[1])[None, :, None]
    swapped = (photo + ramp).clip(0, 255).astype(np.float32)
    mask = face_mask(portrait.face.landmarks, photo.shape)

    def error(method: Method) -> float:
        result = blend(photo, swapped, mask, portrait.face.landmarks, method=method)
        return float(np.abs(result.astype(float) - photo)[mask == 1].mean())

    assert error("poisson") < 0.8 * error("feather")

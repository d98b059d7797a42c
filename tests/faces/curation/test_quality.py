from collections.abc import Sequence

import cv2
import numpy as np

from tests.faces.conftest import Portrait
from zoo.faces.curation.quality import Seen, sharpness
from zoo.faces.geometry.alignment import align
from zoo.photos.image import Image


def crop_of(portrait: Portrait, image: Image, size: int = 256) -> Image:
    return align(image, portrait.face.landmarks, size).image


def test_sharpness_falls_with_blur(portraits: Sequence[Portrait]) -> None:
    for portrait in portraits:
        image = portrait.render.image
        eyes = portrait.face.interocular
        blurred = np.asarray(cv2.GaussianBlur(image, (0, 0), 0.05 * eyes), np.uint8)
        assert sharpness(crop_of(portrait, image)) > 0.3
        assert sharpness(crop_of(portrait, blurred)) < 0.14


def test_sharpness_does_not_depend_on_exposure_or_the_crops_size(portrait: Portrait) -> None:
    image = portrait.render.image
    dim = (image * 0.4).astype(np.uint8)
    whole = sharpness(crop_of(portrait, image))
    assert abs(sharpness(crop_of(portrait, dim)) / whole - 1) < 0.2
    assert abs(sharpness(crop_of(portrait, image, 128)) / whole - 1) < 0.2


def test_a_flat_crop_is_not_sharp() -> None:
    assert sharpness(np.full((64, 64, 3), 90, np.uint8)) == 0


def test_the_same_picture_stored_otherwise_is_a_twin(portrait: Portrait) -> None:
    seen = Seen(4.0)
    aligned = align(portrait.render.image, portrait.face.landmarks, 256)
    assert seen.twin_of(aligned.image, aligned.landmarks) is None
    seen.add("first", aligned.image, aligned.landmarks)
    _, stored = cv2.imencode(".jpg", portrait.render.image, [cv2.IMWRITE_JPEG_QUALITY, 40])
    again = np.asarray(cv2.imdecode(stored, cv2.IMREAD_COLOR), np.uint8)
    other = align(again, portrait.face.landmarks, 256)
    assert seen.twin_of(other.image, other.landmarks) == "first"


def test_another_expression_or_another_light_is_no_twin(portraits: Sequence[Portrait]) -> None:
    seen = Seen(4.0)
    for index, portrait in enumerate(portraits):
        aligned = align(portrait.render.image, portrait.face.landmarks, 256)
        assert seen.twin_of(aligned.image, aligned.landmarks) is None
        seen.add(str(index), aligned.image, aligned.landmarks)
    smiling = aligned.landmarks.copy()
    smiling[48:] += np.array((0.0, 0.04), np.float32)
    assert seen.twin_of(aligned.image, smiling) is None
    brighter = (aligned.image * 0.8).astype(np.uint8)
    assert seen.twin_of(brighter, aligned.landmarks) is None


def test_many_faces_are_remembered() -> None:
    seen = Seen(4.0)
    random = np.random.default_rng(0)
    crops = random.integers(0, 256, (150, 32, 32, 3)).astype(np.uint8)
    landmarks = random.random((150, 68, 2)).astype(np.float32)
    for index in range(150):
        assert seen.twin_of(crops[index], landmarks[index]) is None
        seen.add(str(index), crops[index], landmarks[index])
    assert [seen.twin_of(crops[i], landmarks[i]) for i in (0, 70, 149)] == ["0", "70", "149"]

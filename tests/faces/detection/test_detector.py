from collections.abc import Sequence

import cv2
import numpy as np
import pytest

from tests.faces.conftest import Portrait
from tests.faces.turned import turned
from zoo.faces.detection.detector import find_faces
from zoo.faces.detection.landmark_fitting import apart
from zoo.faces.geometry.alignment import apply
from zoo.photos.image import Image


def enlarged(image: Image, times: float) -> Image:
    size = (round(image.shape[1] * times), round(image.shape[0] * times))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def error(portrait: Portrait) -> float:
    """Mean distance to the true landmarks, in eye distances."""
    apart = np.linalg.norm(portrait.face.landmarks - portrait.render.landmarks, axis=1).mean()
    return float(apart / portrait.face.interocular)


def test_landmarks_lie_where_the_renderer_put_them(portraits: Sequence[Portrait]) -> None:
    assert np.mean([error(portrait) for portrait in portraits]) < 0.1


@pytest.mark.parametrize("shape", [(200, 300, 3), (1, 1, 3), (3, 900, 3)])
def test_nothing_is_found_where_nothing_is(shape: tuple[int, int, int]) -> None:
    assert find_faces(np.full(shape, 127, np.uint8)) == []
    assert find_faces(np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)) == []


def test_a_face_below_the_detectors_window_is_found_at_twice_the_size(portrait: Portrait) -> None:
    small = enlarged(portrait.render.image, 0.4)
    [face] = find_faces(small)
    assert face.box[2] - face.box[0] < 80
    truth = (portrait.render.landmarks + 0.5) * 0.4 - 0.5
    assert np.linalg.norm(face.landmarks - truth, axis=1).mean() < 0.12 * face.interocular


def test_boxes_and_landmarks_of_a_large_photo_are_in_its_pixels(portrait: Portrait) -> None:
    large = enlarged(portrait.render.image, 8)  # 2048 pixels: searched at half size
    [face] = find_faces(large)
    truth = (portrait.render.landmarks + 0.5) * 8 - 0.5
    assert np.linalg.norm(face.landmarks - truth, axis=1).mean() < 0.12 * face.interocular


def test_a_small_face_in_a_large_photo_is_found(portrait: Portrait) -> None:
    wall = np.full((2000, 3000, 3), 90, np.uint8)
    wall[1500:1756, 2500:2756] = portrait.render.image
    [face] = find_faces(wall)
    truth = portrait.render.landmarks + np.array((2500, 1500))
    assert np.linalg.norm(face.landmarks - truth, axis=1).mean() < 0.12 * face.interocular


def test_small_faces_beside_a_larger_one_are_found_in_a_large_photo(
    portraits: Sequence[Portrait],
) -> None:
    wall = np.full((1200, 2048, 3), 90, np.uint8)
    wall[100:420, 100:420] = enlarged(portraits[0].render.image, 1.25)
    wall[800:1005, 1500:1705] = enlarged(portraits[2].render.image, 0.8)
    assert len(find_faces(wall)) == 2


def test_the_largest_face_comes_first(portraits: Sequence[Portrait]) -> None:
    one, other = (portraits[index].render.image for index in (0, 2))
    photo = np.full((512, 800, 3), 90, np.uint8)
    photo[:256, :256] = one
    photo[:512, 288:] = enlarged(other, 2)
    first, second = find_faces(photo)
    assert first.box[0] > 288 > second.box[2]
    assert first.area > second.area
    assert first.interocular > second.interocular


@pytest.mark.parametrize("roll", [*range(0, 181, 30), 45, -135])
def test_a_head_is_found_at_any_roll_the_right_way_up(
    portraits: Sequence[Portrait], roll: int
) -> None:
    for portrait in portraits[:3]:
        picture, matrix = turned(enlarged(portrait.render.image, 1.5), roll)
        expected = apply(matrix, portrait.face.landmarks * 1.5 + 0.25)
        [face] = find_faces(picture)
        assert apart(face.landmarks, expected) < 0.08


def test_small_faces_of_a_picture_that_is_stored_sideways_are_found(
    portraits: Sequence[Portrait],
) -> None:
    wall = np.full((900, 1400, 3), 90, np.uint8)
    for number in range(6):
        y, x = 60 + 420 * (number // 3), 60 + 450 * (number % 3)
        wall[y : y + 205, x : x + 205] = enlarged(portraits[2 * (number % 2)].render.image, 0.8)
    upright = len(find_faces(wall))
    sideways, _ = turned(wall, 90)
    assert upright == 6
    assert len(find_faces(sideways)) >= upright - 1

import cv2
import numpy as np
import pytest

from tests.faces.conftest import Portrait
from zoo.faces.geometry.alignment import alignment_matrix, covered
from zoo.faces.geometry.reference import REFERENCE
from zoo.faces.masks.face_mask import _forehead, face_mask, face_outline, face_region, mask_outline


def test_the_mask_covers_face_and_forehead_and_stays_inside(portrait: Portrait) -> None:
    landmarks = portrait.face.landmarks
    mask = face_mask(landmarks, portrait.render.image.shape)
    assert mask.dtype == np.float32
    assert mask.min() == 0
    assert mask.max() == 1
    hull = np.zeros(mask.shape, np.uint8)
    cv2.fillConvexPoly(hull, np.rint(mask_outline(landmarks)).astype(np.int32), 1)
    assert (mask[hull == 0] == 0).all()
    x, y = np.rint(landmarks[[30, 33, 66]]).astype(int).T
    assert (mask[y, x] == 1).all()
    height = landmarks[8, 1] - landmarks[27, 1]
    forehead = landmarks[[21, 22]].mean(axis=0) - (0, 0.25 * height)
    assert mask[round(float(forehead[1])), round(float(forehead[0]))] == 1


def test_the_mask_rises_over_a_feather_that_is_wider_at_the_forehead() -> None:
    mask = face_mask((REFERENCE * 800 + 100).astype(np.float32), (1000, 1000))
    middle = mask[:, 500]  # a column through the forehead, the nose and the chin
    size = np.sqrt(cv2.contourArea(face_outline(REFERENCE * 800)))
    rises = np.flatnonzero((middle > 0) & (middle < 1))
    above, below = rises[rises < 500], rises[rises > 500]
    assert len(below) == pytest.approx(0.03 * size, rel=0.2)
    assert len(above) > 1.5 * len(below)
    steps = max(np.abs(np.diff(mask, axis=0)).max(), np.abs(np.diff(mask, axis=1)).max())
    assert steps < 0.1


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
    least = cv2.erode(whole, np.ones((3, 3), np.uint8))  # a rounded outline: one pixel
    assert (cut[:, 0] > least[:, cut_at] - 0.05).all()
    assert cut[round(float(landmarks[30, 1])), 0] == 1


@pytest.mark.parametrize("move", [(-5000, 0), (0, 5000), (-400, -400)])
def test_a_face_outside_the_photo_has_an_empty_mask(
    portrait: Portrait, move: tuple[int, int]
) -> None:
    landmarks = portrait.face.landmarks + np.array(move, np.float32)
    photo = portrait.render.image
    assert not face_mask(landmarks, photo.shape).any()
    assert face_region(landmarks, photo.shape) is None


def test_the_forehead_is_highest_over_the_nose_and_falls_to_the_temples() -> None:
    height = REFERENCE[8, 1] - REFERENCE[27, 1]  # from the nose's bridge to the chin
    above = (REFERENCE[17:27, 1] - _forehead(REFERENCE)[:, 1]) / height
    half = [0.231, 0.336, 0.3906, 0.42, 0.42]
    assert above == pytest.approx([*half, *reversed(half)], abs=1e-4)
    assert _forehead(REFERENCE)[:, 0] == pytest.approx(REFERENCE[17:27, 0])

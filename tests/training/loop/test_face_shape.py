import numpy as np

from tests.training.conftest import random_pack
from zoo.faces.curation.face_pack import FacePack
from zoo.faces.geometry.reference import REFERENCE
from zoo.training.loop.face_shape import with_reference_jaw


def pack_with(landmarks: np.ndarray, dots: bool = True) -> FacePack:
    """White dots on black where the landmarks are."""
    side = 128
    face = np.zeros((side, side, 3), np.uint8)
    for x, y in np.rint(landmarks * side - 0.5).astype(int):
        face[y - 1 : y + 2, x - 1 : x + 2] = 255
    return FacePack(face[None], landmarks[None].astype(np.float32), ["a.png"], ["made"])


def symmetric(shift: float) -> np.ndarray:
    landmarks = REFERENCE.astype(np.float32).copy()
    landmarks[:17, 1] -= shift
    return landmarks


def test_the_jaw_becomes_the_references() -> None:
    bent = with_reference_jaw(pack_with(symmetric(0.03)))
    np.testing.assert_allclose(bent.landmarks[0, :17], REFERENCE[:17], atol=1e-5)
    np.testing.assert_allclose(bent.landmarks[0, 17:], REFERENCE[17:], atol=1e-5)


def test_the_picture_moves_with_its_landmarks() -> None:
    before = pack_with(symmetric(0.03))
    bent = with_reference_jaw(before)
    for x, y in np.rint(bent.landmarks[0, 4:13] * 128 - 0.5).astype(int):
        assert bent.faces[0, y, x, 0] > 100
    x, y = np.rint(before.landmarks[0, 8] * 128 - 0.5).astype(int)
    assert bent.faces[0, y - 1, x, 0] < 100


def test_the_rim_and_eyes_stay() -> None:
    before = pack_with(symmetric(0.03))
    bent = with_reference_jaw(before)
    x, y = np.rint(before.landmarks[0, 36:48] * 128 - 0.5).astype(int).T
    assert bent.faces[0, y, x, 0].min() > 150
    random = random_pack(0, 2)
    rim = with_reference_jaw(random).faces[:, 0, :, :].astype(int)
    assert np.abs(rim - random.faces[:, 0, :, :]).mean() < 12


def test_photos_differ_from_each_other_as_before() -> None:
    random = random_pack(0, 4)
    bent = with_reference_jaw(random)
    np.testing.assert_allclose(
        np.diff(bent.landmarks, axis=0), np.diff(random.landmarks, axis=0), atol=1e-5
    )

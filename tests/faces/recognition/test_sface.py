"""The recogniser's own crop and embeddings; without its weights only the points are tested."""

from collections.abc import Sequence

import numpy as np
import pytest

from tests.faces.conftest import Portrait
from zoo.assets import locate
from zoo.faces.recognition.sface import aligned, embedding, five_points
from zoo.photos.image import Points

with_weights = pytest.mark.skipif(locate("sface") is None, reason="SFace's weights are not at hand")

# The ArcFace template of 112 pixels: eyes, tip of the nose, corners of the mouth.
TEMPLATE = np.array(
    [
        [38.2946, 51.6963],
        [73.5318, 51.5014],
        [56.0252, 71.7366],
        [41.5493, 92.3655],
        [70.7299, 92.2041],
    ]
)


def similarity(source: Points, target: Points) -> np.ndarray:
    """The least-squares similarity [2, 3] of Umeyama (1991), independent of OpenCV's."""
    a, b = source - source.mean(axis=0), target - target.mean(axis=0)
    u, sizes, vt = np.linalg.svd(b.T @ a / len(a))
    signs = np.array([1.0, np.sign(np.linalg.det(u @ vt))])
    rotation = u @ np.diag(signs) @ vt
    scale = (sizes * signs).sum() / (a**2).sum(axis=1).mean()
    shift = target.mean(axis=0) - scale * rotation @ source.mean(axis=0)
    return np.hstack([scale * rotation, shift[:, None]])


def test_the_five_points_are_the_pictures_left_ones_first() -> None:
    landmarks = np.arange(136, dtype=np.float32).reshape(68, 2)
    expected = [[77, 78], [89, 90], [60, 61], [96, 97], [108, 109]]
    assert five_points(landmarks).tolist() == expected


@with_weights
def test_the_crop_is_the_photo_laid_on_the_template(portraits: Sequence[Portrait]) -> None:
    import cv2

    for portrait in portraits:
        image, landmarks = portrait.render.image, portrait.face.landmarks
        matrix = similarity(five_points(landmarks).astype(np.float64), TEMPLATE)
        expected = cv2.warpAffine(image, matrix, (112, 112))[..., ::-1].astype(np.float64)
        crop = aligned(image, landmarks)
        assert crop.shape == (112, 112, 3)
        assert np.abs(crop - expected).mean() < 1


@with_weights
def test_an_embedding_has_length_1_and_knows_a_person_again(portraits: Sequence[Portrait]) -> None:
    ada, again, bruno = (embedding(p.render.image, p.face.landmarks) for p in portraits[:3])
    assert ada.shape == (128,) and ada.dtype == np.float32
    assert float(np.linalg.norm(ada)) == pytest.approx(1, abs=1e-5)
    assert float(ada @ again) > float(ada @ bruno) + 0.1

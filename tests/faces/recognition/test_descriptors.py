from collections.abc import Sequence

import dlib
import numpy as np
import pytest

from tests.faces.conftest import Portrait
from zoo.faces.detection.dlib_models import DESCRIPTOR, model_file
from zoo.faces.recognition.descriptors import descriptor


def test_one_persons_descriptors_lie_nearer_than_anothers(portraits: Sequence[Portrait]) -> None:
    ada, ada_again, bruno = (descriptor(p.render.image, p.face) for p in portraits[:3])
    assert ada.shape == (128,)
    assert ada.dtype == np.float32
    assert np.linalg.norm(ada - ada_again) < np.linalg.norm(ada - bruno)


def test_an_image_that_is_a_view_is_described_the_same(portrait: Portrait) -> None:
    image = portrait.render.image
    view = np.asfortranarray(image)
    assert np.array_equal(descriptor(image, portrait.face), descriptor(view, portrait.face))


def test_a_descriptor_is_dlibs_own(portrait: Portrait) -> None:
    image, face = portrait.render.image, portrait.face
    points = [dlib.point(int(x), int(y)) for x, y in np.floor(face.landmarks + 0.5)]
    shape = dlib.full_object_detection(dlib.rectangle(*face.box), points)
    original = dlib.face_recognition_model_v1(str(model_file(DESCRIPTOR)))
    expected = np.array(original.compute_face_descriptor(image, shape))
    assert descriptor(image, face) == pytest.approx(expected, abs=1e-5)

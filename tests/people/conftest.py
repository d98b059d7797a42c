import importlib.util
from dataclasses import dataclass
from pathlib import Path

import dlib
import numpy as np
import numpy.typing as npt
import pytest

from zoo.people import Render


@dataclass(frozen=True)
class Judge:
    """dlib's detector, landmarks and descriptor, without our own faces package."""

    detector: dlib.fhog_object_detector
    predictor: dlib.shape_predictor
    encoder: dlib.face_recognition_model_v1

    def landmarks(self, picture: Render) -> npt.NDArray[np.float64] | None:
        shape = self._shape(picture)
        return None if shape is None else np.array([(p.x, p.y) for p in shape.parts()], float)

    def descriptor(self, picture: Render) -> npt.NDArray[np.float64]:
        return np.array(self.encoder.compute_face_descriptor(picture.image, self._shape(picture)))

    def _shape(self, picture: Render) -> dlib.full_object_detection | None:
        boxes = self.detector(picture.image, 0) or self.detector(picture.image, 1)
        if not boxes:
            return None
        return self.predictor(picture.image, max(boxes, key=lambda box: box.area()))


@pytest.fixture(scope="session")
def judge() -> Judge:
    spec = importlib.util.find_spec("face_recognition_models")
    assert spec is not None and spec.submodule_search_locations is not None
    models = Path(spec.submodule_search_locations[0]) / "models"
    return Judge(
        dlib.get_frontal_face_detector(),
        dlib.shape_predictor(str(models / "shape_predictor_68_face_landmarks.dat")),
        dlib.face_recognition_model_v1(str(models / "dlib_face_recognition_resnet_model_v1.dat")),
    )

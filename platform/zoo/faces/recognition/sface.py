"""SFace: 128-number embeddings of faces, from a recogniser that training never uses.

Zhong et al., *SFace: Sigmoid-Constrained Hypersphere Loss for Robust Face Recognition* (2021,
https://arxiv.org/abs/2205.12010), as OpenCV Zoo publishes it and OpenCV runs it
(https://github.com/opencv/opencv_zoo/tree/main/models/face_recognition_sface). The cosine of two
embeddings is above 0.363 for one person and below it for two, in OpenCV's own evaluation.
"""

from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from zoo.assets import fetch
from zoo.photos.image import Image, Points

Embedding = NDArray[np.float32]
"""[128], of length 1."""


def embedding(image: Image, landmarks: Points) -> Embedding:
    """The embedding of one face of ``image`` [H, W, 3] with these landmarks [68, 2] in pixels.

    Raises:
        AssetError: the recogniser's weights are missing and cannot be had, or damaged.
    """
    found: Embedding = _network().feature(aligned(image, landmarks))[0].astype(np.float32)
    return found / np.linalg.norm(found)


def aligned(image: Image, landmarks: Points) -> Image:
    """The recogniser's crop [112, 112, 3] in BGR: five points aligned to a template."""
    picture = np.ascontiguousarray(image[..., ::-1])
    # OpenCV takes a row of its detector: box, eyes, nose, corners of the mouth, score.
    row = np.array([[0, 0, 1, 1, *five_points(landmarks).ravel(), 1]], np.float32)
    crop: Image = _network().alignCrop(picture, row)
    return crop


def five_points(landmarks: Points) -> Points:
    """Eyes, tip of the nose, corners of the mouth [5, 2], the picture's left ones first."""
    left_eye, right_eye = landmarks[36:42].mean(axis=0), landmarks[42:48].mean(axis=0)
    return np.stack([left_eye, right_eye, landmarks[30], landmarks[48], landmarks[54]])


@cache
def _network() -> Any:
    return cv2.FaceRecognizerSF.create(str(fetch("sface")), "")

"""What the shipped networks say, run by ONNX Runtime directly."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

import zoo.faces.compositing.super_resolution as resolution
from zoo.faces.compositing.super_resolution import _cored, enlarged
from zoo.faces.masks import segmentation
from zoo.faces.masks.segmentation import segment
from zoo.photos.image import Image


def run(weights: Path, photo: Image) -> NDArray[np.float32]:
    """The network's answer to a photo [S, S, 3], without the batch."""
    session = onnxruntime.InferenceSession(str(weights), providers=["CPUExecutionProvider"])
    planes = np.stack([photo[..., channel] for channel in range(3)])[None]
    given: Any = (planes / 255).astype(np.float32)
    answer: NDArray[np.float32] = session.run(None, {"photo": given})[0][0]
    return answer


def probabilities(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """The softmax over the classes [4, H, W]."""
    odds = np.exp(logits.astype(np.float64))
    return np.asarray(odds / odds.sum(axis=0))


def smooth(side: int) -> Image:
    noise = np.random.default_rng(7).integers(0, 256, (side, side, 3)).astype(np.uint8)
    blurred = cv2.GaussianBlur(noise, (0, 0), 2.5)
    return np.asarray((3.0 * (blurred - 127.5) + 120).clip(0, 255), np.uint8)


def test_classes_are_what_the_network_says_of_a_crop_of_its_size() -> None:
    crop = smooth(128)
    expected = probabilities(run(segmentation.WEIGHTS, crop))
    found = segment(crop)
    assert expected.shape == (4, 128, 128) and expected.std() > 0.05
    for kind in range(4):
        assert np.abs(found[..., kind] - expected[kind]).max() < 1e-5


def test_crops_of_other_sizes_are_averaged_down_or_drawn_out() -> None:
    large, small = smooth(256), smooth(64)
    means = large.reshape(128, 2, 128, 2, 3).mean(axis=(1, 3))
    for crop, shown in (
        (large, np.floor(means + 0.5).astype(np.uint8)),
        (small, cv2.resize(small, (128, 128), interpolation=cv2.INTER_LINEAR).astype(np.uint8)),
    ):
        expected = probabilities(run(segmentation.WEIGHTS, shown)).transpose(1, 2, 0)
        assert np.abs(segmentation._probability(crop) - expected).max() < 1e-5


@pytest.mark.parametrize("share", [1.0, 0.6])
def test_an_enlarged_face_is_cubic_with_a_share_of_the_networks_detail(share: float) -> None:
    face = smooth(48)
    lacking = run(resolution.WEIGHTS, face)
    assert lacking.shape == (1, 96, 96)
    detail = _cored(255 * lacking[0])
    large = cv2.resize(face.astype("f4"), (96, 96), interpolation=cv2.INTER_CUBIC)
    expected = (large + share * detail[..., None]).clip(0, 255)
    assert np.abs(detail).max() > 2
    assert np.abs(enlarged(face.astype("f4"), share) - expected).max() < 2e-3

"""What each pixel of an aligned face shows: background, hair, skin, or something else.

A small network, trained on rendered people only (``pipelines/segmentation.py``), looks at the
crop at one fixed size; its answer is brought to the crop's own size. See docs/segmentation.md
for how it was chosen and where it fails.
"""

from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from zoo.errors import AssetError
from zoo.photos.image import Image, Plane, Points

BACKGROUND, HAIR, SKIN, OTHER = 0, 1, 2, 3
"""Classes, as ``zoo.people`` labels them; OTHER is what is worn or held."""

WEIGHTS = Path(__file__).with_name("segmentation.onnx")

_SIDE = 128  # pixels, of what the network takes


def segment(crop: Image) -> Plane:
    """Probabilities [S, S, 4] of the classes, for an aligned face [S, S, 3] of any size.

    SKIN holds all that is painted over by a swap: eyes, brows, lips, teeth, beard, ears and
    neck too, and eyes behind clear glasses.

    Raises:
        AssetError: the network's file is missing or damaged.
    """
    size = crop.shape[0]
    way = cv2.INTER_AREA if size > _SIDE else cv2.INTER_LINEAR
    seen = crop if size == _SIDE else cv2.resize(crop, (_SIDE, _SIDE), interpolation=way)
    photo_13SS = np.ascontiguousarray(seen.transpose(2, 0, 1)[None], np.float32) / 255
    (probability_14SS,) = _session().run(None, {"photo": photo_13SS})
    probability = np.ascontiguousarray(probability_14SS[0].transpose(1, 2, 0))
    if size == _SIDE:
        return probability
    return np.asarray(cv2.resize(probability, (size, size), interpolation=cv2.INTER_LINEAR))


def skin(crop: Image, landmarks: Points | None = None) -> Plane:
    """How much [S, S], 0 to 1, of each pixel a swapped face may replace.

    Args:
        crop: an aligned face [S, S, 3].
        landmarks: of the face in unit coordinates of the crop; between brows, mouth and chin
            only strong evidence then counts against skin.

    Raises:
        AssetError: the network's file is missing or damaged.
    """
    return np.ascontiguousarray(segment(crop)[..., SKIN])


@cache
def _session() -> Any:
    import onnxruntime

    onnxruntime.set_default_logger_severity(4)  # errors reach us as exceptions
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    try:
        return onnxruntime.InferenceSession(
            WEIGHTS.read_bytes(), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # ONNX Runtime's own exceptions have no common public base
        raise AssetError(
            f"{WEIGHTS} is missing or damaged; install faceswap-zoo again with: "
            "pip install --force-reinstall faceswap-zoo"
        ) from error

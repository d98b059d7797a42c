"""Pictures turned by any angle, and where their points come to lie."""

import cv2
import numpy as np

from zoo.faces.detection.regression_trees import rotation
from zoo.photos.image import Image, Matrix


def turned(image: Image, degrees: float) -> tuple[Image, Matrix]:
    """The whole picture turned clockwise on a larger one, and the map of its pixels there."""
    turn = rotation(degrees)
    size = np.ceil(np.abs(turn) @ image.shape[1::-1]).astype(int)
    middle = (np.array(image.shape[1::-1]) - 1) / 2
    matrix = np.column_stack([turn, (size - 1) / 2 - turn @ middle])
    back = cv2.warpAffine(image, matrix, size.tolist(), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(back, np.uint8), matrix

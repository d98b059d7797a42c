"""128 numbers that say whose face it is: the same person's lie near each other.

dlib's residual network, trained by King (2017) on 3 million faces; distances below 0.6 mean
the same person in its own evaluation (http://dlib.net/face_recognition.py.html).
"""

import numpy as np
from numpy.typing import NDArray

from zoo.faces.detection.detector import Face
from zoo.faces.detection.dlib_models import descriptor_network
from zoo.photos.image import Image


def descriptor(image: Image, face: Face) -> NDArray[np.float32]:
    """The descriptor [128] of one face; Euclidean distance compares two of them.

    Raises:
        AssetError: the network's file is missing or damaged.
    """
    import dlib

    points = [dlib.point(round(float(x)), round(float(y))) for x, y in face.landmarks]
    shape = dlib.full_object_detection(dlib.rectangle(*face.box), points)
    found = descriptor_network().compute_face_descriptor(np.ascontiguousarray(image), shape)
    return np.asarray(found, np.float32)

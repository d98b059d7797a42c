"""dlib's descriptor network in ONNX Runtime, which takes a fifteenth of dlib's time.

PyPI's build of dlib has no BLAS: it takes 60 to 115 ms a face on one core, ONNX Runtime 4 to 7.
Only the graph is shipped (made by ``pipelines/shipped/descriptor.py``). The weights are dlib's own,
from ``face_recognition_models``; the session is given them when it opens.
"""

from functools import cache
from pathlib import Path
from typing import Any

from zoo.faces.detection.dlib_models import DESCRIPTOR, model_file
from zoo.faces.recognition.dlib_network import read_dlib_network
from zoo.faces.shipped_session import open_shipped

GRAPH = Path(__file__).with_name("descriptor.onnx")

CHIP = 150
"""Side in pixels of what the network looks at."""


@cache
def descriptor_session() -> Any:
    """``chip`` [B, 3, 150, 150], RGB in 0..1, to descriptors [B, 128]; on one thread.

    Raises:
        AssetError: the weights or the graph are missing or damaged.
    """
    return open_shipped(GRAPH, read_dlib_network(model_file(DESCRIPTOR)).merged())

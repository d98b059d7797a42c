"""dlib's descriptor network in ONNX Runtime, which takes a fifteenth of dlib's time.

PyPI's build of dlib has no BLAS: it takes 60 to 115 ms a face on one core, ONNX Runtime 4 to 7.
Only the graph is shipped (made by ``pipelines/shipped/descriptor.py``). The weights are dlib's own,
from ``face_recognition_models``; the session is given them when it opens.
"""

from functools import cache
from pathlib import Path
from typing import Any

from zoo.errors import AssetError
from zoo.faces.detection.dlib_models import DESCRIPTOR, model_file
from zoo.faces.recognition.dlib_network import read_dlib_network

GRAPH = Path(__file__).with_name("descriptor.onnx")

CHIP = 150
"""Side in pixels of what the network looks at."""


@cache
def descriptor_session() -> Any:
    """``chip`` [B, 3, 150, 150], RGB in 0..1, to descriptors [B, 128]; on one thread.

    Raises:
        AssetError: the weights or the graph are missing or damaged.
    """
    import onnxruntime

    path = model_file(DESCRIPTOR)
    weights = read_dlib_network(path).merged()
    values = [onnxruntime.OrtValue.ortvalue_from_numpy(array) for array in weights.values()]
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # errors reach us as exceptions
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_external_initializers(list(weights), values)
    try:
        return onnxruntime.InferenceSession(
            GRAPH.read_bytes(), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # ONNX Runtime's own exceptions have no common public base
        raise AssetError(
            f"{GRAPH} is missing or damaged; install faceswap-zoo again with: "
            "pip install --force-reinstall faceswap-zoo"
        ) from error

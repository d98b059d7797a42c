"""Opening a small network that is shipped beside the code, with ONNX Runtime on one thread."""

from functools import cache
from pathlib import Path
from typing import Any

from zoo.errors import AssetError


@cache
def shipped_session(weights: Path) -> Any:
    """An ONNX Runtime session of ``weights``, opened once in each process.

    Raises:
        AssetError: the file is missing or damaged.
    """
    import onnxruntime

    onnxruntime.set_default_logger_severity(4)  # errors reach us as exceptions
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    try:
        return onnxruntime.InferenceSession(
            weights.read_bytes(), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # ONNX Runtime's own exceptions have no common public base
        raise AssetError(
            f"{weights} is missing or damaged; install faceswap-zoo again with: "
            "pip install --force-reinstall faceswap-zoo"
        ) from error

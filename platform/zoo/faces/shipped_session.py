"""Opening a small network that is shipped beside the code, with ONNX Runtime on one thread."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from zoo.errors import AssetError
from zoo.photos.image import AnyArray


@cache
def shipped_session(weights: Path) -> Any:
    """An ONNX Runtime session of ``weights``, opened once in each process.

    Raises:
        AssetError: the file is missing or damaged.
    """
    return open_shipped(weights)


def open_shipped(graph: Path, weights: Mapping[str, AnyArray] | None = None) -> Any:
    """A new session of ``graph``.

    Args:
        graph: the file.
        weights: what it declares and does not hold, by name.

    Raises:
        AssetError: the file is missing or damaged.
    """
    import onnxruntime

    onnxruntime.set_default_logger_severity(4)  # errors reach us as exceptions
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    given = weights or {}
    values = [onnxruntime.OrtValue.ortvalue_from_numpy(array) for array in given.values()]
    options.add_external_initializers(list(given), values)
    try:
        session = onnxruntime.InferenceSession(
            graph.read_bytes(), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # ONNX Runtime's own exceptions have no common public base
        raise AssetError(
            f"{graph} is missing or damaged; install faceswap-zoo again with: "
            "pip install --force-reinstall faceswap-zoo"
        ) from error
    session.weights = values  # which may be read where they are for as long as the session lives
    return session

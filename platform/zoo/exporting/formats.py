"""Export formats; standard library only, because every command help names them."""

from enum import StrEnum


class Format(StrEnum):
    """What for; also the file's suffix."""

    dfm = "dfm"
    """DeepFaceLive and facefusion: from the host's crop to a swapped crop with masks."""
    onnx = "onnx"
    """As it is: from an aligned face to an aligned face."""
    safetensors = "safetensors"
    """The weights alone."""

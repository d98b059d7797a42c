"""The files that a network is exported as; the standard library only, for every help names them."""

from enum import StrEnum


class Format(StrEnum):
    """What for; also the file's suffix."""

    dfm = "dfm"
    """DeepFaceLive and facefusion: from the host's crop to a swapped crop with masks."""
    onnx = "onnx"
    """As it is: from an aligned face to an aligned face."""
    safetensors = "safetensors"
    """The weights alone."""

"""Instance normalisation and ReLU as GPU kernels that ``torch.compile`` makes.

PyTorch's own normalisation wants channels together, where convolutions are fast with pixels
together (channels_last): between the two every layer is copied, forward and backward, which takes
more than a quarter of a step of recipe ``paper`` (docs/training.md). The compiled kernels read
what the convolution wrote.
"""

import logging
import os
from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor

from zoo.settings import cache_folder

Kernel = Callable[[Tensor, Tensor, Tensor, float], Tensor]
"""x_BCHW, scale_C, shift_C, ε → ReLU(scale · (x − mean) / √(variance + ε) + shift)."""

SHAPES = 64
"""How many shapes of feature maps one process may compile for; others run uncompiled."""

log = logging.getLogger(__name__)


def normalised_relu(x_BCHW: Tensor, scale_C: Tensor, shift_C: Tensor, epsilon: float) -> Tensor:
    """ReLU of each channel of each photo, normalised by itself; computed in float32.

    Returns:
        Of the shape and precision of ``x_BCHW``.
    """
    x = x_BCHW.float()
    variance, mean = torch.var_mean(x, dim=(2, 3), correction=0, keepdim=True)
    scale = torch.rsqrt(variance + epsilon) * scale_C[:, None, None]
    return torch.relu((x - mean) * scale + shift_C[:, None, None]).to(x_BCHW.dtype)


@cache
def compiled(device: torch.device) -> Kernel | None:
    """:func:`normalised_relu`, compiled for each shape when it is met first.

    Returns:
        None where nothing can be compiled, which is logged: it takes Triton, which comes with
        PyTorch's CUDA builds, a C compiler and Python's headers.
    """
    # Not /tmp, where another user could have put files: what lies there is run.
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(cache_folder() / "kernels"))
    try:
        kernel: Kernel = torch.compile(  # type: ignore[call-overload] # which omit the limit
            normalised_relu, dynamic=False, recompile_limit=SHAPES
        )
        sample = torch.ones(1, 8, 8, 8, device=device, requires_grad=True)
        ones = torch.ones(8, device=device)
        kernel(sample, ones, ones, 1e-5).sum().backward()  # type: ignore[no-untyped-call]
    except Exception as error:  # compilers raise what they like; training works without them
        log.warning(
            "Training takes longer than it could: torch.compile does not work here (%s: %s).",
            type(error).__name__,
            str(error).strip().partition("\n")[0],
        )
        return None
    return kernel

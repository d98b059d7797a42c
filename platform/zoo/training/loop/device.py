"""The device a training runs on, and its precision and memory layout."""

from contextlib import AbstractContextManager

import torch
from torch import nn


def training_device() -> torch.device:
    """The GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def autocast(device: torch.device) -> AbstractContextManager[object]:
    """bf16 where the device computes in it."""
    return torch.autocast(device.type, torch.bfloat16, enabled=has_bf16(device))


def has_bf16(device: torch.device) -> bool:
    """Whether the device computes in bf16 natively."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def place(network: nn.Module, device: torch.device) -> None:
    """Moves a transformation network to ``device`` in the layout that is fast there.

    On CPUs the backward pass of normalisation is slow in channels_last
    (``findings/pytorch-group-norm-channels-last.sh``): recipe ``cpu``'s network takes 1.3 times as
    long with it. On GPUs it is the fast layout.
    """
    layout = torch.channels_last if device.type == "cuda" else torch.contiguous_format
    network.to(device, memory_format=layout)  # type: ignore[call-overload]

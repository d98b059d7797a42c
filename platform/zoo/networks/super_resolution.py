"""The super-resolution network: a face as an identity's network draws it in, twice as large out.

A residual network without normalisation (Lim et al. 2017, *EDSR*,
https://arxiv.org/abs/1707.02921) works on 2 × 2 pixels of the small picture at a time (a pixel
unshuffle): a layer of 16 channels at half the size is as much work as one of 8 at the whole, and
quicker, because processors fill their registers better.
Its last layer gives the 4 × 4 pixels that stand for them, laid out by a pixel shuffle (Shi et al.
2016, https://arxiv.org/abs/1609.05158). It gives the detail of the luma alone, to be added to the
picture enlarged by cubic interpolation.

Shapes: B batch, H × W of the small picture, even.
"""

import logging
import warnings
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.storage import atomic_file

CHANNELS, BLOCKS = 16, 2
TOGETHER = 2
"""Pixels, in either direction, that the network works on at a time."""


class SuperResolutionNetwork(nn.Module):
    """photo_B3HW in 0..1 → detail_B1HW at twice the size, luma in units of the range."""

    def __init__(self) -> None:
        super().__init__()
        self.head = _convolution(3 * TOGETHER**2, CHANNELS)
        self.blocks = nn.Sequential(*(_Residual() for _ in range(BLOCKS)))
        self.last = _convolution(CHANNELS, CHANNELS)
        self.tail = _convolution(CHANNELS, (2 * TOGETHER) ** 2)
        nn.init.zeros_(self.tail.weight)  # no detail before training
        assert self.tail.bias is not None
        nn.init.zeros_(self.tail.bias)

    def forward(self, photo_B3HW: Tensor) -> Tensor:
        squares = F.pixel_unshuffle(photo_B3HW - 0.5, TOGETHER)
        features = self.blocks(F.relu(self.head(squares)))
        detail: Tensor = F.pixel_shuffle(self.tail(F.relu(self.last(features))), 2 * TOGETHER)
        return detail


class _Residual(nn.Module):
    """features_BCHW → the same with what two convolutions add."""

    def __init__(self) -> None:
        super().__init__()
        self.first = _convolution(CHANNELS, CHANNELS)
        self.second = _convolution(CHANNELS, CHANNELS)

    def forward(self, features_BCHW: Tensor) -> Tensor:
        return F.relu(features_BCHW + self.second(F.relu(self.first(features_BCHW))))


def export_super_resolution(network: SuperResolutionNetwork, path: Path) -> None:
    """Writes ``network`` as ONNX: photo_B3HW in 0..1 → detail_B1HW, for any even H and W."""
    import onnx

    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    sides = {2: torch.export.Dim("height", min=8), 3: torch.export.Dim("width", min=8)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=FutureWarning)
        warnings.simplefilter("ignore", category=DeprecationWarning)
        program = torch.onnx.export(
            network.eval(),
            (torch.zeros(2, 3, 64, 72),),
            input_names=["photo"],
            output_names=["detail"],
            dynamic_shapes={"photo_B3HW": {0: torch.export.Dim("batch", min=1), **sides}},
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    model = program.model_proto
    for node in model.graph.node:
        del node.metadata_props[:]  # the exporter's notes, with this machine's paths
        node.doc_string = ""
    onnx.checker.check_model(model)
    with atomic_file(path) as temporary:
        temporary.write_bytes(model.SerializeToString())


def _convolution(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1)

"""The segmentation network: aligned face in, class of each pixel out.

A U-Net (Ronneberger et al. 2015, https://arxiv.org/abs/1505.04597) thin enough for a few
milliseconds on one core. It starts at half resolution, because an edge is found there well
enough to be refined on the photo itself; at 8 px a mean over the whole picture tells every
place what light and skin this face has; and it is told where a pixel lies, because in aligned
crops that says much.

Shapes: B batch, H = W = SIZE.
"""

import copy
import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from zoo.storage import atomic_file

SIZE = 128
"""Side in pixels of what it takes and gives."""

CLASSES = ("background", "hair", "skin", "other")
"""In the order of the labels of ``zoo.people``; ``other`` is whatever is worn or held."""

WIDTHS = (16, 24, 40, 64, 88)
"""Channels at 64 px (first at the stem), 64, 32, 16 and 8 px."""

FINE = 16
"""Channels at full resolution."""


class SegmentationNetwork(nn.Module):
    """photo_B3HW in 0..1 → logits_B4HW."""

    place_W: Tensor

    def __init__(self) -> None:
        super().__init__()
        stem, *widths = WIDTHS
        self.register_buffer("place_W", torch.linspace(-1, 1, SIZE), persistent=False)
        self.stem = _convolution(5, stem, stride=2)
        inputs = [stem, *widths[:-1]]
        self.down = nn.ModuleList(
            nn.Sequential(
                _convolution(before, width, stride=1 if depth == 0 else 2),
                _convolution(width, width),
            )
            for depth, (before, width) in enumerate(zip(inputs, widths, strict=True))
        )
        deepest = widths[-1]
        self.whole = nn.Conv2d(deepest, deepest, 1)
        self.bottom = _convolution(deepest, deepest)
        self.up = nn.ModuleList(
            _convolution(deeper + width, width)
            for deeper, width in zip(widths[:0:-1], widths[-2::-1], strict=True)
        )
        # At full resolution what is known meets the photo's own edges.
        self.narrow = nn.Conv2d(widths[0], FINE, 1)
        self.fine = _convolution(3, FINE)
        self.meet = _convolution(FINE, FINE)
        self.head = nn.Conv2d(FINE, len(CLASSES), 1)

    def forward(self, photo_B3HW: Tensor) -> Tensor:
        # Exposure and colour cast of the whole picture say nothing.
        photo = F.instance_norm(photo_B3HW, eps=1e-3)
        across = self.place_W.view(1, 1, 1, SIZE).expand(photo.shape[0], 1, SIZE, SIZE)
        features = self.stem(torch.cat([photo, across, across.transpose(2, 3)], dim=1))
        kept: list[Tensor] = []
        for block in self.down:
            features = block(features)
            kept.append(features)
        features = self.bottom(features + self.whole(features.mean((2, 3), keepdim=True)))
        for block, skipped in zip(self.up, kept[-2::-1], strict=True):
            coarse = F.interpolate(features, scale_factor=2.0, mode="nearest")
            features = block(torch.cat([coarse, skipped], dim=1))
        half = F.interpolate(self.narrow(features), scale_factor=2.0, mode="bilinear")
        logits: Tensor = self.head(self.meet(half + self.fine(photo)))
        return logits


def export_segmentation(network: SegmentationNetwork, path: Path) -> None:
    """Writes ``network`` as ONNX: photo_B3HW in 0..1 → logits_B4HW, weights in half precision.

    Batch normalisation is folded into the convolutions; the network is left as it is.
    """
    import onnx

    folded = _Folded(copy.deepcopy(network).eval()).eval()
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=FutureWarning)
        warnings.simplefilter("ignore", category=DeprecationWarning)
        program = torch.onnx.export(
            folded,
            (torch.zeros(2, 3, SIZE, SIZE),),
            input_names=["photo"],
            output_names=["logits"],
            dynamic_shapes={"photo_B3HW": {0: torch.export.Dim("batch", min=1)}},
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    model = program.model_proto
    _halve(model)
    onnx.checker.check_model(model)
    with atomic_file(path) as temporary:
        temporary.write_bytes(model.SerializeToString())


def _convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class _Folded(nn.Module):
    """The network without batch normalisation."""

    def __init__(self, network: SegmentationNetwork) -> None:
        super().__init__()
        for module in network.modules():
            if not isinstance(module, nn.Sequential):
                continue
            layer, norm = module[0], module[1]
            if isinstance(layer, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                module[0], module[1] = fuse_conv_bn_eval(layer, norm), nn.Identity()
        self.network = network

    def forward(self, photo_B3HW: Tensor) -> Tensor:
        logits: Tensor = self.network(photo_B3HW)
        return logits


def _halve(model: Any) -> None:
    """Keeps the weights in half precision; ONNX Runtime widens them once, when it loads."""
    from onnx import TensorProto, helper, numpy_helper

    graph = model.graph
    casts = []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < 64:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    for node in nodes:
        del node.metadata_props[:]  # the exporter's notes, with this machine's paths
        node.doc_string = ""
    del graph.node[:]
    graph.node.extend(nodes)

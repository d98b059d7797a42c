"""Exports a trained transformation network as the ONNX file that a swap runs."""

import warnings
from collections.abc import Mapping
from pathlib import Path

import onnx
import torch

from zoo.networks.transformation import TransformationNetwork, for_inference

INPUT, OUTPUT = "photo", "swapped"


def export_onnx(
    network: TransformationNetwork, path: Path, metadata: Mapping[str, str] | None = None
) -> None:
    """Writes ``network`` with a dynamic batch: photo_B3HW → swapped_B3HW, float32 in 0..1.

    Args:
        network: on the CPU; not changed.
        path: the file to write.
        metadata: kept in the file's ``metadata_props``, readable without running it.
    """
    photo = torch.zeros(2, 3, network.resolution, network.resolution)
    # The newer exporter (dynamo=True) gives the same graph after 6 s, the second time after 3 s;
    # this one takes 0.1 s. A quick training takes 100.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of sizes that become constants, too
        torch.onnx.export(
            for_inference(network),
            (photo,),
            path,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_axes={INPUT: {0: "batch"}, OUTPUT: {0: "batch"}},
            dynamo=False,
        )
    model = onnx.load(path)
    onnx.helper.set_model_props(model, dict(metadata or {}))
    onnx.save(model, path)

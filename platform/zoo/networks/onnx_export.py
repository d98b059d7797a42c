"""A trained transformation network as an ONNX file, which is what a swap runs."""

import logging
import warnings
from collections.abc import Mapping
from pathlib import Path

import torch

from zoo.networks.transformation import TransformationNetwork

INPUT, OUTPUT = "photo", "swapped"


def export_onnx(
    network: TransformationNetwork, path: Path, metadata: Mapping[str, str] | None = None
) -> None:
    """Writes ``network`` with a dynamic batch: photo_B3HW → swapped_B3HW, float32 in 0..1.

    Args:
        network: on the CPU; left in evaluation mode.
        path: the file to write.
        metadata: kept in the file's ``metadata_props``, readable without running it.
    """
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    photo = torch.zeros(2, 3, network.resolution, network.resolution)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=FutureWarning)
        warnings.simplefilter("ignore", category=DeprecationWarning)
        program = torch.onnx.export(
            network.eval(),
            (photo,),
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_shapes={"photo_B3HW": {0: torch.export.Dim("batch", min=1)}},
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    program.model.metadata_props.update(metadata or {})
    program.save(path, external_data=False)

"""Makes the graph by which ONNX Runtime computes dlib's face descriptors.

    python pipelines/shipped/descriptor.py

It holds no weights: :mod:`zoo.faces.recognition.descriptor_session` gives them to the session.
"""

import argparse
from pathlib import Path

import onnx
import torch

from zoo.faces.recognition.descriptor_session import CHIP, GRAPH
from zoo.networks.descriptor import read_descriptor_network
from zoo.storage import atomic_file


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=GRAPH)
    out: Path = parser.parse_args().out
    with atomic_file(out) as temporary:
        temporary.write_bytes(graph().SerializeToString())
    print(f"{out}: {out.stat().st_size / 1024:.0f} KB")


def graph() -> onnx.ModelProto:
    """The network, its weights declared and left out."""
    network = read_descriptor_network()
    program = torch.onnx.export(
        network,
        (torch.zeros(2, 3, CHIP, CHIP),),
        dynamo=True,
        input_names=["chip"],
        output_names=["descriptor"],
        dynamic_shapes=({0: torch.export.Dim("batch")},),
    )
    assert program is not None
    model = program.model_proto
    weights = network.state_dict()
    for value in model.graph.initializer:
        if value.name in weights:
            value.ClearField("raw_data")
            value.data_location = onnx.TensorProto.EXTERNAL
            value.external_data.add(key="location", value="dlib")
    # Which line of which file a node comes from says nothing to whom it is shipped.
    for node in model.graph.node:
        node.ClearField("metadata_props")
        node.ClearField("doc_string")
    for part in (model.graph, model):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    model.graph.ClearField("value_info")
    return model


if __name__ == "__main__":
    main()

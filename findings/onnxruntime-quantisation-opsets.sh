#!/usr/bin/env bash
# ONNX Runtime 1.32.0: quantization.shape_inference.quant_pre_process, which the quantiser asks for, writes imports of operator sets that
# no node uses into a model that had one (ai.onnx.ml, com.microsoft, org.pytorch.aten and others), and quantize_static keeps them. A reader
# that refuses domains it does not know (other runtimes, checks of untrusted files) refuses a file of standard operators alone.
# Seen: before ['']; after 8 more; nodes of other domains: 0.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"${PYTHON:-python3.11}" -m venv venv
venv/bin/pip install --quiet onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cat > look.py <<'PYTHON'
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization.shape_inference import quant_pre_process

weights = numpy_helper.from_array(np.ones((4, 3, 3, 3), np.float32), "weights")
shape = helper.make_tensor_value_info
graph = helper.make_graph(
    [helper.make_node("Conv", ["picture", "weights"], ["out"], pads=[1, 1, 1, 1])],
    "one convolution",
    [shape("picture", TensorProto.FLOAT, [1, 3, 8, 8])],
    [shape("out", TensorProto.FLOAT, [1, 4, 8, 8])],
    [weights],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
onnx.checker.check_model(model)
onnx.save(model, "plain.onnx")
quant_pre_process("plain.onnx", "prepared.onnx", skip_symbolic_shape=True)
prepared = onnx.load("prepared.onnx")
before, after = ([one.domain for one in made.opset_import] for made in (model, prepared))
foreign = [node for node in prepared.graph.node if node.domain]
print("onnxruntime", onnxruntime.__version__, "before", before, "after", after)
print("nodes of other domains:", len(foreign))
sys.exit(len(after) != 9 or bool(foreign))
PYTHON
venv/bin/python look.py

#!/usr/bin/env bash
# dlib-bin 20.0.1 (the wheels of dlib that PyPI has; Linux, x86-64) is built without BLAS, so its face descriptor network runs on plain loops. A network of
# the same 29 convolutions, sizes and strides takes ONNX Runtime 1.27.0 a tenth to a twentieth of the time, in float32 on one thread. Nothing warns;
# `dlib.DLIB_USE_BLAS` tells. With dlib's own weights the two agree to 1e-6 (tests/networks/test_descriptor.py). dlib compiled here with OpenBLAS was
# not tried.
# Seen (AMD EPYC): BLAS False, AVX True; dlib 85.8 ms, ONNX Runtime 6.4 ms, ratio 13.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"${PYTHON:-python3.11}" -m venv venv
venv/bin/pip install --quiet "dlib-bin==20.0.1" "face_recognition_models==0.3.0" "onnxruntime==1.27.0" "onnx==1.22.0" "numpy==2.3.5"
venv/bin/python - <<'PYTHON'
import importlib.util
import time

import dlib
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

LEVELS = ((32, 3, False), (64, 4, True), (128, 3, True), (256, 3, True), (256, 1, True))
random = np.random.default_rng(0)
nodes, weights = [], []


def convolution(name, x, inputs, filters, side, stride, pad):
    values = random.normal(0, (inputs * side**2) ** -0.5, (filters, inputs, side, side))
    weights.append(numpy_helper.from_array(values.astype(np.float32), f"{name}.w"))
    weights.append(numpy_helper.from_array(np.zeros(filters, np.float32), f"{name}.b"))
    nodes.append(
        helper.make_node("Conv", [x, f"{name}.w", f"{name}.b"], [name], strides=[stride] * 2, pads=[pad] * 4)
    )
    return name


def relu(x):
    nodes.append(helper.make_node("Relu", [x], [f"{x}.r"]))
    return f"{x}.r"


x = relu(convolution("first", "chip", 3, 32, 7, 2, 0))
nodes.append(helper.make_node("MaxPool", [x], ["pooled"], kernel_shape=[3, 3], strides=[2, 2]))
x, inputs, number = "pooled", 32, 0
for filters, blocks, halved in LEVELS:
    for block in range(blocks):
        half = halved and block == 0
        new = relu(convolution(f"a{number}", x, inputs, filters, 3, 2 if half else 1, 0 if half else 1))
        new = convolution(f"b{number}", new, filters, filters, 3, 1, 1)
        if not half:  # where sizes differ, dlib pads the smaller one, which costs next to nothing
            nodes.append(helper.make_node("Add", [new, x], [f"s{number}"]))
            new = f"s{number}"
        x, inputs, number = relu(new), filters, number + 1
nodes.append(helper.make_node("GlobalAveragePool", [x], ["mean"]))
graph = helper.make_graph(
    nodes,
    "same sizes",
    [helper.make_tensor_value_info("chip", TensorProto.FLOAT, [1, 3, 150, 150])],
    [helper.make_tensor_value_info("mean", TensorProto.FLOAT, None)],
    weights,
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])

folder = importlib.util.find_spec("face_recognition_models").submodule_search_locations[0]
network = dlib.face_recognition_model_v1(f"{folder}/models/dlib_face_recognition_resnet_model_v1.dat")
chip = random.integers(0, 256, (150, 150, 3)).astype(np.uint8)
photo = np.ascontiguousarray(chip.transpose(2, 0, 1)[None], np.float32) / 255


def milliseconds(run):
    run()
    took = []
    for _ in range(15):
        begun = time.process_time()
        run()
        took.append(1000 * (time.process_time() - begun))
    return sorted(took)[7]


ours, theirs = milliseconds(lambda: session.run(None, {"chip": photo})), milliseconds(
    lambda: network.compute_face_descriptor(chip)
)
print(f"dlib {dlib.__version__}: BLAS {dlib.DLIB_USE_BLAS}, AVX {dlib.USE_AVX_INSTRUCTIONS}")
print(f"dlib {theirs:.1f} ms, ONNX Runtime {ours:.1f} ms, ratio {theirs / ours:.0f}")
assert not dlib.DLIB_USE_BLAS, "built with BLAS now"
assert theirs > 4 * ours, "as quick as others now"
PYTHON

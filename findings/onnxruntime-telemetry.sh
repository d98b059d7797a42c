#!/usr/bin/env bash
# ONNX Runtime 1.32.0 from PyPI, Linux: making one session writes an identifier of the machine (.cache/Microsoft/DeveloperTools/.onnxruntime/
# deviceid) and a database of events into the user's home. 1.27.0 wrote nothing. ORT_DISABLE_TELEMETRY=1, set before the import, keeps it
# from both; nothing is said or asked on the way. Whoever ships a tool that is to touch nothing but its outputs has to set it.
# Seen: 1.27.0: no files; 1.32.0: deviceid, onnxruntime.db; 1.32.0 with ORT_DISABLE_TELEMETRY=1: no files.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat > look.py <<'PYTHON'
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

one = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("in", "out")]
graph = helper.make_graph([helper.make_node("Relu", ["in"], ["out"])], "one node", one[:1], one[1:])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
onnx.checker.check_model(model)
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
assert session.run(None, {"in": np.array([-1], np.float32)})[0][0] == 0
PYTHON
look() { # NAME VERSION [VARIABLE=VALUE]: what a session leaves in an empty home
    mkdir "home-$1"
    env HOME="$work/home-$1" "${@:3}" "venv-$2/bin/python" look.py
    (cd "home-$1" && find . -type f -printf '%f\n' | sort | xargs)
}
for version in 1.27.0 1.32.0; do
    "${PYTHON:-python3.11}" -m venv "venv-$version"
    "venv-$version/bin/pip" install --quiet onnx==1.20.1 "onnxruntime==$version" numpy==2.4.6
done
before=$(look before 1.27.0)
now=$(look now 1.32.0)
off=$(look off 1.32.0 ORT_DISABLE_TELEMETRY=1)
echo "1.27.0: ${before:-no files}; 1.32.0: ${now:-no files}; switched off: ${off:-no files}"
[[ -z $before && $now == *deviceid* && -z $off ]]

#!/usr/bin/env bash
# safetensors 0.8.0 (Python, Linux): two files with the same tensors and the same metadata differ. Tensors are sorted, but the metadata come
# from a hash map with a random seed, in another order at each call, so a digest of the file says nothing about its content. Reading is not affected.
# Without metadata, or with one entry, the bytes are always the same. Reported upstream: safetensors/safetensors issue 584.
# Seen: no metadata: 1 file / one entry: 1 file / eight entries: 20 different files of equal size.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"${PYTHON:-python3.11}" -m venv venv
venv/bin/pip install --quiet "safetensors==0.8.0" "numpy==2.3.5"
venv/bin/python - <<'PYTHON'
import numpy as np
from safetensors.numpy import save

weights = {"weight": np.zeros((4, 4), np.float32), "bias": np.ones(4, np.float32)}
found = {}
for entries in (0, 1, 8):
    metadata = {f"key {number}": str(number) for number in range(entries)} or None
    found[entries] = {save(weights, metadata=metadata) for _ in range(20)}
    sizes = {len(one) for one in found[entries]}
    print(f"{entries} entries: {len(found[entries])} different file(s), sizes {sorted(sizes)}")
    assert len(sizes) == 1
assert len(found[0]) == len(found[1]) == 1
assert len(found[8]) > 10, "the order is the same now"
PYTHON

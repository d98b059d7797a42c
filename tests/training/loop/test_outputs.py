"""The files of a training."""

from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load, save

from zoo.training.loop.outputs import in_order


def test_equal_networks_have_equal_bytes(tmp_path: Path) -> None:
    weights = {"b": torch.randn(3, 5), "a": torch.arange(7, dtype=torch.int64)}
    metadata = {f"fact {number}": f"ä {number}" for number in range(12)}
    written = {in_order(save(weights, dict(metadata))) for _ in range(4)}
    assert len(written) == 1
    (encoded,) = written
    assert all(torch.equal(value, weights[name]) for name, value in load(encoded).items())
    path = tmp_path / "network.safetensors"
    path.write_bytes(encoded)
    with safe_open(path, "pt") as file:
        assert file.metadata() == metadata and set(file.keys()) == set(weights)

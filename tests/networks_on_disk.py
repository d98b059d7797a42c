"""Tiny network files: one multiplication, so that what a swap should give is known exactly."""

from pathlib import Path

import onnx
from onnx import TensorProto, helper

from zoo.registry.local import cache
from zoo.storage import sha256_of

SIZE = 64


def write_network(
    path: Path,
    factor: float = 1.0,
    *,
    size: int = SIZE,
    names: tuple[str, str] = ("photo", "swapped"),
    kind: int = TensorProto.FLOAT,
    shape: list[str | int] | None = None,
    **metadata: str,
) -> Path:
    """An ONNX file that multiplies its input by ``factor``."""
    given, made = names
    shape = shape if shape is not None else ["N", 3, size, size]
    graph = helper.make_graph(
        [helper.make_node("Mul", [given, "factor"], [made])],
        "tiny",
        [helper.make_tensor_value_info(given, kind, shape)],
        [helper.make_tensor_value_info(made, kind, shape)],
        [helper.make_tensor("factor", kind, [], [factor])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    helper.set_model_props(model, metadata)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)
    return path


def cached_network(
    uri: str, identity: str, version: int, source: Path, *, size: int = SIZE
) -> cache.CachedNetwork:
    """The network file ``source`` in the cache, as the champion of ``identity``."""
    card = {
        "identity": identity,
        "version": version,
        "sha256": sha256_of(source),
        "basis": "synthetic",
        "recipe": "quick",
        "resolution": size,
        "scores": {},
    }
    network = cache.store(uri, card, lambda path: path.write_bytes(source.read_bytes()))
    cache.remember_aliases(uri, identity, {"champion": version})
    return network

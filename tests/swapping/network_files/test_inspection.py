"""A file is refused for what it holds before ONNX Runtime sees it; and its words must be true."""

import os
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper

from tests.networks_on_disk import write_network
from zoo.errors import AssetError
from zoo.provenance.credentials.marking import Marking
from zoo.swapping import network
from zoo.swapping.network import SwapNetwork
from zoo.swapping.network_files.inspection import MAX_ELEMENTS, OUTPUT, inspect_network

SIDE = 32
Nodes = list[onnx.NodeProto]


@pytest.fixture
def no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is refused with this is refused before a session is made."""
    monkeypatch.setattr(network, "_session", lambda *_: pytest.fail("a session was made"))


def model(nodes: Nodes, *tensors: TensorProto) -> ModelProto:
    """A model with these operators between ``photo`` and ``swapped``."""
    shape: list[str | int | None] = ["N", 3, SIDE, SIDE]
    graph = helper.make_graph(
        nodes,
        "hostile",
        [helper.make_tensor_value_info("photo", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("swapped", TensorProto.FLOAT, shape)],
        list(tensors),
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def tensor(name: str, values: Any, kind: type = np.float32) -> TensorProto:
    return numpy_helper.from_array(np.array(values, kind), name)


def node(operator: str, inputs: str, output: str, **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(operator, inputs.split(), [output], **attributes)


def plain() -> ModelProto:
    return model([node("Relu", "photo", "swapped")])


def saved(path: Path, made: ModelProto) -> Path:
    path.write_bytes(made.SerializeToString())
    return path


def foreign_domain() -> ModelProto:
    made = plain()
    made.graph.node[0].domain = "com.example"
    return made


def foreign_opset() -> ModelProto:
    made = plain()
    made.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return made


def function() -> ModelProto:
    made = plain()
    made.functions.append(
        helper.make_function(
            "com.example", "F", ["x"], ["y"], [node("Relu", "x", "y")], made.opset_import
        )
    )
    return made


def external_data() -> ModelProto:
    made = model([node("Mul", "photo w", "swapped")], tensor("w", 1.0))
    made.graph.initializer[0].ClearField("raw_data")
    made.graph.initializer[0].data_location = TensorProto.EXTERNAL
    made.graph.initializer[0].external_data.add(key="location", value="../../etc/passwd")
    return made


def nested() -> ModelProto:
    inner = helper.make_graph([node("Relu", "photo", "x")], "inner", [], [])
    return model([node("If", "photo", "swapped", then_branch=inner, else_branch=inner)])


def claims_more_than_it_holds() -> ModelProto:
    made = model([node("Mul", "photo w", "swapped")], tensor("w", [1.0]))
    made.graph.initializer[0].dims[:] = [1 << 40]
    return made


def negative_shape() -> ModelProto:
    made = model([node("Mul", "photo w", "swapped")], tensor("w", [1.0]))
    made.graph.initializer[0].dims[:] = [-1, -1]
    return made


def sparse() -> ModelProto:
    made = plain()
    made.graph.sparse_initializer.add().dims[:] = [1 << 40]
    return made


def resized(factor: float) -> ModelProto:
    nodes = [
        node("Resize", "photo  f", "large"),
        node("Resize", "large  b", "swapped"),
    ]
    for one in nodes:
        one.input[:] = [one.input[0], "", one.input[-1]]
    return model(nodes, tensor("f", [1, 1, factor, factor]), tensor("b", [1, 1, 1, 1]))


def doubled(times: int) -> ModelProto:
    names = ["photo", *(f"x{number}" for number in range(times))]
    nodes = [
        node("Concat", f"{before} {before}", after, axis=1) for before, after in pairwise(names)
    ]
    return model([*nodes, node("Slice", f"{names[-1]} zero three one", "swapped")],
                 tensor("zero", [0], np.int64), tensor("three", [3], np.int64),
                 tensor("one", [1], np.int64))  # fmt: skip


def many_channels() -> ModelProto:
    nodes = [node("Conv", "photo w", "wide"), node("Slice", "wide zero three one", "swapped")]
    return model(nodes, tensor("w", np.zeros((400_000, 3, 1, 1))), tensor("zero", [0], np.int64),
                 tensor("three", [3], np.int64), tensor("one", [1], np.int64))  # fmt: skip


def outer_product() -> ModelProto:
    row = tensor("row", np.zeros((1, 40_000)))
    column = tensor("column", np.zeros((40_000, 1)))
    return model([node("Add", "row column", "x"), node("Relu", "photo", "swapped")], row, column)


def laborious() -> ModelProto:
    weights = tensor("w", np.zeros((4096, 4096, 1, 1)))
    start, end = tensor("s", np.zeros((4096, 3, 1, 1))), tensor("e", np.zeros((3, 4096, 1, 1)))
    names = [f"x{number}" for number in range(99)]
    nodes = [node("Conv", f"{a} w", b) for a, b in pairwise(names)]
    return model(
        [node("Conv", "photo s", names[0]), *nodes, node("Conv", f"{names[-1]} e", "swapped")],
        weights, start, end,
    )  # fmt: skip


def data_decides_the_size() -> ModelProto:
    nodes = [
        node("Cast", "photo", "sizes", to=TensorProto.INT64),
        node("Resize", "photo", "swapped"),
    ]
    nodes[1].input[:] = ["photo", "", "", "sizes"]
    return model(nodes)


def attribute_of_another_type() -> ModelProto:
    made = model([node("Concat", "photo", "swapped", axis=1)])
    made.graph.node[0].attribute[0].type = onnx.AttributeProto.FLOAT
    return made


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (foreign_domain, "of 'com.example'"),
        (foreign_opset, "com.microsoft"),
        (function, "its own functions"),
        (external_data, "in another file"),
        (nested, "holds a graph"),
        (claims_more_than_it_holds, "1,099,511,627,776 values, and has 1"),
        (negative_shape, "impossible shape"),
        (sparse, "sparse"),
        (lambda: resized(2000.0), "numbers at once"),
        (lambda: resized(float("inf")), "does not match"),
        (lambda: resized(float("nan")), "does not match"),
        (lambda: resized(-2.0), "empty result"),
        (lambda: doubled(40), "numbers at once"),
        (many_channels, "numbers at once"),
        (outer_product, "numbers at once"),
        (laborious, "operations"),
        (data_decides_the_size, "is unknown"),
        (attribute_of_another_type, "not of its declared type"),
        (lambda: model([node("Loop", "photo", "swapped")]), "a swap network does not use the "
            "operator"),
        (lambda: model([node("RandomNormal", "", "swapped")]), "a swap network does not use the "
            "operator"),
        (lambda: model([node("Relu", "nobody", "swapped")]), "nothing gives 'nobody'"),
        (lambda: model([node("Relu", "photo", "photo")]), "two operators give"),
        (lambda: model([node("Relu", "photo", "other")]), "it gives None"),
        (
            lambda: model([node("MaxPool", "photo", "swapped", kernel_shape=[2, 2])]),
            "it gives .1, 3, 31, 31.",
        ),
        (
            lambda: model([node("MaxPool", "photo", "swapped", kernel_shape=[1, 1],
                                strides=[0, 1])]),
            "impossible size",
        ),
        (
            lambda: model([node("Conv", "photo w", "swapped", group=0)],
                          tensor("w", np.zeros((3, 3, 1, 1)))),
            "not two-dimensional",
        ),
        (
            lambda: model([node("Conv", "photo w", "swapped", pads=[1 << 40] * 4)],
                          tensor("w", np.zeros((3, 3, 1, 1)))),
            "impossible size",
        ),
        *(
            (
                lambda sizes=sizes: model([node("Reshape", "photo sizes", "swapped")],
                                          tensor("sizes", sizes, np.int64)),
                "does not keep the number of values",
            )
            for sizes in ([2, 3, SIDE, SIDE], [-1, -1, SIDE, SIDE], [-1, 0, 0, SIDE - 1], [-3, -1])
        ),
        (
            lambda: model([node("Reshape", "photo sizes", "swapped", allowzero=1)],
                          tensor("sizes", [-1, 3, SIDE, SIDE], np.int64)),
            "a reshaping in it is of a kind",
        ),
        *(
            (
                lambda operator=operator: model([onnx.helper.make_node(operator, ["", "sizes"],
                                                                       ["swapped"])],
                                                tensor("sizes", [1, 3, SIDE, SIDE], np.int64)),
                "does not match its inputs",
            )
            for operator in ("Reshape", "Resize", "Slice")
        ),
        (
            lambda: model([node("Transpose", "photo", "swapped", perm=[0, 1, 2, 2])]),
            "does not name each axis once",
        ),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("no_session")
def test_what_no_swap_network_has_is_refused(
    tmp_path: Path, make: Callable[[], ModelProto], why: str
) -> None:
    with pytest.raises(AssetError, match=why) as caught:
        SwapNetwork(saved(tmp_path / "n.onnx", make()))
    assert "n.onnx is" in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.usefixtures("no_session")
def test_two_graphs_in_one_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "n.onnx"
    path.write_bytes(plain().SerializeToString() * 2)
    with pytest.raises(AssetError, match="two graphs"):
        SwapNetwork(path)


@pytest.mark.usefixtures("no_session")
def test_a_file_of_nothing_but_fields_is_soon_given_up(tmp_path: Path) -> None:
    path = tmp_path / "n.onnx"
    path.write_bytes(b"\x08\x0a" * 5_000_000)
    with pytest.raises(AssetError, match="too many parts"):
        SwapNetwork(path)


@pytest.mark.usefixtures("no_session")
def test_a_pickle_is_no_network(tmp_path: Path) -> None:
    import pickle

    path = tmp_path / "n.onnx"
    path.write_bytes(pickle.dumps({"weights": [1.0, 2.0]}))
    with pytest.raises(AssetError, match="damaged or not a network file"):
        SwapNetwork(path)


@pytest.mark.usefixtures("no_session")
def test_a_fifo_and_a_device_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "n.onnx")
    for path in (tmp_path / "n.onnx", Path("/dev/zero")):
        with pytest.raises(AssetError, match=r"cannot be read: It is no regular file"):
            SwapNetwork(path)


@pytest.mark.usefixtures("no_session")
def test_what_it_says_of_itself_must_agree_with_what_it_is_used_as(tmp_path: Path) -> None:
    path = write_network(tmp_path / "n.onnx", identity="bruno", basis="synthetic")
    digest = "0" * 64
    assert inspect_network(path, Marking("bruno", "1", digest, "synthetic")).identity == "bruno"
    with pytest.raises(AssetError, match="the network of 'bruno', not of 'ada'"):
        SwapNetwork(path, used_as=Marking("ada", "1", digest, "synthetic"))
    with pytest.raises(AssetError, match=r"basis .* is 'synthetic', not 'consent'"):
        SwapNetwork(path, used_as=Marking("bruno", "1", digest, "consent"))
    silent = write_network(tmp_path / "silent.onnx")
    assert inspect_network(silent, Marking("ada", "1", digest, "consent")).identity == ""


def test_half_a_gigabyte_is_inspected_without_a_copy(tmp_path: Path) -> None:
    """The weights are the file's own bytes; what is made beside them is small."""
    import tracemalloc

    from zoo.swapping.network_files.graph import read_graph

    made = model(
        [node("Relu", "photo", "swapped")], tensor("w", np.zeros((1 << 24,))),
    )  # fmt: skip
    encoded = memoryview(made.SerializeToString())
    tracemalloc.start()
    graph = read_graph(encoded)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert graph.tensors["w"].shape == (1 << 24,)
    assert peak < 100_000


def test_the_shapes_are_those_that_onnx_runtime_gives(tmp_path: Path) -> None:
    """A graph with every kind of operator, each result against the real one."""
    import onnxruntime

    nodes = [
        node("Conv", "photo w b", "conv", strides=[2, 2], pads=[1, 1, 1, 1], dilations=[1, 1]),
        node("InstanceNormalization", "conv g g", "normal"),
        node("LeakyRelu", "normal", "leaky", alpha=0.1),
        node("MaxPool", "leaky", "pooled", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1),
        node("AveragePool", "leaky", "mean", kernel_shape=[2, 3], pads=[0, 1, 1, 0]),
        node("Shape", "photo", "shape"),
        node("Slice", "shape two four", "sides"),
        node("Gather", "shape zero", "count"),
        node("Unsqueeze", "count axes", "count1"),
        node("Constant", "", "eight", value_ints=[8]),
        node("Concat", "count1 eight sides", "sizes", axis=0),
        node("Resize", "pooled", "large"),
        node("Concat", "large large", "twice", axis=-1),
        node("Slice", "twice minus far end back", "reversed"),
        node("Mul", "reversed row", "scaled"),
        node("Squeeze", "count1 axes", "scalar"),
        node("Transpose", "conv", "last", perm=[0, 2, 3, 1]),
        node("Reshape", "last halves", "split"),
        node("Transpose", "split", "turned"),
        node("Transpose", "sides", "as_before"),
        node("Reshape", "as_before column", "sides_in_a_column"),
        node("Relu", "photo", "swapped"),
    ]
    nodes[11].input[:] = ["pooled", "", "", "sizes"]
    nodes[9].input[:] = []
    tensors = [
        tensor("w", np.zeros((8, 3, 3, 3))), tensor("b", np.zeros(8)), tensor("g", np.ones(8)),
        tensor("zero", 0, np.int64), tensor("axes", [0], np.int64),
        tensor("two", [2], np.int64), tensor("four", [4], np.int64),
        tensor("minus", [-1], np.int64), tensor("far", [-100], np.int64),
        tensor("end", [3], np.int64), tensor("back", [-2], np.int64),
        tensor("halves", [0, -1, SIDE // 2, 2, 4], np.int64),
        tensor("column", [2, 1], np.int64),
        tensor("row", np.ones((1, 1, SIDE))),
    ]  # fmt: skip
    made = model(nodes, *tensors)
    path = saved(tmp_path / "n.onnx", made)
    told = inspect_network(path).cost(2).shapes
    for one in nodes[:-1]:
        made.graph.output.append(onnx.ValueInfoProto(name=one.output[0]))
    session = onnxruntime.InferenceSession(made.SerializeToString())
    photo = np.zeros((2, 3, SIDE, SIDE), np.float32)
    for port, value in zip(session.get_outputs(), session.run(None, {"photo": photo}), strict=True):
        assert told[port.name] == value.shape, port.name


def test_a_batch_may_cost_no_more_than_its_faces(tmp_path: Path) -> None:
    """Pictures as wide as the square of the number of faces: fine for one, absurd for many."""
    shape = [
        node("Shape", "photo", "all", end=1),
        node("Mul", "all all", "square"),
        node("Mul", "square square", "fourth"),
        node("Mul", "fourth fourth", "eighth"),
        node("Concat", "all three side eighth", "sizes", axis=0),
        node("Resize", "photo", "wide"),
        node("Relu", "photo", "swapped"),
    ]
    shape[5].input[:] = ["photo", "", "", "sizes"]
    made = model(shape, tensor("three", [3], np.int64), tensor("side", [SIDE], np.int64))
    swap = SwapNetwork(saved(tmp_path / "n.onnx", made), threads=1)
    assert swap(np.zeros((1, SIDE, SIDE, 3), np.uint8)).shape == (1, SIDE, SIDE, 3)
    assert 16**8 * 16 * 3 * SIDE > 16 * MAX_ELEMENTS
    with pytest.raises(AssetError, match="of 16 faces it asks for"):
        swap(np.zeros((16, SIDE, SIDE, 3), np.uint8))


@pytest.mark.parametrize("given", [(1, 3, SIDE, SIDE - 1), (1, 1, SIDE, SIDE), (2, 3, SIDE, SIDE)])
def test_what_a_run_gives_is_held_against_what_it_must_give(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: tuple[int, ...]
) -> None:
    class Liar:
        def run(self, *_: object) -> list[np.ndarray[Any, Any]]:
            return [np.zeros(given, np.float32)]

    monkeypatch.setattr(network, "_session", lambda *_: Liar())
    swap = SwapNetwork(write_network(tmp_path / "n.onnx", size=SIDE))
    with pytest.raises(AssetError, match=r"gives float32 .* it is not a swap network"):
        swap(np.zeros((1, SIDE, SIDE, 3), np.uint8))
    assert OUTPUT == "swapped"

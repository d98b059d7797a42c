"""Other programs' networks are told by what they take and give, and refused by name."""

from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from tests.networks_on_disk import write_network
from zoo.errors import AssetError, UsageError
from zoo.swapping.network_files.inspection import MAX_BYTES, inspect_network
from zoo.swapping.network_files.other_formats import check_no_network, refusal

DFM = "a DFM model, for DeepFaceLive or facefusion"
SWAPPER = "a swapper of the inswapper kind"


def ports(kind: str) -> onnx.GraphProto:
    def port(name: str, *shape: int) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    if kind == "dfm":
        inputs = [port("in_face:0", 1, 224, 224, 3), port("morph_value:0", 1)]
        outputs = [
            port("out_face_mask:0", 1, 224, 224, 1),
            port("out_celeb_face:0", 1, 224, 224, 3),
        ]
    else:
        inputs = [port("target", 1, 3, 128, 128), port("source", 1, 512)]
        outputs = [port("output", 1, 3, 128, 128)]
    nodes = [helper.make_node("Identity", [inputs[0].name], [outputs[0].name])]
    return helper.make_graph(nodes, kind, inputs, outputs)


def write(path: Path, kind: str) -> Path:
    model = helper.make_model(ports(kind), opset_imports=[helper.make_opsetid("", 12)])
    onnx.save(model, path)
    return path


@pytest.mark.parametrize(("kind", "what"), [("dfm", DFM), ("inswapper", SWAPPER)])
def test_a_network_of_another_program_is_named(tmp_path: Path, kind: str, what: str) -> None:
    path = write(tmp_path / "network.onnx", kind)
    with pytest.raises(AssetError, match=what) as refused:
        inspect_network(path)
    assert "zoo identity add" in str(refused.value)
    with pytest.raises(UsageError, match=what):
        check_no_network([tmp_path, path])


def test_it_is_named_even_when_it_is_larger_than_any_of_ours(tmp_path: Path) -> None:
    """The weights of such files have hundreds of megabytes; here they are a hole in the file."""

    def varint(number: int) -> bytes:
        groups = [number >> shift & 0x7F for shift in range(0, 64, 7)]
        used = max((i for i, group in enumerate(groups) if group), default=0) + 1
        return bytes(group | 0x80 * (i + 1 < used) for i, group in enumerate(groups[:used]))

    def field(number: int, size: int) -> bytes:
        return varint(number << 3 | 2) + varint(size)

    hole = MAX_BYTES + 2**20
    head = b"\x42\x01w" + field(9, hole)  # a tensor's name and the start of its bytes
    rest = ports("inswapper").SerializeToString()
    weights = field(5, len(head) + hole) + head
    path = tmp_path / "inswapper_128.onnx"
    with path.open("wb") as file:
        file.write(field(7, len(weights) + hole + len(rest)) + weights)
        file.seek(hole, 1)
        file.write(rest)
    assert path.stat().st_size > MAX_BYTES
    with pytest.raises(AssetError, match=SWAPPER):
        inspect_network(path)


def test_ours_and_files_that_are_no_networks_are_not_taken_for_others(tmp_path: Path) -> None:
    ours = write_network(tmp_path / "ours.onnx")
    empty, text = tmp_path / "empty.onnx", tmp_path / "words.onnx"
    empty.touch()
    text.write_text("no network")
    for path in (ours, empty, text, tmp_path, tmp_path / "missing.onnx"):
        assert refusal(path) is None
    check_no_network([tmp_path, tmp_path / "missing.onnx", tmp_path / "photo.jpg"])
    with pytest.raises(UsageError, match="zoo pull"):
        check_no_network([ours])

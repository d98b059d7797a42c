"""``zoo export`` from the command to the file, and what cannot be brought in as one."""

import json
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from tests.cli.conftest import Zoo
from tests.cli.swapping.test_swap import cached, face_models
from zoo.registry.local.cache import CachedNetwork

__all__ = ["cached", "face_models"]


def test_a_network_becomes_a_dfm_file_and_it_is_said_what_hosts_do_not_do(
    zoo: Zoo, cached: CachedNetwork
) -> None:
    ended = zoo("export", "ada")
    assert ended.code == 0
    assert ended.out == "ada version 3 -> ada.dfm (dfm; basis: synthetic)\n"
    assert "neither sign nor label their output" in ended.err
    says = {one.key: one.value for one in onnx.load("ada.dfm").metadata_props}
    assert says["identity"] == "ada"
    assert "a synthetic person" in says["licence"]
    assert says["network_sha256"] == cached.sha256


def test_other_formats_for_scripts(zoo: Zoo, cached: CachedNetwork) -> None:
    ended = zoo("export", "ada:3", "-f", "onnx", "-o", "deep/a.onnx", "-q")
    assert (ended.code, ended.out, ended.err) == (0, "deep/a.onnx\n", "")
    said = json.loads(zoo("export", "ada", "--format", "safetensors", "--json").out)
    assert said["output"] == "ada.safetensors"
    assert (said["identity"], said["version"], said["basis"]) == ("ada", "3", "synthetic")
    assert Path("ada.safetensors").is_file()


def test_a_suffix_that_others_would_not_know_is_refused(zoo: Zoo, cached: CachedNetwork) -> None:
    ended = zoo("export", "ada", "-o", "ada.onnx")
    assert (ended.code, ended.error) == (
        2,
        "error: ada.onnx does not end in .dfm, which other programs expect.",
    )
    assert not Path("ada.onnx").exists()


@pytest.mark.parametrize(
    "command",
    [
        ("swap", "-i", "theirs.dfm", "photo.jpg"),
        ("export", "theirs.dfm"),
        ("pull", "theirs.dfm"),
        ("identity", "add", "maria", "theirs.dfm", "--basis", "synthetic"),
    ],
    ids=lambda command: command[0],
)
def test_a_dfm_file_is_no_identity(
    zoo: Zoo, cached: CachedNetwork, command: tuple[str, ...]
) -> None:
    face = helper.make_tensor_value_info("in_face:0", TensorProto.FLOAT, [1, 224, 224, 3])
    made = helper.make_tensor_value_info("out_celeb_face:0", TensorProto.FLOAT, [1, 224, 224, 3])
    node = helper.make_node("Identity", ["in_face:0"], ["out_celeb_face:0"])
    onnx.save(helper.make_model(helper.make_graph([node], "d", [face], [made])), "theirs.dfm")
    ended = zoo(*command)
    assert ended.code == 2
    assert ended.error.startswith(
        "error: theirs.dfm is a DFM model, for DeepFaceLive or facefusion; it has no record"
    )

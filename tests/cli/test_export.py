"""``zoo export`` from the command to the file, and what cannot be brought in as one."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from safetensors.numpy import load_file

from tests.cli.conftest import Zoo
from tests.cli.swapping.test_swap import URI, cached, face_models
from tests.networks_on_disk import cached_network
from zoo.networks.onnx_export import export_onnx
from zoo.networks.transformation import TransformationNetwork
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


def test_other_formats_for_scripts(zoo: Zoo, cached: CachedNetwork, tmp_path: Path) -> None:
    ended = zoo("export", "ada:3", "-f", "onnx", "-o", "deep/a.onnx", "-q")
    assert (ended.code, ended.out, ended.err) == (0, "deep/a.onnx\n", "")
    network = TransformationNetwork(64, 4, "slim")
    export_onnx(network, tmp_path / "trained.onnx")
    cached_network(URI, "ada", 4, tmp_path / "trained.onnx")
    said = json.loads(zoo("export", "ada", "--format", "safetensors", "--json").out)
    assert said["output"] == "ada.safetensors"
    assert (said["identity"], said["version"], said["basis"]) == ("ada", "4", "synthetic")
    found = load_file("ada.safetensors")["rgb.weight"]
    np.testing.assert_allclose(found, network.rgb.weight.detach().numpy(), atol=1e-6)


def test_a_network_whose_weights_have_no_names_is_no_safetensors_file(
    zoo: Zoo, cached: CachedNetwork
) -> None:
    ended = zoo("export", "ada", "--format", "safetensors")
    assert ended.code == 1
    assert ended.error == (
        f"error: {cached.path} does not name its weights as ours do; train ada again."
    )
    assert not Path("ada.safetensors").exists()


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

"""Exported files are what their readers take: hosts of DFM files, ONNX Runtime, safetensors."""

import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper
from safetensors import safe_open
from safetensors.numpy import load_file

from tests.exporting.conftest import Portrait
from zoo.errors import AssetError, UsageError
from zoo.evaluation.measures.descriptor_distance import distance
from zoo.evaluation.measures.landmark_difference import find_again, landmark_difference
from zoo.evaluation.measures.luminance_correlation import luminance_correlation
from zoo.exporting.dfm import dfm, dfm_side
from zoo.exporting.export import export
from zoo.exporting.formats import Format, Terms
from zoo.exporting.host_crop import SCALE, SHIFT, TEMPLATE, five_points, host_matrix
from zoo.faces.geometry.alignment import align, alignment_matrix, apply
from zoo.faces.masks.face_mask import face_mask
from zoo.faces.recognition.descriptors import descriptor
from zoo.people import HAIR, SKIN
from zoo.photos.image import AnyArray, Image
from zoo.provenance.identities.basis import Basis
from zoo.storage import sha256_of
from zoo.swapping.network import SwapNetwork
from zoo.swapping.photo import swap_faces

ROOT = Path(__file__).parents[2]
HOST = runpy.run_path(str(ROOT / "benchmarks" / "dfm.py"))
SIZE = 64


def tinted(red: float, green: float, blue: float) -> onnx.ModelProto:
    """A network of 64 px that multiplies each channel."""
    shape: list[str | int] = ["N", 3, SIZE, SIZE]
    graph = helper.make_graph(
        [helper.make_node("Mul", ["photo", "factors"], ["swapped"])],
        "tinted",
        [helper.make_tensor_value_info("photo", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("swapped", TensorProto.FLOAT, shape)],
        [helper.make_tensor("factors", TensorProto.FLOAT, [3, 1, 1], [red, green, blue])],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def terms(path: Path) -> Terms:
    return Terms("ada", 3, sha256_of(path), Basis.consent)


def session(model: onnx.ModelProto | Path) -> Any:
    given = model if isinstance(model, Path) else model.SerializeToString()
    return onnxruntime.InferenceSession(given, providers=["CPUExecutionProvider"])


@pytest.fixture(scope="module")
def exported(start: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dfm") / "ada.dfm"
    export(start, terms(start), Format.dfm, path)
    return path


def test_inputs_and_outputs_are_those_of_the_format(exported: Path) -> None:
    host = session(exported)
    side = dfm_side(128)
    assert [(one.name, one.shape) for one in host.get_inputs()] == [
        ("in_face:0", [1, side, side, 3])
    ]
    assert [(one.name, one.shape, one.type) for one in host.get_outputs()] == [
        ("out_face_mask:0", [1, side, side, 1], "tensor(float)"),
        ("out_celeb_face:0", [1, side, side, 3], "tensor(float)"),
        ("out_celeb_face_mask:0", [1, side, side, 1], "tensor(float)"),
    ]
    model = onnx.load(exported)
    assert [(one.domain, one.version) for one in model.opset_import] == [("", 18)]
    assert model.ir_version == 8
    noise = np.random.default_rng(0).random((1, side, side, 3), np.float32)
    for made in host.run(None, {"in_face:0": 1.5 * noise - 0.25}):
        assert 0 <= made.min() <= made.max() <= 1


def test_the_file_says_whose_face_it_makes_and_under_which_terms(
    exported: Path, start: Path
) -> None:
    says = {one.key: one.value for one in onnx.load(exported).metadata_props}
    assert says["identity"] == "ada"
    assert says["basis"] == "consent"
    assert says["version"] == "3"
    assert says["network_sha256"] == sha256_of(start)
    assert says["recipe"] == "cpu"  # what the network said already
    assert "ada has consented" in says["licence"]
    assert "label" in says["notice"]


def test_channels_are_bgr_and_what_our_crop_does_not_show_stays() -> None:
    """The tint goes, as light does; what is quick is the network's."""
    side = dfm_side(SIZE)
    waves = 0.5 + 0.2 * np.sin(np.arange(side) * 2 * np.pi / 12)
    given = np.broadcast_to(waves[:, None, None], (1, side, side, 3)).astype(np.float32)
    _, face, _ = session(dfm(tinted(0, 0.5, 1), {})).run(None, {"in_face:0": given})
    middle = np.s_[0, side // 2 - 12 : side // 2 + 12, side // 2]
    contrast = face[middle].std(axis=0) / given[middle].std(axis=0)
    np.testing.assert_allclose(contrast, (1, 0.5, 0), atol=0.1)
    np.testing.assert_allclose(face[middle].mean(axis=0), 0.5, atol=0.15)
    for edge in (np.s_[0, 0], np.s_[0, -1], np.s_[0, :, 0], np.s_[0, :, -1]):
        assert np.array_equal(face[edge], given[edge])


def test_a_network_that_changes_nothing_gives_the_crop_back() -> None:
    host = session(dfm(tinted(1, 1, 1), {}))
    side = dfm_side(SIZE)
    ramp = np.linspace(0.2, 0.8, side, dtype=np.float32)
    given = np.stack([*np.meshgrid(ramp, ramp), np.full((side, side), 0.5, np.float32)], axis=-1)
    _, face, _ = host.run(None, {"in_face:0": given[None]})
    assert np.abs(face[0] - given).max() < 2e-3  # a tenth of a pixel


def test_the_network_sees_the_face_as_in_our_own_crop(portraits: list[Portrait]) -> None:
    """The same pixels, but for how the crops' maps differ from face to face."""
    for picture, face in portraits:
        theirs = apply(host_matrix(five_points(face.landmarks)), face.landmarks)
        ours = apply(alignment_matrix(face.landmarks), face.landmarks)
        away = np.linalg.norm(theirs * SCALE + SHIFT - ours, axis=1)
        assert away.mean() < 0.04, picture.person


def test_the_similarity_is_exact_where_points_are_the_templates() -> None:
    turned = np.array([[30.0, -40.0], [40.0, 30.0]])
    matrix = host_matrix(np.asarray(TEMPLATE @ turned.T + (7, 9), np.float32))
    np.testing.assert_allclose(matrix[:, :2], np.linalg.inv(turned), atol=1e-6)
    np.testing.assert_allclose(matrix @ (7, 9, 1), 0, atol=1e-5)


def test_masks_take_in_the_face_and_leave_out_hair(
    exported: Path, portraits: list[Portrait]
) -> None:
    host = session(exported)
    side = dfm_side(128)
    hidden: list[AnyArray] = []
    for picture, face in portraits:
        matrix = host_matrix(five_points(face.landmarks)) * side
        crop = cv2.warpAffine(picture.image, matrix, (side, side))
        labels = cv2.warpAffine(picture.labels, matrix, (side, side), flags=cv2.INTER_NEAREST)
        given = np.ascontiguousarray(crop[None, ..., ::-1], np.float32) / np.float32(255)
        mask, _, face_mask = (made[0] for made in host.run(None, {"in_face:0": given}))
        inside = face_mask[..., 0] > 0.5
        assert 0.3 < inside.mean() < 0.6  # of the host's crop
        assert not inside[[0, -1]].any()
        assert mask[..., 0][inside & (labels == SKIN)].mean() > 0.9
        hidden.append(mask[..., 0][inside & (labels == HAIR)])
    assert sum(map(len, hidden)) > 1000
    assert np.concatenate(hidden).mean() < 0.25


def test_a_hosts_picture_has_the_figures_of_zoo_swap(
    exported: Path, start: Path, portraits: list[Portrait]
) -> None:
    host, network = session(exported), SwapNetwork(start, 1)
    finished = [swap_faces(one.image, [face], network).image for one, face in portraits]
    hosted = [HOST["host_swap"](one.image, face, host) for one, face in portraits]
    faces = [face for _, face in portraits]
    person = np.mean(list(map(descriptor, finished, faces)), axis=0)

    def figures(made: list[Image]) -> AnyArray:
        """[N, 3]: distance to whom the network makes, landmarks moved, light correlation."""
        rows = []
        for (one, face), picture in zip(portraits, made, strict=True):
            again, found = find_again(picture, face)
            assert found
            mask = face_mask(face.landmarks, picture.shape)
            rows.append(
                (
                    distance(descriptor(picture, again), person),
                    landmark_difference(face.landmarks, again.landmarks),
                    luminance_correlation(one.image, picture, mask, face.landmarks) or 0.0,
                )
            )
        return np.array(rows)

    ours, theirs = figures(finished), figures(hosted)
    noise = ours.std(axis=0)  # from person to person
    likeness, movement, light = np.abs((theirs - ours).mean(axis=0))
    assert likeness < noise[0]
    assert movement < 1.3  # percent of the eyes' distance: as one fit varies with its box
    assert light < 0.01


def test_weights_by_layer_are_those_that_the_network_works_with(
    start: Path, portraits: list[Portrait], tmp_path: Path
) -> None:
    import torch

    from zoo.networks.shipped import read_start
    from zoo.networks.transformation import TransformationNetwork

    path = tmp_path / "ada.safetensors"
    export(start, terms(start), Format.safetensors, path)
    weights = load_file(path)
    original = read_start()
    assert weights.keys() == original.keys()
    for name, value in original.items():
        assert weights[name].dtype == np.float32
        step = float(value.abs().max()) / 63  # of 7 bits; sums of weights have larger ones
        np.testing.assert_allclose(weights[name], value.numpy(), atol=2 * step)
        assert np.abs(weights[name] - value.numpy()).mean() < step / 2
    network = TransformationNetwork(128, 16, "slim").eval()
    network.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
    crop = align(portraits[0][0].image, portraits[0][1].landmarks, 128).image[None]
    photo = torch.from_numpy(crop.transpose(0, 3, 1, 2).astype(np.float32) / 255)
    with torch.no_grad():
        swapped = (network(photo) * 255).numpy().transpose(0, 2, 3, 1)
    error = np.abs(swapped - SwapNetwork(start, 1)(crop))
    assert error.mean() < 2  # grey levels: photos are in 8 bits too, in the file
    with safe_open(path, "numpy") as file:
        says = file.metadata()
    assert {"identity": "ada", "basis": "consent", "recipe": "cpu"}.items() <= says.items()


def test_as_onnx_it_is_the_network_with_its_terms(start: Path, tmp_path: Path) -> None:
    path = tmp_path / "ada.onnx"
    export(start, terms(start), Format.onnx, path)
    faces = np.random.default_rng(0).integers(0, 256, (2, 128, 128, 3), np.uint8)
    assert np.array_equal(SwapNetwork(path, 1)(faces), SwapNetwork(start, 1)(faces))
    says = {one.key: one.value for one in onnx.load(path).metadata_props}
    assert "ada has consented" in says["licence"]


def test_someone_elses_network_is_not_exported(start: Path, tmp_path: Path) -> None:
    path = tmp_path / "bruno.dfm"
    with pytest.raises(AssetError, match="'ada', not of 'bruno'"):
        export(start, Terms("bruno", 1, sha256_of(start), Basis.consent), Format.dfm, path)
    assert not path.exists()


def test_without_the_package_onnx_it_is_said_how_to_get_it(
    start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(UsageError, match=r"faceswap-zoo\[export\]"):
        export(start, terms(start), Format.dfm, tmp_path / "ada.dfm")


def test_exporting_needs_no_torch() -> None:
    code = (
        "import sys, zoo.cli.export, zoo.exporting.export, zoo.exporting.dfm, "
        "zoo.exporting.layers\n"
        "sys.exit(bool({'torch', 'ray', 'mlflow', 'numba'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

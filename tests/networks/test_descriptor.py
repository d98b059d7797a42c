from pathlib import Path

import dlib
import numpy as np
import pytest
import torch

from zoo.errors import AssetError
from zoo.faces.detection.detector import find_faces
from zoo.faces.detection.dlib_models import DESCRIPTOR, model_file
from zoo.faces.recognition import descriptor_session
from zoo.faces.recognition.descriptors import descriptor_of_chip
from zoo.networks.descriptor import CHIP, read_descriptor_network
from zoo.people import named_person, random_scene, render


@pytest.fixture(scope="module")
def chips() -> np.ndarray:
    """What dlib cuts out of two photos [2, 150, 150, 3]."""
    cut = []
    for name in ("ada", "bruno"):
        photo = render(named_person(name), random_scene(1, max_yaw=10), 224).image
        face = find_faces(photo)[0]
        points = [dlib.point(round(float(x)), round(float(y))) for x, y in face.landmarks]
        shape = dlib.full_object_detection(dlib.rectangle(*face.box), points)
        cut.append(dlib.get_face_chip(photo, shape, CHIP, 0.25))
    return np.stack(cut)


def test_the_descriptor_is_dlibs_own_in_torch_and_in_onnx_runtime(chips: np.ndarray) -> None:
    original = dlib.face_recognition_model_v1(str(model_file(DESCRIPTOR)))
    dlibs = np.array([original.compute_face_descriptor(chip) for chip in chips])
    photos = torch.from_numpy(chips).permute(0, 3, 1, 2).float() / 255
    assert read_descriptor_network()(photos).numpy() == pytest.approx(dlibs, abs=1e-5)
    assert np.stack([descriptor_of_chip(chip) for chip in chips]) == pytest.approx(dlibs, abs=1e-5)
    assert np.linalg.norm(dlibs[0] - dlibs[1]) > 0.3


def test_only_the_graph_is_shipped_and_a_damaged_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert descriptor_session.GRAPH.stat().st_size < 20_000  # the weights have 22 MB
    damaged = tmp_path / "descriptor.onnx"
    damaged.write_bytes(descriptor_session.GRAPH.read_bytes()[:9000])
    monkeypatch.setattr(descriptor_session, "GRAPH", damaged)
    with pytest.raises(AssetError, match=r"descriptor\.onnx is missing or damaged; install"):
        descriptor_session.descriptor_session.__wrapped__()


def test_it_has_a_gradient(chips: np.ndarray) -> None:
    photo = torch.from_numpy(chips[:1]).permute(0, 3, 1, 2).double() / 255
    network = read_descriptor_network().double()
    photo.requires_grad_()
    torch.autograd.backward(network(photo).square().sum())
    assert photo.grad is not None
    way = photo.grad / photo.grad.norm()
    with torch.no_grad():
        ahead, behind = (network(photo + step * way).square().sum() for step in (1e-4, -1e-4))
    assert float(ahead - behind) / 2e-4 == pytest.approx(float(photo.grad.norm()), rel=1e-3)

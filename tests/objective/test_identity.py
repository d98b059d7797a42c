import dlib
import numpy as np
import pytest
import torch

from zoo.faces.detection.detector import find_faces
from zoo.faces.geometry.alignment import align
from zoo.faces.geometry.reference import REFERENCE
from zoo.networks.descriptor import CHIP, DescriptorNetwork, read_descriptor_network
from zoo.objective.identity import chips, identity_loss, target_descriptor
from zoo.people import named_person, random_scene, render


@pytest.fixture(scope="module")
def network() -> DescriptorNetwork:
    return read_descriptor_network()


def crops(name: str, scenes: range) -> torch.Tensor:
    found = []
    for scene in scenes:
        photo = render(named_person(name), random_scene(scene, max_yaw=10), 224).image
        found.append(align(photo, find_faces(photo)[0].landmarks, 128).image)
    return torch.from_numpy(np.stack(found)).permute(0, 3, 1, 2).float() / 255


@pytest.fixture(scope="module")
def ada() -> torch.Tensor:
    return crops("ada", range(3))


@pytest.fixture(scope="module")
def bruno() -> torch.Tensor:
    return crops("bruno", range(2))


def test_a_chip_is_what_dlib_cuts_out_of_a_face_like_the_reference() -> None:
    # Two ramps tell for each pixel of dlib's chip where in the crop it comes from.
    height, width = 1090, 1000  # the reference is stretched to the crop's sides by 1.09
    corners = REFERENCE * (width, height) - 0.5
    points = [dlib.point(round(float(x)), round(float(y))) for x, y in corners]
    x, y = np.meshgrid((np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height)
    ramps = np.rint(255 * np.stack([x, y, 0 * x], axis=-1)).astype(np.uint8)
    shape = dlib.full_object_detection(dlib.rectangle(0, 0, width, height), points)
    expected = dlib.get_face_chip(ramps, shape, CHIP, 0.25) / 255
    fine = torch.from_numpy(np.stack([x, y, 0 * x])).float()[None]
    found = chips(fine)[0].permute(1, 2, 0).numpy()
    assert np.abs(found - expected)[5:-5, 5:-5].max() < 0.006


def test_a_real_photo_of_the_target_costs_least(
    network: DescriptorNetwork, ada: torch.Tensor, bruno: torch.Tensor
) -> None:
    target = target_descriptor(ada, network, chunk=2)
    assert target.shape == (128,)
    assert torch.allclose(target, network(chips(ada)).mean(dim=0), atol=1e-5)
    itself = identity_loss(ada[:2], ada[:2], target, network)
    unchanged = identity_loss(bruno, bruno, target, network)
    assert itself < 0.3 * unchanged


def test_the_loss_is_the_mean_squared_distance(
    network: DescriptorNetwork, ada: torch.Tensor, bruno: torch.Tensor
) -> None:
    target = target_descriptor(ada, network)
    each = [((network(chips(photo[None]))[0] - target) ** 2).sum().item() for photo in bruno]
    found = identity_loss(bruno, bruno, target, network)
    assert found.item() == pytest.approx(np.mean(each), rel=1e-4)


def test_a_step_down_the_gradient_makes_it_more_like_the_target(
    network: DescriptorNetwork, ada: torch.Tensor, bruno: torch.Tensor
) -> None:
    target = target_descriptor(ada, network)
    output = bruno.clone().requires_grad_()
    before = identity_loss(output, bruno, target, network)
    torch.autograd.backward(before)
    assert output.grad is not None
    with torch.no_grad():
        moved = output - 0.5 * output.grad / output.grad.norm()
        assert identity_loss(moved, bruno, target, network) < before

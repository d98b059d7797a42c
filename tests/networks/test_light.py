"""The light network: what it sees, what it is blind to, and that it is of use as a loss."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from zoo.faces.geometry.alignment import align
from zoo.networks.light import GRID, LightNetwork, read_light
from zoo.objective.light import light_loss, luminance
from zoo.people import random_person, render
from zoo.people.scene import Light, Scene
from zoo.training.shipped.light_descent import descend_field

FROM_LEFT = Light(azimuth=-55, elevation=15, ambient=0.2)
FROM_RIGHT = Light(azimuth=50, elevation=25, ambient=0.2)
FROM_ABOVE = Light(azimuth=5, elevation=65, ambient=0.2)
LIGHTS = (FROM_LEFT, FROM_RIGHT, FROM_ABOVE)


@pytest.fixture(scope="module")
def light_network() -> LightNetwork:
    return read_light()


@pytest.fixture(scope="module")
def lit() -> Callable[[int, Light], Tensor]:
    """Aligned photo_13SS of a rendered person under a light."""
    drawn: dict[tuple[int, Light], Tensor] = {}

    def photo(seed: int, light: Light) -> Tensor:
        if (seed, light) not in drawn:
            rendered = render(random_person(seed), Scene(light=light), 96)
            crop = align(rendered.image, rendered.landmarks, GRID).image
            drawn[seed, light] = torch.from_numpy(crop).permute(2, 0, 1)[None].float() / 255
        return drawn[seed, light]

    return photo


def test_the_same_light_on_another_person_costs_less_than_another_light(
    light_network: LightNetwork, lit: Callable[[int, Light], Tensor]
) -> None:
    people = (7, 21, 40)
    for photo in people:
        for output in people:
            if photo == output:
                continue
            for light in LIGHTS:
                losses = {
                    other: light_loss(lit(output, other), lit(photo, light), light_network).item()
                    for other in LIGHTS
                }
                assert min(losses, key=losses.__getitem__) == light
                assert 2 * losses.pop(light) < min(losses.values())


def test_descending_the_distance_moves_the_light_to_the_other_side(
    light_network: LightNetwork, lit: Callable[[int, Light], Tensor]
) -> None:
    face, truth = luminance(lit(7, FROM_LEFT)), luminance(lit(7, FROM_RIGHT))
    relit = descend_field(light_network, face, luminance(lit(21, FROM_RIGHT)))

    def brighter_right(picture: Tensor) -> float:
        cheeks = picture[..., 28:44, 14:50].mean((0, 1, 2))
        return float((cheeks[18:].mean() - cheeks[:18].mean()) / cheeks.mean())

    assert brighter_right(face) < -0.05 and brighter_right(truth) > 0.05
    assert brighter_right(relit) > 0.05


def test_features_have_about_unit_variance(
    light_network: LightNetwork, lit: Callable[[int, Light], Tensor]
) -> None:
    features = [light_network(luminance(lit(who, light))) for who in (7, 21) for light in LIGHTS]
    assert 0.3 < torch.cat(features).var(0).mean() < 3


def test_normalising_gives_unit_variance_on_average() -> None:
    torch.manual_seed(0)
    network, faces = LightNetwork(features=8).eval(), torch.rand(50, 1, 64, 64)
    network.normalise(faces)
    with torch.no_grad():
        features = network(faces)
    torch.testing.assert_close(features.mean(0), torch.zeros(8), atol=1e-4, rtol=0)
    assert features.var(0).mean().item() == pytest.approx(1, rel=1e-3)


def test_exposure_is_not_light(
    light_network: LightNetwork, lit: Callable[[int, Light], Tensor]
) -> None:
    photo = lit(7, FROM_LEFT)
    darker = light_loss(0.7 * photo, photo, light_network)
    assert darker < 0.05 * light_loss(photo.flip(-1), photo, light_network)


def test_a_larger_crop_means_the_same_as_its_average(light_network: LightNetwork) -> None:
    large = torch.rand(1, 1, 256, 256)
    averaged = torch.nn.functional.avg_pool2d(large, 4)
    torch.testing.assert_close(light_network(large), light_network(averaged), atol=1e-4, rtol=0)
    assert light_network(torch.rand(3, 1, 32, 32)).shape == (3, 32)


def test_gradients_are_right() -> None:
    torch.manual_seed(0)
    network = LightNetwork(features=4).double().eval().requires_grad_(False)
    photo, output = torch.rand(2, 1, 3, 32, 32, dtype=torch.float64)
    output.requires_grad_(True)

    def loss(picture: Tensor) -> Tensor:
        """light_loss without its rounding to float32."""
        difference: Tensor = network(luminance(picture)) - network(luminance(photo))
        return difference.square().mean()

    torch.testing.assert_close(light_loss(output, photo, network).double(), loss(output))
    assert torch.autograd.gradcheck(lambda y: 100 * loss(y), (output,), fast_mode=True)


def test_the_gradient_reaches_the_face_and_nothing_else(
    light_network: LightNetwork, lit: Callable[[int, Light], Tensor]
) -> None:
    output = lit(7, FROM_LEFT).clone().requires_grad_(True)
    torch.autograd.backward(light_loss(output, lit(21, FROM_RIGHT), light_network))
    assert output.grad is not None
    size = output.grad.abs().sum((0, 1))
    assert (size[20:50, 24:40] > 0).all()
    border = torch.cat([size[0], size[-1], size[:, 0], size[:, -1]])
    assert border.max() < 1e-3 * size.max()


def test_autocast_does_not_change_the_features(light_network: LightNetwork) -> None:
    faces = torch.rand(2, 1, 64, 64)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(
            light_network(faces.bfloat16()), light_network(faces), atol=0.1, rtol=0
        )
        assert light_network(faces).dtype == torch.float32


def test_the_shipped_network_is_small_and_frozen(light_network: LightNetwork) -> None:
    assert sum(value.numel() for value in light_network.parameters()) < 300_000
    assert not any(value.requires_grad for value in light_network.parameters())
    assert not light_network.training
    assert np.isfinite([value.sum().item() for value in light_network.parameters()]).all()

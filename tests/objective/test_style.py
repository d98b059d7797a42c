"""The one-matmul style term against the paper's equations written as loops."""

import numpy as np
import pytest
import torch

from zoo.objective.style import nearest_styles, style_bank, style_loss


def slow_style_loss(output: np.ndarray, styles: np.ndarray, chosen: np.ndarray) -> float:
    distances = []
    for b, image in enumerate(output):
        for y in range(image.shape[1]):
            for x in range(image.shape[2]):
                patch = image[:, y, x]
                candidates = []
                for n in np.flatnonzero(chosen[b]):
                    other = styles[n, :, y, x]
                    norms = np.linalg.norm(patch) * np.linalg.norm(other)
                    candidates.append(1 - patch @ other / norms)
                distances.append(min(candidates))
    return float(np.mean(distances))


@pytest.fixture
def features() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    output = torch.randn(3, 6, 4, 5, generator=generator, dtype=torch.float64)
    styles = torch.randn(7, 6, 4, 5, generator=generator, dtype=torch.float64)
    return output, styles


def test_style_loss_is_the_papers_equation(
    features: tuple[torch.Tensor, torch.Tensor],
) -> None:
    output, styles = features
    chosen = torch.rand(3, 7, generator=torch.Generator().manual_seed(1)) < 0.5
    chosen[:, 0] = True
    expected = slow_style_loss(output.numpy(), styles.numpy(), chosen.numpy())
    assert style_loss(output, style_bank(styles), chosen).item() == pytest.approx(expected, 1e-6)


def test_a_style_photo_itself_costs_nothing(features: tuple[torch.Tensor, torch.Tensor]) -> None:
    _, styles = features
    everything = torch.ones(2, 7, dtype=torch.bool)
    assert style_loss(styles[:2], style_bank(styles), everything).item() == pytest.approx(
        0, abs=1e-6
    )


def test_patches_are_compared_at_the_same_location_only() -> None:
    photo = torch.eye(4, dtype=torch.float64).view(1, 4, 2, 2)
    moved = photo.flip(-1)
    loss = style_loss(moved, style_bank(photo), torch.ones(1, 1, dtype=torch.bool))
    assert loss.item() == pytest.approx(1)


def test_a_photo_that_is_not_chosen_does_not_leak(
    features: tuple[torch.Tensor, torch.Tensor],
) -> None:
    output, styles = features
    styles[3] = output[0]
    chosen = torch.ones(3, 7, dtype=torch.bool)
    chosen[:, 3] = False
    without = torch.cat([styles[:3], styles[4:]])
    expected = style_loss(output, style_bank(without), torch.ones(3, 6, dtype=torch.bool))
    assert style_loss(output, style_bank(styles), chosen).item() == pytest.approx(expected.item())


def test_gradient(features: tuple[torch.Tensor, torch.Tensor]) -> None:
    output, styles = features
    bank, chosen = style_bank(styles), torch.ones(3, 7, dtype=torch.bool)
    assert torch.autograd.gradcheck(
        lambda x: style_loss(x, bank, chosen).double(), output.requires_grad_(), atol=1e-3, eps=1e-3
    )


def test_n_best_are_the_nearest_landmarks() -> None:
    generator = np.random.default_rng(0)
    photos, styles = generator.random((4, 68, 2)), generator.random((9, 68, 2))
    mask = nearest_styles(torch.from_numpy(photos), torch.from_numpy(styles), 3).numpy()
    for photo, row in zip(photos, mask, strict=True):
        order = sorted(range(9), key=lambda n: np.linalg.norm(photo - styles[n]))
        assert set(np.flatnonzero(row)) == set(order[:3])


def test_n_best_of_a_small_set_is_all_of_it() -> None:
    assert nearest_styles(torch.zeros(2, 68, 2), torch.zeros(5, 68, 2), 16).sum().item() == 10

import pytest
import torch
from torch import Tensor

from zoo.objective.total import Weights, style_of, total_loss


def features(photo_B3HW: Tensor) -> dict[str, Tensor]:
    """A stand-in for Φ with the right layers: the photo and its two halvings."""
    half = torch.nn.functional.avg_pool2d(photo_B3HW, 2)
    return {"relu3_1": photo_B3HW, "relu4_1": half, "relu4_2": half.square()}


def content(photo_B3HW: Tensor) -> Tensor:
    with torch.no_grad():
        return features(photo_B3HW)["relu4_2"]


@pytest.fixture
def batch() -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return (
        torch.rand(2, 3, 8, 8, generator=generator),
        torch.rand(2, 3, 8, 8, generator=generator),
        torch.rand(2, 68, 2, generator=generator),
    )


def test_the_total_is_the_weighted_sum_of_its_terms(batch: tuple[Tensor, Tensor, Tensor]) -> None:
    output, photo, landmarks = batch
    style = style_of(features(torch.rand(5, 3, 8, 8)), torch.rand(5, 68, 2), n_best=3)
    weights = Weights(style=8.0, light=2.0, total_variation=3.0)
    losses = total_loss(
        output, photo, content(photo), landmarks, style, weights, features, lambda y: y.mean((2, 3))
    )
    terms = losses.terms
    expected = (
        terms["content"] + 8 * terms["style"] + 2 * terms["light"] + 3 * terms["total_variation"]
    )
    assert losses.total.item() == pytest.approx(expected.item(), rel=1e-6)
    assert terms["light"] > 0


def test_the_identity_term_is_added_with_its_weight(batch: tuple[Tensor, Tensor, Tensor]) -> None:
    output, photo, landmarks = batch
    style = style_of(features(photo), landmarks, n_best=1)

    def total(weights: Weights) -> float:
        identity = lambda shown, seen: (shown - seen).square().mean()  # noqa: E731
        return total_loss(
            output, photo, content(photo), landmarks, style, weights, features, identity=identity
        ).total.item()

    apart = total(Weights(1, 0, 0, identity=3.0)) - total(Weights(1, 0, 0))
    assert apart == pytest.approx(3 * (output - photo).square().mean().item(), rel=1e-4)
    with pytest.raises(ValueError, match="descriptor network"):
        total_loss(output, photo, content(photo), landmarks, style, Weights(1, 0, 0, 1.0), features)


def test_a_light_weight_without_a_light_network_is_refused(
    batch: tuple[Tensor, Tensor, Tensor],
) -> None:
    output, photo, landmarks = batch
    style = style_of(features(photo), landmarks, n_best=1)
    with pytest.raises(ValueError, match="light network"):
        total_loss(output, photo, content(photo), landmarks, style, Weights(1, 1, 1), features)


def test_only_the_output_gets_a_gradient(batch: tuple[Tensor, Tensor, Tensor]) -> None:
    output, photo, landmarks = batch
    style = style_of(features(photo), landmarks, n_best=1)
    photo.requires_grad_()
    output.requires_grad_()
    total = total_loss(
        output, photo, content(photo), landmarks, style, Weights(1, 0, 1), features
    ).total
    torch.autograd.backward(total)
    assert output.grad is not None and output.grad.abs().sum() > 0
    assert photo.grad is None

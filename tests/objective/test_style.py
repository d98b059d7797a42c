"""The style term against the paper's equations written as loops."""

import numpy as np
import pytest
import torch

from zoo.faces.geometry.reference import REFERENCE
from zoo.objective.parts import (
    EYES,
    FACE,
    FOREHEAD,
    MOUTH,
    PARTS,
    SURROUNDINGS,
    part_of_each_location,
)
from zoo.objective.style import nearest_styles, skin_bank, style_bank, style_loss


def part_at(y: float, x: float) -> int:
    """The last part whose outline, a convex polygon, has the point on one side of all edges."""
    found = 0
    for index, part in enumerate(PARTS):
        a, b = part.outline, np.roll(part.outline, -1, axis=0)
        sides = (b - a)[:, 0] * (y - a[:, 1]) - (b - a)[:, 1] * (x - a[:, 0])
        if (sides >= 0).all() or (sides <= 0).all():
            found = index
    return found


def everything(photos: int, styles: int) -> torch.Tensor:
    """Every style photo, for all parts."""
    return torch.arange(styles).expand(len(PARTS), photos, styles)


def slow_style_loss(output: np.ndarray, styles: np.ndarray, nearest: np.ndarray) -> float:
    distances = []
    for b, image in enumerate(output):
        height, width = image.shape[1:]
        for y in range(height):
            for x in range(width):
                part = part_at((y + 0.5) / height, (x + 0.5) / width)
                patch = image[:, y, x]
                candidates = []
                for n in nearest[part, b]:
                    other = styles[n, :, y, x]
                    norms = np.linalg.norm(patch) * np.linalg.norm(other)
                    candidates.append(1 - patch @ other / norms)
                distances.append(PARTS[part].style * min(candidates))
    return float(np.mean(distances))


@pytest.fixture
def features() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    output = torch.randn(3, 6, 7, 8, generator=generator, dtype=torch.float64)
    styles = torch.randn(7, 6, 7, 8, generator=generator, dtype=torch.float64)
    return output, styles


def test_style_loss_is_the_papers_equation(
    features: tuple[torch.Tensor, torch.Tensor],
) -> None:
    output, styles = features
    order = torch.rand(len(PARTS), 3, 7, generator=torch.Generator().manual_seed(1)).argsort()
    nearest = order[..., :3]
    expected = slow_style_loss(output.numpy(), styles.numpy(), nearest.numpy())
    assert style_loss(output, style_bank(styles), nearest).item() == pytest.approx(expected, 1e-6)


def test_a_style_photo_itself_costs_nothing(features: tuple[torch.Tensor, torch.Tensor]) -> None:
    _, styles = features
    loss = style_loss(styles[:2], style_bank(styles), everything(2, 7))
    assert loss.item() == pytest.approx(0, abs=1e-6)


def test_patches_are_compared_at_the_same_location_only() -> None:
    photo = torch.eye(4, dtype=torch.float64).view(1, 4, 2, 2)
    moved = photo.flip(-1)
    loss = style_loss(moved, style_bank(photo), everything(1, 1))
    weights = [PARTS[index].style for index in part_of_each_location(2, 2).tolist()]
    assert loss.item() == pytest.approx(np.mean(weights))


def test_a_photo_that_is_not_chosen_does_not_leak(
    features: tuple[torch.Tensor, torch.Tensor],
) -> None:
    output, styles = features
    styles[3] = output[0]
    others = torch.tensor([0, 1, 2, 4, 5, 6]).expand(len(PARTS), 3, 6)
    without = torch.cat([styles[:3], styles[4:]])
    expected = style_loss(output, style_bank(without), everything(3, 6))
    assert style_loss(output, style_bank(styles), others).item() == pytest.approx(expected.item())


def test_gradient(features: tuple[torch.Tensor, torch.Tensor]) -> None:
    output, styles = features
    bank, chosen = style_bank(styles), everything(3, 7)
    assert torch.autograd.gradcheck(
        lambda x: style_loss(x, bank, chosen).double(), output.requires_grad_(), atol=1e-3, eps=1e-3
    )


def test_each_part_has_its_own_nearest_landmarks() -> None:
    generator = np.random.default_rng(0)
    photos, styles = generator.random((4, 68, 2)), generator.random((9, 68, 2))
    nearest = nearest_styles(torch.from_numpy(photos), torch.from_numpy(styles), 3).numpy()

    def distance(photo: np.ndarray, style: np.ndarray, points: tuple[int, ...]) -> float:
        return float(np.mean([((photo[k] - style[k]) ** 2).sum() for k in points]))

    for part, of_part in zip(PARTS, nearest, strict=True):
        for photo, found in zip(photos, of_part, strict=True):
            apart = [
                distance(photo, style, part.landmarks)
                + (
                    0
                    if part in (FACE, FOREHEAD, SURROUNDINGS)
                    else 0.25 * distance(photo, style, FACE.landmarks)
                )
                for style in styles
            ]
            assert found.tolist() == np.argsort(apart)[:3].tolist()


def test_the_whole_face_chooses_for_all_parts_when_asked() -> None:
    generator = torch.Generator().manual_seed(0)
    photos, styles = (torch.rand(n, 68, 2, generator=generator) for n in (4, 9))
    whole = nearest_styles(photos, styles, 3, by_parts=False)
    by_parts = nearest_styles(photos, styles, 3)
    assert (whole == by_parts[0]).all()
    assert (by_parts[0] == by_parts[PARTS.index(FACE)]).all()
    assert (by_parts[PARTS.index(MOUTH)] != by_parts[0]).any()


def test_n_best_of_a_small_set_is_all_of_it() -> None:
    nearest = nearest_styles(torch.zeros(2, 68, 2), torch.zeros(5, 68, 2), 16)
    assert nearest.shape == (len(PARTS), 2, 5)
    assert (nearest.sort().values == torch.arange(5)).all()


def test_parts_hold_their_landmarks_and_are_symmetric() -> None:
    for part in (EYES, MOUTH):
        points = REFERENCE[list(part.landmarks)]
        assert (points > part.outline.min(axis=0)).all()
        assert (points < part.outline.max(axis=0)).all()
    rows = part_of_each_location(8, 8).reshape(8, 8)
    assert (rows == rows.flip(1)).all()
    assert set(rows.flatten().tolist()) == set(range(len(PARTS)))
    assert rows[0, 0] == PARTS.index(SURROUNDINGS)
    assert rows[4, 4] == PARTS.index(FACE)
    assert (rows[1, 3:5] == PARTS.index(FOREHEAD)).all()


def test_what_surrounds_the_face_does_not_count(
    features: tuple[torch.Tensor, torch.Tensor],
) -> None:
    output, styles = features
    around = part_of_each_location(7, 8).reshape(7, 8) == PARTS.index(SURROUNDINGS)
    perfect = styles[:3].clone()
    perfect[..., around] = output[..., around]
    loss = style_loss(perfect, style_bank(styles), everything(3, 7))
    assert loss.item() == pytest.approx(0, abs=1e-6)


def test_forehead_and_cheeks_are_compared_with_skin_alone(
    features: tuple[torch.Tensor, torch.Tensor],
) -> None:
    output, styles = features
    photos = torch.ones(7, 1, 14, 16)
    photos[0] = 0  # a photo that shows no skin at all
    photos[1, 0, 6:8, 6:8] = 0.5  # and one with hair over a single patch of the face
    skin = skin_bank(photos, (7, 8))
    part = part_of_each_location(7, 8)
    counted = [p for p in range(56) if part[p] != PARTS.index(SURROUNDINGS)]
    patch = counted.index(3 * 8 + 3)
    assert skin.shape == (len(counted), 7)
    assert not skin[:, 0].any()
    assert not skin[patch, 1] and skin[:, 1].sum() == len(counted) - 1
    expected = []
    for image in output.flatten(2):
        for p in range(56):
            others = [
                1 - torch.cosine_similarity(image[:, p], styles[n].flatten(1)[:, p], dim=0)
                for n in range(7)
                if part[p] not in (PARTS.index(FACE), PARTS.index(FOREHEAD))
                or skin[counted.index(p), n]
            ]
            expected.append(PARTS[part[p]].style * min(others).item())
    found = style_loss(output, style_bank(styles), everything(3, 7), skin)
    assert found.item() == pytest.approx(np.mean(expected), rel=1e-6)


def test_a_patch_that_no_style_photo_shows_bare_is_left_to_the_content(
    features: tuple[torch.Tensor, torch.Tensor],
) -> None:
    output, styles = features
    part = part_of_each_location(7, 8)
    counted = int((part != PARTS.index(SURROUNDINGS)).sum())
    nowhere = torch.zeros(counted, 7, dtype=torch.bool)
    output.requires_grad_()
    torch.autograd.backward(style_loss(output, style_bank(styles), everything(3, 7), nowhere))
    assert output.grad is not None
    moved = output.grad.abs().sum(dim=(0, 1)).flatten() > 0
    assert not moved[part == PARTS.index(FACE)].any()
    assert not moved[part == PARTS.index(FOREHEAD)].any()
    assert moved[part == PARTS.index(EYES)].all()

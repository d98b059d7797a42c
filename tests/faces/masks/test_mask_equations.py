"""Outlines, feathers and edges of masks against their definitions, on drawn planes."""

import math
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from zoo.faces.geometry.reference import REFERENCE, interocular
from zoo.faces.masks import segmentation
from zoo.faces.masks.face_mask import (
    _directions,
    _feather,
    _size,
    crop_mask,
    face_mask,
    face_outline,
    face_region,
    mask_outline,
)
from zoo.faces.masks.preserved_regions import Part, kept
from zoo.faces.masks.segmentation import HAIR, SKIN, expectation, skin
from zoo.photos.image import Plane, Points

FACE: Points = (REFERENCE * 400 + 20).astype(np.float32)


def near(found: NDArray[Any], expected: Any, most: float) -> bool:
    """Whether no element is farther away; approx takes seconds for as many."""
    return bool(np.abs(found - expected).max() <= most)


def below(steps: float) -> float:
    """The part of a soft edge that is passed after so many standard deviations."""
    return (1 + math.erf(steps / math.sqrt(2))) / 2


def test_the_mask_reaches_beyond_jaw_and_forehead_by_their_shares_of_the_face() -> None:
    size = math.sqrt(cv2.contourArea(face_outline(FACE)))
    taper = [0.55, 0.8, 0.93, 1, 1, 1, 1, 0.93, 0.8, 0.55]
    forehead = [FACE[17 + i] + 0.42 * share * (FACE[27] - FACE[8]) for i, share in enumerate(taper)]
    middle = FACE[27:36].mean(axis=0)
    wanted = list(FACE)
    for points, beyond in ((FACE[:17], 0.02), (forehead, 0.12)):
        for point in points:
            away = point - middle
            wanted.append(point + beyond * size * away / math.hypot(*away))
    outline = mask_outline(FACE)
    inside = [cv2.pointPolygonTest(outline, point.astype(float).tolist(), True) for point in wanted]
    assert min(inside) > -0.01
    for corner in outline:
        assert min(float(np.linalg.norm(corner - point)) for point in wanted) < 0.01
    assert len(outline) > 15
    narrow = face_outline(FACE)
    assert all(cv2.pointPolygonTest(narrow, p.astype(float).tolist(), True) > -0.01
               for p in [*FACE, *forehead])  # fmt: skip
    assert narrow[:, 1].min() == pytest.approx(min(p[1] for p in forehead), abs=0.01)


def test_size_and_directions() -> None:
    square = np.array([(0, 0), (30, 0), (30, 30), (0, 30)], np.float32)
    assert _size(square) == 30
    found = _directions(np.array([(3, 4), (0, 0), (-2, 0)], np.float32))
    assert found == pytest.approx(np.array([(0.6, 0.8), (0, 0), (-1, 0)]))


def test_the_feather_widens_from_the_brows_to_the_foreheads_edge() -> None:
    width = _feather(FACE, (440, 440))
    brows = FACE[17:27, 1].mean()
    rise = 0.42 * (FACE[8, 1] - FACE[27, 1])
    for share, expected in ((-1, 0.03), (0, 0.03), (0.25, 0.045), (0.5, 0.06), (1, 0.09)):
        row = round(float(brows - share * rise))
        assert near(width[row], expected, 1e-3)
    turned = FACE @ np.array([[0, 1], [-1, 0]], np.float32) + np.array((440, 0), "f4")
    assert near(_feather(turned, (440, 440)), width.T[:, ::-1], 2e-3)


def test_the_mask_rises_smoothly_over_the_feather() -> None:
    region = face_region(FACE, (440, 440))
    assert region is not None
    outline = mask_outline(FACE)
    left, top = np.floor(outline.min(axis=0)) - 2
    right, bottom = np.ceil(outline.max(axis=0)) + 3
    assert (region.left, region.top) == (left, max(top, 0))
    assert region.mask.shape == (min(bottom, 440) - max(top, 0), right - left)
    assert region.part[0].stop - region.part[0].start == region.mask.shape[0]
    feather = 0.03 * math.sqrt(cv2.contourArea(face_outline(FACE)))
    middle = round(float(FACE[8, 0])) - region.left
    column = region.mask[:, middle]
    chin = round(float(outline[:, 1].max()) - region.top)
    assert column[chin] > 0 and not column[chin + 1 :].any()
    for inwards in (1, 3, 6, 9, 12):
        share = min(1.0, inwards / feather)
        expected = share**2 * (3 - 2 * share)
        assert column[chin + 1 - inwards] == pytest.approx(expected, abs=0.03)
    assert np.array_equal(face_mask(FACE, (440, 440, 3))[region.part], region.mask)
    assert face_mask(FACE, (440, 440, 3)).sum() == region.mask.sum()


def test_a_crops_mask_is_that_of_a_photo_which_is_the_crop() -> None:
    """Up to its border, where the crop ends and the photo that is larger does not."""
    side = 256
    mask = crop_mask(REFERENCE, side)
    whole = face_mask((REFERENCE * side + 99.5).astype(np.float32), (side + 200, side + 200))
    assert mask.shape == (side, side)
    inner = cv2.erode(whole, np.ones((3, 3)))[100:-100, 100:-100]  # it ends a pixel earlier
    assert np.abs(mask - inner).max() < 0.12
    assert not mask[whole[100:-100, 100:-100] == 0].any()
    # The forehead goes beyond the crop, and falls towards its border.
    assert mask[0].max() == 0 and mask[12].max() > mask[8].max() > 0.3


def test_a_tiny_face_has_an_edge_of_a_pixel() -> None:
    mask = face_mask((REFERENCE * 10 + 5).astype(np.float32), (20, 20))
    assert set(np.unique(mask)) == {0, 1}


def test_a_kept_mouths_edge_is_where_margin_and_feather_say() -> None:
    eyes = interocular(FACE)
    reach = round((0.05 + 0.045) * eyes) + 0.5
    parts: tuple[tuple[Part, Points], ...] = (("mouth", FACE[57]), ("eyes", FACE[40:42].mean(0)))
    for part, low in parts:
        mask = kept(FACE, (440, 440), [part])
        assert mask is not None
        for steps in (-1, 0, 1):
            row = round(low[1] + reach + steps * 0.045 * eyes)
            assert mask[row, round(low[0])] == pytest.approx(1 - below(steps), abs=0.1)
    tiny = kept(np.zeros((68, 2), np.float32) + 5, (11, 11), ["mouth"])  # no width at all
    assert tiny is not None
    drawn = np.zeros((11, 11), np.float32)
    cv2.line(drawn, (5, 5), (5, 5), 1.0, 3)  # a pixel about, with an edge of half a pixel
    steps = np.exp(-0.5 * (np.arange(-5, 6) / 0.5) ** 2) / np.exp(-2 * np.arange(-5, 6) ** 2).sum()
    blurred = sum(w * np.roll(drawn, n, axis=0) for n, w in zip(range(-5, 6), steps, strict=True))
    blurred = sum(w * np.roll(blurred, n, axis=1) for n, w in zip(range(-5, 6), steps, strict=True))
    assert near(tiny, blurred, 1e-3)


def test_skin_is_expected_inside_the_face_and_nowhere_else() -> None:
    expected = expectation()
    assert expected.shape == (128, 128)
    assert expected[70, 64] == pytest.approx(math.exp(2), rel=1e-3)
    assert expected[2, 2] == pytest.approx(1, abs=1e-3)
    middle, chin = REFERENCE[30, 1], REFERENCE[8, 1]
    edge = round((middle + 0.82 * (chin - middle)) * 128 - 0.5) + 0.5
    for steps in (-1.0, 0.0, 1.0):
        row = edge + steps * 3.84
        share = math.exp(2 * (1 - below(steps)))
        assert expected[round(row), 64] == pytest.approx(share, rel=0.2)
    moved = expectation(REFERENCE + np.array((0.25, 0), "f4"))
    assert moved[70, 96] > 7 and moved[70, 18] < 1.1 < expected[70, 30]


def test_a_hull_is_drawn_over_the_pixels_whose_centres_it_goes_through() -> None:
    for left, top, right, bottom in ((10, 20, 90, 100), (0, 3, 127, 126), (60, 60, 61, 61)):
        corners = [(x, y) for x in (left, right) for y in (top, bottom)]
        inner = [((left + right) / 2, (top + bottom) / 2)]
        unit = (np.array(corners + inner) + 0.5) / 128
        expected = np.zeros((128, 128))
        expected[top : bottom + 1, left : right + 1] = 1
        for off in (-0.3, 0.0, 0.3):  # pixels
            found = segmentation._drawn((unit + off / 128).astype(np.float32))
            assert np.array_equal(found, expected)


def test_odds_of_skin_rise_by_the_expectation() -> None:
    plane = np.full((128, 128), 0.2, np.float32)
    gain = expectation()
    odds = 0.25 * gain
    assert near(segmentation._expected(plane, REFERENCE), odds / (1 + odds), 1e-5)


def holes(*boxes: tuple[slice, slice]) -> Plane:
    plane = np.ones((128, 128), np.float32)
    for box in boxes:
        plane[box] = 0.1
    return plane


def test_only_holes_wholly_inside_the_lower_face_are_filled() -> None:
    inside, brow = np.s_[80:86, 60:66], np.s_[36:42, 60:66]
    outwards, across = np.s_[88:92, 84:128], np.s_[48:60, 40:44]
    filled = segmentation._without_islands(holes(inside, brow, outwards, across), REFERENCE)
    assert filled[inside].min() > 0.99 and filled[82, 63] == pytest.approx(1)
    for open_ in (brow, outwards, across):
        assert (filled[open_] == np.float32(0.1)).all()
    # Only what is not skin rather than skin is a hole.
    half = holes()
    half[inside] = 0.5
    assert np.array_equal(segmentation._without_islands(half, REFERENCE), half)
    # A hole beside the one that is filled is filled as far as its edge is soft.
    beside = holes(inside, np.s_[50:128, 0:14])
    beside[80:86, 67:128] = 0.1
    soft = segmentation._without_islands(beside, REFERENCE)[83, 67:70]
    assert soft == pytest.approx([1 - below(-0.5), 1 - below(0.5), 0.1], abs=0.06)


def test_hair_counts_from_its_limit_on_and_a_little_beyond_its_edge() -> None:
    for probability, share in ((0.25, 0), (0.3, 0), (0.45, 0.5), (0.6, 1), (0.9, 1)):
        plane = np.full((128, 128), probability, np.float32)
        assert segmentation._near_hair(plane)[64, 64] == pytest.approx(share, abs=1e-5)
    half = np.zeros((128, 128), np.float32)
    half[:, :50] = 1
    found = segmentation._near_hair(half)[64]  # two pixels wider, with a soft edge
    expected = [1 - below((x - 51.5) / 1.5) for x in range(48, 56)]
    assert found[48:56] == pytest.approx(expected, abs=0.02)


def mean_of(plane: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
    padded = np.pad(plane, reach, mode="symmetric")
    side = 2 * reach + 1
    return np.array(
        [[padded[y : y + side, x : x + side].mean() for x in range(plane.shape[1])]
         for y in range(plane.shape[0])]
    )  # fmt: skip


@pytest.mark.parametrize(("side", "reach"), [(24, 1), (120, 2)])
def test_the_edge_follows_the_crop_as_a_guided_filter_does(side: int, reach: int) -> None:
    chance = np.random.default_rng(1)
    crop = chance.integers(0, 256, (side, side, 3)).astype(np.uint8)
    crop[:, side // 2 :] //= 8
    mask = np.linspace(-0.3, 1.3, side).clip(0, 1)[None].repeat(side, axis=0)
    guide = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY) / 255
    part = np.s_[:24]
    middle = np.s_[: 24 - 2 * reach]

    def mean(plane: NDArray[np.float64]) -> NDArray[np.float64]:
        return mean_of(plane[part], reach)

    covariance = mean(guide * mask) - mean(guide) * mean(mask)
    slope = covariance / (mean(guide * guide) - mean(guide) ** 2 + 1e-3)
    offset = mean(mask) - slope * mean(guide)
    expected = mean_of(slope, reach) * guide[part] + mean_of(offset, reach)
    found = segmentation._guided(mask.astype(np.float32), crop)
    assert near(found[middle], expected[middle].clip(0, 1), 2e-3)


def test_a_guided_mask_stays_between_nothing_and_all() -> None:
    chance = np.random.default_rng(2)
    crop = chance.integers(0, 256, (24, 24, 1)).astype(np.uint8).repeat(3, axis=2)
    guide = crop[..., 0] / 255
    mask = (guide > 0.5).astype(np.float64)  # steeper than any straight line through it

    def mean(plane: NDArray[np.float64]) -> NDArray[np.float64]:
        return mean_of(plane, 1)

    slope = (mean(guide * mask) - mean(guide) * mean(mask)) / (
        mean(guide * guide) - mean(guide) ** 2 + 1e-3
    )
    expected = mean(slope) * guide + mean(mean(mask) - slope * mean(guide))
    assert expected.min() < -0.1 and expected.max() > 1.1
    found = segmentation._guided(mask.astype(np.float32), crop)
    assert near(found, expected.clip(0, 1), 1e-3)


def test_planes_are_averaged_down_and_drawn_out_up() -> None:
    chance = np.random.default_rng(0)
    plane = chance.random((128, 128, 4)).astype(np.float32)
    small = segmentation.resized(plane, 64)
    assert near(small, plane.reshape(64, 2, 64, 2, 4).mean(axis=(1, 3)), 1e-6)
    large = segmentation.resized(plane, 256)
    assert large[1, 1] == pytest.approx(
        (9 * plane[0, 0] + 3 * plane[0, 1] + 3 * plane[1, 0] + plane[1, 1]) / 16, abs=1e-5
    )
    assert segmentation.resized(plane, 128) is plane


def test_hair_counts_against_skin_where_it_is_to_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    said = np.zeros((128, 128, 4), np.float32)
    said[..., SKIN] = 0.6
    said[30:50, 50:80, HAIR] = 0.4
    monkeypatch.setattr(segmentation, "_probability", lambda crop: said)
    crop = np.full((128, 128, 3), 90, np.uint8)
    with_hair, without = skin(crop), skin(crop, without_hair=True)
    odds = 1.5 * expectation()
    assert with_hair[40, 65] == pytest.approx((odds / (1 + odds))[40, 65], abs=0.01)
    assert without[40, 65] == pytest.approx(with_hair[40, 65] * 2 / 3, abs=0.01)
    assert without[80, 65] == with_hair[80, 65]
    beside = skin(crop, REFERENCE - np.array((0.3, 0), "f4"))
    assert beside[70, 30] > with_hair[70, 5] and beside[70, 100] == pytest.approx(0.6, abs=0.01)

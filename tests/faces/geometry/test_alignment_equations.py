"""Alignment against its definitions: weighted least squares, areas, and crops laid back."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from zoo.faces.geometry.alignment import (
    Aligned,
    align,
    alignment_matrix,
    apply,
    covered,
    invert,
    shown_of_photo,
    unwarped,
    unwarped_finely,
    warp_back,
)
from zoo.faces.geometry.reference import REFERENCE
from zoo.photos.image import Image, Matrix, Points

Floats = NDArray[np.float64]


def scattered(seed: int) -> Points:
    """Landmarks that no affine map takes to the reference."""
    chance = np.random.default_rng(seed)
    turned = REFERENCE @ np.array([[1.0, -0.2], [0.1, 1.1]]).T * 150
    return np.asarray(turned + chance.normal(0, 6, (68, 2)) + 40, np.float32)


@pytest.mark.parametrize("seed", range(4))
def test_the_map_is_the_least_squares_one_in_which_the_jaw_counts_half(seed: int) -> None:
    landmarks = scattered(seed)
    normal, right = np.zeros((3, 3)), np.zeros((3, 2))
    for number, (x, y) in enumerate(landmarks.astype(float)):
        row = np.array([x, y, 1.0])
        weight = 0.25 if number <= 16 else 1.0  # of the squared distance
        normal += weight * np.outer(row, row)
        right += weight * np.outer(row, REFERENCE[number].astype(float))
    assert alignment_matrix(landmarks) == pytest.approx(np.linalg.solve(normal, right).T, abs=1e-9)


def matrix_of(width: float, turn: float = 0.0, stretch: float = 1.0) -> Matrix:
    """To unit coordinates from a crop of ``width`` pixels that begins near (30, 20)."""
    cosine, sine = np.cos(turn), np.sin(turn)
    out = np.array([[cosine, -sine], [sine, cosine]]) @ np.diag([width * stretch, width / stretch])
    inverse = np.linalg.inv(out)
    return np.column_stack([inverse, -inverse @ (30, 20)])


def area(corners: Points) -> float:
    """By the shoelace formula."""
    x, y = corners.astype(float).T
    return abs(float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum())) / 2


@pytest.mark.parametrize("size", [16, 64])
@pytest.mark.parametrize(("width", "turn", "stretch"), [(40, 0, 1), (160, 0.7, 1.2), (9, 3, 0.6)])
def test_the_pitch_is_the_root_of_a_crop_pixels_area_in_the_photo(
    size: int, width: float, turn: float, stretch: float
) -> None:
    matrix = matrix_of(width, turn, stretch)
    corners = apply(invert(matrix), np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float32))
    face = Aligned(np.zeros((size, size, 3), np.uint8), REFERENCE, matrix)
    assert face.pitch == pytest.approx(area(corners) ** 0.5 / size, rel=1e-4)


def test_pixels_are_covered_whose_centre_lies_in_the_crop() -> None:
    for matrix in (matrix_of(20, 0.4), matrix_of(17, -2.0, 1.3), matrix_of(20)):
        found = covered(matrix, (11, 5, 61, 52))
        assert found.shape == (47, 50)
        for y in range(47):
            for x in range(50):
                u, v = matrix @ (x + 11, y + 5, 1)
                assert found[y, x] == (0 < u < 1 and 0 < v < 1)


def bilinear(crop: Floats, u: float, v: float) -> float:
    """At a place in unit coordinates, the outermost pixels repeated."""
    size = len(crop)
    x, y = u * size - 0.5, v * size - 0.5
    x0, y0 = int(np.floor(x)), int(np.floor(y))
    total = 0.0
    for row, wy in ((y0, y0 + 1 - y), (y0 + 1, y - y0)):
        for column, wx in ((x0, x0 + 1 - x), (x0 + 1, x - x0)):
            at = min(max(row, 0), size - 1), min(max(column, 0), size - 1)
            total += wy * wx * crop[at]
    return float(total)


@pytest.mark.parametrize(
    ("width", "stretch", "size"), [(30, 1.1, 12), (24, 1.0, 24), (12, 1.0, 24), (0.3, 1.0, 4)]
)
def test_a_plane_lies_in_the_photo_where_its_crop_came_from(
    width: float, stretch: float, size: int
) -> None:
    """One with more pixels than the face has is averaged down before."""
    chance = np.random.default_rng(1)
    plane = chance.random((size, size)).astype(np.float32)
    matrix = matrix_of(width, 0.3, stretch)
    shown = plane.astype(float)
    if (fewer := max(1, round(width))) < size:
        shown = shown.reshape(fewer, size // fewer, fewer, size // fewer).mean(axis=(1, 3))
    found = unwarped(plane, matrix, (60, 70))
    laid = warp_back(plane, matrix, (60, 70))
    inside = covered(matrix, (0, 0, 70, 60))
    assert np.abs(laid - np.where(inside, found, 0)).max() < 1e-5
    for y in range(0, 60, 3):
        for x in range(0, 70, 3):
            u, v = matrix @ (x, y, 1)
            assert found[y, x] == pytest.approx(bilinear(shown, u, v), abs=1e-5)


@pytest.mark.parametrize(("left", "top"), [(-12, 3), (55, 40), (20, -15), (100, 100), (-80, 0)])
def test_a_crop_is_laid_back_as_far_as_the_photo_reaches(left: int, top: int) -> None:
    matrix = matrix_of(24, 0.2)
    moved = np.column_stack([matrix[:, :2], matrix @ (30 - left, 20 - top, 1)])
    crop = np.random.default_rng(2).integers(1, 256, (24, 24, 3)).astype(np.uint8)
    photo = warp_back(crop, moved, (60, 70))
    wide = np.zeros((260, 270, 3), np.uint8)
    wide_matrix = np.column_stack([moved[:, :2], moved @ (-100, -100, 1)])
    wide = warp_back(crop, wide_matrix, wide.shape)
    assert np.abs(photo.astype(int) - wide[100:160, 100:170]).max() <= 1


def mean_over(photo: Floats, matrix: Matrix, size: int, row: int, column: int) -> Floats:
    """The photo's mean [3] over one pixel of the crop, by 400 samples."""
    steps = (np.arange(20) + 0.5) / 20
    u, v = np.meshgrid((column + steps) / size, (row + steps) / size)
    places = apply(invert(matrix), np.stack([u, v], axis=-1).astype(np.float32)).reshape(-1, 2)
    x = places[:, 0].round().astype(int).clip(0, photo.shape[1] - 1)
    y = places[:, 1].round().astype(int).clip(0, photo.shape[0] - 1)
    return np.asarray(photo[y, x].mean(axis=0))


@pytest.mark.parametrize(("size", "most"), [(16, 3.5), (40, 2.7)])
@pytest.mark.parametrize("where", [(60.0, 50.0), (-70.0, 10.0), (170.0, 140.0)])
def test_a_crop_of_a_large_face_is_the_photos_mean_over_each_pixel(
    size: int, most: float, where: tuple[float, float]
) -> None:
    """Beyond the border its outermost pixels count."""
    coarse = np.random.default_rng(3).integers(0, 256, (24, 26, 3)).astype(np.uint8)
    photo: Image = cv2.GaussianBlur(coarse.repeat(11, axis=0).repeat(11, axis=1), (0, 0), 4)  # type: ignore[assignment]
    landmarks = np.asarray(REFERENCE * (170, 160) + where, np.float32)
    aligned = align(photo, landmarks, size)
    apart = []
    for row in range(0, size, 3):
        for column in range(0, size, 3):
            expected = mean_over(photo.astype(float), aligned.matrix, size, row, column)
            apart.append(np.abs(aligned.image[row, column] - expected).max())
    assert np.mean(apart) < most / 2 and np.max(apart) < most


@pytest.mark.parametrize(("width", "size"), [(50.0, 32), (24.0, 32), (15.0, 32), (20.0, 16)])
def test_a_fine_warp_keeps_what_the_crop_shows(width: float, size: int) -> None:
    """A wave of 6 pixels of the crop, against its own value at each pixel of the photo."""
    matrix = matrix_of(width, 0.3, 1.1)
    centre = (np.arange(size) + 0.5) / size
    period = 6 / min(size, width)

    def wave(u: Floats, v: Floats) -> Floats:
        return np.asarray(np.cos(2 * np.pi * u / period) + np.sin(2 * np.pi * v / period))

    plane = wave(centre[None], centre[:, None]).astype(np.float32)
    crop = np.stack([plane, -plane, plane + 1, 0 * plane + 3], axis=-1)
    found = unwarped_finely(crop, matrix, (60, 70))
    y, x = np.mgrid[:60, :70]
    u, v = (row[0] * x + row[1] * y + row[2] for row in matrix)
    inside = (np.minimum(u, v) > 0.15) & (np.maximum(u, v) < 0.85)
    expected = wave(u, v)
    assert inside.sum() > 100
    errors = np.abs(found[..., 0] - expected)[inside]
    assert errors.mean() < 0.06 * np.abs(expected).max()
    strength = (found[..., 0] * expected)[inside].sum() / (expected**2)[inside].sum()
    assert strength == pytest.approx(1, abs=0.03 if size <= width else 0.06)  # averaged
    assert np.allclose(found[..., 1], -found[..., 0], atol=1e-5)
    assert np.allclose(found[..., 2], found[..., 0] + 1, atol=1e-5)
    assert np.allclose(found[..., 3], 3, atol=1e-5)


@pytest.mark.parametrize("density", [1.0, 1.15])
def test_a_face_that_comes_nearer_does_not_jump_in_sharpness(density: float) -> None:
    """The crop's finest detail on either side of a density where it is warped otherwise."""
    chance = np.random.default_rng(4)
    crop = cv2.GaussianBlur(chance.random((128, 128, 3)).astype(np.float32), (0, 0), 0.7)

    def detail(density: float) -> float:
        place = matrix_of(128 / density, 0.3)
        shown = unwarped_finely(np.asarray(crop, np.float32), place, (200, 200))
        inside = covered(place, (0, 0, 200, 200)).astype(np.uint8)
        return float(cv2.Laplacian(shown, -1)[cv2.erode(inside, np.ones((9, 9))) > 0].std())

    assert detail(1.01 * density) == pytest.approx(detail(0.99 * density), rel=0.06)


@pytest.mark.parametrize("turn", [0.0, 0.4])
def test_a_crop_shows_the_photo_where_its_pixels_centres_lie_in_it(turn: float) -> None:
    matrix = matrix_of(40, turn)
    back = invert(matrix)
    shown = shown_of_photo(matrix, 32, (33, 35, 3))
    for row in range(0, 32, 3):
        for column in range(0, 32, 3):
            x, y = back @ ((column + 0.5) / 32, (row + 0.5) / 32, 1)
            assert shown[row, column] == (-0.5 < x < 34.5 and -0.5 < y < 32.5)
    assert 0 < shown.mean() < 1

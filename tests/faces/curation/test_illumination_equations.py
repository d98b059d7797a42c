"""The light on a face against its equations, written out slowly."""

import statistics

import numpy as np
import pytest
from numpy.typing import NDArray

from zoo.faces.compositing.lab import to_lab
from zoo.faces.curation.illumination import _skin, illumination
from zoo.faces.geometry.pose import LANDMARKS
from zoo.faces.geometry.reference import REFERENCE
from zoo.photos.image import Image

Floats = NDArray[np.float64]

# |x| from and to, y from and to, in cm: eyes with brows, nose, mouth.
FEATURES = ((1.0, 5.6, -0.9, 3.1), (-1, 2.2, -5.6, 0.0), (-1, 3.0, -8.7, -6.0))


def in_the_head() -> Floats:
    """Where [64, 64, 2] in the generic head, cm, the pixels' centres lie."""
    normal, right = np.zeros((3, 3)), np.zeros((3, 2))
    for (x, y), place in zip(REFERENCE[17:].astype(float), LANDMARKS, strict=True):
        row = np.array([x, y, 1.0])
        normal += np.outer(row, row)
        right += np.outer(row, place[:2])
    to_head = np.linalg.solve(normal, right)
    return np.array(
        [[np.array([(x + 0.5) / 64, (y + 0.5) / 64, 1]) @ to_head for x in range(64)]
         for y in range(64)]
    )  # fmt: skip


def is_skin(x: float, y: float) -> bool:
    """Forehead, cheeks and chin, on the part of the ellipsoid that is seen well."""
    across, up = x / 8, (y + 2.5) / 12
    if not (abs(x) < 5.6 and -10.5 < y < 4.5 and across * across + up * up < 0.85):
        return False
    return not any(
        inner < abs(x) < outer and low < y < high for inner, outer, low, high in FEATURES
    )


@pytest.fixture(scope="module")
def skin() -> tuple[NDArray[np.bool_], Floats]:
    """Which pixels, and the x and y of their normals: the gradient of the ellipsoid's equation."""
    where, normals = np.zeros((64, 64), bool), []
    for row, places in enumerate(in_the_head()):
        for column, (x, y) in enumerate(places):
            if not is_skin(x, y):
                continue
            where[row, column] = True
            across, up = x / 8, (y + 2.5) / 12
            z = 8 * (1 - across**2 - up**2) ** 0.5
            gradient = np.array([x / 64, (y + 2.5) / 144, z / 64])
            normals.append((gradient / np.linalg.norm(gradient))[:2])
    return where, np.array(normals)


def test_skin_and_its_normals_are_those_of_the_ellipsoid_without_features(
    skin: tuple[NDArray[np.bool_], Floats],
) -> None:
    where, normals = _skin()
    assert np.array_equal(where, skin[0])
    assert np.abs(normals - skin[1]).max() < 1e-9


def light_of(lightness: float) -> float:
    """The luminance of an L*, of 1 (CIE 15)."""
    f = (lightness + 16) / 116
    return f**3 if f > 6 / 29 else 3 * (6 / 29) ** 2 * (f - 4 / 29)


def lit(crop: Image, where: NDArray[np.bool_], normals: Floats) -> tuple[float, float]:
    """Side and level: four rounds of least squares, each weighted by the last one's residuals."""
    lightness = [float(one) for one in to_lab(crop)[..., 0][where]]
    light = np.array([light_of(one) for one in lightness])
    weights = [1.0] * len(light)
    for _ in range(4):
        normal, right = np.zeros((3, 3)), np.zeros(3)
        for weight, (x, y), value in zip(weights, normals, light, strict=True):
            row = np.array([1.0, x, y])
            normal += weight * np.outer(row, row)
            right += weight * row * value
        base, across, up = np.linalg.solve(normal, right)
        off = [abs(value - base - across * x - up * y)
               for (x, y), value in zip(normals, light, strict=True)]  # fmt: skip
        usual = 1.5 * statistics.median(off) + 1e-6
        weights = [1 / (1 + (one / usual) ** 2) for one in off]
    mean = max(statistics.fmean(light), 1e-3)
    return min(max(across / mean, -2), 2), statistics.fmean(lightness)


def drawn(kind: str) -> Image:
    chance = np.random.default_rng(5)
    noise = chance.integers(0, 256, (64, 64, 3))
    ramp = np.linspace(0, 1, 64)[None, :, None]
    drawn = {
        "noise": noise,
        "dark": noise // 12,  # where L* is a straight line of the light
        "slope": 40 + 120 * ramp + noise // 16,
        "from the left": 60 * (1 - ramp) + noise // 32,
        "glasses": np.where(np.arange(64)[:, None, None] < 24, noise, 90 + 40 * ramp),
        "one side alone": 255 * (ramp > 0.7) + 0 * noise,
        "other side alone": 255 * (ramp < 0.3) + 0 * noise,
        "black": 0 * noise,
    }[kind]
    return np.asarray(drawn, np.uint8)


@pytest.mark.parametrize(
    "kind", ["noise", "dark", "slope", "from the left", "glasses", "one side alone",
             "other side alone", "black"],
)  # fmt: skip
def test_the_side_is_the_robust_slope_over_the_mean_light(
    skin: tuple[NDArray[np.bool_], Floats], kind: str
) -> None:
    crop = drawn(kind)
    side, level = lit(crop, *skin)
    found = illumination(crop)
    assert found.side == pytest.approx(side, abs=1e-4)
    assert found.level == pytest.approx(level, abs=1e-3)
    double = illumination(crop.repeat(2, axis=0).repeat(2, axis=1))  # which averages back
    assert double == found

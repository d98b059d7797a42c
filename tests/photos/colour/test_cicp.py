"""Code points, against the values that ITU-R BT.2100 and IEC 61966-2-1 give."""

import numpy as np
import pytest

from zoo.photos.colour.cicp import HLG, PQ, from_code_points, light_of
from zoo.photos.colour.tone_mapping import Tone, _hlg, _pq


@pytest.mark.parametrize(
    ("transfer", "number", "light"),
    [
        (PQ, 0.0, 0.0),
        (PQ, 0.5, 92.2457 / 203),  # BT.2100: cd/m2 of the middle number
        (PQ, 0.5807, 1.0),  # BT.2408: 203 cd/m2
        (PQ, 1.0, 10_000 / 203),
        (HLG, 0.25, 0.0625 / 3),
        (HLG, 0.5, 1 / 12),
        (HLG, 0.75, 0.264963),
        (HLG, 1.0, 1.0),
        (13, 0.04, 0.04 / 12.92),
        (13, 0.041, 0.003173),
        (13, 0.5, 0.214041),
        (13, 1.0, 1.0),
    ],
)
def test_numbers_are_the_light_that_the_standards_give(
    transfer: int, number: float, light: float
) -> None:
    assert light_of(np.array([number]), transfer)[0] == pytest.approx(light, rel=1e-3, abs=1e-9)


def test_light_is_stored_as_the_number_it_came_from() -> None:
    numbers = np.linspace(0.01, 1, 200)
    assert _pq(light_of(numbers, PQ)) == pytest.approx(numbers, abs=2e-4)
    # Of grey, HLG's light of the display is that of the scene to the power of 1.2.
    grey = np.repeat(numbers[None, :, None], 3, axis=2)
    shown = 1000 / 203 * light_of(grey, HLG) ** 1.2
    assert _hlg(shown.astype(np.float32)) == pytest.approx(grey, abs=2e-3)
    assert _hlg(np.full((1, 1, 3), 1, np.float32)) == pytest.approx(0.75, abs=2e-3)  # BT.2408


@pytest.mark.parametrize(
    ("transfer", "shown", "number"),
    [  # BT.2408's white at sRGB's three quarters and above: the curve's knee
        (PQ, 128, 0.4278), (PQ, 225, 0.5535), (PQ, 255, 0.7518), (HLG, 255, 1.0),
    ],
)  # fmt: skip
def test_what_is_shown_is_stored_by_the_curve(transfer: int, shown: int, number: float) -> None:
    stored = Tone(transfer, 9).stored(np.full((1, 1, 3), shown, np.float32))
    assert stored[0, 0] == pytest.approx([number] * 3, abs=4e-3)


def test_wide_primaries_become_srgbs_and_what_is_srgb_stays() -> None:
    image = np.array([[[200, 100, 50], [128, 128, 128], [255, 0, 0]]], np.uint8)
    assert from_code_points(image, {}) is image
    assert from_code_points(image, {"color_primaries": 1, "transfer_characteristics": 1}) is image
    # Display P3 to sRGB by CSS Color 4's matrices.
    matrix = np.array(
        [[1.22494, -0.22494, 0], [-0.04206, 1.04206, 0], [-0.01964, -0.07864, 1.09827]]
    )
    light = light_of(image / 255, 13) @ matrix.T
    expected = np.where(
        light <= 0.0031308, 12.92 * light, 1.055 * np.abs(light) ** (1 / 2.4) - 0.055
    )
    shown = from_code_points(image, {"color_primaries": 12})
    assert np.abs(shown - 255 * expected.clip(0, 1)).max() <= 1
    wide = from_code_points(image, {"color_primaries": 9})
    assert (wide[0, 1] == 128).all() and wide[0, 0, 0] > shown[0, 0, 0] > 200


def test_hdr_is_shown_against_its_own_white() -> None:
    numbers = np.full((4, 4, 3), round(255 * 0.5807), np.uint8)
    numbers[:, 0] = 0
    pq = {"color_primaries": 9, "transfer_characteristics": PQ}
    assert np.abs(from_code_points(numbers, pq)[:, 1:].astype(int) - 255).max() <= 2
    bright = np.full((4, 4, 3), 190, np.uint8)  # all of it far above white: white is what it has
    assert (from_code_points(bright, pq) == 255).all()
    hlg = {"color_primaries": 9, "transfer_characteristics": HLG}
    grey = np.full((4, 4, 3), 97, np.uint8)
    grey[:, 0] = 191  # white, at 75 %
    shown = from_code_points(grey, hlg).astype(int)
    assert np.abs(shown[:, 1:] - 100).max() <= 5  # BT.2408: a grey card of 18 % at 38 %
    assert np.abs(shown[:, 0] - 255).max() <= 2

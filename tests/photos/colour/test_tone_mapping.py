"""HDR as sRGB and back, against the levels that BT.2408 gives for PQ and HLG."""

import numpy as np
import pytest

from zoo.photos.colour.cicp import HLG, PQ
from zoo.photos.colour.tone_mapping import Tone, tone_of


def _grey(tone: Tone, number: float) -> int:
    shown = tone.shown(np.full((1, 1, 3), round(number * 65535), np.uint16))
    assert np.ptp(shown) <= 1
    return int(shown[0, 0, 0])


@pytest.mark.parametrize(
    ("transfer", "card", "white", "peak"), [(PQ, 0.38, 0.58, 0.7518), (HLG, 0.38, 0.75, 1.0)]
)
@pytest.mark.parametrize("primaries", [9, 12, 1])
def test_levels_are_those_of_the_recommendation(
    transfer: int, card: float, white: float, peak: float, primaries: int
) -> None:
    """BT.2408, table 1: a grey card of 18 % at 38 % of either, white at 58 % of PQ, 75 % of HLG."""
    tone = Tone(transfer, primaries)
    if primaries == 9 or transfer == PQ:
        assert _grey(tone, card) == pytest.approx(100, abs=4)  # 26 of 203 cd/m2
        assert _grey(tone, white) == pytest.approx(240, abs=2)  # compressed, above the knee
        assert 250 <= _grey(tone, peak) < 255  # 1000 cd/m2
    assert _grey(tone, 0) == 0


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_what_is_shown_can_be_stored(transfer: int) -> None:
    tone = tone_of(transfer, 9)
    assert tone is not None
    rng = np.random.default_rng(0)
    shown = rng.integers(0, 253, (64, 64, 3)).astype(np.uint8)
    numbers = tone.stored(shown.astype(np.float32))
    again = tone.shown(np.rint(65535 * numbers).astype(np.uint16))
    assert np.abs(again.astype(int) - shown).max() <= 1


def test_colours_keep_their_hue_above_white() -> None:
    """A light of 800 cd/m2, all of it twice as red as green and blue."""
    tone = Tone(PQ, 1)
    light = np.array([800, 400, 400]) / 10_000
    power = light**0.1593017578125
    numbers = ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375
    shown = tone.shown(np.rint(65535 * numbers).astype(np.uint16)[None, None]) / 255
    linear = ((shown[0, 0] + 0.055) / 1.055) ** 2.4
    assert linear[0] / linear[1] == pytest.approx(2, abs=0.03)


def test_sdr_is_left_alone() -> None:
    assert tone_of(1, 1) is None and tone_of(2, 9) is None and tone_of(14, 9) is None

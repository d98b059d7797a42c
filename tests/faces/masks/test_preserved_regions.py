"""Which pixels stay the photo's own: features a little wider, with an edge as soft as they are."""

import numpy as np
import pytest

from zoo.faces.geometry.reference import REFERENCE, interocular
from zoo.faces.masks.preserved_regions import kept

LANDMARKS = (REFERENCE * 600).astype(np.float32)
EYES = interocular(LANDMARKS)


def test_a_mouth_is_kept_a_twentieth_of_the_eyes_distance_beyond_its_outline() -> None:
    mask = kept(LANDMARKS, (600, 600, 3), ["mouth"])
    assert mask is not None and mask.shape == (600, 600)
    x, lower = 300, LANDMARKS[57, 1]
    half, soft = (0.05 + 0.045) * EYES, 0.045 * EYES  # where it is a half, and how soft it is
    for steps, share in ((-2, 0.977), (-1, 0.841), (0, 0.5), (1, 0.159), (2, 0.023)):
        assert mask[round(lower + half + steps * soft), x] == pytest.approx(share, abs=0.07)
    assert mask[round(LANDMARKS[62, 1]), x] == pytest.approx(1, abs=1e-3)
    assert mask[:350].max() < 0.01  # nothing of the eyes


def test_both_eyes_are_kept_and_everything_or_nothing_where_it_is_asked_for() -> None:
    eyes = kept(LANDMARKS, (600, 600), ["eyes"])
    both = kept(LANDMARKS, (600, 600), ["eyes", "mouth", "hair"])
    assert eyes is not None and both is not None
    for points in (range(36, 42), range(42, 48)):
        x, y = LANDMARKS[list(points)].mean(axis=0).round().astype(int)
        assert eyes[y, x] > 0.99
    assert eyes[420:].max() < 0.01 and both[435, 300] > 0.99
    assert np.abs(eyes - eyes[:, ::-1]).max() < 0.25  # as symmetric as pixels allow
    assert kept(LANDMARKS, (600, 600), ["hair"]) is None

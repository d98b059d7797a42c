"""Five points that are found apart from the landmarks, and agree with them."""

from collections.abc import Sequence

import numpy as np
import pytest

from tests.faces.conftest import Portrait
from tests.faces.turned import turned
from zoo.errors import AssetError
from zoo.faces.detection import yunet
from zoo.faces.detection.hog import overlap
from zoo.faces.detection.landmark_fitting import box_of, roll_of
from zoo.faces.detection.yunet import look, search
from zoo.faces.geometry.alignment import apply


@pytest.mark.parametrize("roll", [0, 25, -120])
def test_a_face_is_seen_in_its_place(portraits: Sequence[Portrait], roll: int) -> None:
    for portrait in portraits[:3]:
        picture, matrix = turned(portrait.render.image, roll)
        truth = apply(matrix, portrait.render.landmarks)
        found = look(picture, box_of(truth), roll_of(truth), 160)
        assert found is not None
        assert found.score > 0.85
        assert found.off(truth) < 12
        box, turn = found.place
        assert overlap(box, box_of(truth)) > 0.6
        assert abs((turn - roll_of(truth) + 180) % 360 - 180) < 12


@pytest.mark.parametrize("roll", [0, 90, 180, 270])
def test_a_whole_picture_is_searched_a_quarter_turned(portrait: Portrait, roll: int) -> None:
    picture, matrix = turned(portrait.render.image, roll)
    truth = apply(matrix, portrait.face.landmarks)
    best = max(search(picture, 200, roll), key=lambda one: one.score)
    assert best.score > 0.85
    assert best.off(truth) < 14


def test_nothing_is_seen_where_nothing_is(portrait: Portrait) -> None:
    assert look(portrait.render.image, (0, 200, 40, 240), 0.0, 96) is None
    assert search(np.full((60, 40, 3), 90, np.uint8), 320) == []


def test_a_damaged_network_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yunet, "WEIGHTS", yunet.WEIGHTS.with_name("missing.onnx"))
    monkeypatch.delattr(yunet._threads, "detector", raising=False)
    with pytest.raises(AssetError, match=r"missing\.onnx is missing or damaged"):
        search(np.zeros((40, 40, 3), np.uint8), 320)

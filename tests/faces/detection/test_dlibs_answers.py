"""Dlib's boxes, numbers and trees, read by hand."""

from typing import Any

import dlib
import numpy as np
import pytest

from zoo.faces.detection import dlib_format, hog
from zoo.faces.detection.dlib_format import Reader
from zoo.faces.detection.hog import Detection, contained, look_upright, overlap, search
from zoo.faces.detection.regression_trees import _LEAF_OF


class Dlib:
    def __init__(self, *found: tuple[tuple[int, int, int, int], float, int]) -> None:
        self.found, self.asked = found, list[tuple[tuple[int, ...], int, float]]()

    def run(self, grey: Any, upsampled: int, threshold: float) -> Any:
        self.asked.append((grey.shape, upsampled, threshold))
        return ([dlib.rectangle(*box) for box, _, _ in self.found], [s for _, s, _ in self.found],
                [view for _, _, view in self.found])  # fmt: skip


def test_dlibs_boxes_are_brought_back_to_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Dlib(((10, 20, 50, 60), 1.5, 0), ((0, 0, 20, 24), 0.5, 3), ((4, 4, 8, 8), -0.1, 4))
    monkeypatch.setattr(hog, "detector", lambda: made)
    grey = np.zeros((100, 200), np.uint8)
    assert search(grey) == [
        Detection((10, 20, 50, 60), 1.5, 0.0), Detection((-1, 1, 21, 23), 0.5, -30.0),
        Detection((4, 4, 8, 8), -0.1, 30.0),
    ]  # fmt: skip
    assert search(grey, 0.5)[0] == Detection((20, 40, 100, 120), 1.5)
    assert made.asked == [((100, 200), 0, -0.2), ((50, 100), 0, -0.2)]
    turned = search(grey, 1.0, 90)[0]
    assert made.asked[-1][0] == (200, 101)  # a rounding more than it is high
    assert turned.box == pytest.approx((139, 10, 179, 50), abs=1) and turned.roll == 90


def test_a_place_is_brought_to_the_detectors_size_and_what_is_about_there_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = Dlib(((60, 60, 180, 180), 1.0, 0), ((70, 60, 190, 180), 2.0, 4),
                ((125, 60, 245, 180), 3.0, 0), ((62, 60, 182, 180), 1.5, 0))  # fmt: skip
    monkeypatch.setattr(hog, "detector", lambda: made)
    grey = np.zeros((600, 600), np.uint8)
    place = (200, 240, 440, 480)  # twice as large as what the detector is shown
    assert look_upright(grey, place, 0.0) == Detection((220, 240, 460, 480), 2.0, 30.0)
    assert made.asked[-1][0] == (240, 240)
    assert look_upright(grey, place, 180.0) == Detection((180, 240, 420, 480), 2.0, 210.0)
    assert made.asked[-1][0] == (240, 240)
    small = look_upright(grey, (300, 300, 320, 320), 0.0)  # three times larger, at most
    assert made.asked[-1][0] == (120, 120) and small is None
    made.asked.clear()
    for left, shown in ((-242, False), (-238, True)):  # half of its size about it, or less
        look_upright(grey, (left, 200, left + 240, 440), 0.0)
        assert bool(made.asked) is shown
    made.found = (((125, 60, 245, 180), 3.0, 0),)
    assert look_upright(grey, place, 0.0) is None  # 0.29 of both


def test_overlaps() -> None:
    assert overlap((0, 0, 10, 10), (5, 0, 15, 10)) == pytest.approx(1 / 3)
    assert contained((0, 0, 10, 10), (5, 0, 25, 20)) == 0.5
    assert contained((0, 0, 0, 0), (0, 0, 0, 0)) == overlap((1, 1, 1, 1), (1, 1, 1, 1)) == 0
    for beside in ((10, 0, 20, 10), (-10, 2, 0, 8), (0, 10, 10, 20), (3, -10, 8, 0)):
        assert contained((0, 0, 10, 10), beside) == overlap((0, 0, 10, 10), beside) == 0


def number(value: int) -> bytes:
    size = (abs(value).bit_length() + 7) // 8
    return bytes([size | (128 if value < 0 else 0)]) + abs(value).to_bytes(size, "little")


@pytest.mark.parametrize("value", [0, 1, -1, 127, 255, 256, -300, 70_000, -(2**40)])
def test_dlibs_numbers_are_read_and_written(value: int) -> None:
    data = np.frombuffer(b"\x00" + number(value) + number(-3) + bytes(8), np.uint8)
    reader = Reader(data, 1)
    assert reader.real() == value / 8 and reader.at == len(number(value)) + 3
    assert dlib_format._serialised(value) == number(value)
    many = dlib_format._Readers(data, np.array([1, 1]))
    assert many.whole().tolist() == [value] * 2 and many.whole().tolist() == [-3] * 2
    with pytest.raises(ValueError, match="layout"):
        Reader(data, 1).expect(value + 1)


@pytest.mark.parametrize("control", [0x10, 0x20, 0x40, 0x08])
def test_what_is_no_serialised_number_is_refused(control: int) -> None:
    data = np.frombuffer(bytes([control]) + bytes(16), np.uint8)
    with pytest.raises(ValueError, match="not a serialised number"):
        dlib_format._Readers(data, np.array([0])).whole()


def test_each_set_of_answers_leads_to_the_leaf_that_the_tree_has() -> None:
    for answers in range(0, 2**15, 97):
        node = 0
        while node < 15:
            node = 2 * node + (1 if answers >> node & 1 else 2)
        assert _LEAF_OF[answers] == node - 15

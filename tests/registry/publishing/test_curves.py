"""A table of curves is read, logged and drawn: where each curve lies, which ticks it gets."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow

from zoo.errors import RegistryError
from zoo.registry.publishing.curves import Row, _ticks, draw_curves, metrics, read_curves

LEFT, RIGHT, TOP, BOTTOM = 44, 246, 58, 198  # of the first plot, pixels of the sheet


def drawn(rows: list[Row], folder: Path) -> NDArray[np.int64]:
    draw_curves(rows, "ada", folder / "curves.png")
    with Pillow.open(folder / "curves.png") as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


def blue(sheet: NDArray[Any]) -> NDArray[np.bool_]:
    return np.asarray(sheet[..., 2] - sheet[..., 0] > 60)


def test_a_curve_goes_from_corner_to_corner_within_its_frame(tmp_path: Path) -> None:
    sheet = drawn([{"step": float(10 * i), "total": float(i)} for i in range(11)], tmp_path)
    assert sheet.shape == (234, 760, 3)
    # The highest value ends at 1 / 1.05 of the plot's height; each column at its own.
    for share in (0.1, 0.35, 0.5, 0.75, 0.95):
        x = round(LEFT + share * (RIGHT - LEFT))
        rows = np.flatnonzero(blue(sheet)[TOP:BOTTOM, x]) + TOP
        assert rows.mean() == pytest.approx(BOTTOM - share / 1.05 * (BOTTOM - TOP), abs=1.6)
        assert len(rows) in (1, 2, 3)
    for y in (TOP, BOTTOM):  # the frame
        assert (sheet[y, LEFT + 3 : RIGHT - 3].max(axis=1) < 150).mean() > 0.9
    for x in (LEFT, RIGHT):
        assert (sheet[TOP + 3 : BOTTOM - 3, x].max(axis=1) < 150).mean() > 0.9
    assert not blue(sheet)[:, RIGHT + 3 :].any()
    # Within the frame one grey line stands at 50 steps, and two lie at values of 5 and 10.
    lines = np.flatnonzero(sheet[TOP + 3, LEFT + 3 : RIGHT - 3].sum(axis=1) < 755) + LEFT + 3
    assert len(lines) in (1, 2) and lines == pytest.approx((LEFT + RIGHT) / 2, abs=1.5)
    column = sheet[TOP + 3 : BOTTOM - 3, LEFT + 3].sum(axis=1)
    lines = np.flatnonzero(column < 755) + TOP + 3
    heights = [BOTTOM - value / 10.5 * (BOTTOM - TOP) for value in (10, 5)]
    assert {min(heights, key=lambda y: abs(y - line)) for line in lines} == set(heights)
    assert all(min(abs(y - line) for y in heights) < 1.5 for line in lines)


def test_words_stand_over_beside_and_under_the_plot(tmp_path: Path) -> None:
    sheet = drawn([{"step": float(i), "one_term": float(i)} for i in range(11)], tmp_path)
    dark = sheet.max(axis=2) < 130
    assert dark[4:30, 350:410].any() and not dark[4:34, :340].any()  # the sheet's title, centred
    over = np.flatnonzero(dark[38:55, LEFT:RIGHT].any(axis=0)) + LEFT
    assert (over.min() + over.max()) / 2 == pytest.approx((LEFT + RIGHT) / 2, abs=3)
    beside = np.flatnonzero(dark[TOP + 10 : BOTTOM - 10, : LEFT - 1].any(axis=0))
    assert beside.max() in range(LEFT - 7, LEFT - 2) and beside.min() > 20
    under = np.flatnonzero(dark[BOTTOM + 2 : 214, LEFT - 6 : RIGHT + 4].any(axis=1)) + BOTTOM + 2
    assert under.min() in range(BOTTOM + 2, BOTTOM + 8)
    grey = (sheet.max(axis=2) < 160)[BOTTOM + 15 : 234, LEFT:RIGHT]
    columns = np.flatnonzero(grey.any(axis=0)) + LEFT
    assert (columns.min() + columns.max()) / 2 == pytest.approx((LEFT + RIGHT) / 2, abs=3)


def test_three_plots_stand_in_a_row_and_terms_of_no_weight_in_none(tmp_path: Path) -> None:
    terms = dict.fromkeys("abcd", 1.0)
    sheet = drawn([{"step": 0.0, **terms, "none": 0.0}, {"step": 1.0, **terms}], tmp_path)
    assert sheet.shape == (434, 760, 3)
    curves = blue(sheet)
    for row, column, there in ((0, 0, 1), (0, 1, 1), (0, 2, 1), (1, 0, 1), (1, 1, 0)):
        y, x = TOP + 200 * row, LEFT + 250 * column
        assert curves[y : y + 140, x : x + 202].any() == there
        high = np.flatnonzero(curves[y : y + 140, x + 100])
        assert not there or high.mean() == pytest.approx(140 - 140 / 1.05, abs=1.2)


def test_a_single_point_is_a_dot_and_what_is_no_number_is_left_out(tmp_path: Path) -> None:
    rows = [{"step": 5.0, "a": float("nan")}, {"step": 7.0, "a": 2.0}, {"step": 9.0}]
    y, x = np.nonzero(blue(drawn(rows, tmp_path)))
    assert (x.mean(), y.mean()) == pytest.approx((LEFT + 1, BOTTOM - 140 / 1.05), abs=1.5)
    assert 9 <= len(x) <= 30  # four pixels about
    below = [{"step": 0.0, "a": -1.0}, {"step": 1.0, "a": 1.0}]
    curve = blue(drawn(below, tmp_path))
    assert curve[BOTTOM - 1 : BOTTOM + 2, LEFT + 1].any() and not curve[BOTTOM + 3 :].any()


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 1, [0, 0.5, 1]), (0, 4, [0, 1, 2, 3, 4]), (0, 10, [0, 5, 10]),
        (0, 0.9, [0, 0.5]), (100, 200, [100, 150, 200]), (0, 7, [0, 2, 4, 6]),
        (3, 23, [5, 10, 15, 20]), (0, 36, [0, 10, 20, 30]), (0, 0.004, [0, 0.001, 0.002, 0.003,
        0.004]), (-2, 2, [-2, -1, 0, 1, 2]),
    ],
)  # fmt: skip
def test_ticks_are_round_numbers(low: float, high: float, ticks: list[float]) -> None:
    assert _ticks(low, high) == pytest.approx(ticks)


def test_a_term_that_is_not_at_every_point_is_read_and_drawn(tmp_path: Path) -> None:
    table = tmp_path / "curves.csv"
    table.write_text("step,total,validation\n0,3.0,\n10,2.0,2.5\n20,1.5,\n30,1.2,1.4\n")
    rows = read_curves(table)
    assert rows[0] == {"step": 0.0, "total": 3.0}
    assert rows[3] == {"step": 30.0, "total": 1.2, "validation": 1.4}
    logged = {(point.key, point.step): point.value for point in metrics(rows, 0)}
    assert logged[("loss/validation", 30)] == 1.4
    assert ("loss/validation", 20) not in logged
    draw_curves(rows, "ada", tmp_path / "curves.png")
    with Pillow.open(tmp_path / "curves.png") as picture:
        assert picture.width == 760


def test_metrics_are_named_as_the_driver_names_them() -> None:
    rows: list[Row] = [
        {"step": 0.0, "total": 3.0, "style": float("inf")}, {"step": 10.0, "style": 2.0}
    ]  # fmt: skip
    found = [(one.key, one.value, one.step, one.timestamp) for one in metrics(rows, 5)]
    assert found == [("loss", 3.0, 0, 5), ("loss/style", 2.0, 10, 5)]


@pytest.mark.parametrize(
    ("text", "words"),
    [("step,total\n", "no column 'step' or no row"), ("a,b\n1,2\n", "no column 'step'"),
     ("step,total\n1,x\n", "not a table"), ("step,total\n,2\n", "no column 'step'"),
     ("step\n1,2\n", "not a table")],
)  # fmt: skip
def test_what_is_no_table_of_curves_is_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "curves.csv"
    path.write_text(text)
    with pytest.raises(RegistryError, match=words):
        read_curves(path)
    with pytest.raises(RegistryError, match="not a table"):
        read_curves(tmp_path / "none.csv")

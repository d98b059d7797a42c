"""A whole sheet of curves against one that is laid out by hand, pixel by pixel."""

from pathlib import Path

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from zoo.registry.publishing.curves import Row, draw_curves

LEFT, RIGHT, TOP, BOTTOM = 44, 246, 58, 198  # of the first plot's frame, in pixels of the sheet
Point = tuple[float, float]


class Sheet:
    """Of the size before it is halved; places are told in the sheet's own pixels."""

    def __init__(self, width: int, height: int) -> None:
        self.paper = Pillow.new("RGB", (2 * width, 2 * height), "white")
        self.pen = ImageDraw.Draw(self.paper)

    def words(self, x: float, y: float, text: str, size: int, anchor: str, ink: str) -> None:
        font = ImageFont.load_default(2 * size)
        self.pen.text((2 * x, 2 * y), text, ink, font, anchor=anchor)

    def line(self, points: list[Point], ink: str, width: int) -> None:
        self.pen.line([(2 * x, 2 * y) for x, y in points], ink, width, joint="curve")

    def plot(
        self, row: int, column: int, title: str, points: list[Point], ticks: list[list[float]]
    ) -> None:
        """One plot; ``ticks`` across and up."""
        across, down = 250 * column, 200 * row
        left, right, top, bottom = LEFT + across, RIGHT + across, TOP + down, BOTTOM + down
        middle = (left + right) / 2
        first, last = points[0][0], max(points[-1][0], points[0][0] + 1)
        most = 1.05 * max(value for _, value in points)

        def place(step: float, value: float) -> Point:
            up = max(0.0, value / most)
            return (left + (step - first) / (last - first) * (right - left),
                    bottom - up * (bottom - top))  # fmt: skip

        self.words(middle, top - 12, title, 12, "mm", "black")
        self.words(middle, bottom + 16, "iteration", 10, "mt", "#555555")
        for tick in ticks[1]:
            y = place(first, tick)[1]
            self.line([(left, y), (right, y)], "#dddddd", 1)
            self.words(left - 4, y, f"{tick:g}", 10, "rm", "black")
        for tick in ticks[0]:
            x = place(tick, 0)[0]
            self.line([(x, top), (x, bottom)], "#dddddd", 1)
            self.words(x, bottom + 3, f"{tick:g}", 10, "mt", "black")
        self.pen.rectangle((2 * left, 2 * top, 2 * right, 2 * bottom), outline="black")
        if len(points) > 1:
            self.line([place(*point) for point in points], "#2b6cb0", 3)
        else:
            x, y = place(*points[0])
            self.pen.ellipse((2 * x - 4, 2 * y - 4, 2 * x + 4, 2 * y + 4), "#2b6cb0")


def test_a_sheet_of_curves_is_its_plots_ticks_and_titles(tmp_path: Path) -> None:
    totals = [3.0, 2.0, 1.2, 0.9, 1.0]
    light = [-0.5, 0.004, 0.002, -0.001, 0.0035]
    rows: list[Row] = [
        {"step": 10.0 * n, "total": total, "none": 0.0, "light_term": light[n]}
        for n, total in enumerate(totals)
    ]
    rows[0]["style"] = float("inf")
    rows[1]["style"], rows[3]["style"] = 7.0, 10.0
    rows[2]["once"] = 4.0
    draw_curves(rows, "ada", tmp_path / "curves.png")

    sheet = Sheet(760, 434)
    sheet.words(380, 17, "ada", 13, "mm", "black")
    steps = [0.0, 10.0, 20.0, 30.0, 40.0]
    sheet.plot(0, 0, "total", list(zip(steps, totals, strict=True)), [steps, [0, 1, 2, 3]])
    thousandths = [0.0, 0.001, 0.002, 0.003, 0.004]
    sheet.plot(0, 1, "light term", list(zip(steps, light, strict=True)), [steps, thousandths])
    style = [(10.0, 7.0), (30.0, 10.0)]
    sheet.plot(0, 2, "style", style, [[10.0, 15.0, 20.0, 25.0, 30.0], [0.0, 5.0, 10.0]])
    sheet.plot(1, 0, "once", [(20.0, 4.0)], [[20.0, 20.5, 21.0], [0.0, 1.0, 2.0, 3.0, 4.0]])
    with Pillow.open(tmp_path / "curves.png") as picture:
        found = np.asarray(picture).astype(int)
    expected = np.asarray(sheet.paper.reduce(2)).astype(int)
    assert found.shape == expected.shape
    apart = np.argwhere(np.abs(found - expected).max(axis=2) > 3)
    assert not len(apart), apart[:5].tolist()


def test_a_curve_of_nothing_above_zero_lies_on_the_ground(tmp_path: Path) -> None:
    draw_curves([{"step": 0.0, "a": -1.0}, {"step": 4.0, "a": -2.0}], "ada", tmp_path / "a.png")
    with Pillow.open(tmp_path / "a.png") as picture:
        found = np.asarray(picture).astype(int)
    assert found.shape == (234, 760, 3)
    y, x = np.nonzero(found[..., 2] - found[..., 0] > 60)
    assert set(y) <= {BOTTOM - 1, BOTTOM, BOTTOM + 1} and set(range(LEFT + 2, RIGHT - 2)) <= set(x)
